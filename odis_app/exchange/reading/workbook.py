"""The sheets of an xlsx, ods or xls file."""

from __future__ import annotations

import datetime as dt
import io
import math
import zipfile
from typing import Any

import python_calamine as calamine

from .limits import DAMAGED, MAX_SHEETS, PROTECTED, TOO_HEAVY, RefusedError, check_place, emit, emit_sheet
from .xlsx import SheetFacts, scan_xlsx_sheet, sheet_files


def _cell(value: Any) -> Any:
    if value == "" or value is None:
        return None
    if isinstance(value, dt.datetime):
        midnight = value.time() == dt.time()
        return {"d": value.date().isoformat()} if midnight else {"d": value.isoformat()}
    if isinstance(value, dt.date):
        return {"d": value.isoformat()}
    if isinstance(value, dt.time):
        return value.strftime("%H:%M")
    if isinstance(value, dt.timedelta):
        return str(value)
    if isinstance(value, float) and math.isnan(value):
        return {"x": "NaN"}
    return value


def _fill_merged(rows: list[list[Any]], ranges: Any) -> None:
    """A value merged over several rows belongs to each of them; a title merged over columns stays where it is."""
    for (top, left), (bottom, right) in ranges or ():
        if top < bottom and left == right and top < len(rows) and left < len(rows[top]):
            for number in range(top + 1, min(bottom + 1, len(rows))):
                rows[number][left] = rows[top][left]


def _title_rows(ranges: Any) -> frozenset[int]:
    """Numbers (from 1) of the rows where one cell is merged over three columns at least: titles, not data."""
    return frozenset(top + 1 for (top, left), (bottom, right) in ranges or () if top == bottom and right - left >= 2)


def _refusal(error: calamine.CalamineError) -> RefusedError:
    """Calamine has a limit of its own on the cells of a sheet; everything else it says means a damaged file."""
    return RefusedError(TOO_HEAVY if "limit exceeded" in str(error) else DAMAGED)


def read_workbook(data: bytes, kind: str, wanted: str | None) -> None:
    """Emit the visible sheets of an xlsx, ods or xls file (``wanted`` alone when given)."""
    try:
        book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
    except calamine.PasswordError:
        raise RefusedError(PROTECTED) from None
    except calamine.CalamineError as error:
        raise _refusal(error) from None
    names = [
        sheet.name
        for sheet in book.sheets_metadata
        if sheet.visible == calamine.SheetVisibleEnum.Visible and sheet.typ == calamine.SheetTypeEnum.WorkSheet
    ]
    if not names:
        raise RefusedError("Ce fichier n’a aucune feuille visible. Affichez la feuille à importer.")
    emit({"names": names[:MAX_SHEETS]})
    archive = zipfile.ZipFile(io.BytesIO(data)) if kind == "xlsx" else None
    files = sheet_files(archive) if archive else {}
    for name in names[:MAX_SHEETS]:
        if wanted is None or name == wanted:
            try:
                facts = scan_xlsx_sheet(archive, files.get(name, "")) if archive else SheetFacts()
                rows, titles, notes = _sheet_rows(book, name, facts)
            except RefusedError as refusal:
                emit({"sheet": name, "notes": []})
                emit({"refused": str(refusal)})
            else:
                emit({"sheet": name, "notes": notes})
                emit_sheet(iter(rows), titles)


def _sheet_rows(book: Any, name: str, facts: SheetFacts) -> tuple[list[list[Any]], frozenset[int], list[str]]:
    """The rows of a sheet, the numbers of its title rows, and what was left out."""
    try:
        sheet = book.get_sheet_by_name(name)
        end = sheet.end
        if end:
            check_place(end[0] + 1, end[1])
        rows = [[_cell(value) for value in row] for row in sheet.to_python(skip_empty_area=False)]
        ranges = sheet.merged_cell_ranges
    except calamine.CalamineError as error:
        raise _refusal(error) from None
    for (row, column), text in facts.problems.items():
        while len(rows) <= row:
            rows.append([])
        rows[row].extend([None] * (column + 1 - len(rows[row])))
        rows[row][column] = {"x": text}
    _fill_merged(rows, ranges)
    notes = []
    if facts.hidden_rows:
        notes.append(f"Lignes masquées ({facts.hidden_rows}) : elles sont lues comme les autres.")
    notes += [
        f"Colonne {_letters(column)} masquée : elle est laissée de côté. Affichez-la pour l’importer."
        for column in sorted(facts.hidden_columns)
        if _blank_column(rows, column)
    ]
    return rows, _title_rows(ranges), notes


def _blank_column(rows: list[list[Any]], column: int) -> bool:
    """Empty a column; True when it held something."""
    held = False
    for row in rows:
        if column < len(row) and row[column] is not None:
            row[column] = None
            held = True
    return held


def _letters(column: int) -> str:
    return (_letters(column // 26 - 1) if column >= 26 else "") + chr(65 + column % 26)
