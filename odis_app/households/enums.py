"""Vocabulary of a household file (practice §2.1–2.3, 2.6; domain.md where they differ)."""

from __future__ import annotations

import re

from odis_app.core.enums import Labelled

ROME = re.compile(r"[A-N]\d{4}", re.ASCII)
"""The shape of a code of the ROME, the list of trades of France Travail (which is not loaded)."""


class HouseholdStatus(Labelled):
    """The stage of a file, computed from facts, never typed."""

    BROUILLON = "brouillon", "Dossier à compléter"
    COMPLET = "complet", "Dossier complet"
    A_ORIENTER = "a_orienter", "À orienter"
    ORIENTATION_EN_COURS = "orientation_en_cours", "Orientation en cours"
    PLACE = "place", "Logé"
    SUIVI = "suivi", "Logé, suivi"
    SORTI = "sorti", "Sorti"
    ARCHIVE = "archive", "Archivé"


class StatusReason(Labelled):
    """Why a file is at its stage: a sentence that holds no person's data, so that a minimal share may read it."""

    IL_MANQUE = "il_manque", "Des informations nécessaires manquent encore."
    SANS_DATE = "sans_date", "Le dossier est complet ; la date à laquelle le logement est attendu n’est pas donnée."
    PRET = "pret", "Le dossier est complet et la date du besoin est donnée : une offre peut être proposée."
    PROPOSITION = "proposition", "Une proposition est en cours."
    PROPOSITION_TOMBEE = (
        "proposition_tombee",
        "La dernière proposition n’a pas abouti ; le ménage attend une autre offre.",
    )
    CONFIRMEE = "confirmee", "Les deux accords sont donnés ; l’entrée est prévue."
    ENTREE = "entree", "Le ménage est entré dans son logement."
    SUIVI = "suivi", "Le ménage est logé depuis plus de sept jours."
    SORTIE = "sortie", "Le ménage a quitté son logement ; la sortie est enregistrée."
    RETOUR = "retour", "Le ménage a quitté son logement sans solution et attend une nouvelle offre."
    ARCHIVE = "archive", "Le dossier est archivé."


class Priority(Labelled):
    """Priority classes of matching (matching.md); stored as 0 to 3 on the household."""

    STANDARD = "0", "Standard"
    FIN_DE_PRISE_EN_CHARGE = "1", "Fin de prise en charge"
    SANS_SOLUTION = "2", "Sans solution"
    URGENCE_VULNERABILITE = "3", "Urgence et vulnérabilité"


class CompositionKind(Labelled):
    """What the household is made of; computed from its members."""

    ISOLE_HOMME = "isole_homme", "Homme isolé"
    ISOLE_FEMME = "isole_femme", "Femme isolée"
    ISOLE = "isole", "Personne isolée"
    COUPLE_SANS_ENFANT = "couple_sans_enfant", "Couple sans enfant"
    COUPLE_AVEC_ENFANTS = "couple_avec_enfants", "Couple avec enfants"
    MONOPARENTAL = "monoparental", "Famille monoparentale"
    GROUPE_FAMILIAL_ELARGI = "groupe_familial_elargi", "Famille élargie"
    FRATRIE_MAJEURS = "fratrie_majeurs", "Fratrie de majeurs"


class MemberLink(Labelled):
    """Link with the person who asks."""

    DEMANDEUR_PRINCIPAL = "demandeur_principal", "Demandeur principal"
    CONJOINT = "conjoint", "Conjoint"
    ENFANT_MINEUR = "enfant_mineur", "Enfant mineur"
    ENFANT_MAJEUR = "enfant_majeur", "Enfant majeur"
    ASCENDANT = "ascendant", "Ascendant"
    FRATRIE = "fratrie", "Frère ou sœur"
    TIERS = "tiers", "Autre personne"


class Sex(Labelled):
    """As on the title."""

    F = "f", "Femme"
    M = "m", "Homme"
    X = "x", "Autre ou non précisé"


class HouseholdEvent(Labelled):
    """What makes a new version of the composition."""

    OUVERTURE = "ouverture", "Ouverture du dossier"
    ARRIVEE = "arrivee", "Arrivée d’un membre"
    NAISSANCE = "naissance", "Naissance"
    REUNIFICATION = "reunification_familiale", "Réunification familiale"
    SEPARATION = "separation", "Séparation"
    DEPART = "depart", "Départ d’un membre"
    DECES = "deces", "Décès"


