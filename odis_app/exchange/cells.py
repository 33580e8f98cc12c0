"""What a cell of an uploaded table holds, and how it reads as text."""

from __future__ import annotations

import datetime as dt
import math
import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal

from odis_app.core.text import fold


@dataclass(frozen=True, slots=True)
class BadCell:
    """A cell without usable value: ``found`` is the spreadsheet's own error, or empty for a formula never computed."""

    found: str


Cell = str | int | float | bool | dt.date | dt.datetime | BadCell | None


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the sheet: ``number`` as the spreadsheet shows it; ``title`` when one cell is merged over the others."""

    number: int
    cells: tuple[Cell, ...]
    title: bool = False


_SPACES = re.compile(r"\s+")
# Marks that show nothing. U+200C and U+200D stay: they belong to the spelling of Persian names.
_UNSEEN = re.compile("[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff\ufffe\uffff]")
_CONTROL = re.compile(r"_x[0-9A-Fa-f]{4}_|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
# Nothing of the above, nor two spaces, nor one at either end: most cells, which need no work.
_ODD = re.compile(r"^[\s']|[^\S ]|\s\s|\s$|_x|" + _UNSEEN.pattern + "|" + _CONTROL.pattern.partition("|")[2])
NIR = "n° de sécurité sociale"
_SHEET_ERROR = re.compile(
    r"#(?:#{2,}|DIV/0|REF|N/A|VALEUR|VALUE|NOM|NAME|NUL|NULL|NOMBRE|NUM)[!?]?|Err\s?:\s?\d{3}", re.IGNORECASE
)
_NOTHING = {
    "",
    "nc",
    "n c",
    "na",
    "n a",
    "nr",
    "n r",
    "ns",
    "nsp",
    "neant",
    "nan",
    "null",
    "none",
    "vide",
    "sans objet",
    "inconnu",
    "inconnue",
    "non renseigne",
    "non renseignee",
    "non communique",
    "pas renseigne",
    "a completer",
    "a renseigner",
    "ras",
    "r a s",
    "so",
}
_LONGEST = 20  # nothing of the above is longer


def clean(text: str) -> str:
    """``text`` composed (NFC), without control or invisible characters, doubled spaces, nor a spreadsheet's leading apostrophe."""
    if not _ODD.search(text) and unicodedata.is_normalized("NFC", text):
        return text
    text = unicodedata.normalize("NFC", _UNSEEN.sub("", _CONTROL.sub(" ", text)))
    text = _SPACES.sub(" ", text).strip()
    return text[1:].strip() if text[:1] == "'" and text[1:2] in "=+-@0123456789'" else text


def cell_text(cell: Cell) -> str:
    """The cell as a French reader would type it: 3.0 → « 3 », 44.5 → « 44,5 », a date → « 12/03/1990 », nothing → «  »."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        return clean(cell)
    if isinstance(cell, BadCell):
        return cell.found
    if isinstance(cell, bool):
        return "oui" if cell else "non"
    if isinstance(cell, dt.date):
        return cell.strftime("%d/%m/") + f"{cell.year:04d}"
    if isinstance(cell, int):
        return str(cell)
    if not math.isnan(cell) and abs(cell) < 1e15 and cell == int(cell):
        return str(int(cell))
    return format(Decimal(repr(cell)), "f").replace(".", ",") if abs(cell) < 1e15 else repr(cell)


def is_blank(cell: Cell) -> bool:
    """True for an empty cell and for the ways people write that they have nothing to write (« NC », « - », « ? »)."""
    if cell is None:
        return True
    if not isinstance(cell, str):
        return False
    text = clean(cell)
    return not text or (len(text) < _LONGEST and text != "0" and fold(text) in _NOTHING)


def to_json(cell: Cell) -> object:
    """The cell as a JSON value that ``from_json`` turns back into the same cell."""
    if isinstance(cell, dt.date):
        return {"d": cell.isoformat()}
    return {"x": cell.found} if isinstance(cell, BadCell) else cell


def from_json(value: object) -> Cell:
    """A cell from the JSON that the reading process writes: text, number, boolean, null, ``{"d": date}``, ``{"x": error}``."""
    return as_cell(value) if isinstance(value, str) else kept_cell(value)


def kept_cell(value: object) -> Cell:
    """As ``from_json``, of what ``to_json`` wrote: a text is a text, its errors were told apart when it was read."""
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    if not isinstance(value, dict):
        raise TypeError(f"no cell is a {type(value).__name__}")
    if "x" in value:
        return BadCell(str(value["x"]))
    text = str(value["d"])
    return dt.datetime.fromisoformat(text) if "T" in text else dt.date.fromisoformat(text)


def as_cell(value: str) -> Cell:
    """Text as found in a sheet, with its errors told apart (« #REF! », « Err:502 »)."""
    if value and value[0] not in "#Ee" and not value[0].isspace():
        return value
    text = value.strip()
    return BadCell(text) if text[:1] in "#Ee" and _SHEET_ERROR.fullmatch(text) else value
