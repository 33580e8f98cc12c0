"""Names of places as people type them."""

from __future__ import annotations

from dataclasses import dataclass

from odis_app.core.text import fold

_ABBREVIATIONS = {"st": "saint", "ste": "sainte", "sts": "saints", "stes": "saintes"}
_ARTICLES = {"l", "le", "la", "les"}
_SMALL_WORDS = _ARTICLES | {"d", "de", "des", "du", "en", "et", "lez", "sous", "sur", "aux", "au", "a"}


@dataclass(frozen=True, slots=True)
class Key:
    """One way into a name: ``depth`` 0 the whole name, 1 without its leading article, 2 from an inner word on."""

    text: str
    depth: int


def fold_place(value: str) -> str:
    """Folded name of a place: « St-Étienne » and « saint etienne » give the same."""
    return " ".join(_ABBREVIATIONS.get(word, word) for word in fold(value).split())


def search_keys(name: str) -> list[Key]:
    """Every beginning by which ``name`` may be typed: « Le Havre » gives « le havre » and « havre »."""
    words = fold_place(name).split()
    keys = [Key(" ".join(words), 0)] if words else []
    for index in range(1, len(words)):
        if words[index] not in _SMALL_WORDS:
            depth = 1 if index == 1 and words[0] in _ARTICLES else 2
            keys.append(Key(" ".join(words[index:]), depth))
    return keys
