"""What each parser reads, what it refuses and in which words; and that nothing makes one crash."""

import datetime as dt
import math
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odis_app.exchange import values as v
from odis_app.exchange.cells import BadCell, cell_text, clean, from_json, is_blank, to_json
from tests.exchange.samples import STATUSES, context

HERE = context()
STATUS = v.choice(STATUSES, {"PS": "protection_subsidiaire"})


@pytest.mark.parametrize("found", [
    "12/03/1990", "12 mars 1990", "12.03.90", "12-03-1990", "12 / 3 / 1990", "lundi 12 mars 1990", "12-mars-90", "1990-03-12",
    "1990-03-12 00:00:00", "1990/03/12", "12/03/1990 10h30", 32944, 32944.0, "32944", "12031990", "19900312",
    dt.date(1990, 3, 12), dt.datetime(1990, 3, 12, 8, 30), "12\u00a0mars\u202f1990", "'12/03/1990",
])  # fmt: skip
def test_one_birth_written_in_many_ways(found: object) -> None:
    assert v.birth(found, HERE) == dt.date(1990, 3, 12)


@pytest.mark.parametrize(("found", "sentence"), [
    ("31/02/1990", "31/02/1990 n’existe pas."),
    ("29/02/1990", "29/02/1990 n’existe pas."),
    ("12/03/1825", "« 12/03/1825 », année 1825 : vérifiez."),
    ("3/09/2088", "3/09/2088 est dans le futur."),
    ("22/11/2026", "22/11/2026 est dans le futur."),
    ("03/25/1990", "03/25/1990 : le mois 25 n’existe pas. Écrivez le jour, puis le mois, puis l’année."),
    ("??/05/2015", "« ??/05/2015 » n’est pas une date. Écrivez par exemple 12/03/1990."),
    ("printemps", "« printemps » n’est pas une date. Écrivez par exemple 12/03/1990."),
    (True, "« oui » n’est pas une date. Écrivez par exemple 12/03/1990."),
])  # fmt: skip
def test_births_refused(found: object, sentence: str) -> None:
    assert v.birth(found, HERE) == v.CellError(sentence)


def test_births_known_by_their_year() -> None:
    assert v.birth("1990", HERE) == v.birth(1990, HERE) == 1990
    assert v.birth("mars 1990", HERE).value == 1990
    assert v.birth("12/04/31", HERE) == dt.date(1931, 4, 12)  # two digits never give a birth to come
    assert v.birth("12/04/26", HERE) == dt.date(2026, 4, 12)


def test_days_of_a_file_may_be_ahead_of_today() -> None:
    ahead, past = v.day(2015), v.day(2015, past=True)
    assert ahead("05.01.27", HERE) == dt.date(2027, 1, 5)
    assert ahead("12/03/1825", HERE) == v.CellError("« 12/03/1825 », année 1825 : vérifiez.")
    assert ahead("12/03/2126", HERE) == v.CellError("« 12/03/2126 », année 2126 : vérifiez.")
    assert past("05/01/2027", HERE) == v.CellError("05/01/2027 est dans le futur.")
    assert isinstance(ahead("2027", HERE), v.CellError)
    assert isinstance(ahead("fin janvier 2027", HERE), v.CellError)


@pytest.mark.parametrize(("found", "number"), [
    (612345678, "06 12 34 56 78"), (33612345678.0, "06 12 34 56 78"), ("06.12.34.56.78", "06 12 34 56 78"),
    ("+33 (0)6 12 34 56 78", "06 12 34 56 78"), ("0033612345678", "06 12 34 56 78"), ("(0)6 12 34 56 78", "06 12 34 56 78"),
    ("06 12 34 56 78 (mère)", "06 12 34 56 78"), ("Tél : 06-12-34-56-78", "06 12 34 56 78"),
    ("+262 692 12 34 56", "06 92 12 34 56"), ("+380 67 123 45 67", "+380671234567"), ("00447700900123", "+447700900123"),
])  # fmt: skip
def test_phones(found: object, number: str) -> None:
    assert v.phone(found, HERE) == number


