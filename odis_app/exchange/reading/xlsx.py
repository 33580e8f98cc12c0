"""What the XML of an xlsx sheet says and calamine does not: errors, formulas never computed, what is hidden, its size."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.etree import ElementTree as ET

from .limits import DAMAGED, MAX_COLUMNS, MAX_ROWS, RefusedError, check_place, too_many_rows
from .sniff import BROKEN, read_entry

_REL_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_CELL = re.compile(rb"<c\b([^>]*?)(?:/>|>(.*?)</c>)", re.DOTALL)
_CELL_REF = re.compile(rb'\br="([A-Z]{1,3})(\d{1,7})"')
_HIDDEN_COLUMNS = re.compile(rb'<col\b(?=[^>]*\bhidden="(?:1|true)")(?=[^>]*\bmin="(\d+)")(?=[^>]*\bmax="(\d+)")[^>]*>')
_VALUE = re.compile(rb"<v[^>]*>([^<]+)</v>|<is\b")


def sheet_files(archive: zipfile.ZipFile) -> dict[str, str]:
    """Sheet name → path in the archive."""
    try:
        relations = ET.fromstring(read_entry(archive, "xl/_rels/workbook.xml.rels", 4_000_000))  # noqa: S314 - limited child, no external entity
        workbook = ET.fromstring(read_entry(archive, "xl/workbook.xml", 4_000_000))  # noqa: S314 - idem
    except ET.ParseError:
        raise RefusedError(DAMAGED) from None
    targets = {item.get("Id"): item.get("Target", "") for item in relations}
    files = {}
    for item in workbook.iter():
        if item.tag.endswith("}sheet"):
            target = targets.get(item.get(_REL_ID), "")
            files[item.get("name", "")] = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    return files


def _raw_rows(archive: zipfile.ZipFile, path: str) -> Iterator[bytes]:
    """The XML of each row of a sheet, streamed, so that a sheet of a million rows is refused before it is in memory."""
    rest = b""
    try:
        with archive.open(path) as stream:
            while chunk := stream.read(1 << 20):
                *rows, rest = (rest + chunk).split(b"</row>")
                yield from rows
    except KeyError:
        return
    except BROKEN:
        raise RefusedError(DAMAGED) from None


@dataclass
class SheetFacts:
    """What the XML of a sheet says and calamine does not.

    ``problems``: cells without a usable value, by (row, column) from 0, with what stands there. ``hidden_rows``: how many
    hidden rows hold data. ``hidden_columns``: their indexes from 0.
    """

    problems: dict[tuple[int, int], str] = field(default_factory=dict)
    hidden_rows: int = 0
    hidden_columns: set[int] = field(default_factory=set)


def scan_xlsx_sheet(archive: zipfile.ZipFile, path: str) -> SheetFacts:
    """Read the facts of one sheet, row by row; raises RefusedError beyond the limits.

    Rows that are only formatted do not count: whole formatted columns are common.
    """
    facts = SheetFacts()
    filled = 0
    for number, row in enumerate(_raw_rows(archive, path)):
        if number == 0:
            for first, last_column in _HIDDEN_COLUMNS.findall(row):
                facts.hidden_columns.update(range(int(first) - 1, min(int(last_column), MAX_COLUMNS)))
        last = max(row.rfind(b"<v"), row.rfind(b"<is"))
        if b"<f" in row or b't="e"' in row:
            facts.problems.update(_unusable_cells(row))
        elif last < 0:
            continue
        filled += 1
        facts.hidden_rows += b'hidden="1"' in row[row.rfind(b"<row") : row.find(b"<c ")]
        if filled > MAX_ROWS + 1_000:
            raise RefusedError(too_many_rows())
        place = _CELL_REF.search(row, max(row.rfind(b"<c ", 0, last), 0))
        if place:
            check_place(int(place[2]), _column_number(place[1]))
    return facts


def _unusable_cells(row: bytes) -> Iterator[tuple[tuple[int, int], str]]:
    for cell in _CELL.finditer(row):
        attributes, content = cell[1], cell[2] or b""
        place = _CELL_REF.search(attributes)
        if not place:
            continue
        value = _VALUE.search(content)
        if b't="e"' in attributes:
            text = value[1].decode("utf-8", "replace") if value and value[1] else "#N/A"
        elif b"<f" in content and not value:
            text = ""
            if b't="str"' in attributes and b"<v" in content:
                continue  # a formula whose computed value is the empty text
        else:
            continue
        yield (int(place[2]) - 1, _column_number(place[1])), text


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1