class ProtectionStatus(Labelled):
    """« Statut de protection » (domain.md)."""

    REFUGIE = "refugie", "Réfugié"
    PROTECTION_SUBSIDIAIRE = "protection_subsidiaire", "Protection subsidiaire"
    APATRIDE = "apatride", "Apatride"
    PROTECTION_TEMPORAIRE = "protection_temporaire", "Protection temporaire"
    DEMANDEUR_ASILE = "demandeur_asile", "Demandeur d’asile"
    DEBOUTE = "deboute", "Débouté"
    UE_EEE_SUISSE = "ue_eee_suisse", "Ressortissant UE, EEE ou Suisse"
    FRANCAIS = "francais", "Français"
    AUTRE = "autre", "Autre"
    NON_RENSEIGNE = "non_renseigne", "Non renseigné"

    @property
    def is_bpi(self) -> bool:
        """Bénéficiaire d’une protection internationale: computed, never a value."""
        return self in {ProtectionStatus.REFUGIE, ProtectionStatus.PROTECTION_SUBSIDIAIRE, ProtectionStatus.APATRIDE}


class AsylumProcedure(Labelled):
    """Procedure of an asylum application."""

    NORMALE = "normale", "Normale"
    ACCELEREE = "acceleree", "Accélérée"
    DUBLIN = "dublin", "Dublin"


class ArrivalRoute(Labelled):
    """How the household came."""

    SPONTANEE = "spontanee", "Arrivée spontanée"
    REINSTALLE = "reinstalle", "Réinstallation"
    RELOCALISE = "relocalise", "Relocalisation"
    REUNIFICATION = "reunification", "Réunification familiale"
    MOBILITE = "mobilite", "Mobilité depuis un autre département"


class NeedKind(Labelled):
    """Needs of class 1: everyday life."""

    SCHOOL = "school", "École, collège, lycée"
    EMPLOYMENT = "employment", "Emploi ou formation"
    FRENCH = "french", "Cours de français"
    TRANSPORT = "transport", "Transports en commun"
    FAMILY_NEARBY = "family_nearby", "Famille dans le département"
    KITCHEN = "kitchen", "Accès à une cuisine"
    COT = "cot", "Lit bébé"
    PARKING = "parking", "Stationnement"
    INTERNET = "internet", "Connexion internet"
    INTERPRETER = "interpreter", "Interprète"


class HealthNeedKind(Labelled):
    """Needs of class 2: access to care, never a diagnosis."""

    MEDICAL_PROXIMITY = "medical_proximity", "Lieu de soins à proximité"
    MATERNITY = "maternity", "Maternité à proximité"
    THIRD_PARTY_HELP = "third_party_help", "Aide d’une tierce personne"
    EQUIPMENT = "equipment", "Matériel médical au domicile"


class NeedLevel(Labelled):
    """How much a need weighs; stored as 0, 1, 2."""

    NONE = "0", "Sans besoin"
    USEFUL = "1", "Utile"
    REQUIRED = "2", "Indispensable"


class Smoking(Labelled):
    """Tobacco in the household."""

    NONE = "none", "Non fumeurs"
    SMOKER = "smoker", "Fumeur dans le ménage"
    CANNOT_STAND = "cannot_stand", "Ne supporte pas la fumée"


class FrenchLevel(Labelled):
    """CECRL level, spoken."""

    NON_EVALUE = "non_evalue", "Non évalué"
    A1_1 = "A1.1", "A1.1"
    A1 = "A1", "A1"
    A2 = "A2", "A2"
    B1 = "B1", "B1"
    B2 = "B2", "B2"
    C1 = "C1+", "C1 et plus"


class WorkSituation(Labelled):
    """What a member does."""

    RECHERCHE_EMPLOI = "recherche_emploi", "Recherche d’emploi"
    RECHERCHE_FORMATION = "recherche_formation", "Recherche de formation"
    FORMATION = "formation", "En formation"
    FORMATION_OFII = "formation_linguistique", "Formation linguistique"
    CDI = "cdi", "En emploi, CDI"
    CDD = "cdd", "En emploi, CDD"
    INTERIM = "interim", "En emploi, intérim"
    IAE = "iae", "Insertion par l’activité économique"
    INDEPENDANT = "independant", "Indépendant"
    ETUDES = "etudes", "Études"
    ECOLE = "ecole", "À l’école"
    AU_FOYER = "au_foyer", "Au foyer"
    CONGE_PARENTAL = "conge_parental", "Congé parental"
    RETRAITE = "retraite", "Retraite"
    SANS_DROIT = "sans_autorisation", "Sans autorisation de travail"
    AUTRE = "autre", "Autre"


