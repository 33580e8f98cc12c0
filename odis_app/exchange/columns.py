"""What an import expects in each column, and how the columns of a file find their place."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from .layout import header_key
from .values import Parser
from .values.choices import stem

_CLOSE = 86
_CONTAINS = 84


@dataclass(frozen=True, slots=True)
class Column:
    """One thing that a file may say of each line.

    ``parser`` reads a cell; ``help`` and ``example`` go to the model file; ``options`` are its drop-down list.
    ``inherits``: on the following lines of one record, a blank repeats the line above (the family name of its members).
    """

    key: str
    label: str
    parser: Parser
    aliases: tuple[str, ...] = ()
    required: bool = False
    help: str = ""
    example: str = ""
    options: tuple[str, ...] = ()
    inherits: bool = False

    def spellings(self) -> tuple[str, ...]:
        """The header texts that mean this column."""
        return (self.label, *self.aliases, self.key.replace("_", " "))


Mapping = tuple[str | None, ...]
"""For each header of the file, the key of the column it fills, or None when it is left aside."""


def guess_mapping(headers: Sequence[str], columns: Sequence[Column]) -> Mapping:
    """The most likely column for each header; a column is used once, the closest and leftmost header wins."""
    found = []
    spellings = [{_spelled(spelling) for spelling in column.spellings()} for column in columns]
    for index, header in enumerate(headers):
        readings = {
            _spelled(header),
            _spelled(header.rpartition(" : ")[2]),
        }  # with and without the group written above it
        for order, column in enumerate(columns):
            score = max(_likeness(reading, spelling) for spelling in spellings[order] for reading in readings)
            if score:
                found.append((-score, index, order, column.key))
    mapping: list[str | None] = [None] * len(headers)
    for _score, index, _order, key in sorted(found):
        if mapping[index] is None and key not in mapping:
            mapping[index] = key
    return tuple(mapping)


def _spelled(title: str) -> tuple[str, str]:
    """A title as compared, and its stem."""
    key = header_key(title)
    return key, stem(key)


def _likeness(read: tuple[str, str], hoped: tuple[str, str]) -> float:
    if not read[0] or not hoped[0]:
        return 0
    if read[0] == hoped[0]:
        return 101
    header, spelling = read[1], hoped[1]
    if header == spelling:
        return 100
    # Numbers tell columns apart (« Vœu 1 », « Vœu 2 »): they must agree before likeness is measured.
    if _digits(header) != _digits(spelling):
        return 0
    if _abbreviates(header, spelling):
        return _CLOSE
    close = fuzz.token_sort_ratio(header, spelling)
    if close >= _CLOSE and len(spelling) > 4:
        return close
    words = set(spelling.split())
    return _CONTAINS if len(words) > 1 and words <= set(header.split()) else 0


def _abbreviates(header: str, spelling: str) -> bool:
    """True when each word of ``header`` (three letters at least) begins the word of ``spelling`` at its place."""
    short, long = header.split(), spelling.split()
    return len(short) == len(long) and all(len(a) > 2 and b.startswith(a) for a, b in zip(short, long, strict=True))


def _digits(text: str) -> list[str]:
    return sorted(word for word in text.split() if word.isdigit())


def missing_columns(mapping: Mapping, columns: Sequence[Column]) -> list[Column]:
    """The required columns that no header of the file fills."""
    return [column for column in columns if column.required and column.key not in mapping]


def headers_fingerprint(headers: Sequence[str]) -> str:
    """What two files with the same headers in the same order share, whatever the case, accents and spaces (64 hex digits)."""
    return hashlib.sha256("\x1f".join(header_key(header) for header in headers).encode()).hexdigest()
