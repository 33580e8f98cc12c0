"""How the cells of a households' file are read: the household's own parsers, on top of those of the engine."""

from __future__ import annotations

import re

from odis_app.core.text import fold
from odis_app.exchange.cells import Cell, cell_text, is_blank
from odis_app.exchange.values import (
    CellError,
    CellWarning,
    Context,
    Parser,
    choice,
    commune,
    departements,
    free_text,
    yes_no,
)
from odis_app.exchange.values.base import quote
from odis_app.exchange.values.numbers import pieces
from odis_app.households.enums import (
    ROME,
    AccommodationMode,
    EducationLevel,
    FamilySituation,
    FrenchLevel,
    HousingRight,
    Language,
    MemberLink,
    MobilityMode,
    Priority,
    ProtectionStatus,
    Sex,
    SiaoState,
    Smoking,
)
from odis_app.households.nationalities import Nationality

RANKS = 5
SCHEMES = {
    "deplaces_ukraine": "Déplacés d’Ukraine", "hebergement_citoyen": "Hébergement citoyen", "mobilite_nationale": "Mobilité nationale",
    "reinstallation": "Réinstallation", "emile": "EMILE", "agir": "AGIR", "dna": "Dispositif national d’accueil", "resorption": "Résorption des bidonvilles",
}  # fmt: skip
LINKS = {
    "demandeur_principal": "Demandeur principal", "conjoint": "Conjoint", "enfant": "Enfant", "ascendant": "Ascendant",
    "fratrie": "Frère ou sœur", "tiers": "Autre personne",
}  # fmt: skip
_LINK_WORDS = {
    "demandeur_principal": "DP, demandeur, demandeuse, principal, principale, chef de famille, chef de ménage, personne principale, référent familial, titulaire",
    "conjoint": "conjointe, époux, épouse, mari, femme, compagnon, compagne, concubin, concubine, partenaire",
    "enfant": "fils, fille, enfant mineur, enfant majeur, enfant mineure, enfant majeure, bébé, beau-fils, belle-fille",
    "ascendant": "père, mère, grand-père, grand-mère, beau-père, belle-mère, parent",
    "fratrie": "frère, sœur, soeur, fratrie, demi-frère, demi-sœur",
    "tiers": "tiers, autre, neveu, nièce, cousin, cousine, oncle, tante, ami, amie",
}  # fmt: skip
_STATUS_WORDS = {
    "PS": "protection_subsidiaire", "BPS": "protection_subsidiaire", "PT": "protection_temporaire", "BPT": "protection_temporaire",
    "statut de réfugié": "refugie", "BPI réfugié": "refugie", "BPI protection subsidiaire": "protection_subsidiaire", "DA": "demandeur_asile",
    "en demande d’asile": "demandeur_asile", "nationalité française": "francais",
}  # fmt: skip
_LANGUAGE_WORDS = {
    "tigrinya": "ti", "tigré": "ti", "dari": "fa", "persan": "fa", "farsi": "fa", "pashto": "ps", "pachtou": "ps", "pashtou": "ps", "kurmandji": "ku",
    "sorani": "ku", "peulh": "ff", "pular": "ff", "anglais courant": "en", "moldave": "ro", "castillan": "es",
}  # fmt: skip
_ACCOMMODATION_WORDS = {
    "rue": "sans_hebergement", "à la rue": "sans_hebergement", "SDF": "sans_hebergement", "campement": "abri_fortune", "115": "hotel_115",
    "hôtel": "hotel_115", "chez un ami": "tiers", "chez des amis": "tiers", "hébergé par un tiers": "tiers", "famille": "parents",
    "chez l’habitant": "heberg_citoyen", "famille d’accueil": "heberg_citoyen", "IML": "iml_sous_location", "HLM": "parc_social",
}  # fmt: skip
# Adjectives as people write them, masculine and feminine, of the countries that files name most; names and codes are known already.
_NATIONALITY_WORDS = {
    "afghan, afghane": "AFG", "albanais, albanaise": "ALB", "algérien, algérienne": "DZA", "angolais, angolaise": "AGO", "arménien, arménienne": "ARM",
    "azerbaïdjanais, azerbaïdjanaise": "AZE", "bangladais, bangladaise": "BGD", "biélorusse": "BLR", "bulgare": "BGR", "burkinabè": "BFA", "camerounais, camerounaise": "CMR",
    "RDC, république démocratique du Congo, congolais RDC": "COD", "Congo, république du Congo": "COG", "ivoirien, ivoirienne": "CIV", "djiboutien, djiboutienne": "DJI",
    "égyptien, égyptienne": "EGY", "érythréen, érythréenne": "ERI", "éthiopien, éthiopienne": "ETH", "français, française": "FRA", "gambien, gambienne": "GMB",
    "géorgien, géorgienne": "GEO", "guinéen, guinéenne, Guinée Conakry": "GIN", "haïtien, haïtienne": "HTI", "irakien, irakienne": "IRQ", "iranien, iranienne": "IRN",
    "kosovar, kosovare": "XKX", "libanais, libanaise": "LBN", "libyen, libyenne": "LBY", "malien, malienne": "MLI", "marocain, marocaine": "MAR",
    "mauritanien, mauritanienne": "MRT", "moldave": "MDA", "nigérian, nigériane": "NGA", "ouzbek": "UZB", "pakistanais, pakistanaise": "PAK", "palestinien, palestinienne": "PSE",
    "roumain, roumaine": "ROU", "russe, fédération de Russie": "RUS", "rwandais, rwandaise": "RWA", "sénégalais, sénégalaise": "SEN", "sierra-léonais, sierra-léonaise": "SLE",
    "somalien, somalienne": "SOM", "soudanais, soudanaise": "SDN", "sri-lankais, sri-lankaise": "LKA", "syrien, syrienne": "SYR", "tadjik, tadjike": "TJK",
    "tchadien, tchadienne": "TCD", "tchétchène": "RUS", "tibétain, tibétaine": "CHN", "tunisien, tunisienne": "TUN", "turc, turque": "TUR", "ukrainien, ukrainienne": "UKR",
    "vénézuélien, vénézuélienne": "VEN", "yéménite": "YEM",
}  # fmt: skip
_FAMILY_WORDS = {
    "mariée": "marie", "marié(e)": "marie", "seul": "celibataire", "seule": "celibataire", "concubin": "concubinage", "union libre": "concubinage", "vie maritale": "concubinage",
    "PACS": "pacse", "divorcée": "divorce", "veuve": "veuf", "veuvage": "veuf", "séparée": "separe",
}  # fmt: skip
_EDUCATION_WORDS = {
    "jamais scolarisée": "AFS", "non scolarisé": "AFS", "analphabète": "AFS", "primaire": "CP4", "collège": "C3A", "brevet": "C3A", "lycée": "C12", "secondaire": "C12",
    "CAP": "NV5", "BEP": "NV5", "bac": "NV4", "bac+2": "NV3", "BTS": "NV3", "bac+3": "NV2", "licence": "NV2", "bac+4": "NV2", "bac+5": "NV1", "master": "NV1", "doctorat": "NV1",
}  # fmt: skip
_MOBILITY_WORDS = {
    "permis et véhicule": "permis_vehicule", "véhiculé": "permis_vehicule", "voiture": "permis_vehicule", "permis": "permis_sans_vehicule", "permis B": "permis_sans_vehicule",
    "sans véhicule": "permis_sans_vehicule", "bus": "transports", "transports": "transports", "vélo": "velo", "aucune": "aucun", "non": "aucun", "à pied": "aucun",
}  # fmt: skip
_SIAO_WORDS = {
    "en cours de saisie": "creee", "non transmise": "creee", "transmis": "transmise", "déposée": "transmise", "incomplète": "a_completer", "MAJ": "a_mettre_a_jour",
    "à actualiser": "a_mettre_a_jour", "admis": "admise", "refus": "refusee", "clôturée": "annulee",
}  # fmt: skip
_HOUSING_RIGHT_WORDS = {
    "oui": "dalo",
    "prioritaire": "dalo",
    "DALO": "dalo",
    "DAHO": "daho",
    "en cours": "recours",
    "déposé": "recours",
    "rejeté": "rejet",
    "refusé": "rejet",
}
# What is of class 2 or 3 is asked on its own page, by who may read it: a column of remarks never carries it in.
_PROTECTED = re.compile(
    r"\b(?:sante|malad\w*|medic\w*|hopita\w*|hospitali\w*|trait(?:ement|ements)|enceinte|grossesse|accouch\w*|handicap\w*|dialys\w*|cancer\w*|vih|sida|"
    r"diabet\w*|psych\w*|depress\w*|trauma\w*|suicid\w*|diagnos\w*|patholog\w*|violen\w*|viol|viols|menac\w*|tortur\w*|excis\w*|prostitu\w*|traite|"
    r"teh|fvv|lgbt\w*|homosexu\w*|transgenre\w*|secur\w*|danger\w*|persecut\w*)\b"
)
_AGE = re.compile(r"(\d{1,3})\s*(mois|m)?\b\s*(?:ans?|a)?", re.IGNORECASE)
_DURATION = re.compile(r"(\d{1,4})\s*([a-z]*)")
_DAYS = {"": 1, "j": 1, "jour": 1, "jours": 1, "semaine": 7, "semaines": 7, "mois": 30, "m": 30, "an": 365, "ans": 365}

