"""Two kinds of import wide enough for the ugly workbooks, real communes and départements, and a small file writer."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

import xlsxwriter

from odis_app.core.identity import Identity
from odis_app.core.permissions import Permission
from odis_app.exchange.columns import Column
from odis_app.exchange.kinds import Draft, Finding, ImportKind, Saved, Values
from odis_app.exchange.values import (
    CommuneMatch,
    Context,
    birth,
    choice,
    commune,
    day,
    departement,
    departements,
    email,
    free_text,
    integer,
    money,
    phone,
    postal_code,
    several,
    yes_no,
)
from odis_app.territories import dataset
from odis_app.territories.names import fold_place

TODAY = dt.date(2026, 11, 21)

STATUSES = {
    "refugie": "Réfugié", "protection_subsidiaire": "Protection subsidiaire", "apatride": "Apatride",
    "protection_temporaire": "Protection temporaire", "demandeur_asile": "Demandeur d’asile", "deboute": "Débouté",
}  # fmt: skip
KINDS = {
    "chambre_chez_habitant": "Chambre chez l’habitant", "logement_entier_gratuit": "Logement entier gratuit",
    "logement_location": "Logement en location", "intermediation_locative": "Intermédiation locative",
    "logement_tremplin": "Logement tremplin", "foyer": "Foyer", "hotel": "Hôtel",
}  # fmt: skip
ANY = Permission("essai:essai", "Essai", frozenset())  # built, not declared: these kinds never reach a page
YES_NO = ("oui", "non")


@cache
def _territories() -> tuple[dict[str, str], dict[str, list[CommuneMatch]], dict[str, set[str]]]:
    data = dataset.read()
    tables = data.tables
    names = {row["code"]: row["name"] for row in _records(tables["departments"])}
    by_name: dict[str, list[CommuneMatch]] = defaultdict(list)
    for row in _records(tables["communes"]):
        by_name[fold_place(row["name"])].append(
            CommuneMatch(row["code"], row["name"], row["department_code"], population=int(row["population"] or 0))
        )
    postal: dict[str, set[str]] = defaultdict(set)
    for row in _records(tables["commune_postal_codes"]):
        postal[row["postal_code"]].add(row["commune_code"])
    return names, by_name, postal


def _records(table: dataset.Table) -> Iterable[dict[str, str]]:
    return (dict(zip(table.columns, row, strict=True)) for row in table.rows)


def find_communes(name: str, hint: str) -> Sequence[CommuneMatch]:
    """The communes of that name, narrowed by a postal code or a département."""
    _names, by_name, postal = _territories()
    found = by_name.get(fold_place(name), [])
    narrowed = [match for match in found if match.code in postal[hint] or match.departement == hint] if hint else found
    return narrowed or found


def context() -> Context:
    return Context(TODAY, _territories()[0], find_communes)


def validate_household(lines: Sequence[Values], _context: Context) -> Iterable[Finding]:
    head = lines[0]
    size, adults, minors = head["size"], head["adults"], head["minors"]
    if size is not None and adults is not None and minors is not None and size != adults + minors:
        yield Finding(0, "size", f"{size} personnes annoncées, {adults + minors} décrites.")


def never(_identity: Identity, _drafts: Sequence[Draft]) -> Sequence[Saved]:
    raise AssertionError("nothing is written by these tests")


def never_restored(_identity: Identity, _saved: Sequence[Saved]) -> Sequence[str]:
    raise AssertionError("nothing is put back by these tests")


HOUSEHOLDS = ImportKind(
    code="menages-essai", label="Ménages", one="ménage", permission=ANY, commit=never, restore=never_restored,
    reference="reference", natural_key=("last_name", "first_name", "birth"), line_column="link",
    validate=validate_household,
    columns=(
        Column("reference", "N° dossier", free_text(40), ("référence", "N° famille", "numéro", "n°")),
        Column("last_name", "Nom", free_text(100), ("NOM Prénom",), required=True, inherits=True, example="Exemplova"),
        Column("first_name", "Prénom", free_text(100), example="Nour"),
        Column("link", "Lien", free_text(40), ("lien de parenté",)),
        Column("birth", "Date de naissance", birth, ("né(e) le", "naissance", "dt naiss"), example="12/03/1990"),
        Column("sex", "Sexe", free_text(10)),
        Column("size", "Taille du ménage", integer(1, 99, warn_above=15), ("nombre de personnes", "nb pers", "taille")),
        Column("adults", "Adultes", integer(0, 99), ("nb adultes", "dont adultes")),
        Column("minors", "Mineurs", integer(0, 99), ("nb enfants", "dont mineurs")),
        Column("status", "Statut", choice(STATUSES, {"PS": "protection_subsidiaire", "PT": "protection_temporaire"}),
               ("statut de protection", "situation administrative"), options=tuple(STATUSES.values())),
        Column("phone", "Téléphone", phone, ("tél", "portable"), example="06 39 98 01 00"),
        Column("phone_2", "Téléphone 2", phone, ("tél 2",)),
        Column("languages", "Langues", several(free_text(40), whole_first=False), ("langues parlées", "lgue")),
        Column("postal_code", "Code postal", postal_code, ("CP",)),
        Column("commune", "Commune souhaitée", commune, ("cne souh", "commune")),
        Column("departements", "Départements souhaités", departements, ("dépts", "dép. souhaités", "département")),
        Column("needed_on", "Date du besoin", day(2015), ("besoin au", "dt besoin")),
        Column("wheelchair", "PMR", yes_no, ("fauteuil roulant",), options=YES_NO),
        Column("animals", "Animaux", free_text(100), ("anx",)),
        Column("remarks", "Observations", free_text(2000), ("remarques", "obs")),
    ),
)  # fmt: skip
OFFERS = ImportKind(
    code="offres-essai", label="Offres", one="offre", permission=ANY, commit=never, restore=never_restored,
    reference="reference",
    columns=(
        Column("reference", "Réf.", free_text(40), ("référence", "n°", "réf")),
        Column("kind", "Type d’hébergement", choice(KINDS, {"logement gratuit": "logement_entier_gratuit",
               "IML": "intermediation_locative"}), ("type", "hébergement"), required=True),
        Column("address", "Adresse", free_text(200), ("rue",)),
        Column("postal_code", "Code postal", postal_code, ("CP",)),
        Column("commune", "Commune", commune, ("ville",), required=True),
        Column("departement", "Département", departement, ("dép",)),
        Column("capacity", "Capacité", integer(1, 500), ("places",), required=True),
        Column("bedrooms", "Chambres", integer(0, 200), ("ch",)),
        Column("free_from", "Disponible du", day(2015), ("libre le", "à partir du", "disponibilité du")),
        Column("free_until", "Disponible au", day(2015), ("jusqu'au", "disponibilité au")),
        Column("animals_accepted", "Animaux acceptés", yes_no, ("animaux",)),
        Column("smokers", "Fumeurs acceptés", yes_no, ("fumeurs",)),
        Column("rent", "Loyer mensuel (€)", money(), ("loyer",)),
        Column("wheelchair", "PMR", yes_no),
        Column("area", "Surface (m²)", money()),
        Column("contact", "Contact", free_text(200), ("bailleur / contact", "contact nom")),
        Column("contact_phone", "Téléphone du contact", phone, ("portable", "contact tél")),
        Column("contact_email", "Courriel du contact", email),
    ),
)  # fmt: skip


def write_xlsx(path: Path, rows: Iterable[Sequence[object]], *, sheet: str = "Feuil1") -> Path:
    """A plain workbook holding ``rows``; None leaves a cell empty."""
    with xlsxwriter.Workbook(path, {"constant_memory": True, "default_date_format": "dd/mm/yyyy"}) as book:
        page = book.add_worksheet(sheet)
        for number, row in enumerate(rows):
            for column, value in enumerate(row):
                if value is not None:
                    page.write(number, column, value)
    return path
