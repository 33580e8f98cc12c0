"""The importer reads in the ugly workbooks what a careful person reads in them (`workbooks/expected.yml`)."""

import datetime as dt
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from odis_app.exchange.cells import clean
from odis_app.exchange.check import Action, Checked, check_rows
from odis_app.exchange.columns import guess_mapping
from odis_app.exchange.kinds import ImportKind
from odis_app.exchange.readers import FileRefusedError, Table, read_table
from tests.exchange.samples import HOUSEHOLDS, OFFERS, context
from tests.exchange.workbooks.build import build_all

EXPECTED: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "workbooks" / "expected.yml").read_text("utf-8"))
TABLES = [name for name, about in EXPECTED.items() if "refus" not in about]
REFUSED = [name for name, about in EXPECTED.items() if "refus" in about]
FIELDS = {
    "numero": "reference", "nom": "last_name", "prenom": "first_name", "date_naissance": "birth", "taille": "size",
    "adultes": "adults", "mineurs": "minors", "statut": "status", "telephone": "phone", "telephone_2": "phone_2",
    "langues": "languages", "departements": "departements", "date_besoin": "needed_on", "pmr": "wheelchair",
    "animaux": "animals", "observations": "remarks", "type": "kind", "adresse": "address", "code_postal": "postal_code",
    "capacite": "capacity", "chambres": "bedrooms", "disponible_du": "free_from", "disponible_au": "free_until",
    "animaux_acceptes": "animals_accepted", "fumeurs": "smokers", "loyer": "rent", "contact": "contact",
    "contact_telephone": "contact_phone", "contact_courriel": "contact_email", "departement": "departement",
    "surface": "area", "famille": "reference", "lien": "link", "sexe": "sex", "commune": "commune",
}  # fmt: skip
# Two things in one cell: taking them apart belongs to the kinds of the packages, not to the engine under test.
SHARED = {"nom", "prenom", "contact", "contact_telephone"}
PHONES = {"telephone", "telephone_2", "contact_telephone"}
# « Chateau Gontier » is Château-Gontier-sur-Mayenne: a question is allowed, and the sample resolver knows no former name.
ASKED = {"10_menages_alphabets.xlsx": {(10, "Cne souh.")}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("workbooks")
    build_all(path)
    return path


def kind_of(name: str) -> ImportKind:
    return HOUSEHOLDS if EXPECTED[name]["nature"] == "menages" else OFFERS


@cache
def read(path: Path) -> tuple[Table, Checked]:
    kind = kind_of(path.name)
    table = read_table(path, path.name, vocabulary=kind.vocabulary())
    mapping = guess_mapping(table.headers, kind.columns)
    checked = check_rows(
        table.rows, table.headers, kind, mapping, context(), blind=lambda text: text, lookup=lambda _keys: {}
    )
    return table, checked


def international(value: object) -> object:
    return "+33" + str(value).replace(" ", "")[1:] if isinstance(value, str) and value.startswith("0") else value


def columns_sharing(name: str) -> set[str]:
    columns = EXPECTED[name]["colonnes"]
    return {field for field in SHARED if list(columns.values()).count(columns.get(field)) > 1}


@pytest.mark.parametrize("name", TABLES)
def test_the_table_is_found(folder: Path, name: str) -> None:
    about, (table, _checked) = EXPECTED[name], read(folder / name)
    assert table.sheet == about.get("feuille", "")
    assert table.header_row == about["entetes"][-1]
    numbers = [row.number for row in table.rows]
    assert (numbers[0], numbers[-1], len(numbers)) == (about["premiere"], about["derniere"], about["lignes"])
    assert not set(numbers) & set(about["a_ignorer"])


@pytest.mark.parametrize("name", TABLES)
def test_the_columns_find_their_place(folder: Path, name: str) -> None:
    table, _checked = read(folder / name)
    mapping = guess_mapping(table.headers, kind_of(name).columns)
    wanted = {FIELDS[field] for field in EXPECTED[name]["colonnes"] if field not in columns_sharing(name)}
    assert wanted - set(mapping) == set()


@pytest.mark.parametrize("name", TABLES)
def test_the_values_are_those_of_a_careful_reader(folder: Path, name: str) -> None:
    about, (table, checked) = EXPECTED[name], read(folder / name)
    rows = {row.number: row for row in checked.rows}
    mapped = set(guess_mapping(table.headers, kind_of(name).columns))
    for example in about.get("exemples", ()):
        row = rows[example["ligne"]]
        uncomputed = (
            {"capacity"} if any(x["ligne"] == row.number for x in about.get("formules_sans_valeur", ())) else ()
        )
        for field, wanted in example.items():
            key = FIELDS.get(field)
            if field == "ligne" or field in columns_sharing(name) or key not in mapped or key in uncomputed:
                continue
            found = row.values[key]
            place = f"{name}, line {row.number}, {field}: {[str(finding) for finding in row.findings]}"
            if field == "commune":
                assert (found is None) == (wanted is None), place
            elif field in PHONES:
                assert international(found) == wanted, place
            elif field in {"langues", "departements"}:
                assert [word.replace("ukr.", "ukrainien") for word in found or []] == wanted, place
            elif field in {"pmr", "animaux_acceptes", "fumeurs"} and wanted is None:
                assert not found, place
            elif field == "animaux" and isinstance(wanted, bool):
                assert found, place  # free text in this kind: what was typed is kept
            elif isinstance(wanted, dt.date | bool) or wanted is None:
                assert found == wanted, place
            elif isinstance(wanted, float):
                assert float(found) == wanted, place
            else:
                assert found == wanted, place


@pytest.mark.parametrize("name", TABLES)
def test_every_fault_is_told_and_nothing_else(folder: Path, name: str) -> None:
    about, (table, checked) = EXPECTED[name], read(folder / name)
    expected = {(fault["ligne"], clean(fault["entete"])) for fault in about["fautes"]}
    expected |= {(entry["ligne"], "Capacité") for entry in about.get("formules_sans_valeur", ())}
    found = {(error.number, error.header) for error in checked.errors}
    shared = {header for header in table.headers if header in {"Bailleur / contact", "NOM Prénom"}}
    assert {place for place in found if place[1] not in shared} - ASKED.get(name, set()) == expected
    assert all(row.action is Action.ERROR for row in checked.rows if row.errors)


def test_a_social_security_number_is_never_copied(folder: Path) -> None:
    table, checked = read(folder / "10_menages_alphabets.xlsx")
    [error] = [error for error in checked.errors if error.header == "Obs."]
    assert "sécurité sociale" in error.sentence
    assert "99 999" not in error.sentence
    assert "99 999" not in repr(table)


def test_one_line_per_person_makes_seven_households(folder: Path) -> None:
    about, (_table, checked) = EXPECTED["08_personnes_par_ligne.xlsx"], read(folder / "08_personnes_par_ligne.xlsx")
    assert [record.rows[0].number for record in checked.records] == [family["ligne"] for family in about["menages"]]
    for record, family in zip(checked.records, about["menages"], strict=True):
        head = record.rows[0].values
        assert head["reference"] == family["famille"]
        assert head["status"] == family["statut"]
        assert [(row.number, row.values["last_name"], row.values["first_name"]) for row in record.rows] == [
            (line, surname, first_name) for line, surname, first_name, _born in family["membres"]
        ]


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_table_is_refused_with_a_sentence(folder: Path, name: str) -> None:
    with pytest.raises(FileRefusedError, match=r"^[A-ZÉ«].*\.$"):
        read_table(folder / name, name)
