"""Bedrooms as people tell them, one a line: « 12 m², 1 lit double, ferme à clé ». Read, kept as facts, told again in the same words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from odis_app.core.errors import RuleError
from odis_app.core.formats import nombre, pluriel
from odis_app.core.text import fold

SMALLEST, LARGEST, MOST = 9, 200, 60
UNTOLD = "sans précision"
EXAMPLE = "12 m², 1 lit double, ferme à clé"
BEDS = {"single": ("lit simple", "lits simples"), "double": ("lit double", "lits doubles"), "cot": ("lit bébé", "lits bébé")}  # fmt: skip
_NUMBERS = {"": 1, "un": 1, "une": 1, "deux": 2, "trois": 3, "quatre": 4}
_LABEL = re.compile(r"^\s*(?:chambre|ch\.?)\s*\d*\s*[:\-–]\s*", re.IGNORECASE)
_PIECES = re.compile(r"\s*(?:,(?!\d)|\+|\bet\b)\s*", re.IGNORECASE)
_AREA = re.compile(r"(\d{1,3}(?:[.,]\d{1,2})?)\s*m(?:²|2|\b)", re.IGNORECASE)
_BED = re.compile(r"(\d{1,2}|un|une|deux|trois|quatre|)\s*(?:(lits? bebes?|berceaux?)|(?:grands? )?lits? (doubles?|(?:2|deux) places)|lits?(?: simples?| (?:1|une) place)?)")  # fmt: skip
_LOCKABLE = re.compile(r"(?:qui )?ferme(?: a cle)?|(?:a|avec) (?:une )?cle|verrou")

Room = dict[str, Any]


def parse_rooms(text: str) -> list[Room]:
    """[{m2, single, double, cot, lockable}] of the lines of ``text``; what is not told is absent. Raises RuleError on ``rooms``."""
    lines = [line for line in re.split(r"[\n;]", text) if line.strip()]
    if len(lines) > MOST:
        raise RuleError("rooms", f"{len(lines)} chambres : {MOST} au plus.")
    return [_room(rank, line) for rank, line in enumerate(lines, start=1)]


def _room(rank: int, line: str) -> Room:
    room: Room = {}
    for piece in _PIECES.split(_LABEL.sub("", line)):
        if area := _AREA.fullmatch(piece.strip()):
            room["m2"] = _area(rank, float(area[1].replace(",", ".")))
        elif piece.strip() and not _furnished(room, fold(piece)):
            raise RuleError(
                "rooms",
                f"Chambre {rank} : « {piece.strip()[:40]} » n’est pas compris. Écrivez par exemple « {EXAMPLE} ».",
            )
    return room


def _area(rank: int, m2: float) -> int | float:
    if not SMALLEST <= m2 <= LARGEST:
        raise RuleError("rooms", f"Chambre {rank} : une chambre compte {SMALLEST} m² au moins et {LARGEST} au plus.")
    return int(m2) if m2 == int(m2) else m2


def _furnished(room: Room, words: str) -> bool:
    """Add what ``words`` (folded) say of the beds or the key; False when they say neither."""
    if words == fold(UNTOLD):
        return True
    if _LOCKABLE.fullmatch(words):
        room["lockable"] = True
        return True
    bed = _BED.fullmatch(words)
    if bed is None:
        return False
    kind = "cot" if bed[2] else "double" if bed[3] else "single"
    count = int(bed[1]) if bed[1].isdecimal() else _NUMBERS[bed[1]]
    room[kind] = room.get(kind, 0) + count
    return True


def room_words(room: Mapping[str, Any]) -> str:
    """« 12 m², 1 lit double, ferme à clé »: what ``parse_rooms`` reads back."""
    told = [f"{nombre(room['m2'])} m²"] if "m2" in room else []
    told += [pluriel(room[kind], *words) for kind, words in BEDS.items() if room.get(kind)]
    return ", ".join([*told, *(["ferme à clé"] if room.get("lockable") else [])]) or UNTOLD


def sleeps(rooms: list[Room]) -> int:
    """How many people have a bed: a double one holds two."""
    return sum(room.get("single", 0) + 2 * room.get("double", 0) + room.get("cot", 0) for room in rooms)
