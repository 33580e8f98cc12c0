"""The social security number (NIR) that is never kept: how one is recognised in what people write.

Shape (INSEE, RNIPP): sex, year, month (01–12, 20, 30–42, 50–99), département (2A, 2B), commune, order, then a key, which is
97 − (number mod 97) with 2A read as 19 and 2B as 18.
"""

from __future__ import annotations

import re
import unicodedata

from odis_app.core.errors import RuleError

REFUSED = "Un numéro de sécurité sociale est écrit ici. OD&IS n’en garde aucun : effacez-le, le reste de votre texte peut rester."
LENGTH, KEYLESS_LENGTH = 15, 13
FEWEST_DIGITS = KEYLESS_LENGTH - 1  # one of them is a letter in Corsica
_DIGIT = re.compile(r"\d")  # of any script
_S = "[ \t\u00a0\u202f.\\-]?"
# Neither inside a longer number, nor after « + » or a letter (phone, IBAN); the groups are those of the card.
_CARD = re.compile(
    rf"(?<![\w+])(?<!\d[.,])([1-478]){_S}(\d{{2}}){_S}(\d{{2}}){_S}(\d{{2}}|2[AB]){_S}(\d{{3}}){_S}(\d{{3}})(?:[ \t\u00a0\u202f.\-/]{{0,3}}(\d{{2}}))?(?!\w)"
)
# Cut anywhere by blanks (« 18505 78006 08491 »), and standing alone: no digit just before nor just after.
_CUT = re.compile(
    r"(?<![\w+])(?<!\d[ \-])[1-478](?:[ \-]?\d){4}[ \-]?(?:\d[ \-]?\d|2[ \-]?[AB])(?:[ \-]?\d){8}(?!\w)(?![ \-]\d)"
)


def holds_nir(text: str, *, keyless: bool = False) -> bool:
    """Whether a NIR with its right key stands in ``text``; with ``keyless``, 13 digits of the right shape are enough.

    Blanks, dots and hyphens between the groups, and the digits of any script, are understood.
    """
    if len(_DIGIT.findall(text)) < FEWEST_DIGITS:
        return False
    if not text.isascii():
        text = "".join(_plain(letter) for letter in text)
    text = text.upper()
    for found in _CARD.finditer(text):
        if is_nir("".join(group or "" for group in found.groups()), keyless=keyless):
            return True
    return any(is_nir(re.sub(r"[ \-]", "", found[0])) for found in _CUT.finditer(text))


def refuse_nir(text: str, field: str = "") -> None:
    """What every operation does before it keeps what somebody wrote. Raises RuleError on ``field``."""
    if holds_nir(text):
        raise RuleError(field, REFUSED)


def is_nir(number: str, *, keyless: bool = False) -> bool:
    """Whether 15 characters (13 when ``keyless``), capitals without blanks, are a NIR."""
    base, key = number[:KEYLESS_LENGTH], number[KEYLESS_LENGTH:]
    if len(base) < KEYLESS_LENGTH or (len(key) != 2 and not (keyless and not key)):
        return False
    month, department, commune, order = int(base[3:5]), base[5:7], base[7:10], base[10:13]
    if not (1 <= month <= 12 or month == 20 or 30 <= month <= 42 or month >= 50):
        return False
    if department == "00" or commune == "000" or order == "000":
        return False
    return not key or int(key) == key_of(base)


def key_of(base: str) -> int:
    """The key of 13 characters, as INSEE computes it."""
    return 97 - int(base.replace("2A", "19", 1).replace("2B", "18", 1)) % 97


def _plain(letter: str) -> str:
    digit = unicodedata.digit(letter, None)
    return letter if digit is None or not letter.isdecimal() else str(digit)