scheme = choice(
    SCHEMES, {"DNA": "dna", "Ukraine": "deplaces_ukraine", "HC": "hebergement_citoyen", "bidonvilles": "resorption"}
)
link = choice(LINKS, {word: code for code, words in _LINK_WORDS.items() for word in words.split(", ")})
sex = choice(
    dict(Sex.choices()),
    {"H": "m", "masculin": "m", "M.": "m", "Mr": "m", "garçon": "m", "féminin": "f", "Mme": "f", "fille": "f"},
)
protection = choice(dict(ProtectionStatus.choices()), _STATUS_WORDS)
priority = choice(
    dict(Priority.choices()),
    {
        "normale": "0",
        "aucune": "0",
        "fin de PEC": "1",
        "urgent": "3",
        "urgence": "3",
        "vulnérabilité": "3",
        "prioritaire": "1",
    },
)
smoking = choice(
    dict(Smoking.choices()),
    {
        "oui": "smoker",
        "o": "smoker",
        "x": "smoker",
        "fumeur": "smoker",
        "fume": "smoker",
        "non": "none",
        "n": "none",
        "non fumeur": "none",
    },
)
language = choice(dict(Language.choices()), _LANGUAGE_WORDS)
_nationality = choice(
    dict(Nationality.choices()),
    {word: code for words, code in _NATIONALITY_WORDS.items() for word in words.split(", ")},
)
french = choice(
    dict(FrenchLevel.choices()), {"débutant": "A1", "intermédiaire": "B1", "courant": "C1+", "C1": "C1+", "C2": "C1+"}
)
family_situation = choice(dict(FamilySituation.choices()), _FAMILY_WORDS)
education = choice(dict(EducationLevel.choices()), _EDUCATION_WORDS)
mobility = choice(dict(MobilityMode.choices()), _MOBILITY_WORDS)
_housing_right = choice(dict(HousingRight.choices()), _HOUSING_RIGHT_WORDS)
_accommodation = choice(dict(AccommodationMode.choices()), _ACCOMMODATION_WORDS)


