"""Files as people make them, and files made to harm: each is a table, or a French sentence that says how to mend it."""

import contextlib
import datetime as dt
import io
import os
import random
import subprocess
import zipfile
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import Table as OdfTable
from odf.table import TableCell, TableRow
from odf.text import P

from odis_app.exchange import readers
from odis_app.exchange.cells import BadCell
from odis_app.exchange.readers import FileRefusedError, read_table
from odis_app.exchange.reading import delimited, limits
from tests.exchange.samples import write_xlsx

HEADERS = ("Nom", "Prénom", "Naissance")
WORDS = frozenset(HEADERS)
SENTENCE = r"^[A-ZÉÀ«].*\.$"


def refusal(path: Path, name: str | None = None) -> str:
    with pytest.raises(FileRefusedError, match=SENTENCE) as caught:
        read_table(path, name or path.name)
    return str(caught.value)


def store(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def rewrite(source: Path, target: Path, changes: dict[str, bytes]) -> Path:
    """The same archive with some entries replaced or added."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            if entry.filename not in changes:
                new.writestr(entry.filename, old.read(entry))
        for name, data in changes.items():
            new.writestr(name, data)
    return target


# Tables -----------------------------------------------------------------------------------------------------------


def test_titles_totals_and_blanks_around_a_table(tmp_path: Path) -> None:
    rows = [
        ["Suivi des ménages"], [], ["Mis à jour le 3 novembre"], [*HEADERS, None], ["Exemplova", "Nour", dt.date(1990, 3, 12)],
        [None, None, None], ["Fictive", "Amina", 1988], list(HEADERS), ["Utopie", "Zahra", True], ["Total", None, 3],
        ["Source : association"], [" ", "\u00a0"],
    ]  # fmt: skip
    table = read_table(write_xlsx(tmp_path / "a.xlsx", rows), "a.xlsx", vocabulary=WORDS)
    assert (table.header_row, table.headers, table.sheet) == (4, HEADERS, "Feuil1")
    assert [(row.number, row.cells) for row in table.rows] == [
        (5, ("Exemplova", "Nour", dt.date(1990, 3, 12))), (7, ("Fictive", "Amina", 1988.0)), (9, ("Utopie", "Zahra", True)),
    ]  # fmt: skip
    assert table.notes == (
        "Ligne 8 laissée de côté : titres répétés.", "Ligne 10 laissée de côté : total.", "Ligne 11 laissée de côté : remarque.",
    )  # fmt: skip


def test_headers_without_name_or_with_the_same_name(tmp_path: Path) -> None:
    rows = [["Nom", "Tél.", None, "Tél."], ["Exemplova", 612345678, "x", 712345678]]
    assert read_table(write_xlsx(tmp_path / "a.xlsx", rows), "a.xlsx").headers == ("Nom", "Tél.", "Colonne C", "Tél. 2")


def test_the_sheet_that_speaks_of_the_matter_is_chosen_and_the_others_named(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(tmp_path / "a.xlsx") as book:
        for name, rows in (
            ("Lisez-moi", [["à lire"]] * 30),
            ("Bilan", [["Mois", "Nombre"]] + [["mai", 3]] * 40),
            ("Suivi", [HEADERS, ["A", "B", 1990]]),
        ):
            page = book.add_worksheet(name)
            for number, row in enumerate(rows):
                page.write_row(number, 0, row)
        book.add_worksheet("Cachée").hide()
    table = read_table(tmp_path / "a.xlsx", "a.xlsx", vocabulary=WORDS)
    assert (table.sheet, table.sheets) == ("Suivi", ("Lisez-moi", "Bilan", "Suivi"))
    assert read_table(tmp_path / "a.xlsx", "a.xlsx", sheet="Bilan").headers == ("Mois", "Nombre")
    with pytest.raises(FileRefusedError, match="n’est plus dans le fichier"):
        read_table(tmp_path / "a.xlsx", "a.xlsx", sheet="Cachée")


def test_formulas_give_their_value_or_say_that_they_have_none(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(tmp_path / "a.xlsx") as book:
        page = book.add_worksheet()
        page.write_row(0, 0, ["Nom", "Taille"])
        page.write(1, 0, "Exemplova")
        page.write_formula(1, 1, "=1+2", None, 3)
        page.write(2, 0, "Fictive")
        page.write_formula(2, 1, "=1/0", None, "#DIV/0!")
    rows = read_table(tmp_path / "a.xlsx", "a.xlsx").rows
    assert [row.cells for row in rows] == [("Exemplova", 3), ("Fictive", BadCell("#DIV/0!"))]
    empty = b'<row r="1"><c r="A1" t="inlineStr"><is><t>Nom</t></is></c><c r="B1" t="inlineStr"><is><t>Note</t></is></c></row>'
    empty += b'<row r="2"><c r="A2"><v>1</v></c><c r="B2" t="str"><f>IF(1,"","x")</f><v></v></c></row>'
    assert read_table(big_sheet(tmp_path, empty), "a.xlsx").rows[0].cells == (1, None)
    book = openpyxl.Workbook()  # openpyxl writes formulas without computing them
    book.active.append(["Nom", "Taille"])
    book.active.append(["Exemplova", "=1+2"])
    book.save(tmp_path / "b.xlsx")
    assert read_table(tmp_path / "b.xlsx", "b.xlsx").rows[0].cells == ("Exemplova", BadCell(""))


def test_a_value_merged_over_lines_belongs_to_each_and_ditto_marks_repeat(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(tmp_path / "a.xlsx") as book:
        page = book.add_worksheet()
        page.write_row(0, 0, ["N° famille", "Nom", "Prénom"])
        page.merge_range("A2:A3", "F1")
        page.write_row(1, 1, ["Exemplova", "Nour"])
        page.write_row(2, 1, ["idem", "Iryna"])
    assert [row.cells for row in read_table(tmp_path / "a.xlsx", "a.xlsx").rows] == [
        ("F1", "Exemplova", "Nour"), ("F1", "Exemplova", "Iryna"),
    ]  # fmt: skip


def test_an_opendocument_sheet_with_a_million_repeated_blank_rows(tmp_path: Path) -> None:
    book = OpenDocumentSpreadsheet()
    sheet = OdfTable(name="Suivi")
    for values in (HEADERS, ("Exemplova", "Nour", "12/03/1990")):
        line = TableRow()
        for value in values:
            cell = TableCell(valuetype="string", stringvalue=value)
            cell.addElement(P(text=value))
            line.addElement(cell)
        sheet.addElement(line)
    blank = TableRow(numberrowsrepeated=1_000_000)
    blank.addElement(TableCell(numbercolumnsrepeated=1_000))
    sheet.addElement(blank)
    book.spreadsheet.addElement(sheet)
    book.save(str(tmp_path / "a.ods"))
    table = read_table(tmp_path / "a.ods", "a.ods", vocabulary=WORDS)
    assert (table.sheet, len(table.rows)) == ("Suivi", 1)


# csv --------------------------------------------------------------------------------------------------------------

FRENCH = "Nom;Prénom;Remarque\nÉbauche;Aïcha;« cœur » à côté, 12,5 €\nFaçade;Noël;été\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_csv_of_any_encoding_and_separator(tmp_path: Path, encoding: str, separator: str) -> None:
    path = store(tmp_path / "a.csv", FRENCH.replace(";", separator).encode(encoding))
    table = read_table(path, "a.csv")
    assert table.headers == ("Nom", "Prénom", "Remarque")
    assert table.rows[0].cells == ("Ébauche", "Aïcha", "« cœur » à côté, 12,5 €")


@pytest.mark.parametrize("encoding", ["mac_roman", "cp850", "latin-1"])
def test_old_encodings_are_told_by_their_french_letters(encoding: str) -> None:
    text = "Nom;Prénom\nÉbauche;Aïcha\nFaçade;Noël\nForêt;Hélène\n"
    assert delimited.decode(text.encode(encoding)) == text


def test_other_encodings_are_guessed() -> None:
    text = (
        "Ім’я;Місто;Примітка\nОлена;Київ;Родина з двома дітьми шукає житло\nІрина;Львів;Потрібна школа поруч з домом\n"
        * 3
    )
    assert "Київ" in delimited.decode(text.encode("cp1251", "replace"))


def test_csv_with_commas_quotes_line_breaks_and_a_declared_separator(tmp_path: Path) -> None:
    path = store(tmp_path / "a.csv", b'Nom,Note\n"Exemplova","dit ""la Fictive"",\net sa fille"\n="0612345678",=1+1\n')
    assert [row.cells for row in read_table(path, "a.csv").rows] == [
        ("Exemplova", 'dit "la Fictive",\net sa fille'), ("0612345678", BadCell("")),
    ]  # fmt: skip
    path = store(tmp_path / "b.csv", b"sep=|\r\nNom|Age\r\nExemplova|3;4\r\n")
    assert read_table(path, "b.csv").rows[0].cells == ("Exemplova", "3;4")


# What is no table -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("data", "words"), [
    (b"", "vide"), (b" \n\n ", "vide"), (b"MZ\x90\x00" + bytes(200), "programme"), (b"\x7fELF" + bytes(200), "programme"),
    (b"%PDF-1.7 ...", "PDF"), (b"\x89PNG\r\n\x1a\n...", "image"), (b"Rar!\x1a\x07", "archive"), (b"\x1f\x8b\x08" + bytes(50), "archive"),
    (b"PK\x03\x04" + bytes(100), "abîmé"), (b"<html><table><tr><td>Nom</td></tr></table></html>", "page web"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "abîmé"), (bytes(range(256)) * 40, "n’est pas un tableau"),
    (b"Nom;Naissance\n", "aucune ligne"),
])  # fmt: skip
@pytest.mark.parametrize("name", ["suivi.xlsx", "suivi.csv"])
def test_the_content_counts_not_the_name(tmp_path: Path, data: bytes, words: str, name: str) -> None:
    assert words in refusal(store(tmp_path / name, data))


def test_a_name_that_promises_no_table_is_refused(tmp_path: Path) -> None:
    assert refusal(store(tmp_path / "virus.exe", b"Nom;Age\nA;3\n")).startswith("« virus.exe » n’est pas un tableau.")


def test_archives_that_are_no_workbook(tmp_path: Path) -> None:
    for entry, words in (
        ("word/document.xml", "Word"),
        ("Index/Tables.iwa", "Numbers"),
        ("photo.jpg", "archive"),
        ("xl/workbook.bin", "xlsb"),
    ):
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w") as archive:
            archive.writestr(entry, "x")
        assert words in refusal(store(tmp_path / "a.xlsx", data.getvalue()))


def test_a_protected_workbook_says_so(tmp_path: Path) -> None:
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
    assert "mot de passe" in refusal(
        store(tmp_path / "a.xlsx", head + "EncryptedPackage".encode("utf-16-le") + bytes(500))
    )


def test_a_file_of_more_than_20_mb_is_not_even_opened(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    with path.open("wb") as stream:
        stream.truncate(readers.MAX_BYTES + 1)
    assert refusal(path) == "Ce fichier dépasse 20 Mo. Retirez les images et les feuilles inutiles."


def test_an_empty_workbook_and_a_workbook_of_hidden_sheets(tmp_path: Path) -> None:
    assert refusal(write_xlsx(tmp_path / "a.xlsx", [])) == "Ce fichier est vide."
    assert "aucune ligne" in refusal(write_xlsx(tmp_path / "b.xlsx", [HEADERS]))


# What is too much -------------------------------------------------------------------------------------------------


def big_sheet(tmp_path: Path, body: bytes) -> Path:
    """A workbook whose sheet holds ``body`` between its tags."""
    plain = write_xlsx(tmp_path / "plain.xlsx", [HEADERS])
    head = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    return rewrite(
        plain, tmp_path / "big.xlsx", {"xl/worksheets/sheet1.xml": head + body + b"</sheetData></worksheet>"}
    )


def line(number: int, column: str = "A", value: str = "1") -> bytes:
    return f'<row r="{number}"><c r="{column}{number}"><v>{value}</v></c></row>'.encode()


def test_a_sheet_of_a_million_rows_is_refused_with_a_sentence(tmp_path: Path) -> None:
    path = big_sheet(tmp_path, b"".join(line(number) for number in range(1, 1_000_001)))
    assert refusal(path).startswith("La feuille dépasse 50\u202f000 lignes.")
    text = store(tmp_path / "a.csv", b"a;b\n" + b"1;2\n" * 1_000_000)
    assert refusal(text).startswith("La feuille dépasse 50\u202f000 lignes.")


def test_a_million_rows_that_are_only_formatted_are_nothing(tmp_path: Path) -> None:
    blank = b"".join(f'<row r="{number}"><c r="A{number}" s="1"/></row>'.encode() for number in range(4, 200_000))
    named = b'<row r="1"><c r="A1" t="inlineStr"><is><t>Nom</t></is></c></row>' + line(2) + line(3)
    assert [row.number for row in read_table(big_sheet(tmp_path, named + blank), "a.xlsx").rows] == [2, 3]


def test_cells_far_away_and_too_many_columns(tmp_path: Path) -> None:
    assert "à la ligne 1048576" in refusal(big_sheet(tmp_path, line(1) + line(1_048_576)))
    assert "dépasse 200 colonnes" in refusal(big_sheet(tmp_path, line(1) + line(2, "XFD")))


def test_zip_bombs_are_told_from_their_directory(tmp_path: Path) -> None:
    plain = write_xlsx(tmp_path / "plain.xlsx", [HEADERS, ["A", "B", 1]])
    bomb = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive, zipfile.ZipFile(plain) as old:
        for entry in old.infolist():
            archive.writestr(entry.filename, old.read(entry))
        with archive.open("xl/media/zeros", "w", force_zip64=True) as stream:
            for _ in range(8):
                stream.write(bytes(limits.MAX_UNZIPPED // 8 + 1))
    assert "trop gros" in refusal(bomb)
    many = rewrite(
        plain, tmp_path / "many.xlsx", {f"xl/media/{number}": b"" for number in range(limits.MAX_ENTRIES + 1)}
    )
    assert "trop gros" in refusal(many)


def test_an_archive_inside_the_workbook_is_never_unpacked(tmp_path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(50_000_000))
    plain = write_xlsx(tmp_path / "plain.xlsx", [HEADERS, ["A", "B", 1]])
    nested = rewrite(plain, tmp_path / "nested.xlsx", {"xl/embeddings/inner.zip": inner.getvalue()})
    assert len(read_table(nested, "nested.xlsx").rows) == 1


def test_a_directory_that_lies_about_sizes_ends_in_a_sentence(tmp_path: Path) -> None:
    path = big_sheet(tmp_path, b"".join(line(number) for number in range(1, 5_000)))
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        size = archive.getinfo("xl/worksheets/sheet1.xml").file_size.to_bytes(4, "little")
    where = data.rindex(size)
    data[where : where + 4] = (10).to_bytes(4, "little")
    assert refusal(store(tmp_path / "lie.xlsx", bytes(data)))


def test_entities_are_not_expanded_nor_fetched(tmp_path: Path) -> None:
    plain = write_xlsx(tmp_path / "plain.xlsx", [HEADERS, ["A", "B", 1]])
    secret = store(tmp_path / "secret.txt", b"MARQUEUR-SECRET")
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    doctype = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "ha"><!ENTITY e SYSTEM "file://{secret}">{laughs}]>'
    shared = (
        f'{doctype}<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>&l9;&e;</t></si></sst>'
    )
    sheet = (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        '<row r="1"><c r="A1" t="inlineStr"><is><t>Nom</t></is></c></row><row r="2"><c r="A2" t="s"><v>0</v></c></row>'
        "</sheetData></worksheet>"
    )
    path = rewrite(
        plain,
        tmp_path / "a.xlsx",
        {"xl/sharedStrings.xml": shared.encode(), "xl/worksheets/sheet1.xml": sheet.encode()},
    )
    try:
        told = repr(read_table(path, "a.xlsx"))
    except FileRefusedError as error:
        told = str(error)
    assert "MARQUEUR" not in told
    assert "haha" not in told
    book = f'{doctype}<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheets>&l9;</sheets></workbook>'
    assert refusal(rewrite(plain, tmp_path / "b.xlsx", {"xl/workbook.xml": book.encode()}))


def test_a_memory_bomb_kills_the_child_not_us(tmp_path: Path) -> None:
    """A cell repeated 96 million times: under calamine's own limit, over the memory that the child may take."""
    sheet = (
        '<?xml version="1.0"?><office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0">'
        '<office:body><office:spreadsheet><table:table table:name="S"><table:table-row table:number-rows-repeated="6000">'
        '<table:table-cell office:value-type="string" table:number-columns-repeated="16000"><text:p>boum</text:p></table:table-cell>'
        "</table:table-row></table:table></office:spreadsheet></office:body></office:document-content>"
    )
    manifest = '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
    with zipfile.ZipFile(tmp_path / "a.ods", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", manifest)
        archive.writestr("content.xml", sheet)
    assert "trop de mémoire" in refusal(tmp_path / "a.ods")


def test_the_child_lives_under_its_limits_and_without_our_environment(tmp_path: Path) -> None:
    os.environ["ODIS_MARKER"] = "secret"
    script = (
        "import sys, os; sys.path.append(sys.argv[1]); from reading.main import _limit; _limit(); import resource as r; "
        "print(r.getrlimit(r.RLIMIT_AS)[0], r.getrlimit(r.RLIMIT_CPU)[0], r.getrlimit(r.RLIMIT_FSIZE)[0], 'ODIS_MARKER' in os.environ, "
        "any(name.startswith(('odis_app', 'flask', 'sqlalchemy')) for name in sys.modules))"
    )
    try:
        command = [*readers.child_command(tmp_path, None)[:3], script, str(readers.FOLDER)]
        answer = subprocess.run(command, env={}, capture_output=True, text=True, check=True).stdout.split()
    finally:
        del os.environ["ODIS_MARKER"]
    assert answer == [str(limits.MEMORY), str(limits.CPU_SECONDS), "0", "False", "False"]


def test_a_damaged_workbook_never_makes_the_reader_crash(tmp_path: Path) -> None:
    source = write_xlsx(
        tmp_path / "a.xlsx", [HEADERS] + [["Exemplova", "Nour", number] for number in range(40)]
    ).read_bytes()
    chance = random.Random(20261121)
    read = 0
    for _ in range(25):
        data = bytearray(source[: chance.randint(1, len(source))] if chance.random() < 0.3 else source)
        for _ in range(chance.randint(1, 12)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        with contextlib.suppress(FileRefusedError):
            read_table(store(tmp_path / "b.xlsx", bytes(data)), "b.xlsx")
            read += 1
    assert read < 25
