"""Numbers, amounts, yes and no, free text, lists."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal, InvalidOperation

from odis_app.core.text import fold
from odis_app.exchange.cells import Cell, cell_text, is_blank

from .base import CellError, CellWarning, Context, Parser, quote

_WORDS = {
    word: number
    for number, word in enumerate(
        [
            "zero",
            "un",
            "deux",
            "trois",
            "quatre",
            "cinq",
            "six",
            "sept",
            "huit",
            "neuf",
            "dix",
            "onze",
            "douze",
            "treize",
            "quatorze",
            "quinze",
            "seize",
        ]
    )
} | {"une": 1, "aucun": 0, "aucune": 0}
_NUMBER = re.compile(r"([+-]?)\s*(\d[\d\s.,']*)\s*(.*)", re.DOTALL)
_YES = {
    "oui",
    "o",
    "ok",
    "x",
    "xx",
    "vrai",
    "true",
    "yes",
    "y",
    "v",
    "1",
    "coche",
    "present",
    "presente",
    "tout a fait",
    "si",
}
_NO = {
    "non",
    "n",
    "ko",
    "faux",
    "false",
    "no",
    "f",
    "0",
    "aucun",
    "aucune",
    "pas",
    "neant",
    "absent",
    "absente",
    "sans",
}
_TICKS = set("✓✔☑☒✗✘×")
_LIST = re.compile(r"[,;/|\n+&]|\bet\b|\bou\b", re.IGNORECASE)


def free_text(most: int = 500) -> Parser:
    """Text of at most ``most`` characters, cleaned of control characters and doubled spaces; its line breaks stay."""

    def parse(cell: Cell, _context: Context) -> object:
        lines = re.split(r"\r\n|[\r\n]", cell) if isinstance(cell, str) else [cell]
        text = "\n".join(map(cell_text, lines)).strip()
        if not text or (isinstance(cell, str) and is_blank(cell)):
            return None
        if len(text) > most:
            return CellError(f"{quote(cell, 40)} a {len(text)} caractères : {most} au plus.")
        return text

    return parse


def _amount(cell: Cell) -> tuple[Decimal, str] | None:
    """The number of a cell and the words after it; None when there is not exactly one number."""
    if isinstance(cell, (bool, dt.date)):
        return None
    if isinstance(cell, (int, float)):
        number = Decimal(repr(cell)) if isinstance(cell, float) else Decimal(cell)
        return (number, "") if number.is_finite() else None
    text = cell_text(cell)
    if fold(text) in _WORDS:
        return Decimal(_WORDS[fold(text)]), ""
    found = _NUMBER.fullmatch(text.replace("\u2212", "-"))
    if not found:
        return None
    digits = re.sub(r"[\s']", "", found[2])
    last = max(digits.rfind(","), digits.rfind("."))
    if last >= 0 and ((digits.count(",") and digits.count(".")) or digits.count(digits[last]) == 1):
        digits = re.sub(r"[.,]", "", digits[:last]) + "." + digits[last + 1 :]
    else:
        digits = re.sub(r"[.,]", "", digits)
    try:
        return Decimal(found[1] + digits), found[3].strip()
    except InvalidOperation:
        return None


def integer(minimum: int = 0, maximum: int = 999, warn_above: int | None = None) -> Parser:
    """A whole number; one word may follow it (« 3 personnes »). Above ``warn_above`` it is kept with a warning."""

    def parse(cell: Cell, _context: Context) -> object:
        if is_blank(cell):
            return None
        amount = _amount(cell)
        if amount is None or not re.fullmatch(r"(?:[^\W\d_]+\.?(?:[²2])?)?", amount[1]):
            return CellError(f"{quote(cell)} n’est pas un nombre. Écrivez par exemple {max(minimum, 1) + 2}.")
        number = amount[0]
        if number < 0 <= minimum:
            return CellError(f"{quote(cell)} est négatif. Écrivez un nombre à partir de {minimum}.")
        if number != number.to_integral_value():
            return CellError(f"{quote(cell)} n’est pas un nombre entier.")
        if not minimum <= number <= maximum:
            return CellError(f"{quote(cell)} doit être compris entre {minimum} et {maximum}.")
        if warn_above is not None and number > warn_above:
            return CellWarning(int(number), f"{int(number)} est inhabituel : vérifiez.")
        return int(number)

    return parse


_MONEY_WORDS = {
    "",
    "e",
    "eur",
    "euro",
    "euros",
    "mois",
    "par",
    "cc",
    "hc",
    "charges",
    "comprises",
    "net",
    "nets",
    "m",
    "ttc",
    "chf",
    "eu",
}


def money(maximum: int = 100_000) -> Parser:
    """An amount in euros, as Decimal with two places (« 1 200,50 €/mois », « 450 € CC »)."""

    def parse(cell: Cell, _context: Context) -> object:
        if is_blank(cell):
            return None
        amount = _amount(cell)
        if amount is None or not set(fold(amount[1].replace("€", " ")).split()) <= _MONEY_WORDS:
            if fold(cell_text(cell)) in {"gratuit", "gratuite", "gracieux", "a titre gracieux", "offert"}:
                return Decimal("0.00")
            return CellError(f"{quote(cell)} n’est pas un montant. Écrivez par exemple 450 ou 450,50.")
        if amount[0] < 0:
            return CellError(f"{quote(cell)} est négatif. Écrivez un montant à partir de 0.")
        if amount[0] > maximum:
            return CellError(f"{quote(cell)} dépasse {maximum} € : vérifiez.")
        return amount[0].quantize(Decimal("0.01"))

    return parse


def yes_no(cell: Cell, _context: Context) -> object:
    """True or False from « oui, O, x, 1, vrai, ✓ » and « non, N, 0, faux, - »; None for an empty cell."""
    if cell is None or isinstance(cell, bool):
        return cell
    if isinstance(cell, (int, float)):
        return bool(cell) if cell in (0, 1) else CellError(f"{quote(cell)} n’est ni oui ni non.")
    return _yes_no_text(cell_text(cell))


def _yes_no_text(text: str) -> object:
    word = fold(text)
    if text in _TICKS or word in _YES or (word.startswith("oui ") and "non" not in word.split()):
        return True
    if word in _NO or text in {"-", "–", "—", "/"} or (word.startswith("non ") and "oui" not in word.split()):
        return False
    return None if is_blank(text) else CellError(f"{quote(text)} n’est ni oui ni non. Écrivez oui ou non.")


def pieces(cell: Cell) -> list[str]:
    """The parts of a cell that holds a list: separated by « , ; / | + & » a line break, « et » or « ou »."""
    if isinstance(cell, str):
        parts = [cell_text(part) for part in _LIST.split(cell)]
    else:
        parts = [part.strip() for part in cell_text(cell).split(",")]
    return list(dict.fromkeys(part for part in parts if part and not is_blank(part)))


def several(one: Parser, most: int = 20, *, whole_first: bool = True) -> Parser:
    """A list of what ``one`` reads, without duplicates; the first piece that fails makes the cell fail.

    ``whole_first``: the cell is tried whole before it is cut, for names that hold a separator (« Loir-et-Cher »); False for
    free text, which would always fit.
    """

    def parse(cell: Cell, context: Context) -> object:
        whole = one(cell, context)
        if whole is None:
            return None
        if whole_first and not isinstance(whole, (CellError, CellWarning)):
            return [whole]
        values: list[object] = []
        warnings: list[str] = []
        for piece in pieces(cell):
            value = one(piece, context)
            if isinstance(value, CellError):
                return value
            if isinstance(value, CellWarning):
                warnings.append(value.sentence)
                value = value.value
            if value is not None and value not in values:
                values.append(value)
        if len(values) > most:
            return CellError(f"{quote(cell, 40)} : {len(values)} valeurs, {most} au plus.")
        if not values:
            return None
        return CellWarning(values, " ".join(warnings)) if warnings else values

    return parse
