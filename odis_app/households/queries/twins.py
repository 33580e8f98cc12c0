"""Files of one's own organisation that look like the one being written: told before anything is saved, and only those one may see."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

from sqlalchemy import select

from odis_app.core.crypto import blind_index
from odis_app.core.db import db
from odis_app.core.identity import Identity
from odis_app.core.text import tokens
from odis_app.households import policy
from odis_app.households.models import Household, HouseholdIdentity, Member

SOME = 5_000
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a household to open: its phone (normalised), and (first name, name, day of birth) of its people."""

    phone: str = ""
    people: tuple[tuple[str, str, date | None], ...] = field(default=())


def twins_of(identity: Identity, known: Known) -> list[Household]:
    """One's own files with the same phone, or with somebody of the same name born the same day, by number."""
    [found] = twins(identity, [known])
    return found


def twins(identity: Identity, wanted: Sequence[Known]) -> list[list[Household]]:
    """``twins_of`` each, in as many statements for a whole import as for one file."""
    org = identity.require_org()
    indexes = {one.phone: blind_index(one.phone, org_id=org, column="phone") for one in wanted if one.phone}
    by_phone = _by_phone(org, set(indexes.values()))
    by_person = _by_person(org, {born for one in wanted for _, _, born in one.people if born is not None})
    ids = [_ids(one, indexes, by_phone, by_person) for one in wanted]
    files = _files(identity, {household for found in ids for household in found})
    return [sorted((files[i] for i in found if i in files), key=lambda household: household.number) for found in ids]


def _ids(
    one: Known,
    indexes: dict[str, bytes],
    by_phone: dict[bytes, set[int]],
    by_person: dict[tuple[date | None, frozenset[str]], set[int]],
) -> set[int]:
    found = set(by_phone.get(indexes[one.phone], ())) if one.phone else set()
    for first, last, born in one.people:
        if born is not None:
            found |= by_person.get((born, frozenset(tokens(f"{first} {last}"))), set())
    return found


def _by_phone(org: int, indexes: set[bytes]) -> dict[bytes, set[int]]:
    found: dict[bytes, set[int]] = {}
    for some in _chunks(indexes):
        statement = select(HouseholdIdentity.phone_index, HouseholdIdentity.household_id)
        statement = statement.where(HouseholdIdentity.owner_org_id == org, HouseholdIdentity.phone_index.in_(some))
        for index, household in db.execute(statement):
            found.setdefault(bytes(index or b""), set()).add(household)
    return found


def _by_person(org: int, days: set[date]) -> dict[tuple[date | None, frozenset[str]], set[int]]:
    found: dict[tuple[date | None, frozenset[str]], set[int]] = {}
    for some in _chunks(days):
        statement = select(Member.birth_date, Member.first_name, Member.last_name, Member.household_id)
        statement = statement.where(Member.owner_org_id == org, Member.until.is_(None), Member.birth_date.in_(some))
        for born, first, last, household in db.execute(statement):
            found.setdefault((born, frozenset(tokens(f"{first} {last}"))), set()).add(household)
    return found


def _files(identity: Identity, ids: set[int]) -> dict[int, Household]:
    found: dict[int, Household] = {}
    for some in _chunks(ids):
        own = policy.visible_households(identity).where(Household.owner_org_id == identity.org_id)
        found |= {row.id: row for row in db.execute(own.where(Household.id.in_(some))).scalars()}
    return found


def _chunks(values: Iterable[T]) -> Iterable[list[T]]:
    listed = list(values)
    return (listed[start : start + SOME] for start in range(0, len(listed), SOME))
