"""A value from a closed list, found by its French label whatever the accents, the case, the number or the gender."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from rapidfuzz import fuzz, process

from odis_app.core.text import fold
from odis_app.exchange.cells import Cell, cell_text, is_blank

from .base import CellError, CellWarning, Context, Parser, quote

_SMALL = {"de", "du", "des", "d", "la", "le", "les", "l", "en", "a", "au", "aux", "un", "une"}
_DENIALS = {"non", "pas", "sans", "ni", "ex", "ancien", "refus", "rejet", "debout", "fin", "attent", "aucun"}
SHOWN = 8


def stem(text: str) -> str:
    """Words without small ones nor the endings of gender and number: « Réfugiées » and « réfugié » give « refugi »."""
    words = [word for word in fold(text).split() if word not in _SMALL]
    return " ".join(re.sub(r"(?:ees|ee|es|e|s|x)$", "", word) if len(word) > 3 else word for word in words)


def choice(labels: Mapping[str, str], aliases: Mapping[str, str] | None = None) -> Parser:
    """One code of ``labels`` (code → French label); ``aliases`` are other spellings (text → code), the codes are accepted too."""
    known: dict[str, str] = {}
    for code, label in labels.items():
        for spelling in (label, code, code.replace("_", " "), re.sub(r"\([^)]*\)", "", label)):
            known.setdefault(stem(spelling), code)
    for spelling, code in (aliases or {}).items():
        known[stem(spelling)] = code
    known.pop("", None)

    def parse(cell: Cell, _context: Context) -> object:
        if is_blank(cell):
            return None
        text = cell_text(cell)
        for reading in (text, re.sub(r"\([^)]*\)", "", text)):
            if stem(reading) in known:
                return known[stem(reading)]
        codes = _holding(text, known)
        if len(codes) == 1:
            return CellWarning(codes[0], f"{quote(cell)} est lu « {labels[codes[0]]} » : vérifiez.")
        if codes:
            return CellError(f"{quote(cell)} est ambigu : {_listed(labels[code] for code in codes)}.")
        return CellError(f"{quote(cell)} n’est pas reconnu. {_advice(stem(text), known, labels)}")

    return parse


def _holding(text: str, known: Mapping[str, str]) -> list[str]:
    """The codes that the text may mean though it is not their spelling.

    Its words are some of the spelling's (« subsidiaire »), or all of them and others (« BPI réfugiée ») without a denial,
    or begin them with a full stop (« Réf. », « prot. temporaire »). Under four letters only the full stop counts.
    """
    wanted = stem(text)
    words = set(wanted.split())
    found = [code for spelling, code in known.items() if "." in text and _abbreviated(text, spelling)]
    if not found and len(wanted.replace(" ", "")) >= 4:
        found = [code for spelling, code in known.items() if words <= set(spelling.split())]
    if not found and not words & _DENIALS:
        found = [code for spelling, code in known.items() if len(spelling) > 3 and set(spelling.split()) < words]
    return list(dict.fromkeys(found))


def _abbreviated(text: str, spelling: str) -> bool:
    short, long = fold(text).split(), spelling.split()
    begins = len(short) == len(long) and all(b.startswith(a) or stem(a) == b for a, b in zip(short, long, strict=True))
    return begins and max(map(len, short)) > 2


def _advice(wanted: str, known: Mapping[str, str], labels: Mapping[str, str]) -> str:
    near = process.extractOne(wanted, known.keys(), scorer=fuzz.ratio, score_cutoff=72) if wanted else None
    if near:
        return f"Vouliez-vous dire « {labels[known[near[0]]]} » ?"
    return f"Valeurs possibles : {_listed(labels.values())}."


def _listed(texts: Iterable[str]) -> str:
    shown = list(texts)
    return ", ".join(shown[:SHOWN]) + (" et d’autres" if len(shown) > SHOWN else "")
