"""Workbooks that are safe to open: streamed, typed, and with no text that a spreadsheet could run."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import IO, Any
from urllib.parse import quote

import xlsxwriter
from werkzeug.wrappers import Response
from werkzeug.wsgi import FileWrapper

from .kinds import ImportKind

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MODEL_ROWS = 1_000
_RISKY = ("=", "+", "-", "@", "\t", "\r")
_LIST_LIMIT = 250


@dataclass(frozen=True, slots=True)
class Heading:
    """A column of a written sheet: its title, its width in characters, a note shown on the title, whether it is required,
    and the values of its drop-down list.
    """

    title: str
    width: int = 18
    note: str = ""
    required: bool = False
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: ``rows`` may be a generator, it is read once."""

    name: str
    headings: Sequence[Heading]
    rows: Iterable[Sequence[object]] = ()


def safe_text(text: str) -> str:
    """Text that no spreadsheet takes for a formula, even when the file is saved as csv: an apostrophe goes before = + - @.

    ``cells.clean`` takes the apostrophe off again, so that what goes out comes back the same.
    """
    return f"'{text}" if text.startswith(_RISKY) else text


def write_workbook(stream: IO[bytes], sheets: Iterable[Sheet]) -> None:
    """Write an xlsx file row by row (memory does not grow with the number of rows). Dates, numbers and booleans stay typed."""
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "default_date_format": "dd/mm/yyyy",
        "remove_timezone": True,
    }
    with xlsxwriter.Workbook(stream, options) as book:
        title = book.add_format({"bold": True, "bottom": 2, "text_wrap": True, "valign": "top"})
        required = book.add_format(
            {"bold": True, "bottom": 2, "text_wrap": True, "valign": "top", "bg_color": "#E1EFF0"}
        )
        wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        for sheet in sheets:
            page = book.add_worksheet(sheet.name[:31])
            page.freeze_panes(1, 1)
            for index, heading in enumerate(sheet.headings):
                page.set_column(index, index, heading.width)
                page.write_string(0, index, safe_text(heading.title), required if heading.required else title)
                if heading.note:
                    page.write_comment(0, index, heading.note, {"x_scale": 2, "author": "OD&IS"})
                _add_list(page, index, heading)
            for number, row in enumerate(sheet.rows, start=1):
                for index, value in enumerate(row):
                    _write(page, number, index, value, wrapped)


def _add_list(page: Any, index: int, heading: Heading) -> None:
    # Excel refuses an inline list of more than 255 characters, and a comma inside a value would cut it in two.
    if (
        heading.options
        and len(",".join(heading.options)) <= _LIST_LIMIT
        and not any("," in option for option in heading.options)
    ):
        page.data_validation(
            1,
            index,
            MODEL_ROWS,
            index,
            {
                "validate": "list",
                "source": list(heading.options),
                "error_type": "warning",
                "error_title": heading.title[:32],
                "error_message": "Cette valeur n’est pas dans la liste.",
            },
        )


def _write(page: Any, number: int, index: int, value: object, wrapped: Any) -> None:
    if value is None:
        return
    if isinstance(value, bool):
        page.write_string(number, index, "oui" if value else "non")
    elif isinstance(value, Decimal):
        page.write_number(number, index, float(value))
    elif isinstance(value, (int, float)):
        page.write_number(number, index, value)
    elif isinstance(value, (dt.date, dt.datetime)):
        page.write_datetime(number, index, value)
    else:
        text = safe_text(str(value))[:32_767]
        page.write_string(number, index, text, wrapped if "\n" in text else None)


def xlsx_response(filename: str, sheets: Iterable[Sheet]) -> Response:
    """The workbook as a download that is never kept by caches; ``filename`` without extension."""
    stream = tempfile.TemporaryFile()  # noqa: SIM115 - the server closes it after sending
    write_workbook(stream, sheets)
    size = stream.tell()
    stream.seek(0)
    response = Response(FileWrapper(stream), mimetype=XLSX, direct_passthrough=True)
    response.call_on_close(stream.close)
    response.content_length = size
    response.headers["Content-Disposition"] = (
        f"attachment; filename=\"export.xlsx\"; filename*=UTF-8''{quote(filename)}.xlsx"
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def model_sheets(kind: ImportKind) -> list[Sheet]:
    """The model file of a kind: an empty sheet with its titles, notes and lists, one with examples, one that explains."""
    headings = [
        Heading(column.label, max(14, min(40, len(column.label) + 4)), column.help, column.required, column.options)
        for column in kind.columns
    ]
    examples = [column.example for column in kind.columns]
    explained = [
        (column.label, "oui" if column.required else "non", column.help, column.example, "\n".join(column.options))
        for column in kind.columns
    ]
    return [
        Sheet(kind.label, headings),
        Sheet("Exemple", [Heading(heading.title, heading.width) for heading in headings], [examples]),
        Sheet(
            "Aide",
            [
                Heading("Colonne", 30),
                Heading("Obligatoire", 12),
                Heading("Ce qu’on y écrit", 60),
                Heading("Exemple", 24),
                Heading("Valeurs possibles", 40),
            ],
            explained,
        ),
    ]
