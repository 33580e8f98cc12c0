"""Days as people write them: real dates, Excel serials, « 12 mars 1990 », « 12.03.90 », ISO."""

from __future__ import annotations

import datetime as dt
import re

from odis_app.core.text import fold
from odis_app.exchange.cells import Cell, cell_text, is_blank

from .base import CellError, CellWarning, Context, Parser, quote

_EXCEL_START = dt.date(1899, 12, 30)
_MONTHS = (
    "janvier",
    "fevrier",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "aout",
    "septembre",
    "octobre",
    "novembre",
    "decembre",
)
_SHORT = {
    "jan": 1,
    "janv": 1,
    "fev": 2,
    "fevr": 2,
    "mar": 3,
    "avr": 4,
    "jui": 6,
    "jun": 6,
    "juil": 7,
    "jul": 7,
    "aou": 8,
    "sep": 9,
    "sept": 9,
    "oct": 10,
    "nov": 11,
    "dec": 12,
}
_MONTH_NUMBERS = {name: number for number, name in enumerate(_MONTHS, 1)} | _SHORT
_DAY_NAMES = r"(?:(?:lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche) )?(?:le )?"
_ISO = re.compile(r"(\d{4})[-/. ](\d{1,2})[-/. ](\d{1,2})(?:[T ].*)?")
_NUMERIC = re.compile(r"(\d{1,2})\s*[-/.,\\ ]\s*(\d{1,2})\s*[-/.,\\ ]\s*(\d{1,4})(?:\s+(?:à\s+)?\d{1,2}\s*[:hH].*)?")
_WORDED = re.compile(_DAY_NAMES + r"(\d{1,2})(?: ?er)? ?([a-z]+) (\d{2,4})")
_MONTH_YEAR = re.compile(r"(?:(\d{1,2})[/. -]|([a-z]+) )(\d{4})")

EXAMPLE = "Écrivez par exemple 12/03/1990."


def day(first_year: int = 1990, years_ahead: int = 10, past: bool = False) -> Parser:
    """A date of the file's life (entry, deadline…), as ``datetime.date``; ``past`` refuses what is after today."""

    def parse(cell: Cell, context: Context) -> object:
        found = _read(cell, context.today, 0 if past else years_ahead)
        if isinstance(found, int):
            return CellError(f"{quote(cell)} : le jour et le mois manquent. {EXAMPLE}")
        if not isinstance(found, dt.date):
            return found
        if found.year < first_year:
            return CellError(f"{quote(cell)}, année {found.year} : vérifiez.")
        return _not_after(found, cell, context.today, None if past else years_ahead)

    return parse


def birth(cell: Cell, context: Context) -> object:
    """A birth: ``datetime.date``, or the year alone as ``int`` when the day is not known."""
    found = _read(cell, context.today, 0)
    if found is None or isinstance(found, CellError):
        return found
    warning = found.sentence if isinstance(found, CellWarning) else ""
    value = found.value if isinstance(found, CellWarning) else found
    year = value.year if isinstance(value, dt.date) else value
    if not isinstance(year, int) or year < context.today.year - 115:
        return CellError(f"{quote(cell)}, année {year} : vérifiez.")
    if year > context.today.year or (isinstance(value, dt.date) and value > context.today):
        return CellError(f"{cell_text(cell)} est dans le futur.")
    return CellWarning(value, warning) if warning else value


def _not_after(found: dt.date, cell: Cell, today: dt.date, years_ahead: int | None) -> object:
    if years_ahead is None:
        return CellError(f"{cell_text(cell)} est dans le futur.") if found > today else found
    if found.year > today.year + years_ahead:
        return CellError(f"{quote(cell)}, année {found.year} : vérifiez.")
    return found


def _read(cell: Cell, today: dt.date, years_ahead: int) -> object:
    """A date, a year (int), None, a CellError, or a CellWarning around a year."""
    if is_blank(cell):
        return None
    if isinstance(cell, dt.datetime):
        return cell.date()
    if isinstance(cell, dt.date):
        return cell
    if isinstance(cell, bool):
        return _not_a_date(cell)
    if isinstance(cell, (int, float)):
        return _from_number(cell)
    return _from_text(cell_text(cell), today, years_ahead)


def _from_number(number: float) -> object:
    if not 0 < number < 1e9:
        return _not_a_date(number)
    whole = int(number)
    if 1800 <= whole <= 2100 and whole == number:
        return whole
    if 2_100 < whole < 110_000:
        return _EXCEL_START + dt.timedelta(days=whole)
    digits = str(whole).zfill(8)
    if whole == number and len(digits) == 8:
        return _from_digits(digits)
    return _not_a_date(number)


def _from_digits(digits: str) -> object:
    if digits[:2] in ("19", "20") and "01" <= digits[4:6] <= "12" and "01" <= digits[6:] <= "31":
        return _build(int(digits[:4]), int(digits[4:6]), int(digits[6:]), digits)
    return _build(int(digits[4:]), int(digits[2:4]), int(digits[:2]), digits)


def _from_text(text: str, today: dt.date, years_ahead: int) -> object:
    if text.isdecimal():
        return _from_number(int(text)) if len(text) != 8 else _from_digits(text)
    if found := _ISO.fullmatch(text):
        return _build(int(found[1]), int(found[2]), int(found[3]), text)
    if found := _NUMERIC.fullmatch(text):
        return _build(_century(found[3], today, years_ahead), int(found[2]), int(found[1]), text)
    words = fold(text)
    if found := _WORDED.fullmatch(words):
        month = _MONTH_NUMBERS.get(found[2])
        if month:
            return _build(_century(found[3], today, years_ahead), month, int(found[1]), text)
    found = _MONTH_YEAR.fullmatch(text) or _MONTH_YEAR.fullmatch(words)
    if found and (_MONTH_NUMBERS.get(found[2] or "") or (text[0].isdecimal() and 1 <= int(found[1] or 0) <= 12)):
        return CellWarning(int(found[3]), f"{quote(text)} : le jour manque, seule l’année {found[3]} est gardée.")
    return _not_a_date(text)


def _century(digits: str, today: dt.date, years_ahead: int) -> int:
    year = int(digits)
    if len(digits) > 2:
        return year
    return year + (2000 if 2000 + year <= today.year + years_ahead else 1900)


def _build(year: int, month: int, day_of_month: int, text: str) -> object:
    try:
        return dt.date(year, month, day_of_month)
    except ValueError:
        if month > 12 and 1 <= day_of_month <= 12:
            return CellError(f"{text} : le mois {month} n’existe pas. Écrivez le jour, puis le mois, puis l’année.")
        return CellError(f"{text} n’existe pas.")


def _not_a_date(cell: Cell) -> CellError:
    return CellError(f"{quote(cell)} n’est pas une date. {EXAMPLE}")
