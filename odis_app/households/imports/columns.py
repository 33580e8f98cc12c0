"""The columns of a households' file, in the order of the model."""

from __future__ import annotations

from odis_app.exchange.columns import Column
from odis_app.exchange.values import (
    birth,
    choice,
    day,
    departement,
    free_text,
    integer,
    money,
    phone,
    postal_code,
    yes_no,
)
from odis_app.households.enums import (
    AccommodationMode,
    CompositionKind,
    EducationLevel,
    FamilySituation,
    FrenchLevel,
    HousingRight,
    MobilityMode,
    Priority,
    ProtectionStatus,
    Sex,
    Smoking,
)
from odis_app.households.imports import cells

YES_NO = ("oui", "non")
CODES = {
    "deplaces_ukraine": "Déplacés d’Ukraine", "hebergement_citoyen": "Hébergement citoyen", "mobilite_nationale": "Mobilité nationale",
    "reinstallation": "Réinstallation", "emile": "EMILE", "agir": "AGIR", "dna": "Dispositif national d’accueil", "resorption": "Résorption des bidonvilles",
}  # fmt: skip
DISPOSITIFS = choice(
    CODES, {"DNA": "dna", "Ukraine": "deplaces_ukraine", "HC": "hebergement_citoyen", "bidonvilles": "resorption"}
)
DEFAULT_DISPOSITIF = "hebergement_citoyen"
_NO_CARE = "Des faits, jamais de santé ni de sécurité : ces mots-là ne sont pas repris."

