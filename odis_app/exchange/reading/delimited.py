"""Text tables (csv) of any common encoding and separator."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from typing import Any

from .limits import MAX_LAST_ROW, NOT_A_TABLE, RefusedError, emit, emit_sheet, too_many_rows

_FRENCH = Counter(dict.fromkeys("éèêëàâçùûüîïôœ’«»°€", 2) | dict.fromkeys("ÉÈÊÀÇÔÎ–…", 1))


def decode(data: bytes) -> str:
    """The text of a csv file of any common encoding: BOM first, UTF-8, UTF-16, then the one that gives French letters."""
    for bom, name in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(bom):
            return data.decode(name, "replace")
    sample = data[:4000]
    if sample.count(0):
        even, odd = sample[0::2].count(0), sample[1::2].count(0)
        if max(even, odd) < len(sample) // 4:
            raise RefusedError(NOT_A_TABLE)
        return data.decode("utf-16-le" if odd > even else "utf-16-be", "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return _decode_8_bit(data)


def _decode_8_bit(data: bytes) -> str:
    broken = data.decode("utf-8", "replace")
    if broken.count("\ufffd") * 20 < sum(ord(letter) > 127 for letter in broken):
        return broken
    best, text = max(
        (
            (_frenchness(decoded), decoded)
            for decoded in (data.decode(name, "replace") for name in ("cp1252", "mac_roman", "cp850"))
        ),
        key=lambda pair: pair[0],
    )
    if best >= 0:
        return text
    from charset_normalizer import from_bytes

    guess = from_bytes(data[:200_000]).best()
    return data.decode(guess.encoding, "replace") if guess else text


def _frenchness(text: str) -> int:
    foreign = Counter(letter for letter in text[:200_000] if ord(letter) > 127 and not letter.isspace())
    lower_first = len(re.findall(r"[a-z][ÉÈÊÀÇÔÎ][a-z]", text[:200_000]))
    return sum((_FRENCH[letter] or -2) * count for letter, count in foreign.items()) - 4 * lower_first


def separator(text: str) -> str:
    """The field separator: the one that cuts the most lines into the same number of fields (two at least)."""
    declared = re.match(r"sep=(.)\r?\n", text, re.IGNORECASE)
    if declared:
        return declared[1]
    sample = "\n".join(text[:64_000].splitlines()[:200])
    scores = []
    for candidate in (";", "\t", ",", "|"):
        widths = Counter(len(row) for row in csv.reader(io.StringIO(sample), delimiter=candidate) if any(row))
        width, lines = max(widths.items(), key=lambda item: (item[0] > 1, item[1]), default=(1, 0))
        scores.append((width > 1, lines, width, candidate))
    best = max(scores, key=lambda score: score[:3])
    return best[3] if best[0] else ";"


def read_csv(data: bytes) -> None:
    """Emit the rows of a csv file as one unnamed sheet; every cell is text."""
    text = decode(data)
    sample = text[:20_000]
    if (
        sum(not letter.isprintable() and letter not in "\t\r\n\xa0\u202f\u2009\ufeff\u200b" for letter in sample)
        > len(sample) // 50
    ):
        raise RefusedError(NOT_A_TABLE)
    if text.count("\n") > MAX_LAST_ROW * 4:
        raise RefusedError(too_many_rows())
    delimiter = separator(text)
    if re.match(r"sep=.\r?\n", text, re.IGNORECASE):
        text = text.split("\n", 1)[1]
    csv.field_size_limit(100_000)
    emit({"names": [""]})
    emit({"sheet": "", "notes": []})
    try:
        emit_sheet(
            [_csv_cell(value) for value in row]
            for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        )
    except csv.Error:
        raise RefusedError(
            "Ce fichier csv est abîmé : un guillemet ouvert n’est pas refermé. Vérifiez-le dans un tableur."
        ) from None


def _csv_cell(value: str) -> Any:
    if value.startswith("="):
        quoted = re.fullmatch(r'="(.*)"', value, re.DOTALL)
        return quoted[1] if quoted else {"x": ""}
    return value or None