class FamilySituation(Labelled):
    """Of one adult; who lives with whom is the composition's to say."""

    CELIBATAIRE = "celibataire", "Célibataire"
    MARIE = "marie", "Marié"
    PACSE = "pacse", "Pacsé"
    CONCUBINAGE = "concubinage", "En concubinage"
    SEPARE = "separe", "Séparé"
    DIVORCE = "divorce", "Divorcé"
    VEUF = "veuf", "Veuf"
    AUTRE = "autre", "Autre"


class EducationLevel(Labelled):
    """How far a person studied, in any country (codes of the employment service, which carnet de bord shares)."""

    AFS = "AFS", "Jamais scolarisé"
    CP4 = "CP4", "Primaire, jusqu’à la 4ᵉ"
    CFG = "CFG", "4ᵉ achevée"
    C3A = "C3A", "3ᵉ achevée ou brevet"
    C12 = "C12", "2ⁿᵈᵉ ou 1ʳᵉ achevée"
    NV5 = "NV5", "CAP, BEP"
    NV4 = "NV4", "Baccalauréat"
    NV3 = "NV3", "Bac + 2"
    NV2 = "NV2", "Bac + 3 ou 4"
    NV1 = "NV1", "Bac + 5 et plus"


class MobilityMode(Labelled):
    """How a person gets about."""

    PERMIS_VEHICULE = "permis_vehicule", "Permis B et véhicule"
    PERMIS_SANS_VEHICULE = "permis_sans_vehicule", "Permis B, sans véhicule"
    CODE = "code", "Code obtenu"
    PERMIS_EN_COURS = "permis_en_cours", "Permis en préparation"
    TRANSPORTS = "transports", "Transports en commun"
    VELO = "velo", "Vélo ou deux-roues"
    AUCUN = "aucun", "Aucun moyen"


class SpokenLevel(Labelled):
    """How well a language is spoken (French has its own scale)."""

    MATERNELLE = "maternelle", "Langue maternelle"
    COURANT = "courant", "Courant"
    MOYEN = "moyen", "Se débrouille"
    NOTIONS = "notions", "Quelques mots"


class WrittenLevel(Labelled):
    """Whether a language is read and written."""

    LIT_ECRIT = "lit_ecrit", "Lu et écrit"
    LIT = "lit", "Lu seulement"
    NON = "non", "Ni lu ni écrit"


class ResourceKind(Labelled):
    """What a household lives on. Benefits that tell an illness or a handicap (AAH, indemnités journalières) are left out: class 1 does not say them."""

    RSA = "rsa", "RSA"
    ADA = "ada", "Allocation pour demandeur d’asile"
    SALAIRE = "salaire", "Salaire"
    ARE = "are", "Allocation chômage"
    PRIME_ACTIVITE = "prime_activite", "Prime d’activité"
    PRESTATIONS_FAMILIALES = "prestations_familiales", "Prestations familiales"
    APL = "apl", "Aide au logement"
    RETRAITE = "retraite", "Retraite"
    ASPA = "aspa", "ASPA"
    BOURSE = "bourse", "Bourse, rémunération de stage"
    AUTRE = "autre", "Autre ressource"


class HousingRight(Labelled):
    """The household before the committee of the enforceable right to housing (DALO) or shelter (DAHO)."""

    RECOURS = "recours", "Recours déposé"
    DALO = "dalo", "Reconnu prioritaire DALO"
    DAHO = "daho", "Reconnu prioritaire DAHO"
    REJET = "rejet", "Recours rejeté"


class SiaoState(Labelled):
    """Where the household's request stands in the SI-SIAO, in its own words; typed by hand, nothing is sent there."""

    CREEE = "creee", "Créée, non transmise"
    TRANSMISE = "transmise", "Transmise au SIAO"
    A_COMPLETER = "a_completer", "À compléter"
    A_METTRE_A_JOUR = "a_mettre_a_jour", "À mettre à jour"
    ORIENTEE = "orientee", "Orientée vers une structure"
    ADMISE = "admise", "Admise par la structure"
    REFUSEE = "refusee", "Refusée"
    ANNULEE = "annulee", "Annulée"


