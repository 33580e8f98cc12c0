"""The schemes that a household is registered to, and what it lives on."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations

from sqlalchemy import ColumnElement, and_, or_, select

from odis_app.core.db import db
from odis_app.households.models import Household, HouseholdEnrolment, HouseholdResource
from odis_app.organisations.models import Dispositif

ACCOMPANIMENTS = frozenset({"agir", "emile", "mobilite_nationale"})
"""Schemes that accompany the whole household: two at the same time do the same work twice (domain.md)."""


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A registration: the scheme's id, code and label, its days (no end: still going on) and who leads it."""

    dispositif_id: int
    code: str
    label: str
    starts_on: date
    ends_on: date | None
    lead: str

    def meets(self, other: Enrolment) -> bool:
        """Whether both go on the same day at least once."""
        return self.starts_on <= (other.ends_on or date.max) and other.starts_on <= (self.ends_on or date.max)


def enrolments(household: Household) -> list[Enrolment]:
    """Every registration, those that go on first, then the most recent."""
    row = HouseholdEnrolment
    statement = (
        select(row.dispositif_id, Dispositif.code, Dispositif.label, row.starts_on, row.ends_on, row.lead)
        .join(Dispositif, Dispositif.id == row.dispositif_id)
        .where(row.household_id == household.id)
        .order_by(row.ends_on.desc().nulls_first(), row.starts_on.desc(), Dispositif.position)
    )
    return [Enrolment(*found) for found in db.execute(statement)]


def in_force(day: date) -> ColumnElement[bool]:
    """A registration that goes on on ``day``, its first and last days included."""
    row = HouseholdEnrolment
    return and_(row.starts_on <= day, or_(row.ends_on.is_(None), row.ends_on >= day))


def schemes_in_force(household_ids: Collection[int], day: date) -> dict[int, frozenset[int]]:
    """The ids of the schemes that each household is registered to on ``day``: the file's own and every other, in one statement."""
    row = HouseholdEnrolment
    statement = select(row.household_id, row.dispositif_id).where(row.household_id.in_(household_ids), in_force(day))
    found: dict[int, set[int]] = {key: set() for key in household_ids}
    for key, scheme in db.execute(statement):
        found[key].add(scheme)
    return {key: frozenset(schemes) for key, schemes in found.items()}


def overlaps(found: Sequence[Enrolment], today: date) -> list[str]:
    """A sentence for each two accompaniments that go on together, today or later."""
    current = [e for e in found if e.code in ACCOMPANIMENTS and (e.ends_on is None or e.ends_on >= today)]
    return [
        f"{one.label} et {other.label} se chevauchent : deux accompagnements suivent ce ménage en même temps. Convenez de celui qui s’arrête, et quand."
        for one, other in combinations(sorted(current, key=lambda e: e.label), 2)
        if one.code != other.code and one.meets(other)
    ]


def resources(household: Household) -> Sequence[HouseholdResource]:
    """What the household lives on, the largest amount first."""
    statement = select(HouseholdResource).where(HouseholdResource.household_id == household.id)
    return db.scalars(statement.order_by(HouseholdResource.amount.desc().nulls_last(), HouseholdResource.kind)).all()