def child_link(code: str, *, minor: bool) -> str:
    """The member's link of a code of ``LINKS``: a child is « mineur » or « majeur » by their age."""
    if code != "enfant":
        return code
    return MemberLink.ENFANT_MINEUR.value if minor else MemberLink.ENFANT_MAJEUR.value


def languages(cell: Cell, context: Context) -> object:
    """Codes of ``Language``, and as they are written the languages that the list does not have (kept in words)."""
    found: list[str] = []
    unknown: list[str] = []
    for piece in pieces(cell):
        value = language(piece, context)
        value = value.value if isinstance(value, CellWarning) else value
        word = value if isinstance(value, str) else piece
        if not isinstance(value, str):
            unknown.append(piece)
        if word not in found:
            found.append(word)
    if unknown:
        return CellWarning(found, f"{', '.join(unknown)} : hors de la liste des langues, gardé avec le projet de vie.")
    return found or None


def accommodation(cell: Cell, context: Context) -> object:
    """[code of ``AccommodationMode``, the words of the cell when they say more]."""
    found = _accommodation(cell, context)
    if found is None:
        return None
    if isinstance(found, CellError):
        return CellWarning(
            [AccommodationMode.AUTRE.value, cell_text(cell)[:200]], f"{quote(cell)} : noté « Autre », avec vos mots."
        )
    code = found.value if isinstance(found, CellWarning) else found
    return CellWarning([code, cell_text(cell)[:200]], found.sentence) if isinstance(found, CellWarning) else [code, ""]


