"""Text as people type it, folded for search and sorting."""

from __future__ import annotations

import re
import unicodedata

from anyascii import anyascii

_NOT_WORD = re.compile(r"[^a-z0-9]+")
# What transliterations of the same name differ by, folded away: Prykladenko, Prikladenko, Prykladienko.
_VARIANTS = (
    ("shch", "sh"), ("sch", "sh"), ("ch", "sh"), ("kh", "k"), ("gh", "g"), ("zh", "j"), ("dj", "j"), ("ph", "f"),
    ("th", "t"), ("ou", "u"), ("oo", "u"), ("ee", "i"), ("ie", "e"), ("ye", "e"), ("ya", "ia"), ("y", "i"), ("w", "v"), ("q", "k"),
    ("c", "k"), ("z", "s"),
)  # fmt: skip
_DOUBLED = re.compile(r"(.)\1+")


def fold(value: str) -> str:
    """Lower case, no accent, any script transliterated to Latin, punctuation to single spaces: « Élan d’Ó » → « elan d o »."""
    return _NOT_WORD.sub(" ", anyascii(unicodedata.normalize("NFC", value)).lower()).strip()


def tokens(value: str) -> list[str]:
    """The folded words of ``value``, without duplicates, in order."""
    return list(dict.fromkeys(fold(value).split()))


def sound(word: str) -> str:
    """What spellings of one transliterated name have in common: « prykladenko » and « prikladenko » give the same."""
    result = fold(word).replace(" ", "")
    for spelling, common in _VARIANTS:
        result = result.replace(spelling, common)
    return _DOUBLED.sub(r"\1", result)
