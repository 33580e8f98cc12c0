"""Telephone, e-mail, postal code, and the social security number that must never come in."""

from __future__ import annotations

import re

from odis_app.core import nir
from odis_app.exchange.cells import Cell, cell_text, is_blank

from .base import CellError, CellWarning, Context, quote

_PHONE_SPLIT = re.compile(r"\s*(?:/|;|,|\||\bou\b|\bet\b|\n)\s*", re.IGNORECASE)
_OVERSEAS = ("262", "590", "594", "596")
_EMAIL = re.compile(r"[a-z0-9._%+'-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,24}")
_SCIENTIFIC = re.compile(r"\d(?:[.,]\d+)?[eE]\+?\d+")
NIR_REFUSED = "Le numéro de sécurité sociale ne doit pas être enregistré. Effacez-le du fichier."


def holds_nir(cell: Cell) -> bool:
    """True when a social security number (NIR) stands in the cell: 13 digits of the right shape, or 15 with a right key."""
    if isinstance(cell, bool) or not isinstance(cell, (str, int, float)):
        return False
    if isinstance(cell, str) and len(cell) < nir.KEYLESS_LENGTH:
        return False
    return nir.holds_nir(cell_text(cell), keyless=True)


def phone(cell: Cell, _context: Context) -> object:
    """A number as « 06 12 34 56 78 » (France, overseas included) or « +380671234567 » (abroad); None for a blank cell."""
    if is_blank(cell):
        return None
    text = cell_text(cell)
    if isinstance(cell, bool) or not isinstance(cell, (str, int, float)):
        return CellError(f"{quote(cell)} n’est pas un numéro de téléphone. Écrivez par exemple 06 12 34 56 78.")
    if _SCIENTIFIC.fullmatch(text):
        return CellError(
            f"{quote(cell)} : le tableur a perdu des chiffres. Mettez la colonne au format texte et retapez le numéro."
        )
    candidates = [part for part in _PHONE_SPLIT.split(text) if sum(letter.isdecimal() for letter in part) >= 6]
    if len(candidates) > 1 and not isinstance(one := _one_phone(candidates[0], cell), CellError):
        value = one.value if isinstance(one, CellWarning) else one
        return CellWarning(value, f"{quote(cell)} : seul le premier numéro est gardé.")
    return _one_phone(text, cell)


def _one_phone(text: str, cell: Cell) -> object:
    text = re.sub(r"\(0\)", "", text)
    text = re.sub(r"\([^)\d]*\)", "", text)
    digits = "".join(str(int(letter)) for letter in text if letter.isdecimal())
    international = bool(re.match(r"[^\d+]*\+", text)) or digits.startswith("00")
    digits = digits.removeprefix("00")
    if len(digits) < 4 or re.search(r"[^\W\d_]{3,}.*\d", re.sub(r"^[^\d+]*", "", text)):
        return CellError(f"{quote(cell)} n’est pas un numéro de téléphone. Écrivez par exemple 06 12 34 56 78.")
    national = _national(digits, international)
    if national:
        return " ".join(national[index : index + 2] for index in range(0, 10, 2))
    if international and 7 <= len(digits) <= 15 and not digits.startswith(("0", "33")):
        return f"+{digits}"
    if not international and 11 <= len(digits) <= 14 and not digits.startswith(("0", "33")):
        return CellWarning(f"+{digits}", f"{quote(cell)} est lu comme un numéro étranger, +{digits} : vérifiez.")
    return CellError(
        f"{quote(cell)} a {len(digits)} chiffres : un numéro français en a 10, un numéro étranger commence par +."
    )


def _national(digits: str, international: bool) -> str:
    """Ten digits beginning with 0, or an empty text when the number is no French one."""
    if not international and len(digits) == 10 and digits[0] == "0" and digits[1] != "0":
        return digits
    if not international and len(digits) == 9 and digits[0] != "0":
        return f"0{digits}"
    if digits.startswith("33") and (international or len(digits) in (11, 12)):
        rest = digits[2:].removeprefix("0")
        return f"0{rest}" if len(rest) == 9 and rest[0] != "0" else ""
    if digits.startswith(_OVERSEAS) and (international or len(digits) == 12):
        rest = digits[3:].removeprefix("0")
        return f"0{rest}" if len(rest) == 9 and rest[0] != "0" else ""
    return ""


def email(cell: Cell, _context: Context) -> object:
    """An address in lower case; the first one, with a warning, when the cell holds several."""
    if is_blank(cell):
        return None
    text = cell_text(cell).lower().replace("mailto:", " ").replace("＠", "@")
    found: list[str] = list(dict.fromkeys(_EMAIL.findall(text)))
    around = "" if f"<{(found or [''])[0]}>" in text else text.replace((found or [""])[0], "")
    if not found or len(found[0]) > 254 or ".." in found[0] or (len(found) == 1 and re.search(r"\w", around)):
        return CellError(f"{quote(cell)} n’est pas une adresse électronique. Écrivez par exemple nom@exemple.fr.")
    if len(found) > 1:
        return CellWarning(found[0], f"{quote(cell)} : seule la première adresse est gardée.")
    return found[0]


def postal_code(cell: Cell, _context: Context) -> object:
    """Five digits as text; a leading zero eaten by the spreadsheet is put back (1000 → « 01000 »)."""
    if is_blank(cell):
        return None
    text = re.sub(r"\s", "", cell_text(cell)).upper().removeprefix("F-")
    if re.fullmatch(r"[0-9]{4,5}", text) and "00999" < text.zfill(5) < "99000":
        return text.zfill(5)
    return CellError(f"{quote(cell)} n’est pas un code postal. Écrivez cinq chiffres, par exemple 44000.")