@pytest.mark.parametrize(
    "found", ["06 39 98", "toto", "6,4E+08", "06 12 34 56 78 90", "+33 6 12", "00 00 00 00 00", True, 12.5]
)
def test_phones_refused(found: object) -> None:
    assert isinstance(v.phone(found, HERE), v.CellError)


def test_two_phones_and_a_number_that_lost_its_plus_are_told() -> None:
    assert v.phone("06 12 34 56 78 / 07 11 22 33 44", HERE).value == "06 12 34 56 78"
    assert v.phone(380671234567, HERE).value == "+380671234567"


@pytest.mark.parametrize(("found", "code"), [
    (1, "01"), ("1", "01"), (44.0, "44"), ("044", "44"), ("Loire Atlantique", "44"), ("44 - Loire-Atlantique", "44"),
    ("Loire-Atlantique (44)", "44"), ("2a", "2A"), ("974", "974"), ("dpt 44", "44"), ("La Réunion", "974"),
])  # fmt: skip
def test_departements(found: object, code: str) -> None:
    assert v.departement(found, HERE) == code


def test_departements_refused_with_advice() -> None:
    assert v.departement("Mayene", HERE) == v.CellError(
        "« Mayene » n’est pas reconnu. Vouliez-vous dire Mayenne (53) ?"
    )
    assert v.departement("20", HERE) == v.CellError("« 20 » : écrivez 2A (Corse-du-Sud) ou 2B (Haute-Corse).")
    assert isinstance(v.departement("Sarthe (44)", HERE), v.CellError)
    assert isinstance(v.departement("99", HERE), v.CellError)


@pytest.mark.parametrize(("found", "codes"), [
    ("44, 49 et 53", ["44", "49", "53"]), ("44-49-53", ["44", "49", "53"]), (44.49, ["44", "49"]), (44, ["44"]), ("44 49", ["44", "49"]),
    ("Sarthe / Mayenne", ["72", "53"]), ("Meurthe-et-Moselle", ["54"]), ("44;44", ["44"]), ("", None),
])  # fmt: skip
def test_lists_of_departements(found: object, codes: list[str] | None) -> None:
    assert v.departements(found, HERE) == codes


@pytest.mark.parametrize(("found", "code"), [
    ("Nantes", "44109"), ("NANTES CEDEX 2", "44109"), ("44000 Nantes", "44109"), ("Nantes (44)", "44109"), ("St Herblain", "44162"),
    ("Saint-Nazaire (44)", "44184"), ("Nantes, Loire-Atlantique", "44109"), ("97400 Saint-Denis", "97411"),
])  # fmt: skip
def test_communes(found: str, code: str) -> None:
    assert v.commune(found, HERE) == code


def test_homonyms_are_told_apart_by_the_row_or_by_size() -> None:
    row = v.Context(HERE.today, HERE.departements, HERE.find_communes, {"postal_code": 97400.0})
    assert v.commune("Saint-Denis", row) == "97411"
    wish = v.Context(HERE.today, HERE.departements, HERE.find_communes, {"departements": "44, 49"})
    assert v.commune("Saint-Nazaire", wish) == "44184"
    large = v.commune("Mérignac", HERE)
    assert large == v.CellWarning("33281", "« Mérignac » est lu Mérignac (33) : vérifiez.")
    assert "Ajoutez le code postal" in v.commune("Saint-Denis", HERE).sentence
    assert v.commune("Saint-Exemple-sur-Fiction", HERE) == v.CellError(
        "« Saint-Exemple-sur-Fiction » n’est pas une commune connue. Écrivez son nom et son code postal."
    )


@pytest.mark.parametrize(("found", "code"), [
    ("réfugiée", "refugie"), ("REFUGIES", "refugie"), ("Demandeurs d'asile", "demandeur_asile"), ("ps", "protection_subsidiaire"),
    ("Réfugié (carte 10 ans)", "refugie"), ("protection_subsidiaire", "protection_subsidiaire"),
])  # fmt: skip
def test_choices(found: str, code: str) -> None:
    assert STATUS(found, HERE) == code