COLUMNS = (
    Column("reference", "N° dossier", free_text(40), ("référence", "N° famille", "N° ménage", "numéro", "n°", "réf"), example="M-001",
           help="Votre propre numéro. Il relie une ligne à son dossier quand vous importez de nouveau ; avec la colonne Lien, il réunit les personnes d’un ménage."),
    Column("last_name", "Nom", free_text(100), ("NOM Prénom", "Nom et prénom", "nom de famille", "nom d’usage"), required=True, inherits=True, example="Exemplova",
           help="Le nom du demandeur principal, ou « NOM Prénom » dans la même case."),
    Column("first_name", "Prénom", free_text(100), ("prénoms",), example="Nour"),
    Column("link", "Lien", cells.link, ("lien de parenté", "lien familial"), options=tuple(cells.LINKS.values()),
           help="Seulement si le fichier a une ligne par personne. Vide : la ligne décrit le ménage entier."),
    Column("sex", "Sexe", cells.sex, ("genre", "civilité"), example="Femme", options=tuple(s.label for s in Sex)),
    Column("birth", "Date de naissance", birth, ("né(e) le", "naissance", "dt naiss", "DDN", "année de naissance"), example="12/03/1990", help="Le jour, ou l’année seule."),
    Column("nationality", "Nationalité", cells.nationality, ("pays d’origine", "nat"), example="Érythrée",
           help="Le pays dont la personne a les papiers, ou « Apatride »."),
    Column("family_situation", "Situation familiale", cells.lenient(cells.family_situation), ("état civil", "situation matrimoniale", "sit fam"),
           example="Marié", options=tuple(s.label for s in FamilySituation)),
    Column("french", "Niveau de français", cells.lenient(cells.french), ("français", "niveau de langue", "niveau FLE"), example="A2",
           options=tuple(level.label for level in FrenchLevel)),
    Column("education", "Niveau d’études", cells.lenient(cells.education), ("études", "niveau scolaire", "diplôme"), example="Baccalauréat",
           options=tuple(level.label for level in EducationLevel if "," not in level.label)),
    Column("mobility", "Mobilité", cells.lenient(cells.mobility), ("permis", "moyen de transport", "permis de conduire"), example="Transports en commun",
           options=tuple(mode.label for mode in MobilityMode if "," not in mode.label)),
    Column("size", "Taille du ménage", integer(1, 99, warn_above=15), ("nombre de personnes", "nb pers", "taille"), example="4",
           help="Adultes et mineurs, le demandeur principal compris."),
    Column("adults", "Adultes", integer(0, 99), ("nb adultes", "dont adultes", "nombre d’adultes"), example="2"),
    Column("minors", "Mineurs", integer(0, 99), ("nb enfants", "dont mineurs", "enfants", "nombre d’enfants"), example="2"),
    Column("ages", "Âge des enfants", cells.ages, ("âges", "âges enfants"), example="3, 7", help="En années, séparés par des virgules."),
    Column("composition", "Composition", choice(dict(CompositionKind.choices()), {"couple": "couple_sans_enfant", "famille": "couple_avec_enfants"}),
           ("type de ménage", "composition familiale"), example="Couple avec enfants", options=tuple(c.label for c in CompositionKind),
           help="Dit qui est le second adulte : conjoint, frère ou sœur. Vide : autre personne, à préciser dans le dossier."),
    Column("dispositif", "Dispositif", DISPOSITIFS, example="Hébergement citoyen", options=tuple(CODES.values()), help="Vide : hébergement citoyen."),
    Column("status", "Statut de protection", cells.protection, ("statut", "situation administrative"), example="Réfugié",
           options=tuple(s.label for s in ProtectionStatus)),
    Column("title_until", "Fin du titre", day(2000), ("titre valable jusqu’au", "fin de validité", "expiration du titre"), example="30/06/2030"),
    Column("arrived_on", "Date d’arrivée", day(1990, past=True), ("arrivée en France", "arrivé le"), example="04/02/2025", help="En France."),
    Column("housing_right", "DALO ou DAHO", cells.lenient(cells.housing_right), ("DALO", "DAHO", "prioritaire DALO"), example="Reconnu prioritaire DALO",
           options=tuple(right.label for right in HousingRight)),
    Column("seniority", "Date d’ancienneté", day(2000, past=True), ("ancienneté", "date de la demande", "inscrit le"), example="15/09/2026",
           help="Depuis quand le ménage attend. Vide : le jour de l’import."),
    Column("phone", "Téléphone", phone, ("tél", "portable", "mobile"), example="06 39 98 01 00"),
    Column("phone_2", "Téléphone 2", phone, ("tél 2", "autre téléphone"), help="Pris si le premier est vide."),
    Column("languages", "Langues", cells.languages, ("langues parlées", "lgue", "langue"), example="arabe, français"),
    Column("priority", "Priorité", cells.priority, ("niveau de priorité",), example="Standard", options=tuple(p.label for p in Priority)),
    Column("accommodation", "Hébergement actuel", cells.accommodation, ("hébergement", "lieu de vie", "logé actuellement"), example="CADA",
           options=tuple(m.label for m in AccommodationMode if "," not in m.label)),
    # A lone « Département » is what the household wishes; beside « Départements souhaités », it is where it is followed.
    Column("departements", "Départements souhaités", cells.wishes, ("départements", "dépts", "dép. souhaités", "vœux", "souhaits"), example="44, 49",
           help="Dans l’ordre, cinq au plus."),
    Column("followed_in", "Département de suivi", departement, ("départements", "suivi dans le"), example="44",
           help="Où le ménage est suivi. Vide : celui de votre organisation."),
    Column("exclusive", "Seulement ces départements", yes_no, ("exclusif", "souhaits exclusifs"), example="non", options=YES_NO),
    Column("postal_code", "Code postal", postal_code, ("CP",), example="44000", help="De la commune souhaitée."),
    Column("commune", "Commune souhaitée", cells.wished_commune, ("cne souh", "commune", "ville souhaitée"), example="Nantes",
           help="Son département devient un souhait si vous n’en donnez pas ; le nom reste dans le projet de vie."),
    Column("needed_on", "Date du besoin", day(2015), ("besoin au", "dt besoin", "logement attendu le"), example="01/12/2026",
           help="À partir de quand un logement est attendu. Sans elle, le ménage n’est pas proposé."),
    Column("min_days", "Durée minimale", cells.duration, ("durée minimale en jours", "durée"), example="6 mois", help="En jours, ou « 6 mois »."),
    Column("wheelchair", "PMR", yes_no, ("fauteuil roulant", "accessible PMR"), example="non", options=YES_NO),
    Column("ground_floor", "Rez-de-chaussée ou ascenseur", yes_no, ("RDC", "ascenseur", "rez-de-chaussée"), example="non", options=YES_NO),
    Column("animals", "Animaux", cells.animals, ("anx", "animal"), example="1 chat", help="Oui, non, ou lesquels."),
    Column("smoking", "Tabac", cells.smoking, ("fumeur", "fumeurs"), example="Non fumeurs", options=tuple(s.label for s in Smoking)),
    Column("max_rent", "Loyer maximal", money(9999), ("loyer max", "budget logement"), example="450", help="Par mois, en euros."),
    Column("employment_area", "Bassin d’emploi", free_text(80), ("bassin d’emploi souhaité",), example="Nantes"),
    Column("schooling", "Besoins scolaires", cells.words(200), ("scolarité", "scolarisation"), example="un collège, une école", help=_NO_CARE),
    Column("employment", "Besoins d’emploi", cells.words(200), ("emploi", "projet professionnel"), example="formation de soudeur", help=_NO_CARE),
    Column("remarks", "Projet de vie", cells.words(2000), ("observations", "remarques", "obs", "souhaits de vie"), example="préfère le centre-ville", help=_NO_CARE),
    Column("safety", "Sécurité vérifiée, rien à signaler", cells.checked, ("sécurité vérifiée",), example="non", options=YES_NO,
           help="« oui » seulement si chaque adulte a été interrogé et n’a rien à signaler. Sinon, la question reste à poser dans le dossier."),
)  # fmt: skip