class Diet(Labelled):
    """What is eaten, from a closed list; why is never asked nor written."""

    VEGETARIEN = "vegetarien", "Végétarien"
    VEGETALIEN = "vegetalien", "Végétalien"
    SANS_PORC = "sans_porc", "Sans porc"
    HALAL = "halal", "Halal"
    CASHER = "casher", "Casher"


class AccommodationMode(Labelled):
    """Where the household sleeps now."""

    SANS_HEBERGEMENT = "sans_hebergement", "Sans hébergement"
    ABRI_FORTUNE = "abri_fortune", "Abri de fortune, campement"
    HOTEL_115 = "hotel_115", "Hôtel (115)"
    CHU = "chu", "CHU"
    CHRS = "chrs", "CHRS"
    RHVS = "rhvs", "RHVS"
    CAES = "caes", "CAES"
    HUDA = "huda", "HUDA"
    PRAHDA = "prahda", "PRAHDA"
    CADA = "cada", "CADA"
    CPH = "cph", "CPH"
    TIERS = "tiers", "Chez un tiers"
    PARENTS = "parents", "Chez de la famille"
    HEBERGEMENT_CITOYEN = "heberg_citoyen", "Hébergement citoyen"
    IML = "iml_sous_location", "Intermédiation locative"
    RESIDENCE_SOCIALE = "residence_sociale", "Résidence sociale"
    PARC_SOCIAL = "parc_social", "Parc social"
    PARC_PRIVE = "parc_prive", "Parc privé"
    INSALUBRE = "insalubre", "Logement insalubre"
    AUTRE = "autre", "Autre"


class Language(Labelled):
    """Languages of communication (ISO 639-1 where there is one)."""

    FR = "fr", "Français"
    EN = "en", "Anglais"
    UK = "uk", "Ukrainien"
    RU = "ru", "Russe"
    AR = "ar", "Arabe"
    FA = "fa", "Dari, persan"
    PS = "ps", "Pachto"
    TI = "ti", "Tigrigna"
    AM = "am", "Amharique"
    SO = "so", "Somali"
    TR = "tr", "Turc"
    KU = "ku", "Kurde"
    HY = "hy", "Arménien"
    KA = "ka", "Géorgien"
    SQ = "sq", "Albanais"
    RO = "ro", "Roumain"
    BG = "bg", "Bulgare"
    ROM = "rom", "Romani"
    ES = "es", "Espagnol"
    PT = "pt", "Portugais"
    LN = "ln", "Lingala"
    BN = "bn", "Bengali"
    UR = "ur", "Ourdou"
    BM = "bm", "Bambara"
    FF = "ff", "Peul"
    SU = "sus", "Soussou"
    TA = "ta", "Tamoul"
    BO = "bo", "Tibétain"


class SafeChannel(Labelled):
    """How this adult may be reached without danger; no message leaves while it is empty (security.md 3)."""

    TELEPHONE = "telephone", "Appel téléphonique"
    SMS = "sms", "SMS"
    MAIL = "mail", "Courriel"
    RENCONTRE = "rencontre", "En personne seulement"


class FactKind(Labelled):
    """Facts from which the stage is computed, in the order in which they are recorded."""

    OPENED = "opened", "Dossier ouvert"
    COMPLETED = "completed", "Informations nécessaires complètes"
    INCOMPLETE = "incomplete", "Informations nécessaires manquantes"
    NEED_DATED = "need_dated", "Date du besoin donnée"
    NEED_UNDATED = "need_undated", "Date du besoin retirée"
    PROPOSED = "proposed", "Proposition envoyée"
    PROPOSAL_ENDED = "proposal_ended", "Proposition terminée"
    CONFIRMED = "confirmed", "Accords donnés"
    ENTERED = "entered", "Entrée effective"
    EXITED = "exited", "Sortie"
    EXIT_UNDONE = "exit_undone", "Sortie annulée après relecture"
    ARCHIVED = "archived", "Dossier archivé"
    REOPENED = "reopened", "Dossier rouvert"