@pytest.mark.parametrize(("found", "code"), [
    ("subsidiaire", "protection_subsidiaire"), ("BPI réfugiée", "refugie"), ("P. subsidiaire", "protection_subsidiaire"), ("Apat.", "apatride"),
])  # fmt: skip
def test_choices_read_with_a_warning(found: str, code: str) -> None:
    assert STATUS(found, HERE).value == code


def test_choices_refused_with_advice() -> None:
    assert STATUS("R", HERE).sentence.startswith("« R » n’est pas reconnu. Valeurs possibles : Réfugié, ")
    assert STATUS("refugée", HERE).sentence == "« refugée » n’est pas reconnu. Vouliez-vous dire « Réfugié » ?"
    assert (
        STATUS("protection", HERE).sentence
        == "« protection » est ambigu : Protection subsidiaire, Protection temporaire."
    )
    for denial in (
        "non réfugié",
        "statut de réfugié refusé en attente",
        "pas encore réfugié",
        "débouté du statut de réfugié",
    ):
        assert isinstance(STATUS(denial, HERE), v.CellError), denial


@pytest.mark.parametrize(("found", "answer"), [
    ("oui", True), ("Oui", True), ("x", True), (1, True), ("O", True), ("vrai", True), ("✓", True), (True, True), ("OUI ", True),
    ("non", False), (0, False), ("-", False), ("N", False), (0.0, False), ("", None), (None, None), ("NC", None), ("?", None),
])  # fmt: skip
def test_yes_and_no(found: object, answer: bool | None) -> None:
    assert v.yes_no(found, HERE) is answer


@pytest.mark.parametrize("found", ["peut-être", 2, "oui/non"])
def test_neither_yes_nor_no(found: object) -> None:
    assert isinstance(v.yes_no(found, HERE), v.CellError)


def test_whole_numbers() -> None:
    size = v.integer(1, 99, warn_above=15)
    assert [size(found, HERE) for found in ("3", 3.0, "3 personnes", "trois", " 3 ")] == [3] * 5
    assert size(40, HERE) == v.CellWarning(40, "40 est inhabituel : vérifiez.")
    assert size(-2, HERE) == v.CellError("« -2 » est négatif. Écrivez un nombre à partir de 1.")
    assert size("3,5", HERE) == v.CellError("« 3,5 » n’est pas un nombre entier.")
    assert size(400, HERE) == v.CellError("« 400 » doit être compris entre 1 et 99.")
    for found in ("2+1", "3 ou 4", "deux ou trois", dt.date(2026, 1, 3), True):
        assert "n’est pas un nombre" in size(found, HERE).sentence


@pytest.mark.parametrize(("found", "amount"), [
    ("450 €", "450"), ("1\u202f200,50 €/mois", "1200.50"), ("1.200,50", "1200.50"), ("1,200.50", "1200.50"), ("450€ CC", "450"),
    (450.5, "450.5"), ("gratuit", "0"), (0, "0"), ("1.200.000", None), (-3, None), ("abc", None), ("450 ou 500", None),
])  # fmt: skip
def test_money(found: object, amount: str | None) -> None:
    read = v.money()(found, HERE)
    assert isinstance(read, v.CellError) if amount is None else read == Decimal(amount)


def test_addresses_and_postal_codes() -> None:
    assert v.email(" Nom@Exemple.FR ", HERE) == "nom@exemple.fr"
    assert v.email("Nour Fictive <nour@exemple.fr>", HERE) == "nour@exemple.fr"
    assert v.email("a@exemple.fr; b@exemple.fr", HERE).value == "a@exemple.fr"
    for found in ("toto@", "nom exemple.fr", "a..b@exemple.fr", "a b@exemple.fr"):
        assert isinstance(v.email(found, HERE), v.CellError)
    assert [v.postal_code(found, HERE) for found in (1000.0, "44 000", "F-44000", "97400")] == [
        "01000",
        "44000",
        "44000",
        "97400",
    ]
    assert isinstance(v.postal_code("4400A", HERE), v.CellError)


