"""Vocabulary of orientations and stays (practice §2.7, 2.8, 2.10; domain.md where they differ)."""

from __future__ import annotations

from typing import Self

from odis_app.core.enums import Labelled


class OrientationStatus(Labelled):
    """Where a proposal stands; computed from its dates, never stored."""

    PROPOSEE = "proposee", "Proposée"
    VUE = "vue", "Vue par l’hébergeur"
    ACCEPTEE_MENAGE = "acceptee_menage", "Acceptée par le ménage"
    ACCEPTEE_HEBERGEUR = "acceptee_hebergeur", "Acceptée par l’hébergeur"
    CONFIRMEE = "confirmee", "Confirmée"
    ENTREE_EFFECTIVE = "entree_effective", "Entrée effective"
    REFUSEE = "refusee", "Refusée"
    EXPIREE = "expiree", "Expirée"
    ANNULEE = "annulee", "Annulée"
    OBSOLETE = "obsolete", "Sans suite"

    @property
    def is_active(self) -> bool:
        """Somebody's answer is awaited."""
        return self in ACTIVE


ACTIVE = frozenset(
    {
        OrientationStatus.PROPOSEE,
        OrientationStatus.VUE,
        OrientationStatus.ACCEPTEE_MENAGE,
        OrientationStatus.ACCEPTEE_HEBERGEUR,
    }
)


class EndKind(Labelled):
    """How a proposal ends without an entry."""

    REFUSEE = "refusee", "Refusée"
    EXPIREE = "expiree", "Expirée"
    ANNULEE = "annulee", "Annulée"
    OBSOLETE = "obsolete", "Sans suite"


class EndedBy(Labelled):
    """Who ended it."""

    MENAGE = "menage", "le ménage"
    HEBERGEUR = "hebergeur", "l’hébergeur"
    ASSOCIATION = "association", "l’association"
    DDETS = "ddets", "la DDETS"
    SYSTEME = "systeme", "la plateforme"


class HouseholdMotif(Labelled):
    """Why a household refuses. Read by its own organisation only: ``sensitivity`` 2 tells of care, 3 of danger."""

    LOCALISATION_TRANSPORT = "localisation_transport", "Localisation ou transports"
    ELOIGNEMENT_TRAVAIL = "eloignement_travail_formation", "Éloignement du travail ou de la formation"
    SCOLARITE_ENFANTS = "scolarite_enfants", "Scolarité des enfants"
    SANTE = "sante_suivi_medical", "Suivi médical"
    ACCESSIBILITE = "accessibilite", "Accessibilité du logement"
    TAILLE_INADAPTEE = "taille_inadaptee", "Taille inadaptée"
    COHABITATION = "cohabitation_non_souhaitee", "Cohabitation non souhaitée"
    DUREE = "duree", "Durée"
    COUT = "cout", "Coût"
    SECURITE = "securite_danger", "Sécurité de la personne"
    RESEAU_FAMILIAL = "reseau_familial", "Proximité de la famille"
    NON_JOIGNABLE = "non_joignable", "Ménage non joignable"
    AUTRE_SOLUTION = "autre_solution_trouvee", "Autre solution trouvée"
    AUTRE = "autre", "Autre"

    @property
    def sensitivity(self) -> int:
        """The class of the motif."""
        return {HouseholdMotif.SANTE: 2, HouseholdMotif.SECURITE: 3}.get(self, 1)


class HostMotif(Labelled):
    """Why a host, a structure or a landlord refuses; both sides read it."""

    COMPOSITION = "composition_inadaptee", "Composition inadaptée au logement"
    PLUS_DISPONIBLE = "plus_disponible", "Logement plus disponible"
    DATES = "dates", "Dates"
    RENCONTRE = "rencontre_non_concluante", "Rencontre non concluante"
    BESOIN_MEDICAL = "besoin_medical_depasse", "Accompagnement hors de portée"
    ANIMAUX = "animaux", "Animaux"
    REGLES_DE_VIE = "regles_de_vie", "Règles de vie"
    RESSOURCES = "ressources_insuffisantes", "Ressources insuffisantes (logement)"
    STATUT = "statut_non_eligible", "Statut non éligible"
    NON_JOIGNABLE = "non_joignable", "Hébergeur non joignable"
    AUTRE = "autre", "Autre"


class StateMotif(Labelled):
    """Why the DDETS refuses a proposal of its département; both sides read it."""

    PRIORITE = "autre_menage_prioritaire", "Un autre ménage est prioritaire pour cette place"
    DISPOSITIF = "hors_dispositif", "La place ne convient pas à ce dispositif"
    TERRITOIRE = "capacite_du_territoire", "Le territoire ne peut pas accueillir ce ménage maintenant"
    STRUCTURE = "structure_sous_controle", "La structure fait l’objet d’un contrôle"
    AUTRE = "autre", "Autre"


