"""The workbooks say what `expected.yml` says: read with openpyxl, calamine and csv, without any importer of ours."""

import csv
import datetime as dt
import io
import re
import unicodedata
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import yaml
from openpyxl.utils import column_index_from_string
from python_calamine import CalamineError, CalamineWorkbook

from .build import BUILDERS, build_all

EXPECTED: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("expected.yml").read_text(encoding="utf-8"))
TABLES = [name for name, about in EXPECTED.items() if "refus" not in about]
HOUSEHOLD_LINES = [name for name in TABLES if "exemples" in EXPECTED[name]]
MONTHS = ("janv", "fev", "mars", "avri", "mai", "juin", "juil", "aout", "sept", "octo", "nove", "dece")
YES, NO = {"oui", "o", "x", "1"}, {"non", "n", "0"}
STATUSES = {
    "refug": "refugie", "ref": "refugie", "bpi refug": "refugie", "protection sub": "protection_subsidiaire",
    "p sub": "protection_subsidiaire", "ps": "protection_subsidiaire", "protection temp": "protection_temporaire",
    "pt": "protection_temporaire", "apat": "apatride",
}  # fmt: skip
KINDS = {
    "chambre chez l habitant": "chambre_chez_habitant", "logement entier gratuit": "logement_entier_gratuit",
    "logement gratuit": "logement_entier_gratuit", "location": "logement_location", "iml": "intermediation_locative",
    "intermediation locative": "intermediation_locative", "logement tremplin": "logement_tremplin", "foyer": "foyer",
    "hotel": "hotel",
}  # fmt: skip
TOWNS = {"st nazaire": "saint nazaire", "chateau gontier": "chateau gontier sur mayenne"}
BOOLEANS = {"pmr", "animaux", "animaux_acceptes", "fumeurs"}
DATES = {"date_naissance", "date_besoin", "disponible_du", "disponible_au"}
COUNTS = {"taille", "adultes", "mineurs", "capacite", "chambres"}
SHARED_CELLS = {"nom", "prenom", "contact", "contact_telephone"}

Rows = list[list[Any]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("workbooks")
    build_all(path)
    return path


@cache
def rows_of(path: Path) -> Rows:
    """Every row of the data sheet as the file stores it; row n of the sheet is `rows[n - 1]`."""
    about = EXPECTED[path.name]
    if path.suffix == ".csv":
        text = io.StringIO(path.read_bytes().decode(about["encodage"]), newline="")
        return list(csv.reader(text, delimiter=about["separateur"]))
    return CalamineWorkbook.from_path(path).get_sheet_by_name(about["feuille"]).to_python(skip_empty_area=False)


def clean(value: Any) -> Any:
    if not isinstance(value, str):
        return None if value is None else value
    text = unicodedata.normalize("NFC", re.sub("[\u200b\ufeff\u00ad]", "", value))
    return text.replace("\u00a0", " ").replace("\u202f", " ").replace("\r\n", "\n").strip() or None


def fold(value: Any) -> str:
    letters = unicodedata.normalize("NFKD", str(value).casefold())
    return " ".join(re.findall(r"[^\W_]+", "".join(c for c in letters if not unicodedata.combining(c))))


def as_date(value: Any, *, birth: bool) -> dt.date | None:
    if value is None or isinstance(value, dt.date):
        return value.date() if isinstance(value, dt.datetime) else value
    parts = fold(value).replace("1er", "1").split()
    if len(parts[0]) == 4:
        parts.reverse()
    day, month, year = parts
    number = int(month) if month.isdigit() else next(i for i, m in enumerate(MONTHS, 1) if month.startswith(m[:4]))
    full = int(year) if len(year) == 4 else 2000 + int(year)
    return dt.date(full - 100 if birth and full > 2026 else full, number, int(day))


def as_phone(value: Any) -> str | None:
    if value is None:
        return None
    text = f"{value:.0f}" if isinstance(value, float) else str(value)
    digits = re.sub(r"\D", "", text.rsplit(" - ", 1)[-1])
    if "+" in text and not digits.startswith("33"):
        return f"+{digits}"
    return "+33" + digits.removeprefix("00").removeprefix("33").removeprefix("0")


def as_number(value: Any) -> float | None:
    if value is None or fold(value) == "n c":
        return None
    return 0 if fold(value) == "gratuit" else float(re.sub(r"\s", "", str(value)).replace(",", "."))


def as_code(value: Any, width: int) -> str:
    text = f"{value:.0f}" if isinstance(value, float) else str(value)
    return re.sub(r"\s", "", text).upper().zfill(width)


def as_flag(value: str) -> bool | str | None:
    word = fold(value)
    return True if word in YES else False if word in NO else value if word else None


def as_status(value: str) -> str | None:
    longest_first = sorted(STATUSES, key=len, reverse=True)
    return next((STATUSES[start] for start in longest_first if fold(value).startswith(start)), None)


def as_languages(value: str) -> list[str]:
    return [word.strip().replace("ukr.", "ukrainien") for word in re.split(r"[,/\n]", value)]


READERS: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(DATES, lambda value: as_date(value, birth=False)),
    **dict.fromkeys(COUNTS | {"loyer", "surface"}, as_number),
    **dict.fromkeys(BOOLEANS, as_flag),
    **dict.fromkeys(("telephone", "telephone_2", "contact_telephone"), as_phone),
    "date_naissance": lambda value: as_date(value, birth=True),
    "statut": as_status,
    "type": lambda value: KINDS[fold(value)],
    "code_postal": lambda value: as_code(value, 5),
    "departement": lambda value: as_code(value, 2),
    "departements": lambda value: re.findall(r"\d\w", as_code(value, 2)),
    "langues": as_languages,
    "commune": lambda value: TOWNS.get(fold(value), fold(value)),
}


