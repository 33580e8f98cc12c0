"""The places that a person may match, as the engine's columns; kept between requests until one of them changes.

What is kept was read under the walls of one organisation and one set of mandates, and is given back to these alone. Every
change of a place or of its occupancies leaves its transaction's number in ``place_changes``: what was loaded is stale as
soon as a number not older than the oldest transaction then running appears, so that no commit is ever missed.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from threading import Lock
from typing import Any

import numpy as np
from sqlalchemy import Select, func, or_, select, text

from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.identity import Identity
from odis_app.core.text import fold
from odis_app.housing.models import Occupancy, Place
from odis_app.housing.policy import visible_places
from odis_app.matching.engine.facts import BoolArray, Offers
from odis_app.organisations.queries import mandates_of

KEPT = 16  # perimeters; a place weighs about 1 kB
NEVER = date(9999, 12, 31)
# From the end of the index. Compared with the floor in the statement, it would read the whole table as soon as the driver prepares it.
LAST_CHANGE = "SELECT c.changed_by::text FROM place_changes c ORDER BY c.changed_by DESC LIMIT 1"
_SAFETY = (
    "is_own",
    "department_code",
    "dispositif_id",
    "hosts_women_only",
    "women_only_certified",
    "specialised_fvv_teh",
)
_COLUMNS = (
    "kind", "capacity", "bedrooms", "max_minors", "available_to", "wheelchair", "ground_floor_or_lift", "hosts_women_only", "accepts_animals",
    "animals_present", "smoking_allowed", "accepts_minors", "specialised_fvv_teh", "women_only_certified", "rent", "accepted_statuses", "languages",
    "employment_area", "validated_until", "renewable", "min_child_age",
)  # fmt: skip

_READ = (
    "id", "public_id", "record_id", "department_code", "dispositif_id", "orientation_authority", "available_from", "busy_until", "busy_for_ever",
    "next_expiry", "is_own", "max_stay_days", "accepted_compositions", *_COLUMNS,
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class SafetyProfiles:
    """What the safety rules may read of a place takes few forms: ``of`` gives each place its own, ``samples`` one place's key for each.

    The rules stay in the database (security.md 1): they judge the samples, and what holds of one holds of its likes.
    """

    of: np.ndarray[Any, np.dtype[np.int64]]
    samples: np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True, slots=True, eq=False)
class Supply:
    """Places as columns, in the order of their ids. ``ids`` are keys; ``is_ours``: the organisation that reads decides who enters (H20)."""

    offers: Offers
    ids: np.ndarray[Any, np.dtype[np.int64]]
    record_ids: np.ndarray[Any, np.dtype[np.int64]]
    dispositifs: np.ndarray[Any, np.dtype[np.int64]]
    is_ours: BoolArray
    safety: SafetyProfiles
    loaded_at: datetime
    floor: int
    valid_until: datetime | None


Mandates = frozenset[tuple[str, int]]  # (département, dispositif)
Key = tuple[int | None, Mandates, date]
_kept: OrderedDict[Key, Supply] = OrderedDict()
_lock = Lock()


def supply(identity: Identity) -> Supply:
    """Every open place that the identity may match today."""
    mandates = mandates_of(identity.case_org_id)
    key = (identity.org_id, mandates, clock.today())
    with _lock:
        known = _kept.get(key)
    if known is not None and _is_fresh(known):
        return known
    loaded = _load(identity, mandates)
    with _lock:
        _kept[key] = loaded
        _kept.move_to_end(key)
        while len(_kept) > KEPT:
            _kept.popitem(last=False)
    return loaded


def forget() -> None:
    """Drop everything kept (tests, another database)."""
    with _lock:
        _kept.clear()


@lru_cache(maxsize=4096)
def area_key(name: str) -> str:
    """Employment areas are written by hand (their base is not loaded): « Nantes » and « NANTES » are one."""
    return fold(name).title()


def _is_fresh(known: Supply) -> bool:
    if known.valid_until is not None and known.valid_until <= clock.now():
        return False
    last = db.execute(text(LAST_CHANGE)).scalar()
    return last is None or int(last) < known.floor


def _load(identity: Identity, mandates: Mandates) -> Supply:
    floor = int(db.execute(text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text")).scalar_one())
    rows = db.execute(_statement(identity)).all()
    found = dict(zip(_READ, zip(*rows, strict=True), strict=True)) if rows else dict.fromkeys(_READ, ())
    columns: dict[str, Any] = {name: found[name] for name in _COLUMNS}
    columns["id"], columns["department"] = found["public_id"], found["department_code"]
    columns["max_days"], columns["compositions"] = found["max_stay_days"], found["accepted_compositions"]
    columns["employment_area"] = [area and area_key(area) for area in columns["employment_area"]]
    columns["available_from"] = [
        _free_from(*days)
        for days in zip(found["available_from"], found["busy_until"], found["busy_for_ever"], strict=True)
    ]
    ids = np.array(found["id"], dtype=np.int64)
    return Supply(
        offers=Offers.from_columns(columns),
        ids=ids,
        record_ids=np.array(found["record_id"], dtype=np.int64),
        dispositifs=np.array(found["dispositif_id"], dtype=np.int64),
        is_ours=_ours(found, mandates),
        safety=_safety_profiles(ids, list(zip(*(found[name] for name in _SAFETY), strict=True))),
        loaded_at=clock.now(),
        floor=floor,
        valid_until=min((day for day in found["next_expiry"] if day is not None), default=None),
    )


def _ours(found: dict[str, Any], mandates: Mandates) -> BoolArray:
    """One's own places, and those for whose département and dispositif one is mandated, where the mandated association decides."""
    names = ("orientation_authority", "is_own", "department_code", "dispositif_id")
    ours = [
        authority == "association_mandatee" and (own or (code, scheme) in mandates)
        for authority, own, code, scheme in zip(*(found[name] for name in names), strict=True)
    ]
    return np.array(ours, dtype=np.bool_)


