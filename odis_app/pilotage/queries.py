"""The figures of a département, under the identity of who asks: its service of the State, or an association on its own files.

Files are counted from ``household_tracking`` (stage, size and dates of each file, no name), places from ``housing``; stays and
proposals in ``movements``. Whoever reads or follows each file is given exact figures; what no row tells a service of the State (why a
household left, where it went, what became of proposals) comes from ``secrecy``, over a calendar period that is over.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Date, Select, and_, case, cast, func, literal, or_, select, text, true

from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.identity import Identity
from odis_app.households.enums import HouseholdStatus
from odis_app.households.models import HouseholdTracking as T
from odis_app.households.policy import STEERING, visible_tracking
from odis_app.housing.enums import OccupancyKind
from odis_app.housing.models import Occupancy, Place
from odis_app.housing.policy import visible_places
from odis_app.housing.queries.places import STALE_DAYS
from odis_app.organisations.models import Dispositif, Mandate, Organisation
from odis_app.pilotage.figures import (
    Count,
    Delay,
    DelayFigures,
    DepartmentFigures,
    FileFigures,
    Group,
    Manager,
    Mandated,
    PlaceFigures,
)
from odis_app.pilotage.movements import movement_figures, territory_figures
from odis_app.pilotage.period import Period

WAITING_STAGES = (
    HouseholdStatus.BROUILLON,
    HouseholdStatus.COMPLET,
    HouseholdStatus.A_ORIENTER,
    HouseholdStatus.ORIENTATION_EN_COURS,
)
WAITING_BOUNDS = ((30, "moins_de_31"), (90, "de_31_a_90"), (180, "de_91_a_180"))
WAITING_MORE = "plus_de_180"
WAITING_KEYS = (*(name for _, name in WAITING_BOUNDS), WAITING_MORE)
DELAYS = {  # name: (from, to); counted in the period where it ends
    "first_proposal": (T.seniority_date, T.first_proposed_on),
    "proposal_to_entry": (T.first_proposed_on, T.entered_on),
    "entry": (T.seniority_date, T.entered_on),
}


def steers(identity: Identity, department: str) -> bool:
    """Whether the identity counts the whole département, and not only its organisation's files."""
    return identity.org_kind in STEERING and department in identity.departments


def department_figures(identity: Identity, department: str, period: Period) -> DepartmentFigures:
    """All the figures, in about twelve statements. Raises PermissionError outside of one's départements."""
    if identity.case_org_id is None or department not in identity.departments:
        raise PermissionError(f"figures of {department}")
    whole = steers(identity, department)
    return DepartmentFigures(
        department=department,
        whole_territory=whole,
        organisation=identity.org_name,
        period=period,
        computed_at=clock.now(),
        files=file_figures(identity, department, period),
        delays=delay_figures(identity, department, period),
        movements=territory_figures(department, period) if whole else movement_figures(department, period),
        places=place_figures(identity, department, min(period.until, clock.today())),
        mandated=mandated(identity, department) if whole else [],
    )


def _files(identity: Identity, department: str) -> Select[Any]:
    files = visible_tracking(identity).where(T.department_code == department)
    return files if steers(identity, department) else files.where(T.owner_org_id == identity.case_org_id)


def _within(column: Any, period: Period) -> ColumnElement[bool]:
    found: ColumnElement[bool] = column.between(period.since, period.until)
    return found


# ── Files ───────────────────────────────────────────────────────────────────


def file_figures(identity: Identity, department: str, period: Period) -> FileFigures:
    """Stages, schemes and waiting times today; files opened and signalled during the period."""
    files = _files(identity, department)
    stages = _counted(files, T.status)
    days = literal(clock.today(), Date()) - T.seniority_date
    bound = case(*((days <= limit, name) for limit, name in WAITING_BOUNDS), else_=WAITING_MORE)
    dispositif = select(Dispositif.label).where(Dispositif.id == T.dispositif_id).scalar_subquery()
    signalled = func.timezone("Europe/Paris", T.signalled_at)
    return FileFigures(
        stages=Group.of({s.value: stages.get(s.value, Count()) for s in HouseholdStatus}),
        dispositifs=Group.of(
            _counted(
                files.where(T.status.not_in((HouseholdStatus.SORTI.value, HouseholdStatus.ARCHIVE.value))), dispositif
            )
        ),
        waiting=Group.of(
            {
                **dict.fromkeys(WAITING_KEYS, Count()),
                **_counted(files.where(T.status.in_([s.value for s in WAITING_STAGES])), bound),
            }
        ),
        opened=_one(files.where(_within(T.seniority_date, period))),
        opened_before=_one(files.where(_within(T.seniority_date, period.previous))),
        signalled=_one(files.where(_within(cast(signalled, Date), period))).households or 0,
    )


def _counted(files: Select[Any], key: Any) -> dict[str, Count]:
    rows = db.execute(
        files.with_only_columns(key.label("key"), func.count(), func.coalesce(func.sum(T.size), 0))
        .group_by(text("key"))
        .order_by(text("key"))
    )
    return {name: Count(households, people) for name, households, people in rows}


def _one(files: Select[Any]) -> Count:
    row = db.execute(files.with_only_columns(func.count(), func.coalesce(func.sum(T.size), 0))).one()
    return Count(row[0], row[1])


# ── Delays ──────────────────────────────────────────────────────────────────


