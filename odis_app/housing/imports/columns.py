"""The columns of an offers' file, in the order of the model, and how their own cells are read."""

from __future__ import annotations

import re

from odis_app.core.errors import RuleError
from odis_app.core.text import fold
from odis_app.exchange.cells import Cell, cell_text, is_blank
from odis_app.exchange.columns import Column
from odis_app.exchange.values import (
    CellError,
    CellWarning,
    Context,
    choice,
    commune,
    day,
    departement,
    email,
    free_text,
    integer,
    money,
    phone,
    postal_code,
    several,
    yes_no,
)
from odis_app.exchange.values.base import quote
from odis_app.households.enums import CompositionKind
from odis_app.households.imports.cells import SCHEMES, duration, languages, scheme
from odis_app.housing.enums import HousingKind, ProviderKind
from odis_app.housing.operations.home import ban_key
from odis_app.housing.rooms import parse_rooms

YES_NO = ("oui", "non")
_KIND_WORDS = {
    "logement gratuit": "logement_entier_gratuit", "logement entier": "logement_entier_gratuit", "IML": "intermediation_locative",
    "location": "logement_location", "chambre": "chambre_chez_habitant", "tremplin": "logement_tremplin", "HLM": "logement_social",
    "résidence": "residence_collective", "sas": "sas_urgence", "DNA": "place_dna",
}  # fmt: skip
_PROVIDER_WORDS = {"habitant": "particulier", "citoyen": "particulier", "association": "personne_morale", "bailleur": "personne_morale",
                   "entreprise": "personne_morale", "commune": "personne_morale", "organisme": "personne_morale", "collectivité": "personne_morale"}  # fmt: skip
_COMPOSITIONS = {k.value: k.label for k in CompositionKind if k is not CompositionKind.ISOLE}
_COMPOSITION_WORDS = {"femme seule": "isole_femme", "homme seul": "isole_homme", "couple": "couple_sans_enfant", "famille": "couple_avec_enfants",
                      "parent isolé": "monoparental", "monoparentale": "monoparental", "fratrie": "fratrie_majeurs"}  # fmt: skip
_PHONE = re.compile(r"(?:\+|00)?\(?\d[\d\s.\-/()\u00a0\u202f]{7,}\d")
_EMAIL = re.compile(r"[^\s@,;<>()]+@[^\s@,;<>()]+\.[a-z]{2,24}", re.IGNORECASE)
_FLOOR = re.compile(r"(\d{1,2})(?:\s*(?:er|e|eme|nd|etage|er etage|e etage|eme etage|nd etage))?")


def contact(cell: Cell, context: Context) -> object:
    """[name, phone, e-mail] of who offers, from « Nour FICTIVE - 06 39 98 07 01 » or a name alone; what is absent is empty."""
    text = cell_text(cell)
    if is_blank(cell):
        return None
    mail = _EMAIL.search(text)
    rest = text.replace(mail[0], " ") if mail else text
    number = _PHONE.search(rest)
    found = phone(number[0], context) if number else ""
    if isinstance(found, CellError):
        return found
    name = rest.replace(number[0], " ") if number else rest
    name = re.sub(r"\s+", " ", name).strip(" -–—/,;:|()")
    name = re.sub(r"[\s,;:(-]+(?:tél|tel|port|mob|mail|courriel)\w*\.?$", "", name, flags=re.IGNORECASE)
    if len(name) > 120:
        return CellError(f"{quote(name, 40)} a {len(name)} caractères : 120 au plus.")
    value = [name, str(found.value if isinstance(found, CellWarning) else found), mail[0].lower() if mail else ""]
    return CellWarning(value, found.sentence) if isinstance(found, CellWarning) else value


def floor(cell: Cell, _context: Context) -> object:
    """The floor as a number, 0 for « RDC »."""
    if is_blank(cell):
        return None
    words = fold(cell_text(cell))
    if words.split()[:1] == ["rdc"] or words.startswith(("rez de chaussee", "plain pied")):
        return 0
    found = _FLOOR.fullmatch(words)
    return (
        int(found[1])
        if found
        else CellError(f"{quote(cell)} n’est pas un étage. Écrivez un nombre, 0 pour le rez-de-chaussée.")
    )


def rooms(cell: Cell, _context: Context) -> object:
    """The bedrooms one by one (``housing.rooms``)."""
    if is_blank(cell):
        return None
    try:
        return parse_rooms(str(cell) if isinstance(cell, str) else cell_text(cell))
    except RuleError as error:
        return CellError(error.message)


def ban(cell: Cell, _context: Context) -> object:
    """A key of the national address base."""
    try:
        return None if is_blank(cell) else ban_key(cell_text(cell))
    except RuleError as error:
        return CellError(error.message)


