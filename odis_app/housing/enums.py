"""Vocabulary of offers and places (domain.md, practice §2.4–2.5)."""

from __future__ import annotations

from odis_app.core.enums import Labelled


class HousingKind(Labelled):
    """Kinds of offers and places."""

    CHAMBRE_CHEZ_HABITANT = "chambre_chez_habitant", "Chambre chez l’habitant"
    LOGEMENT_ENTIER_GRATUIT = "logement_entier_gratuit", "Logement entier gratuit"
    LOGEMENT_LOCATION = "logement_location", "Logement en location"
    INTERMEDIATION_LOCATIVE = "intermediation_locative", "Intermédiation locative"
    LOGEMENT_TREMPLIN = "logement_tremplin", "Logement tremplin"
    LOGEMENT_SOCIAL = "logement_social", "Logement social"
    FOYER = "foyer", "Foyer"
    RESIDENCE_COLLECTIVE = "residence_collective", "Résidence collective"
    HOTEL = "hotel", "Hôtel"
    CENTRE_VACANCES = "centre_vacances", "Centre de vacances"
    LOCAL_ENTREPRISE = "local_entreprise", "Local d’entreprise"
    PLACE_DNA = "place_dna", "Place du DNA"
    SAS_URGENCE = "sas_urgence", "Sas d’urgence"

    @property
    def is_collective(self) -> bool:
        """May have no bedrooms; open to the public, hence an ERP safety check instead of a home visit."""
        return self in _COLLECTIVE


_COLLECTIVE = frozenset(
    {
        HousingKind.FOYER,
        HousingKind.RESIDENCE_COLLECTIVE,
        HousingKind.HOTEL,
        HousingKind.CENTRE_VACANCES,
        HousingKind.LOCAL_ENTREPRISE,
        HousingKind.PLACE_DNA,
        HousingKind.SAS_URGENCE,
    }
)


class ProviderKind(Labelled):
    """Who offers."""

    PARTICULIER = "particulier", "Particulier"
    PERSONNE_MORALE = "personne_morale", "Personne morale"


class OrientationAuthority(Labelled):
    """Who decides who enters; only the first is matched and confirmed here (H20)."""

    ASSOCIATION_MANDATEE = "association_mandatee", "Association mandatée"
    OFII = "ofii", "OFII"
    SIAO = "siao", "SIAO"
    CALEOL = "caleol", "Commission d’attribution (CALEOL)"
    PLATEFORME_NATIONALE = "plateforme_nationale", "Plateforme nationale"


class QualificationStatus(Labelled):
    """Where the qualification of an offer stands; computed from its facts, never typed."""

    RECUE = "recue", "Reçue"
    A_COMPLETER = "a_completer", "À compléter"
    APPEL_FAIT = "appel_fait", "Appel fait"
    VISITE_PLANIFIEE = "visite_planifiee", "Visite planifiée"
    VISITE_FAITE = "visite_faite", "Visite faite"
    VALIDEE = "validee", "Validée"
    REFUSEE = "refusee", "Refusée"
    RETIREE = "retiree", "Retirée"
    SUSPENDUE = "suspendue", "Suspendue"
    EXPIREE = "expiree", "Validation échue"

    @property
    def is_open(self) -> bool:
        """Still to be qualified."""
        return self in OPEN_STATUSES


OPEN_STATUSES = frozenset(
    {
        QualificationStatus.RECUE,
        QualificationStatus.A_COMPLETER,
        QualificationStatus.APPEL_FAIT,
        QualificationStatus.VISITE_PLANIFIEE,
        QualificationStatus.VISITE_FAITE,
    }
)


class OfferFact(Labelled):
    """What happens to an offer, in the words of its history."""

    RECUE = "recue", "Offre reçue"
    A_COMPLETER = "a_completer", "Informations demandées"
    COMPLETEE = "completee", "Offre complétée"
    APPEL = "appel", "Appel à l’hébergeur"
    VISITE_PLANIFIEE = "visite_planifiee", "Visite planifiée"
    VISITE_FAITE = "visite_faite", "Visite faite"
    GARDE_FOUS = "garde_fous", "Garde-fous vérifiés"
    DECISION = "decision", "Décision"
    CONTESTEE = "contestee", "Validation contestée par une seconde personne"
    CONFIRMEE = "confirmee", "Toujours disponible"
    SUSPENDUE = "suspendue", "Offre suspendue"
    REPRISE = "reprise", "Offre reprise"
    RISQUE = "risque", "Risque signalé"
    RISQUE_LEVE = "risque_leve", "Signalement levé"
    RETIREE = "retiree", "Offre retirée"
    MODIFIEE = "modifiee", "Offre modifiée"


class RefusalMotif(Labelled):
    """Why an offer is refused."""

    LOGEMENT_NON_DECENT = "logement_non_decent", "Logement non décent"
    PAS_DE_CHAMBRE_PRIVATIVE = "pas_de_chambre_privative", "Pas de chambre privative"
    ELOIGNEMENT = "eloignement", "Éloignement"
    DUREE_TROP_COURTE = "duree_trop_courte", "Durée trop courte"
    MOTIVATION_INADAPTEE = "motivation_inadaptee", "Motivation inadaptée"
    CONTREPARTIE_ATTENDUE = "contrepartie_attendue", "Contrepartie attendue"
    RISQUE_SECURITE = "risque_securite", "Risque pour la sécurité"
    INJOIGNABLE = "injoignable", "Hébergeur injoignable"
    DOUBLON = "doublon", "Doublon"
    HORS_PERIMETRE = "hors_perimetre", "Hors périmètre"


class ValidationMotif(Labelled):
    """Why an offer is accepted: a decision always says on what it rests."""

    CONFORME = "conforme", "Logement conforme, garde-fous vérifiés"
    CONFORME_SOUS_RESERVE = "conforme_sous_reserve", "Conforme, avec une réserve suivie"
    URGENCE = "urgence", "Conforme, décision prise dans l’urgence"


class PlaceState(Labelled):
    """The state of a place today, computed from its dates and its occupancies."""

    EN_CREATION = "en_creation", "En création"
    DISPONIBLE = "disponible", "Disponible"
    RESERVEE = "reservee", "Réservée"
    ATTRIBUEE = "attribuee", "Attribuée"
    OCCUPEE = "occupee", "Occupée"
    EN_LIBERATION = "en_liberation", "Se libère"
    A_REMETTRE_EN_ETAT = "a_remettre_en_etat", "À remettre en état"
    INDISPONIBLE = "indisponible", "Indisponible"
    FERMEE = "fermee", "Fermée"


class OccupancyKind(Labelled):
    """Why a place is taken during some days."""

    RESERVATION = "reservation", "Réservation"
    STAY = "stay", "Séjour"
    UNAVAILABLE = "unavailable", "Indisponibilité"


class UnavailabilityMotif(Labelled):
    """Why nobody can live there for the time being."""

    DESINSECTISATION = "desinsectisation", "Désinsectisation"
    TRAVAUX = "travaux", "Travaux"
    REMISE_EN_ETAT = "remise_en_etat", "Remise en état"
    SOUS_OCCUPATION = "sous_occupation", "Sous-occupation"
    RETRAIT_HOTE = "retrait_hote", "Retrait de l’hôte"
    INCIDENT = "incident", "Incident"


class Access(Labelled):
    """A room of one's own, shared, or none."""

    PRIVATIVE = "privative", "Privative"
    PARTAGEE = "partagee", "Partagée"
    AUCUNE = "aucune", "Aucune"