def delay_figures(identity: Identity, department: str, period: Period) -> DelayFigures:
    """Medians of the period, of the one before, and of the first proposal for each of twelve months."""
    files = _files(identity, department)
    start, end = DELAYS["first_proposal"]
    month = func.date_trunc("month", end)
    months = period.year_of_months
    year = files.where(end.between(months[0].since, months[-1].until))
    rows = db.execute(year.with_only_columns(cast(month, Date), *_delay_columns(start, end)).group_by(month)).all()
    known = {row[0]: _delay(row[1:]) for row in rows}
    return DelayFigures(
        now=_delays(files, period),
        before=_delays(files, period.previous),
        months=[(m, known.get(m.since, Delay(None, 0))) for m in months],
    )


def _delays(files: Select[Any], period: Period) -> dict[str, Delay]:
    return {
        name: _delay(db.execute(files.where(_within(end, period)).with_only_columns(*_delay_columns(start, end))).one())
        for name, (start, end) in DELAYS.items()
    }


def _delay_columns(start: Any, end: Any) -> tuple[Any, ...]:
    ordered = and_(start.is_not(None), end >= start)
    median = func.percentile_cont(0.5).within_group(end - start).filter(ordered)
    return median, func.count().filter(ordered), func.count().filter(and_(start.is_not(None), end < start))


def _delay(row: Sequence[Any]) -> Delay:
    return Delay(None if row[0] is None else float(row[0]), row[1], row[2])


# ── Places ──────────────────────────────────────────────────────────────────


def place_figures(identity: Identity, department: str, day: date) -> PlaceFigures:
    """The places open on ``day``, by manager and by state; freshness is that of now."""
    state, fresh = _states(day), Place.confirmed_at >= clock.now() - timedelta(days=STALE_DAYS)
    opened = and_(Place.opened_on <= day, or_(Place.closed_on.is_(None), Place.closed_on > day))
    places = visible_places(identity).where(Place.department_code == department, opened).join(state, true())
    kind = case(
        (state.c.kind.is_not(None), state.c.kind), (state.c.is_booked, OccupancyKind.RESERVATION.value), else_=""
    )
    columns = (func.count(), func.sum(Place.capacity), func.count().filter(fresh), func.max(Place.confirmed_at))
    grouped = places.with_only_columns(
        Place.owner_org_id, kind.label("taken"), func.coalesce(state.c.motif, "").label("because"), *columns
    )
    rows = db.execute(grouped.group_by(Place.owner_org_id, text("taken"), text("because"))).all()
    names = {o.id: o.name for o in db.scalars(select(Organisation).where(Organisation.id.in_({r[0] for r in rows})))}
    motifs: dict[str, int] = {}
    for r in rows:
        if r.taken == OccupancyKind.UNAVAILABLE.value:
            motifs[r.because] = motifs.get(r.because, 0) + r[3]
    managers = [
        _manager(names.get(org, "Organisation"), [r for r in rows if r[0] == org]) for org in {r[0] for r in rows}
    ]
    return PlaceFigures(day, STALE_DAYS, sorted(managers, key=lambda m: (-m.open, m.organisation)), motifs)


def _states(day: date) -> Any:
    """What takes each place on ``day``: one line per place. An end recorded since then does not change what that day was."""
    instant = min(datetime.combine(day, time.max, clock.PARIS), clock.now())
    standing = and_(
        or_(Occupancy.released_at.is_(None), Occupancy.released_at > instant),
        or_(Occupancy.kind != OccupancyKind.RESERVATION.value, Occupancy.expires_at > instant),
    )
    now = Occupancy.during.contains(literal(day, Date()))
    later = and_(
        func.lower(Occupancy.during) > day,
        Occupancy.kind != OccupancyKind.UNAVAILABLE.value,
        Occupancy.created_at <= instant,
    )
    return (
        select(
            func.max(Occupancy.kind).filter(now).label("kind"),  # unavailable, then stay, then reservation
            func.max(Occupancy.motif).filter(now).label("motif"),
            func.coalesce(func.bool_or(later), literal(False)).label("is_booked"),
        )
        .where(Occupancy.place_id == Place.id, standing)
        .lateral("state")
    )


def _manager(name: str, rows: Sequence[Any]) -> Manager:
    by_kind = {kind: sum(r[3] for r in rows if r.taken == kind) for kind in {r.taken for r in rows}}
    return Manager(
        organisation=name,
        open=sum(r[3] for r in rows),
        capacity=sum(r[4] for r in rows),
        occupied=by_kind.get(OccupancyKind.STAY.value, 0),
        reserved=by_kind.get(OccupancyKind.RESERVATION.value, 0),
        vacant=by_kind.get("", 0),
        unavailable=by_kind.get(OccupancyKind.UNAVAILABLE.value, 0),
        confirmed=sum(r[5] for r in rows),
        last_heard=max((r[6] for r in rows if r[6]), default=None),
    )


def mandated(identity: Identity, department: str) -> list[Mandated]:
    """The associations mandated today in the département or that follow files here, and how many; none is silent."""
    today = clock.today()
    ids = select(Mandate.organisation_id).where(
        Mandate.department_code == department,
        Mandate.starts_on <= today,
        or_(Mandate.ends_on.is_(None), Mandate.ends_on >= today),
    )
    files: dict[int, int] = {
        row[0]: row[1]
        for row in db.execute(
            _files(identity, department).with_only_columns(T.owner_org_id, func.count()).group_by(T.owner_org_id)
        )
    }
    found = db.scalars(
        select(Organisation)
        .where(or_(Organisation.id.in_(ids), Organisation.id.in_(list(files))))
        .order_by(Organisation.folded)
    )
    return [Mandated(o.name, files.get(o.id, 0)) for o in found]
