"""Workbooks that go out: typed, safe to open, and read back as they were."""

import datetime as dt
import io
import tracemalloc
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odis_app.exchange.cells import clean
from odis_app.exchange.columns import guess_mapping
from odis_app.exchange.readers import FileRefusedError, read_table
from odis_app.exchange.writers import XLSX, Heading, Sheet, model_sheets, safe_text, write_workbook, xlsx_response
from tests.exchange.samples import HOUSEHOLDS


def written(*sheets: Sheet) -> io.BytesIO:
    stream = io.BytesIO()
    write_workbook(stream, sheets)
    stream.seek(0)
    return stream


def test_values_keep_their_types() -> None:
    row = ["Exemplova", 3, Decimal("450.50"), dt.date(1990, 3, 12), True, None, "deux\nlignes"]
    page = openpyxl.load_workbook(written(Sheet("Suivi", [Heading("Colonne")] * 7, [row]))).active
    assert [cell.value for cell in page[2]] == [
        "Exemplova",
        3,
        450.5,
        dt.datetime(1990, 3, 12),
        "oui",
        None,
        "deux\nlignes",
    ]


@pytest.mark.parametrize(
    "text", ["=1+1", "+33612345678", "-3", "@SUM(A1)", "\tcmd", "\r=1", '=HYPERLINK("http://exemple.invalid")']
)
def test_nothing_that_a_spreadsheet_would_run(text: str) -> None:
    page = openpyxl.load_workbook(written(Sheet("Suivi", [Heading(text)], [[text]]))).active
    for cell in (page["A1"], page["A2"]):
        assert cell.data_type == "s"
        assert cell.value.startswith("'")
        assert cell.hyperlink is None


@settings(deadline=None)  # the machine may be busy
@given(st.text(alphabet=st.characters(exclude_categories=("Cs", "Cc", "Cf"))))
def test_what_goes_out_comes_back(text: str) -> None:
    assert clean(safe_text(clean(text))) == clean(text)


def test_the_model_file_is_understood_by_the_importer(tmp_path: Path) -> None:
    path = tmp_path / "modele.xlsx"
    path.write_bytes(written(*model_sheets(HOUSEHOLDS)).getvalue())
    with pytest.raises(FileRefusedError, match="aucune ligne"):
        read_table(path, path.name, vocabulary=HOUSEHOLDS.vocabulary())
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["Ménages", "Exemple", "Aide"]
    page = book["Ménages"]
    lists = {str(rule.sqref).split(":")[0]: rule.formula1 for rule in page.data_validations.dataValidation}
    assert '"oui,non"' in lists.values()
    page.append([column.example for column in HOUSEHOLDS.columns])
    book.save(path)
    table = read_table(path, path.name, vocabulary=HOUSEHOLDS.vocabulary())
    assert (table.sheet, len(table.rows)) == ("Ménages", 1)
    assert guess_mapping(table.headers, HOUSEHOLDS.columns) == tuple(column.key for column in HOUSEHOLDS.columns)


def test_a_download_is_named_in_french_and_never_kept() -> None:
    response = xlsx_response("erreurs-ménages", [Sheet("Erreurs", [Heading("Ligne")], [[14]])])
    assert response.mimetype == XLSX
    assert response.headers["Cache-Control"] == "no-store"
    assert "filename*=UTF-8''erreurs-m%C3%A9nages.xlsx" in response.headers["Content-Disposition"]
    data = b"".join(response.response)
    response.close()
    assert len(data) == response.content_length
    assert openpyxl.load_workbook(io.BytesIO(data)).active["A2"].value == 14


def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    def peak(rows: int) -> int:
        tracemalloc.start()
        with (tmp_path / "a.xlsx").open("wb") as stream:
            write_workbook(
                stream,
                [
                    Sheet(
                        "S",
                        [Heading("A")] * 5,
                        ([f"texte {number} {column}" for column in range(5)] for number in range(rows)),
                    )
                ],
            )
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    assert peak(8_000) < 2 * peak(500) + 1_000_000