class CancelMotif(Labelled):
    """Why the one who proposed takes it back."""

    ERREUR = "erreur", "Proposition faite par erreur"
    BESOIN_CHANGE = "besoin_change", "Le besoin du ménage a changé"
    PLACE_RETIREE = "place_retiree", "La place n’est plus proposée"
    ENTREE_IMPOSSIBLE = "entree_impossible", "L’entrée n’a pas pu se faire"
    DESISTEMENT = "desistement", "Désistement après les deux accords"
    AUTRE = "autre", "Autre"


class SystemMotif(Labelled):
    """What the row itself says when the platform ends it, or when the household keeps its reason to itself."""

    NON_COMMUNIQUE = "non_communique", "Motif gardé par l’association"
    SANS_REPONSE = "sans_reponse", "Pas de réponse dans le délai"
    AUTRE_PROPOSITION = "autre_proposition_confirmee", "Le ménage a accepté une autre proposition"
    PLACE_ATTRIBUEE = "place_attribuee", "La place a été attribuée à un autre ménage"


def motif_label(kind: str | None, by: str | None, motif: str) -> str:
    """The words of a stored motif, whoever gave it."""
    if motif in set(SystemMotif):
        return SystemMotif.label_of(motif)
    if kind == EndKind.ANNULEE.value:
        return CancelMotif.label_of(motif)
    if by == EndedBy.DDETS.value:
        return StateMotif.label_of(motif)
    return (HostMotif if by == EndedBy.HEBERGEUR.value else HouseholdMotif).label_of(motif)


class OccupancyTitle(Labelled):
    """Under what title the household lives there (domain.md); dated."""

    HEBERGE = "heberge", "Hébergé"
    CONVENTION = "convention_occupation", "Convention d’occupation"
    SOUS_LOCATION = "sous_location", "Sous-location"
    BAIL_GLISSANT = "bail_glissant", "Bail glissant"
    BAIL = "bail", "Bail"
    RESIDENCE_SOCIALE = "residence_sociale", "Résidence sociale"


class PlacementStatus(Labelled):
    """Where a stay stands; computed."""

    PREVU = "prevu", "Entrée prévue"
    EN_COURS = "en_cours", "En cours"
    PROLONGE = "prolonge", "Prolongé"
    RUPTURE = "rupture_anticipee", "Rupture anticipée"
    TERMINE = "termine", "Terminé"
    ANNULE = "annule", "Annulé avant l’entrée"


class Outcome(Labelled):
    """Class of an exit, for the figures."""

    POSITIVE = "positive", "Sortie positive"
    NEUTRE = "neutre", "Sortie neutre"
    NEGATIVE = "negative", "Sortie négative"


class ExitReason(Labelled):
    """Why a household leaves; each has a class, and says whether the household waits for a home again."""

    outcome: Outcome
    waits_again: bool

    def __new__(cls, value: str, label: str = "", outcome: Outcome = Outcome.NEUTRE, waits_again: bool = False) -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.label, member.outcome, member.waits_again = label, outcome, waits_again
        return member

    LOGEMENT_SOCIAL = "logement_social", "Logement social", Outcome.POSITIVE
    LOGEMENT_PRIVE = "logement_prive", "Logement privé", Outcome.POSITIVE
    IML = "IML_bail_glissant", "Intermédiation locative, bail glissant", Outcome.POSITIVE
    RESIDENCE = "residence_sociale_FJT_pension", "Résidence sociale, FJT, pension de famille", Outcome.POSITIVE
    MOBILITE = "mobilite_autre_departement", "Mobilité vers un autre département", Outcome.POSITIVE
    STRUCTURE = "hebergement_structure", "Hébergement en structure (CPH, CHRS…)"
    AUTRE_CITOYEN = "autre_hebergement_citoyen", "Autre hébergement citoyen"
    FAMILLE = "reunification_retour_famille", "Réunification ou retour en famille"
    RETOUR_PAYS = "retour_pays_volontaire", "Retour volontaire au pays"
    AUTRE_PAYS = "autre_pays", "Départ vers un autre pays"
    SANS_SOLUTION = "depart_volontaire_sans_solution", "Départ volontaire sans solution", Outcome.NEGATIVE, True
    PERTE_CONTACT = "perte_de_contact", "Perte de contact", Outcome.NEGATIVE
    RUPTURE_HOTE = "rupture_hote", "Rupture par l’hébergeur", Outcome.NEGATIVE, True
    FIN_DROIT = "fin_prise_en_charge_droit", "Fin du droit à la prise en charge", Outcome.NEGATIVE
    EXCLUSION = "exclusion_reglement", "Exclusion pour manquement au règlement", Outcome.NEGATIVE, True
    INCARCERATION = "incarceration", "Incarcération", Outcome.NEGATIVE
    DECES = "deces", "Décès"
    SCISSION = "menage_scinde", "Ménage scindé"
    DOUBLON = "erreur_doublon", "Erreur ou doublon"
