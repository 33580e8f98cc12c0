"""The marks by which a night task compares files across organisations (docs/adr/0009-rapprochement.md).

A mark is a keyed fingerprint under a key drawn for this use alone: it is the same in every organisation, unlike the blind indexes
that searches read, and nobody reads it. Nothing is compared here: whoever writes a file learns nothing from its marks.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from datetime import date

from sqlalchemy import text

from odis_app.core.crypto import derived_key
from odis_app.core.db import db
from odis_app.core.text import tokens
from odis_app.households import queries
from odis_app.households.models import Household

PHONE, AGDREF, PERSON = "phone", "agdref", "person"
Mark = tuple[str, bytes]
_WRITE = text(
    "SELECT odis.mark_households(CAST(:ids AS bigint[]), CAST(:bearers AS bigint[]), CAST(:kinds AS text[]), CAST(:marks AS bytea[]))"
)


def person_key(first_name: str, last_name: str, birth_date: date) -> str:
    """A person as two files write them: folded words in any order, and the day of birth."""
    return f"{' '.join(sorted(tokens(f'{first_name} {last_name}')))}|{birth_date.isoformat()}"


def marks_of(*, phone: str, agdref: str, people: Iterable[tuple[str, str, date | None]]) -> set[Mark]:
    """The marks of a file: its phone (normalised), its AGDREF number, each person (first name, name, day of birth) whose day is known."""
    said = {(PHONE, phone)} if phone else set()
    said |= {(AGDREF, agdref.upper())} if agdref else set()
    said |= {(PERSON, person_key(first, last, born)) for first, last, born in people if born is not None}
    key = derived_key("rapprochement")
    return {(kind, hmac.new(key, f"{kind}|{value}".encode(), hashlib.sha256).digest()) for kind, value in said}


def refresh_marks(household: Household) -> None:
    """Write the marks of a file again, after its phone, its number or its people changed."""
    db.flush()
    people = [(m.first_name, m.last_name, m.birth_date) for m in queries.present_members(household.id)]
    phone, agdref = queries.phone_of(household), queries.agdref_of(household)
    write_marks({household.id: marks_of(phone=phone, agdref=agdref, people=people)})


def write_marks(files: Mapping[int, Iterable[Mark]]) -> None:
    """Replace the marks of ``files`` (by record), in one statement; a file that may not be written here keeps its own."""
    rows = [(record_id, kind, mark) for record_id, marks in files.items() for kind, mark in sorted(marks)]
    values = {
        "ids": list(files),
        "bearers": [r for r, _, _ in rows],
        "kinds": [k for _, k, _ in rows],
        "marks": [m for _, _, m in rows],
    }
    db.execute(_WRITE, values)