def meaning(field: str, raw: Any) -> Any:
    """The value of one cell, read the simplest way that these workbooks allow."""
    value = clean(raw)
    if value is None:
        return [] if field in {"langues", "departements"} else None
    if field in READERS:
        return READERS[field](value)
    return f"{value:.0f}" if isinstance(value, float) else value


def cell(rows: Rows, line: int, letters: str) -> Any:
    row = rows[line - 1]
    index = column_index_from_string(letters) - 1
    return row[index] if index < len(row) else None


def blank(row: list[Any]) -> bool:
    return all(clean(value) is None for value in row)


def test_every_file_is_described() -> None:
    assert set(EXPECTED) == set(BUILDERS)
    assert sum(len(EXPECTED[name]["fautes"]) for name in ("01_menages_fautes.xlsx", "02_offres_fautes.xlsx")) == 7
    assert all(len(EXPECTED[name]["exemples"]) >= 5 for name in HOUSEHOLD_LINES)


def test_two_builds_are_equal(folder: Path, tmp_path: Path) -> None:
    for name, path in build_all(tmp_path).items():
        assert path.read_bytes() == (folder / name).read_bytes(), name


@pytest.mark.parametrize("name", TABLES)
def test_data_rows_are_where_they_are_said_to_be(folder: Path, name: str) -> None:
    about, rows = EXPECTED[name], rows_of(folder / name)
    inside = [n for n in range(about["premiere"], about["derniere"] + 1) if n not in about["a_ignorer"]]
    assert len(inside) == about["lignes"]
    assert not any(blank(rows[n - 1]) for n in inside)
    beyond = range(about["derniere"] + 1, len(rows) + 1)
    assert all(blank(rows[n - 1]) or n in about["a_ignorer"] for n in beyond)
    header = rows[about["entetes"][-1] - 1]
    assert all(clean(header[column_index_from_string(c) - 1]) for c in about["colonnes"].values())


@pytest.mark.parametrize("name", HOUSEHOLD_LINES)
def test_examples_are_in_the_file(folder: Path, name: str) -> None:
    about, rows = EXPECTED[name], rows_of(folder / name)
    columns = about["colonnes"]
    for example in about["exemples"]:
        for field, value in example.items():
            place = f"{name} line {example['ligne']} {field}"
            if field == "ligne":
                continue
            if field == "taille" and field not in columns:
                counts = (cell(rows, example["ligne"], columns[part]) for part in ("adultes", "mineurs"))
                assert sum(map(int, counts)) == value, place
                continue
            raw = cell(rows, example["ligne"], columns[field])
            shared = field in SHARED_CELLS and list(columns.values()).count(columns[field]) > 1
            if shared and isinstance(value, str) and not value.startswith("+"):
                assert value in clean(raw), place
                continue
            wanted = fold(value) if field == "commune" and value else value
            assert meaning(field, raw) == wanted, place


@pytest.mark.parametrize("name", TABLES)
def test_faulty_cells_hold_what_is_said(folder: Path, name: str) -> None:
    about, rows = EXPECTED[name], rows_of(folder / name)
    for fault in about["fautes"]:
        assert clean(cell(rows, fault["ligne"], fault["colonne"])) == fault["contenu"], fault
        assert clean(cell(rows, about["entetes"][-1], fault["colonne"])) == fault["entete"], fault


@pytest.mark.parametrize("name", HOUSEHOLD_LINES)
def test_no_fault_is_left_unsaid(folder: Path, name: str) -> None:
    """Every other cell of the data reads as a sound value: dates, counts, phones, statuses, kinds, totals."""
    about, rows = EXPECTED[name], rows_of(folder / name)
    faults = {(fault["ligne"], fault["colonne"]) for fault in about["fautes"]}
    columns = about["colonnes"]
    for line in range(about["premiere"], about["derniere"] + 1):
        if line in about["a_ignorer"]:
            continue
        read = {f: meaning(f, cell(rows, line, c)) for f, c in columns.items() if (line, c) not in faults}
        for field in DATES & read.keys():
            assert read[field] is None or 1920 < read[field].year < 2030, (name, line, field)
        for field in {"telephone", "contact_telephone"} & read.keys():
            assert re.fullmatch(r"\+3363998\d{4}|\+447700900\d{3}", read[field]), (name, line, field)
        assert read.get("statut", "") is not None, (name, line)
        if read.keys() >= {"taille", "adultes", "mineurs"}:
            assert read["taille"] == read["adultes"] + read["mineurs"], (name, line)


