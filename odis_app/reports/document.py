"""A bilan before it is a PDF or a workbook: sentences, figures, tables and charts, the same for both.

Every number of a sentence stands in a table or among the facts: the workbook has one sheet per table, the facts come first. A cell is a number, a
day, a word, a rate (``Share``), SECRET or None, which is « donnée non renseignée » and never zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from odis_app.core.formats import NARROW, jour_court, nombre
from odis_app.pilotage.figures import Share

MISSING = "donnée non renseignée"
SECRET = "secret"  # noqa: S105 - the word that people read
Cell = int | float | Decimal | str | date | datetime | Share | None


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its words, and whether it holds figures (aligned at the end)."""

    label: str
    is_number: bool = True


@dataclass(frozen=True, slots=True)
class Table:
    """``sheet`` names it in the workbook (31 characters at most); the last row is a total when ``has_total``.

    Two tables in a row that are ``is_half`` stand side by side on paper.
    """

    sheet: str
    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    has_total: bool = False
    is_half: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing of a table that follows it: ``kind`` is « columns » or « hbars », ``sentence`` says it to who does not see it."""

    kind: str
    title: str
    sentence: str
    labels: Sequence[str]
    values: Sequence[float | None]
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Box:
    """A figure in large, with what it is out of."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """One chapter. A chart stands before the tables."""

    title: str
    sentences: Sequence[str] = ()
    charts: Sequence[Chart] = ()
    tables: Sequence[Table] = ()

    @property
    def rows(self) -> list[list[Table]]:
        """The tables as they stand on paper: one by row, or two halves."""
        found: list[list[Table]] = []
        for table in self.tables:
            if table.is_half and found and len(found[-1]) == 1 and found[-1][0].is_half:
                found[-1].append(table)
            else:
                found.append([table])
        return found


@dataclass(frozen=True, slots=True)
class Bilan:
    """The whole document. ``source`` is repeated at the foot of each page; ``facts`` opens the workbook, with the numbers that no table holds."""

    kind: str
    folder: str
    title: str
    subtitle: str
    source: str
    author: str
    lead: Sequence[str]
    boxes: Sequence[Box]
    sections: Sequence[Section]
    facts: Sequence[tuple[str, Cell]] = field(default_factory=tuple)

    @property
    def tables(self) -> list[Table]:
        """Every table, in reading order."""
        return [table for section in self.sections for table in section.tables]

    @property
    def sentences(self) -> list[str]:
        """Every sentence, in reading order."""
        return [*self.lead, *(s for section in self.sections for s in section.sentences)]


def words(cell: Cell) -> str:
    """A cell as people read it."""
    if cell is None:
        return MISSING
    if isinstance(cell, Share):
        return MISSING if cell.percent is None else f"{nombre(cell.percent, 1)}{NARROW}%"
    if isinstance(cell, str):
        return cell
    if isinstance(cell, date):
        return jour_court(cell, today=date.min)
    return nombre(int(cell) if not isinstance(cell, int) and cell == int(cell) else cell)


def columns(first: str, *others: str) -> list[Column]:
    """A column of words, then columns of figures."""
    return [Column(first, is_number=False), *(Column(label) for label in others)]


def lower_first(label: str) -> str:
    """« Refusée » inside a sentence."""
    return label[:1].lower() + label[1:]


def text_columns(*labels: str) -> list[Column]:
    """Columns of words only."""
    return [Column(label, is_number=False) for label in labels]
