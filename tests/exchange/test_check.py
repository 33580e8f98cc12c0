"""The whole file judged: actions, duplicates, idempotence, records on several lines."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from odis_app.exchange.cells import NIR, BadCell, Cell, Row
from odis_app.exchange.check import Action, Checked, Known, add_findings, check_rows
from odis_app.exchange.columns import guess_mapping
from odis_app.exchange.kinds import Finding
from tests.exchange.samples import HOUSEHOLDS, context

HEADERS = ("N° dossier", "Nom", "Prénom", "Date de naissance", "Taille du ménage", "Téléphone")


def check(
    *lines: tuple[Cell, ...], headers: tuple[str, ...] = HEADERS, known: dict[str, Known] | None = None
) -> Checked:
    rows = [Row(number, line) for number, line in enumerate(lines, start=2)]
    mapping = guess_mapping(headers, HOUSEHOLDS.columns)
    store = known or {}
    return check_rows(
        rows, headers, HOUSEHOLDS, mapping, context(), blind=lambda text: text,
        lookup=lambda keys: {key: store[key] for key in keys if key in store},
    )  # fmt: skip


def remember(checked: Checked) -> dict[str, Known]:
    """What a commit would keep."""
    return {record.key: Known(number, record.content) for number, record in enumerate(checked.writable(), start=1)}


NOUR = ("M-1", "Exemplova", "Nour", "12/03/1990", 2, 639980100)
AMINA = (None, "Fictive", "Amina", 1988, 1, None)


def test_each_error_names_its_line_and_its_column() -> None:
    checked = check(
        NOUR,
        ("M-2", None, "Zahra", "31/02/1990", BadCell("#REF!"), "06"),
        ("M-3", "A", "B", None, BadCell(""), BadCell("####")),
    )
    assert [str(error) for error in checked.errors] == [
        "Ligne 3, colonne « Date de naissance » : 31/02/1990 n’existe pas.",
        "Ligne 3, colonne « Taille du ménage » : #REF! : la formule ne donne pas de résultat. Écrivez la valeur à sa place.",
        "Ligne 3, colonne « Téléphone » : « 06 » n’est pas un numéro de téléphone. Écrivez par exemple 06 12 34 56 78.",
        "Ligne 3, colonne « Nom » : la case est vide. Cette information est obligatoire.",
        (
            "Ligne 4, colonne « Taille du ménage » : la formule n’a pas été calculée. Ouvrez le fichier dans un tableur et "
            "enregistrez-le, ou écrivez la valeur à sa place."
        ),
        "Ligne 4, colonne « Téléphone » : #### : la colonne était trop étroite à l’enregistrement, la valeur est perdue. Écrivez-la.",
    ]
    assert checked.counts() == {Action.CREATE: 1, Action.UPDATE: 0, Action.UNCHANGED: 0, Action.ERROR: 2}
    assert [record.draft().numbers for record in checked.writable()] == [(2,)]


def test_importing_the_same_file_again_changes_nothing() -> None:
    known = remember(check(NOUR, AMINA))
    assert {row.action for row in check(NOUR, AMINA, known=known).rows} == {Action.UNCHANGED}
    assert {row.action for row in check(AMINA, NOUR, known=known).rows} == {Action.UNCHANGED}
    same = (("M-1 ", "Exemplova", "Nour", "1990-03-12", "2 personnes", "+33 6 39 98 01 00"), AMINA)
    assert {row.action for row in check(*same, known=known).rows} == {Action.UNCHANGED}


def test_a_corrected_cell_updates_its_record() -> None:
    known = remember(check(NOUR, AMINA))
    again = check((*NOUR[:5], 639980999), (*AMINA[:4], 3, None), known=known)
    assert [(row.action, record.record_id) for row, record in zip(again.rows, again.records, strict=True)] == [
        (Action.UPDATE, 1), (Action.UPDATE, 2),
    ]  # fmt: skip


def test_duplicates_in_the_file_are_told() -> None:
    checked = check(NOUR, AMINA, (*NOUR[:5], None), AMINA)
    assert [str(error) for error in checked.errors] == [
        "Ligne 4, colonne « N° dossier » : même ménage que la ligne 2. Gardez une seule des deux lignes.",
        "Ligne 5 : même ménage que la ligne 3. Gardez une seule des deux lignes.",
    ]


def test_lines_of_one_record_go_together_only_when_the_file_says_so() -> None:
    headers = ("N° famille", "Nom", "Prénom", "Lien")
    lines = (
        ("F1", "Exemplova", "Nour", "DP"),
        (None, None, "Iryna", "fille"),
        ("F2", "Fictive", "Zahra", "DP"),
        ("F1", "Exemplova", "Ali", "fils"),
    )
    checked = check(*lines, headers=headers)
    assert [record.draft().numbers for record in checked.records] == [(2, 3, 5), (4,)]
    assert checked.rows[1].values["last_name"] == "Exemplova"
    assert not checked.errors
    bare = check(*(line[:3] for line in lines), headers=headers[:3])
    assert [error.number for error in bare.errors] == [
        3,
        5,
    ]  # a blank name, and a reference seen twice: never 17 households


def test_rules_across_columns_and_against_the_database_reach_their_cell() -> None:
    checked = check(NOUR)
    [record] = checked.records
    add_findings(record, [Finding(0, "reference", "déjà présent, M-44-0702.")], {"reference": "N° dossier"})
    assert [str(error) for error in checked.errors] == ["Ligne 2, colonne « N° dossier » : déjà présent, M-44-0702."]
    assert record.action is Action.ERROR


def test_a_social_security_number_is_refused_in_any_column() -> None:
    headers = (*HEADERS, "Divers")
    [error] = check((*NOUR, BadCell(NIR)), headers=headers).errors
    assert str(error) == (
        "Ligne 2, colonne « Divers » : Le numéro de sécurité sociale ne doit pas être enregistré. Effacez-le du fichier."
    )


CELL = st.one_of(
    st.none(), st.text(max_size=8), st.integers(0, 99), st.sampled_from(["M-1", "idem", "12/03/1990", "-"])
)


@settings(deadline=None)  # the machine may be busy
@given(st.lists(st.tuples(*[CELL] * len(HEADERS)), max_size=6))
def test_any_file_is_judged_whole_and_twice_the_same(lines: list[tuple[Cell, ...]]) -> None:
    first = check(*lines)
    assert [row.number for row in first.rows] == list(range(2, 2 + len(lines)))
    assert sum(first.counts().values()) == len(lines)
    again = check(*lines, known=remember(first))
    assert {row.action for row in again.rows} <= {Action.UNCHANGED, Action.ERROR}
    assert again.errors == first.errors
    assert sorted(number for record in first.records for number in record.draft().numbers) == [
        row.number for row in first.rows
    ]


def test_a_kind_without_reference_nor_natural_key_knows_its_lines_by_their_content() -> None:
    kind = replace(HOUSEHOLDS, reference="", natural_key=())
    mapping = guess_mapping(HEADERS, kind.columns)
    rows = [Row(2, NOUR), Row(3, (*NOUR[:5], None))]
    checked = check_rows(rows, HEADERS, kind, mapping, context(), blind=lambda text: text, lookup=lambda _keys: {})
    assert len({record.key for record in checked.records}) == 2


def test_the_same_cell_is_read_again_where_the_rest_of_the_line_has_a_say() -> None:
    headers = (*HEADERS, "Code postal", "Commune souhaitée")
    lines = [
        (f"M-{number}", "Exemplova", "Nour", 1990, 1, None, postal, "Saint-Denis")
        for number, postal in enumerate(("93200", "97400", "93200", None))
    ]
    checked = check(*lines, headers=headers)
    found = [row.values["commune"] for row in checked.rows]
    assert found[:3] == ["93066", "97411", "93066"]
    assert checked.rows[3].findings  # without a postal code there are several


def test_cells_that_python_holds_equal_are_not_the_same_cell() -> None:
    headers = (*HEADERS, "Animaux", "PMR")
    lines = [(f"M-{n}", "Exemplova", "Nour", 1990, 1, None, cell, cell) for n, cell in enumerate((1, True, 1.0, "1"))]
    checked = check(*lines, headers=headers)
    assert [row.values["animals"] for row in checked.rows] == ["1", "oui", "1", "1"]