def test_one_line_per_person(folder: Path) -> None:
    name = "08_personnes_par_ligne.xlsx"
    about, rows = EXPECTED[name], rows_of(folder / name)
    columns, families = about["colonnes"], about["menages"]
    starts = [n for n in range(about["premiere"], about["derniere"] + 1) if clean(cell(rows, n, columns["famille"]))]
    assert starts == [family["ligne"] for family in families]
    assert sum(len(family["membres"]) for family in families) == about["lignes"]
    for family in families:
        assert family["taille"] == family["adultes"] + family["mineurs"] == len(family["membres"])
        minors = [born for *_, born in family["membres"] if born is None or born.year > 2010]
        assert len(minors) == family["mineurs"]
        for field in ("famille", "statut", "telephone", "langues", "departements"):
            assert meaning(field, cell(rows, family["ligne"], columns[field])) == family[field], (family, field)
        any_wheelchair = any(meaning("pmr", cell(rows, line, columns["pmr"])) for line, *_ in family["membres"])
        assert any_wheelchair == family["pmr"]
        for line, surname, first_name, born in family["membres"]:
            assert clean(cell(rows, line, columns["nom"])) in {surname, '"', "idem", None}
            assert clean(cell(rows, line, columns["prenom"])) == first_name
            if born:
                assert meaning("date_naissance", cell(rows, line, columns["date_naissance"])) == born


def test_formulas_colours_and_hidden_column(folder: Path) -> None:
    name = "07_offres_nombres.xlsx"
    about = EXPECTED[name]
    formulas = openpyxl.load_workbook(folder / name).active
    values = openpyxl.load_workbook(folder / name, data_only=True).active
    without = {entry["ligne"]: entry["valeur"] for entry in about["formules_sans_valeur"]}
    for line in range(about["premiere"], about["derniere"] + 1):
        if line in about["a_ignorer"]:
            continue
        assert formulas[f"I{line}"].value == f"=G{line}+2*H{line}"
        computed = values[f"G{line}"].value + 2 * values[f"H{line}"].value
        assert values[f"I{line}"].value == (None if line in without else computed)
        assert without.get(line, computed) == computed
    assert formulas.column_dimensions["M"].hidden
    seen = {
        meaning: {formulas[f"K{n}"].fill.start_color.rgb for n in lines} for meaning, lines in about["couleurs"].items()
    }
    assert len(set.union(*seen.values())) == len(seen) == 3


def test_the_traps_are_really_there(folder: Path) -> None:
    raw = [str(v) for row in rows_of(folder / "06_menages_tout_en_texte.xlsx") for v in row]
    assert any(unicodedata.normalize("NFC", text) != text for text in raw)
    assert all(any(mark in text for text in raw) for mark in "\u200b\u00a0\u202f\ufeff\u00ad")
    header = rows_of(folder / "10_menages_alphabets.xlsx")[2]
    assert header.count("Tél.") == 2
    assert "Nb\npers" in header
    large = rows_of(folder / "09_menages_5000.csv")
    assert len(large) == 8001
    assert {len(row) for row in large} == {54}
    assert "A1:P1" in map(str, openpyxl.load_workbook(folder / "01_menages_fautes.xlsx").active.merged_cells.ranges)


def test_corrected_twins_differ_by_the_faulty_cells_only(folder: Path) -> None:
    for faulty, corrected in (
        ("01_menages_fautes.xlsx", "01b_menages_corriges.xlsx"),
        ("02_offres_fautes.xlsx", "02b_offres_corrigees.xlsx"),
    ):
        pairs = zip(rows_of(folder / faulty), rows_of(folder / corrected), strict=True)
        changed = {
            (line, column)
            for line, (before, after) in enumerate(pairs, 1)
            for column, (old, new) in enumerate(zip(before, after, strict=True), 1)
            if old != new
        }
        said = {(f["ligne"], column_index_from_string(f["colonne"])) for f in EXPECTED[faulty]["fautes"]}
        assert changed == said


def test_files_to_refuse(folder: Path) -> None:
    for name in ("11_corrompu.xlsx", "12_programme_renomme.xlsx"):
        with pytest.raises(CalamineError):
            CalamineWorkbook.from_path(folder / name)
        with pytest.raises(zipfile.BadZipFile):
            openpyxl.load_workbook(folder / name)
    empty = openpyxl.load_workbook(folder / "13_vide.xlsx")
    assert [sheet.max_row * sheet.max_column for sheet in empty] == [1, 1, 1]
    assert all(sheet["A1"].value is None for sheet in empty)
