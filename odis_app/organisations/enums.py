"""Kinds of organisations (domain.md)."""

from __future__ import annotations

from enum import StrEnum


class OrganisationKind(StrEnum):
    """What an organisation is; the label of a DDETS depends on its département (``label_of_state_service``)."""

    ASSOCIATION = "association"
    OPERATEUR = "operateur"
    OPERATEUR_AGIR = "operateur_agir"
    BAILLEUR = "bailleur"
    COLLECTIVITE = "collectivite"
    CCAS = "ccas"
    SERVICE_SOCIAL_DEPARTEMENTAL = "service_social_departemental"
    DDETS = "ddets"
    DREETS = "dreets"
    SGAR = "sgar"
    PREFECTURE = "prefecture"
    DIHAL = "dihal"
    DGEF = "dgef"
    OFII = "ofii"
    SIAO = "siao"
    FRANCE_TRAVAIL = "france_travail"
    MISSION_LOCALE = "mission_locale"
    ENTREPRISE = "entreprise"
    PLATEFORME = "plateforme"

    @property
    def label(self) -> str:
        """The French word."""
        return _LABELS[self]

    @property
    def is_state(self) -> bool:
        """A service of the State: reads the « Etat » audience, holds no wide scope over people."""
        return self in _STATE


_LABELS = {
    OrganisationKind.ASSOCIATION: "Association",
    OrganisationKind.OPERATEUR: "Opérateur",
    OrganisationKind.OPERATEUR_AGIR: "Opérateur AGIR",
    OrganisationKind.BAILLEUR: "Bailleur",
    OrganisationKind.COLLECTIVITE: "Collectivité",
    OrganisationKind.CCAS: "CCAS",
    OrganisationKind.SERVICE_SOCIAL_DEPARTEMENTAL: "Service social départemental",
    OrganisationKind.DDETS: "DDETS",
    OrganisationKind.DREETS: "DREETS",
    OrganisationKind.SGAR: "SGAR",
    OrganisationKind.PREFECTURE: "Préfecture",
    OrganisationKind.DIHAL: "DIHAL",
    OrganisationKind.DGEF: "DGEF",
    OrganisationKind.OFII: "OFII",
    OrganisationKind.SIAO: "SIAO",
    OrganisationKind.FRANCE_TRAVAIL: "France Travail",
    OrganisationKind.MISSION_LOCALE: "Mission locale",
    OrganisationKind.ENTREPRISE: "Entreprise",
    OrganisationKind.PLATEFORME: "Plateforme OD&IS",
}
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
