"""Passwords that thieves try first: a list of the product's own and, when the installation has one, a file of leaked passwords.

The list (``accounts/data/common_passwords.txt``, written for this product) holds what is at the heart of common passwords,
folded: first names, towns, clubs, words, keys in a row. A password is common when nothing else is left of it once digits and
signs around it are put aside and usual disguises undone: « P@ssw0rd2024! » is « password ». Several different words are not.

The file (``ODIS_BREACHED_PASSWORDS``) has the format of « Pwned Passwords » ordered by hash: one SHA-1 in hexadecimal by line,
sorted, perhaps followed by ``:`` and a number. It is searched on disk, in some thirty reads: nothing leaves the installation.
"""

from __future__ import annotations

import hashlib
import itertools
import logging
import re
from functools import cache
from pathlib import Path
from typing import BinaryIO

from odis_app.core.text import fold

log = logging.getLogger(__name__)
LIST = Path(__file__).resolve().parents[1] / "data" / "common_passwords.txt"
EDGES = re.compile(r"^[\W\d_]+|[\W\d_]+$")
DISGUISES = str.maketrans("0134578@$!€", "oleastbasie")
ROWS = (
    "azertyuiop",
    "qsdfghjklm",
    "wxcvbn",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
)
SHORT_PATTERN = 4  # « abcabcabcabc »
_installation: dict[str, Path] = {}


def configure(path: Path | None) -> None:
    """Say where the installation's own file is, if it has one."""
    _installation.clear()
    if path is not None:
        _installation["file"] = path


def is_known(password: str) -> bool:
    """Whether a thief would try this password early, whoever the account's owner is."""
    if is_common(password):
        return True
    path = _installation.get("file")
    if path is None:
        return False
    try:
        with path.open("rb") as file:
            return is_listed(file, hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper())
    except OSError as error:
        log.warning("the file of leaked passwords cannot be read: %s", error.strerror)
        return False


def is_common(password: str) -> bool:
    """A pattern, keys in a row, or one common word in disguise (see the head of this file)."""
    plain = password.casefold()
    if _repeats(plain) or _follows(re.sub(r"[\W_]", "", plain)):
        return True
    return _is_one_word(plain) or _is_one_word(EDGES.sub("", plain).translate(DISGUISES))


def is_listed(file: BinaryIO, wanted: str) -> bool:
    """Binary search of ``wanted`` (40 hexadecimal digits, upper case) in a sorted file of such lines; memory stays flat."""
    low, high = 0, file.seek(0, 2)  # the line sought begins in [low, high)
    while low < high:
        middle = (low + high) // 2
        file.seek(middle)
        if middle:
            file.seek(middle - 1)
            file.readline()  # to the first line that begins at the middle or after it
        start = file.tell()
        found = file.readline()[:40].decode("ascii", "replace").upper() if start < high else ""
        if found == wanted:
            return True
        if found and found < wanted:
            low = file.tell()
        else:
            high = middle
    return False


@cache
def common_words() -> frozenset[str]:
    """The list, folded and without spaces."""
    lines = LIST.read_text(encoding="utf-8").splitlines()
    return frozenset(line.strip() for line in lines if line.strip() and not line.startswith("#"))


def _is_one_word(password: str) -> bool:
    """Nothing but one word of the list, once or again and again, digits and signs around it."""
    letters = "".join(re.sub(r"[^a-z]+", " ", fold(password)).split())
    times = {letters[: len(letters) // n] for n in range(1, 5) if letters == letters[: len(letters) // n] * n}
    return bool(times & common_words())


def _repeats(password: str) -> bool:
    """« aaaaaaaaaaaa », « 121212121212 », « abcabcabcabc »."""
    return any(password == (password[:size] * len(password))[: len(password)] for size in range(1, SHORT_PATTERN + 1))


def _follows(keys: str) -> bool:
    """Keys in a row, in one direction or the other, one row after another: « azertyuiopqs », « 098765432109 », « abcd1234efgh »."""
    steps = {pair for row in ROWS for pair in itertools.pairwise(row)}
    steps |= {(b, a) for a, b in steps} | {(key, key) for row in ROWS for key in row}
    breaks = sum(pair not in steps for pair in itertools.pairwise(keys))
    return bool(keys) and breaks * 4 < len(keys)
