"""Kinds of organisations (domain.md)."""

from __future__ import annotations

from odis_app.core.enums import Labelled


class OrganisationKind(Labelled):
    """What an organisation is; the label of a DDETS depends on its département (``label_of_state_service``)."""

    ASSOCIATION = "association", "Association"
    OPERATEUR = "operateur", "Opérateur"
    OPERATEUR_AGIR = "operateur_agir", "Opérateur AGIR"
    BAILLEUR = "bailleur", "Bailleur"
    COLLECTIVITE = "collectivite", "Collectivité"
    CCAS = "ccas", "CCAS"
    SERVICE_SOCIAL_DEPARTEMENTAL = "service_social_departemental", "Service social départemental"
    DDETS = "ddets", "DDETS"
    DREETS = "dreets", "DREETS"
    SGAR = "sgar", "SGAR"
    PREFECTURE = "prefecture", "Préfecture"
    DIHAL = "dihal", "DIHAL"
    DGEF = "dgef", "DGEF"
    OFII = "ofii", "OFII"
    SIAO = "siao", "SIAO"
    FRANCE_TRAVAIL = "france_travail", "France Travail"
    MISSION_LOCALE = "mission_locale", "Mission locale"
    ENTREPRISE = "entreprise", "Entreprise"
    PLATEFORME = "plateforme", "Plateforme OD&IS"

    @property
    def is_state(self) -> bool:
        """A service of the State: reads the « Etat » audience, holds no wide scope over people."""
        return self in _STATE


_STATE = frozenset(
    {
        OrganisationKind.DDETS,
        OrganisationKind.DREETS,
        OrganisationKind.SGAR,
        OrganisationKind.PREFECTURE,
        OrganisationKind.DIHAL,
        OrganisationKind.DGEF,
    }
)


class Attribution(Labelled):
    """Who gives a place to a household, in a territory."""

    ASSOCIATION = "association", "L’association mandatée et l’hébergeur, à deux"
    ASSOCIATION_DDETS = (
        "association_ddets",
        "L’association et l’hébergeur, la DDETS peut refuser avant les deux accords",
    )


class AccessState(Labelled):
    """Where an access request is."""

    UNCONFIRMED = "unconfirmed", "Adresse à confirmer"
    WAITING = "waiting", "En attente de réponse"
    APPROVED = "approved", "Acceptée"
    REFUSED = "refused", "Refusée"
