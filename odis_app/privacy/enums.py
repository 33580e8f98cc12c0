"""Words of the law, as data."""

from __future__ import annotations

from odis_app.core.enums import Labelled


class LegalBasis(Labelled):
    """RGPD, article 6."""

    MISSION = "mission_interet_public", "Mission d’intérêt public"
    OBLIGATION = "obligation_legale", "Obligation légale"
    CONTRAT = "contrat", "Contrat"
    CONSENTEMENT = "consentement", "Consentement"


class ConsentChannel(Labelled):
    """How a consent was given."""

    ORAL = "oral", "À l’oral"
    ECRIT = "ecrit", "Par écrit"
    INTERPRETE = "interprete", "Avec un interprète"


class RequestKind(Labelled):
    """Rights that a person may use (RGPD, articles 15 to 21)."""

    COPIE = "copie", "Copie de ses données"
    RECTIFICATION = "rectification", "Rectification"
    EFFACEMENT = "effacement", "Effacement"
    OPPOSITION = "opposition", "Opposition"
    LIMITATION = "limitation", "Limitation"


class RequestState(Labelled):
    """Where a request is."""

    OUVERTE = "ouverte", "À traiter"
    ACCEPTEE = "acceptee", "Acceptée"
    REFUSEE = "refusee", "Refusée"


class Block(Labelled):
    """What keeps a file from being erased; said inside a sentence."""

    PARTAGE = "partage", "un partage en cours"
    PROPOSITION = "proposition", "une proposition en cours"
    SEJOUR = "sejour", "un hébergement en cours"
    DEMANDE = "demande", "une demande à traiter"
    LIMITATION = "limitation", "une limitation du traitement"
    MENAGE = "menage", "un dossier encore suivi y a été proposé"
    REFERENT = "referent", "un dossier à confier à quelqu’un d’autre"


class PlanState(Labelled):
    """Where a plan of erasures is."""

    PLANNED = "planned", "À approuver"
    APPROVED = "approved", "Approuvé"
    DONE = "done", "Terminé"
    CANCELLED = "cancelled", "Annulé"


class RowKind(Labelled):
    """What a line of a plan is about."""

    HOUSEHOLD = "household", "Dossier"
    OFFER = "offer", "Offre et hébergeur"
    PLACE = "place", "Séjours finis de la place"
    ACCOUNT = "account", "Compte"
    TRAIL = "trail", "Journal des accès, les plus anciens mois"


class RowState(Labelled):
    """What becomes of one file of a plan."""

    DUE = "due", "À effacer"
    BLOCKED = "blocked", "Gardé"
    ERASED = "erased", "Effacé"
    KEPT = "kept", "Gardé au dernier moment"