def lenient(read: Parser) -> Parser:
    """What a file says beside the point: a cell that is not understood is left out with a word, it never stops the household."""

    def parse(cell: Cell, context: Context) -> object:
        found = read(cell, context)
        if isinstance(found, CellError):
            return CellWarning(None, f"{found.sentence} La case n’est pas reprise : complétez le dossier.")
        return found

    return parse


def housing_right(cell: Cell, context: Context) -> object:
    """Code of ``HousingRight``; « non » is nothing to write."""
    return None if yes_no(cell, context) is False else _housing_right(cell, context)


nationality = lenient(_nationality)
siao_state = lenient(choice(dict(SiaoState.choices()), _SIAO_WORDS))


def job(cell: Cell, _context: Context) -> object:
    """[ROME code or None, words]: « Agent d’entretien (K2204) », « K2204 », « aide à domicile »."""
    if is_blank(cell):
        return None
    text = cell_text(cell)
    found = re.search(rf"\b{ROME.pattern}\b", text.upper())
    words = re.sub(r"\b[A-Za-z]\d{4}\b|\bROME\b", " ", text)
    words = " ".join(words.replace("()", " ").split()).strip(" ()-:,–")[:120]
    if found is None and (near := re.search(r"\b[A-Za-z]\d{3,5}\b", text)):
        said = (
            f"{near[0]} n’est pas un code ROME (une lettre de A à N et quatre chiffres) : seuls les mots sont gardés."
        )
        words = " ".join(words.replace(near[0], " ").split()).strip(" ()-:,–")
        return CellWarning([None, words] if words else None, said)
    return [found[0] if found else None, words]


def wishes(cell: Cell, context: Context) -> object:
    """Codes of the départements wished, in the order of the cell; five at most."""
    found = departements(cell, context)
    if isinstance(found, list) and len(found) > RANKS:
        return CellWarning(found[:RANKS], f"{len(found)} départements : les {RANKS} premiers sont gardés.")
    return found


def wished_commune(cell: Cell, context: Context) -> object:
    """INSEE code of the commune wished: homonyms are told apart by the départements wished, then by where the file is followed."""
    found = commune(cell, context, departement_key="departements")
    if found is None or isinstance(found, str):
        return found
    near = commune(cell, context, departement_key="followed_in")
    return near if isinstance(near, str) else found


def animals(cell: Cell, context: Context) -> object:
    """True, False, or the words that say which animals."""
    found = yes_no(cell, context)
    if not isinstance(found, CellError):
        return found
    return free_text(120)(cell, context)


def ages(cell: Cell, _context: Context) -> object:
    """Ages in whole years, one per child: « 3, 7 et 12 ans », « 8 mois »."""
    if is_blank(cell):
        return None
    found = []
    for piece in pieces(cell):
        match = _AGE.fullmatch(piece)
        if match is None or (int(match[1]) >= 18 and not match[2]):
            return CellError(f"{quote(cell)} : écrivez l’âge de chaque enfant, par exemple « 3, 7 et 12 ».")
        found.append(0 if match[2] and int(match[1]) < 12 else int(match[1]) // (12 if match[2] else 1))
    return found or None


def duration(cell: Cell, _context: Context) -> object:
    """A number of days: « 90 », « 6 mois », « 1 an »."""
    if is_blank(cell):
        return None
    match = _DURATION.fullmatch(fold(cell_text(cell)))
    if match is None or match[2] not in _DAYS:
        return CellError(f"{quote(cell)} n’est pas une durée. Écrivez un nombre de jours, ou par exemple « 6 mois ».")
    days = int(match[1]) * _DAYS[match[2]]
    return days if 1 <= days <= 3660 else CellError(f"{quote(cell)} doit être compris entre 1 jour et 10 ans.")


def words(most: int) -> Parser:
    """Free text of class 1: what speaks of health or safety is not taken, the person is told."""
    read = free_text(most)

    def parse(cell: Cell, context: Context) -> object:
        found = read(cell, context)
        if isinstance(found, str) and _PROTECTED.search(fold(found)):
            return CellWarning(
                None,
                "ces mots touchent à la santé ou à la sécurité : ils ne sont pas repris. Écrivez-les dans le dossier, à leur place.",
            )
        return found

    return parse


def checked(cell: Cell, context: Context) -> object:
    """True when the file says that safety was checked and that there is nothing to report; anything else leaves it to be asked."""
    found = yes_no(cell, context)
    if found is True:
        return True
    if isinstance(found, CellError):
        return CellWarning(None, "seul « oui » enregistre la vérification : la sécurité reste à demander.")
    return None