@pytest.mark.parametrize("found", [
    "1 85 05 78 006 084 91", "185057800608491", 185057800608491.0, "1850578006084", "NIR : 2 55 08 14 168 025 38, vu le 3",
    "2 85 07 2A 004 021 43", "285-07-99-999-999-35",
])  # fmt: skip
def test_social_security_numbers_are_seen(found: object) -> None:
    assert v.holds_nir(found)


@pytest.mark.parametrize("found", [
    "0612345678", "9912345678", "12345678901234", "185057800608492", "06 12 34 56 78 / 07 11 22 33 44", 33612345678.0,
    "FR76 3000 6000 0112 3456 7890 189", "", None, True, 1.5,
])  # fmt: skip
def test_other_numbers_are_no_social_security_numbers(found: object) -> None:
    assert not v.holds_nir(found)


def test_text_is_cleaned_and_keeps_what_belongs_to_names() -> None:
    assert clean("  Pre\u0301\u200bnom\u00a0 _x000D_ compose\u0301 ") == "Prénom composé"
    assert clean("افسانه\u200cای") == "افسانه\u200cای"
    assert clean("'=1+1") == "=1+1"
    assert clean("'aïkido") == "'aïkido"
    assert v.free_text(50)("préfère le\ncentre-ville ", HERE) == "préfère le\ncentre-ville"
    assert v.free_text(3)("quatre", HERE) == v.CellError("« quatre » a 6 caractères : 3 au plus.")
    assert all(is_blank(found) for found in ("", " ", "NC", "n.c.", "-", "néant", None, "non renseigné", "?"))
    assert not any(is_blank(found) for found in ("0", 0, False, "non", "Nc Nguyen"))


PARSERS = [
    v.birth, v.day(), v.day(past=True), v.phone, v.email, v.postal_code, v.departement, v.departements, v.commune, v.yes_no, v.integer(),
    v.money(), v.free_text(), STATUS, v.several(STATUS), v.several(v.free_text(20), whole_first=False),
]  # fmt: skip
CELLS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=True), st.dates(), st.datetimes(), st.text(),
    st.text(alphabet="0123456789 /-.,+()€eE%'\"et\nou½²٣"), st.from_regex(r"\d{1,2}[/.-]\d{1,2}[/.-]\d{1,4}"),
)  # fmt: skip


@settings(deadline=None)  # the machine may be busy
@given(CELLS)
def test_no_cell_makes_a_parser_crash(cell: object) -> None:
    for parse in PARSERS:
        answer = parse(cell, HERE)
        if isinstance(answer, v.CellError | v.CellWarning):
            assert answer.sentence.endswith((".", "?"))
    assert v.holds_nir(cell) in {True, False}
    assert isinstance(cell_text(cell), str)


@settings(deadline=None)  # the machine may be busy
@given(CELLS.filter(lambda cell: not (isinstance(cell, float) and math.isnan(cell))))
def test_cells_survive_their_journey_as_json(cell: object) -> None:
    again = from_json(to_json(cell))
    assert again == cell or isinstance(again, BadCell)


@settings(deadline=None)  # the machine may be busy
@given(
    st.dates(dt.date(1915, 1, 1), dt.date(2026, 11, 21)),
    st.sampled_from(["%d/%m/%Y", "%Y-%m-%d", "%d.%m.%Y", "%d%m%Y"]),
)
def test_every_birth_comes_back(born: dt.date, shape: str) -> None:
    assert v.birth(born.strftime(shape), HERE) == born


@settings(deadline=None)  # the machine may be busy
@given(st.integers(100_000_000, 999_999_999))
def test_every_french_number_comes_back(number: int) -> None:
    written = v.phone(number, HERE)
    assert written.replace(" ", "") == f"0{number}"
    assert v.phone(written, HERE) == v.phone(f"+33{number}", HERE) == written
