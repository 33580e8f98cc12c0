"""The figures of a bilan as a workbook: what it is about, then one sheet per table, numbers as numbers and days as days."""

from __future__ import annotations

import io
from datetime import datetime

from odis_app.core.clock import PARIS
from odis_app.exchange.writers import Heading, Sheet, write_workbook
from odis_app.pilotage.figures import Share
from odis_app.reports.document import MISSING, Bilan, Cell, Table

FIRST = "Bilan"


def workbook(bilan: Bilan) -> bytes:
    """An xlsx file. Rates are percentages of one decimal; what is not known is written so, never as zero."""
    about = Sheet(
        FIRST, [Heading("Objet", 44), Heading("Valeur", 60)], [(label, _value(cell)) for label, cell in bilan.facts]
    )
    stream = io.BytesIO()
    write_workbook(stream, [about, *(_sheet(table) for table in bilan.tables)])
    return stream.getvalue()


def _sheet(table: Table) -> Sheet:
    headings = [
        Heading(_title(column.label, table, index), 38 if index == 0 else 20, table.caption if index == 0 else "")
        for index, column in enumerate(table.columns)
    ]
    return Sheet(table.sheet, headings, [[_value(cell) for cell in row] for row in table.rows])


def _title(label: str, table: Table, index: int) -> str:
    rates = any(isinstance(row[index], Share) for row in table.rows if index < len(row))
    return f"{label} (%)" if rates else label


def _value(cell: Cell) -> object:
    if cell is None or (isinstance(cell, Share) and cell.percent is None):
        return MISSING
    if isinstance(cell, Share):
        return cell.percent
    if isinstance(cell, datetime):
        return cell.astimezone(PARIS)
    return cell
