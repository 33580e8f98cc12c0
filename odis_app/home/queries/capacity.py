"""What waits for an operator: proposals, places without news, comings and goings of the week."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import and_, func, or_

from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.identity import Identity
from odis_app.home.queries.work import WEEK
from odis_app.households.models import Household, HouseholdIdentity
from odis_app.housing.models import Place
from odis_app.housing.queries import PlaceFilter, PlaceRow, list_places, place_counts
from odis_app.placements.models import Orientation, Placement
from odis_app.placements.policy import visible_orientations, visible_placements, waits_for_host

TAPS, PROPOSALS, MOVES = 6, 20, 20


@dataclass(frozen=True, slots=True)
class Move:
    """An entry or an exit expected on one's places. ``name`` is the family's, or its number when only that may be read."""

    day: date
    is_entry: bool
    placement: Placement
    place: Place
    name: str
    number: str
    late: bool


def proposals(identity: Identity) -> tuple[Sequence[Orientation], int]:
    """(those to answer for one's places, how many there are), the first to expire before the others."""
    statement = (
        visible_orientations(identity).where(waits_for_host(identity)).add_columns(func.count().over().label("total"))
    )
    rows = db.execute(statement.order_by(Orientation.expires_at, Orientation.id).limit(PROPOSALS)).all()
    return [row.Orientation for row in rows], rows[0].total if rows else 0


def stale(identity: Identity) -> Sequence[PlaceRow]:
    """One's own places without news for more than two weeks, the longest silence first; as many as a thumb scrolls."""
    return list_places(identity, PlaceFilter(scope="mes", view="a_confirmer"), number=1).items[:TAPS]


def counts(identity: Identity) -> dict[str, int]:
    """How many of one's places each view of the list holds."""
    return place_counts(identity, PlaceFilter(scope="mes"))


def moves(identity: Identity) -> list[Move]:
    """Entries and exits expected within a week on one's places, and those that should have been recorded already."""
    today = clock.today()
    horizon = today + timedelta(days=WEEK)
    entering = and_(Placement.entered_on.is_(None), Placement.planned_on <= horizon)
    leaving = and_(Placement.entered_on.is_not(None), Placement.exited_on.is_(None), Placement.ends_on <= horizon)
    statement = (
        visible_placements(identity)
        .where(
            Placement.place_owner_org_id == identity.case_org_id,
            Placement.cancelled_at.is_(None),
            or_(entering, leaving),
        )
        .join(Place, Place.id == Placement.place_id)
        .outerjoin(Household, Household.id == Placement.household_id)
        .outerjoin(HouseholdIdentity, HouseholdIdentity.household_id == Placement.household_id)
        .add_columns(Place, Household, HouseholdIdentity.name.label("name"))
    )
    rows = db.execute(
        statement.order_by(func.coalesce(Placement.ends_on, Placement.planned_on), Placement.id).limit(MOVES)
    )
    return sorted((_move(row, today) for row in rows), key=lambda move: move.day)


def _move(row: Any, today: date) -> Move:
    stay, h = row.Placement, row.Household
    is_entry = stay.entered_on is None
    day = stay.planned_on if is_entry else stay.ends_on
    number = h.number if h is not None else ""
    return Move(
        day, is_entry, stay, row.Place, row.name or (h.initials if h is not None else "Ménage"), number, day < today
    )