COLUMNS = (
    Column("reference", "Réf.", free_text(40), ("référence", "n°", "réf", "N° offre", "numéro"), example="O-001",
           help="Votre propre numéro. Il relie une ligne à son offre quand vous importez de nouveau."),
    Column("kind", "Type d’hébergement", choice(dict(HousingKind.choices()), _KIND_WORDS), ("type", "hébergement", "type de logement"), required=True,
           example="Chambre chez l’habitant", options=tuple(kind.label for kind in HousingKind)),
    Column("provider", "Qui propose", choice(dict(ProviderKind.choices()), _PROVIDER_WORDS), ("type d’hébergeur", "statut de l’hébergeur"), example="Particulier",
           options=tuple(kind.label for kind in ProviderKind), help="Vide : un particulier, ou une personne morale pour un lieu collectif ou un logement social."),
    Column("contact", "Contact", contact, ("bailleur / contact", "contact nom", "hébergeur", "nom de l’hébergeur", "bailleur", "propriétaire"), required=True,
           example="Nour Exemplova", help="La personne ou l’organisme qui propose. Le téléphone peut suivre le nom dans la même case."),
    Column("phone", "Téléphone du contact", phone, ("portable", "contact tél", "téléphone", "tél"), example="06 39 98 06 00"),
    Column("email", "Courriel du contact", email, ("courriel", "e-mail", "mail", "adresse électronique"), example="nour@exemple.invalid"),
    Column("address", "Adresse", free_text(200), ("rue", "adresse exacte"), example="1 rue Inventée",
           help="Lue par votre organisation, puis par celle du ménage après l’accord."),
    Column("postal_code", "Code postal", postal_code, ("CP",), example="44000"),
    Column("commune", "Commune", commune, ("ville",), required=True, example="Nantes"),
    Column("departement", "Département", departement, ("dép",), example="44", help="Départage deux communes du même nom."),
    Column("dispositif", "Dispositif", scheme, example="Hébergement citoyen", options=tuple(SCHEMES.values()), help="Vide : hébergement citoyen."),
    Column("capacity", "Capacité", integer(1, 60), ("places", "nombre de personnes", "capacité d’accueil"), required=True, example="2", help="En personnes."),
    Column("bedrooms", "Chambres", integer(0, 60), ("ch", "nombre de chambres", "nb chambres"), example="1",
           help="0 pour un studio. Vide pour un lieu collectif ; ailleurs, l’offre arrive « à compléter »."),
    Column("area", "Surface (m²)", money(1000), ("surface", "m²"), example="14"),
    Column("units", "Unités identiques", integer(1, 200), ("nombre de logements", "unités"), example="1"),
    Column("free_from", "Disponible du", day(2015), ("libre le", "à partir du", "disponibilité du", "libre à partir du"), example="01/12/2026"),
    Column("free_until", "Disponible au", day(2015), ("jusqu'au", "disponibilité au"), example="31/05/2027", help="Vide : sans fin prévue."),
    Column("received_on", "Reçue le", day(2015, past=True), ("date de réception", "date de l’offre"), example="12/11/2026", help="Vide : le jour de l’import."),
    Column("minors", "Mineurs acceptés", yes_no, ("enfants acceptés", "enfants"), example="oui", options=YES_NO, help="Vide : non, jusqu’à l’appel."),
    Column("max_minors", "Mineurs au plus", integer(0, 60), ("nombre de mineurs maximum", "enfants au plus"), example="1"),
    Column("animals_accepted", "Animaux acceptés", yes_no, ("animaux",), example="non", options=YES_NO),
    Column("animals_present", "Animaux présents", yes_no, ("animaux déjà présents", "animaux sur place"), example="non", options=YES_NO),
    Column("smokers", "Fumeurs acceptés", yes_no, ("fumeurs", "tabac"), example="non", options=YES_NO),
    Column("wheelchair", "PMR", yes_no, ("accessible PMR", "fauteuil roulant"), example="non", options=YES_NO),
    Column("ground_floor", "Rez-de-chaussée ou ascenseur", yes_no, ("RDC", "ascenseur"), example="oui", options=YES_NO),
    Column("floor", "Étage", floor, example="0", help="0 ou RDC pour le rez-de-chaussée."),
    Column("rent", "Loyer mensuel (€)", money(5000), ("loyer", "participation", "reste à payer"), example="0"),
    Column("languages", "Langues", languages, ("langues parlées", "langue"), example="français, anglais"),
    Column("women_hosts", "Hébergement par des femmes seulement", yes_no, ("hôtes femmes",), example="non", options=YES_NO),
    Column("charges", "Dont charges (€)", money(5000), ("charges", "charges mensuelles"), example="0", help="Comprises dans le loyer mensuel."),
    Column("min_stay", "Durée minimale", duration, ("durée minimum", "séjour minimal"), example="1 mois", help="En jours, ou « 2 mois »."),
    Column("max_stay", "Durée maximale", duration, ("durée maximum", "séjour maximal"), example="6 mois", help="En jours, ou « 6 mois »."),
    Column("renewable", "Renouvelable", yes_no, ("prolongation possible",), example="oui", options=YES_NO),
    Column("min_child_age", "Âge minimal des enfants", integer(0, 17), ("âge minimum des enfants",), example="3", help="En années. Vide : tous les âges."),
    Column("compositions", "Ménages accueillis", several(choice(_COMPOSITIONS, _COMPOSITION_WORDS)), ("compositions acceptées", "type de ménage accueilli"),
           example="Femme isolée, famille monoparentale", help=f"Parmi : {', '.join(_COMPOSITIONS.values()).lower()}. Vide : tous."),
    Column("rooms", "Détail des chambres", rooms, ("chambres en détail", "détail chambres"), example="12 m², 1 lit double, ferme à clé",
           help="Une chambre par ligne, ou séparées par un point-virgule."),
    Column("employment_area", "Bassin d’emploi", free_text(80), ("zone d’emploi",), example="Nantes", help="Lu dans la commune ; ne sert que pour une commune sans zone d’emploi."),
    Column("ban_id", "Identifiant BAN", ban, ("BAN", "id BAN", "clé BAN"), example="44109_0001_00001", help="Clé de l’adresse dans la base adresse nationale."),
)  # fmt: skip
