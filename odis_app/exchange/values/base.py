"""What a parser of cells receives and answers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from odis_app.core.text import fold
from odis_app.exchange.cells import Cell, cell_text


@dataclass(frozen=True, slots=True)
class CellError:
    """The cell cannot be used; ``sentence`` names the found text, says what is wrong and how to mend it."""

    sentence: str


@dataclass(frozen=True, slots=True)
class CellWarning:
    """The cell is used as ``value``, and ``sentence`` says what to check."""

    value: object
    sentence: str


@dataclass(frozen=True, slots=True)
class CommuneMatch:
    """A commune that a name may mean; ``exact`` is False for a suggestion (« vouliez-vous dire »)."""

    code: str
    name: str
    departement: str
    exact: bool = True
    population: int = 0


def no_commune(_name: str, _hint: str) -> Sequence[CommuneMatch]:
    """The resolver of files that have no commune column: it knows none."""
    return ()


@dataclass(frozen=True)
class Context:
    """What parsers may know besides the cell.

    ``departements``: code → name. ``find_communes(name, hint)``: the communes of that name; ``hint`` is a postal code,
    a département code or empty. ``siblings``: the other cells of the row, by column key.
    """

    today: dt.date
    departements: Mapping[str, str] = field(default_factory=dict)
    find_communes: Callable[[str, str], Sequence[CommuneMatch]] = no_commune
    siblings: Mapping[str, Cell] = field(default_factory=dict)

    @cached_property
    def departement_codes(self) -> dict[str, str]:
        """Folded name → code."""
        return {fold(name): code for code, name in self.departements.items()}


Parser = Callable[[Cell, Context], object]
"""A parser answers a value, None for a blank cell, a CellError or a CellWarning; it never raises."""


def quote(cell: Cell, most: int = 60) -> str:
    """The found text between French quotation marks, shortened."""
    text = cell_text(cell)
    return f"« {text[:most]}… »" if len(text) > most else f"« {text} »"