def _safety_profiles(ids: np.ndarray[Any, np.dtype[np.int64]], forms: list[tuple[Any, ...]]) -> SafetyProfiles:
    numbers: dict[tuple[Any, ...], int] = {}
    of = np.array([numbers.setdefault(form, len(numbers)) for form in forms], dtype=np.int64)
    _, first = np.unique(of, return_index=True)
    return SafetyProfiles(of=of, samples=ids[first])


def _free_from(opens: date | None, busy_until: date | None, for_ever: bool | None) -> date | None:
    """The first day on which the place may be taken for good: after its opening and its last occupancy."""
    if for_ever:
        return NEVER
    return max((day for day in (opens, busy_until) if day is not None), default=None)


def _statement(identity: Identity) -> Select[Any]:
    today, now = clock.today(), clock.now()
    standing = Occupancy.released_at.is_(None) & or_(Occupancy.expires_at.is_(None), Occupancy.expires_at > now)
    busy = (
        select(
            Occupancy.place_id,
            func.max(func.upper(Occupancy.during)).label("until"),
            func.bool_or(func.upper_inf(Occupancy.during)).label("for_ever"),
            func.min(Occupancy.expires_at).label("next_expiry"),
        )
        .where(standing)
        .group_by(Occupancy.place_id)
        .subquery()
    )
    opens = func.greatest(Place.available_from, Place.opened_on).label("available_from")
    visible = visible_places(identity).with_only_columns(
        Place.id, Place.public_id, Place.record_id, Place.department_code, Place.dispositif_id, Place.orientation_authority, opens,
        busy.c.until.label("busy_until"), busy.c.for_ever.label("busy_for_ever"), busy.c.next_expiry.label("next_expiry"),
        (Place.owner_org_id == identity.org_id).label("is_own"), Place.max_stay_days, Place.accepted_compositions,
        *(getattr(Place, name) for name in _COLUMNS),
    )  # fmt: skip
    open_places = or_(Place.closed_on.is_(None), Place.closed_on > today)
    return visible.outerjoin(busy, busy.c.place_id == Place.id).where(open_places).order_by(Place.id)
