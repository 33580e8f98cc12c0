"""Who is where. The database itself refuses that two occupancies cross on one place; here a conflict becomes one sentence."""

from __future__ import annotations

from datetime import date, datetime

from psycopg.errors import CheckViolation, ExclusionViolation
from sqlalchemy import bindparam, func, select, text
from sqlalchemy.dialects.postgresql import DATERANGE, Range
from sqlalchemy.exc import IntegrityError

from odis_app.audit.operations import record_event
from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.core.identity import Identity
from odis_app.core.ids import new_public_id
from odis_app.housing.enums import OccupancyKind
from odis_app.housing.models import Occupancy, Place

TAKEN = "Cette place est déjà prise sur ces dates. Choisissez d’autres dates ou une autre place."
TOO_SMALL = "Ce ménage compte plus de personnes que la place n’en accueille. Choisissez une place plus grande."
K = OccupancyKind
_BOOK = text("SELECT odis.book_place(:place, :days, :until, :subject, :household, :public_id)").bindparams(
    bindparam("days", type_=DATERANGE)
)


def reserve(
    identity: Identity,
    *,
    place: Place,
    household_record_id: int,
    starts_on: date,
    ends_on: date | None,
    expires_at: datetime,
    subject: str,
) -> Occupancy:
    """Hold a place for a household of one's own from ``starts_on`` to the day before ``ends_on`` (None: open) until ``expires_at``.

    ``subject`` is the public id of the orientation. Raises RuleError: TAKEN when the place is taken on one of these days, TOO_SMALL.
    """
    if expires_at <= clock.now():
        raise RuleError("expires_at", "L’échéance de la réservation doit être à venir.")
    if place.closed_on is not None and place.closed_on <= starts_on:
        raise RuleError("", "Cette place est fermée à cette date. Choisissez une autre place.")
    _make_room(place, starts_on, ends_on)
    given = {
        "place": place.id,
        "days": _days(starts_on, ends_on),
        "until": expires_at,
        "subject": subject,
        "household": household_record_id,
    }
    with _no_crossing():
        booked = db.execute(_BOOK, {**given, "public_id": new_public_id()}).scalar_one()
    record_event(
        identity, "place:reserve", record_id=place.record_id, summary="Place réservée", data={"place": place.public_id}
    )
    return db.get_one(Occupancy, booked)


def start_stay(identity: Identity, *, occupancy: Occupancy, starts_on: date, ends_on: date | None = None) -> None:
    """A standing reservation becomes a stay: both agreed. By the organisation of the place. Raises RuleError."""
    lock(occupancy.place_id)
    db.refresh(occupancy)
    if occupancy.released_at is not None or (
        occupancy.kind == K.RESERVATION.value
        and occupancy.expires_at is not None
        and occupancy.expires_at <= clock.now()
    ):
        raise RuleError(
            "", "Cette réservation est échue : la place a été rendue. Réservez-la de nouveau si elle est libre."
        )
    with _no_crossing():
        occupancy.kind, occupancy.expires_at, occupancy.during = K.STAY.value, None, _days(starts_on, ends_on)
        db.flush()
    _touch(identity, occupancy.place_id)
    record_event(
        identity,
        "place:stay",
        record_id=_record_of(occupancy),
        summary="Séjour enregistré",
        data={"occupancy": occupancy.public_id},
    )


def end_stay(identity: Identity, *, occupancy: Occupancy, ended_on: date) -> None:
    """The place is free from ``ended_on`` on; a stay that never began is released. Refreshes the place. Raises RuleError."""
    lock(occupancy.place_id)
    if ended_on <= (occupancy.during.lower or ended_on):
        occupancy.released_at = clock.now()
    else:
        with _no_crossing():
            occupancy.during = _days(occupancy.during.lower, ended_on)
            db.flush()
    _touch(identity, occupancy.place_id)
    record_event(
        identity,
        "place:end_stay",
        record_id=_record_of(occupancy),
        summary="Fin de séjour",
        data={"occupancy": occupancy.public_id},
    )


def release(identity: Identity, *, occupancy: Occupancy) -> None:
    """Give the place back at once: a refusal, a change of mind."""
    occupancy.released_at = clock.now()
    db.flush()
    record_event(
        identity,
        "place:release",
        record_id=_record_of(occupancy),
        summary="Place rendue",
        data={"occupancy": occupancy.public_id},
    )


def take(
    place: Place,
    kind: OccupancyKind,
    starts_on: date,
    ends_on: date | None,
    *,
    motif: str = "",
) -> Occupancy:
    """What the organisation of the place declares itself, of nobody followed here. Raises RuleError."""
    _make_room(place, starts_on, ends_on)
    occupancy = Occupancy(
        place_id=place.id, owner_org_id=place.owner_org_id, department_code=place.department_code, during=_days(starts_on, ends_on), kind=kind.value,
        motif=motif, created_at=clock.now(),
    )  # fmt: skip
    with _no_crossing():
        db.add(occupancy)
        db.flush()
    return occupancy


def _make_room(place: Place, starts_on: date, ends_on: date | None) -> None:
    """Take the place's lock and free what has expired. Raises RuleError."""
    if ends_on is not None and ends_on <= starts_on:
        raise RuleError("ends_on", "La fin doit être après le début.")
    lock(place.id)
    db.execute(text("SELECT odis.release_expired(:place)"), {"place": place.id})


def lock(place_id: int) -> None:
    """One writer at a time on a place until the end of the transaction: two that cross would wait for each other otherwise."""
    db.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"place:{place_id}", 0))))


class _no_crossing:  # noqa: N801 - used as a statement
    """A savepoint that turns the database's refusals into neutral sentences."""

    def __enter__(self) -> None:
        self._savepoint = db.begin_nested()

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is None:
            self._savepoint.commit()
            return
        self._savepoint.rollback()
        if isinstance(error, IntegrityError) and isinstance(error.orig, ExclusionViolation):
            raise RuleError("", TAKEN) from None
        if isinstance(error, IntegrityError) and isinstance(error.orig, CheckViolation):
            raise RuleError("", TOO_SMALL) from None


def _days(starts_on: date | None, ends_on: date | None) -> Range[date]:
    return Range(starts_on, ends_on, bounds="[)")


def _record_of(occupancy: Occupancy) -> int:
    return int(db.execute(select(Place.record_id).where(Place.id == occupancy.place_id)).scalar_one())


def _touch(identity: Identity, place_id: int) -> None:
    """A confirmed entry or exit is news of the place: its organisation need not say it again."""
    place = db.get(Place, place_id)
    if place is not None and place.owner_org_id == identity.org_id:
        place.confirmed_at, place.confirmed_by_label = clock.now(), identity.name
    db.flush()
