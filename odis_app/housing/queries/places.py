"""Places, their state computed in the same statement, and their calendar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, cast, false, func, literal, or_, select, true
from sqlalchemy.dialects.postgresql import DATE
from sqlalchemy.types import Date
from werkzeug.datastructures import MultiDict

from odis_app.access import keys
from odis_app.core import clock
from odis_app.core.db import among, db
from odis_app.core.identity import Identity
from odis_app.core.text import fold
from odis_app.core.web import Page, paginate
from odis_app.housing import policy
from odis_app.housing.enums import OccupancyKind, PlaceState, UnavailabilityMotif
from odis_app.housing.models import PLACE_LABEL, Occupancy, OccupancyHousehold, Place, PlaceAddress
from odis_app.structures.models import Structure
from odis_app.structures.policy import housing_org
from odis_app.structures.queries import names_of
from odis_app.territories.models import Commune

HALF_DAYS, STALE_DAYS = 7, 14
SOON_DAYS = 30
PER_PAGE = 50
OPEN = "ouverte"
VIEWS = (("a_confirmer", "À confirmer"), ("libres", "Libres"), ("bientot", "Bientôt libres"), ("toutes", "Toutes"))


@dataclass(frozen=True, slots=True)
class PlaceFilter:
    """What a list is narrowed by. ``scope``: « mes » (one's own, for the thumb) or « territoire »."""

    scope: str = "mes"
    view: str = "toutes"
    q: str = ""
    department: str = ""
    kind: str = ""
    state: str = ""
    capacity: str = ""
    order: str = ""

    @property
    def is_a_view(self) -> bool:
        """Nothing narrows it but the scope and the view: ``place_counts`` knows how many there are."""
        return not (self.q.strip() or self.department or self.kind or self.state or self.capacity)

    @property
    def judges_states(self) -> bool:
        """Which places are listed, or in which order, depends on what is taken on each."""
        return bool(self.state) or self.view in {"libres", "bientot"} or self.order in {"libre", "-libre"}


def place_filter(identity: Identity, args: MultiDict[str, str]) -> PlaceFilter:
    """What the address of a list asks for: one's own places first for who runs some."""
    given = args.get
    default = "mes" if identity.can(policy.PLACE_CREATE) or given("vue") == "a_confirmer" else "territoire"
    scope = given("perimetre", default)
    return PlaceFilter(
        scope=scope if scope in {"mes", "territoire"} else default,
        view=given("vue", "toutes"), q=given("q", "").strip()[:100], department=given("departement", ""), kind=given("genre", ""), state=given("etat", ""),
        capacity=given("capacite", ""), order=given("tri", ""),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Today:
    """What is taken on each place, joined by ``its``, and what follows from it: built once for a statement, since building costs more than asking."""

    taken: Any
    its: ColumnElement[bool]
    state: ColumnElement[str]
    free_from: ColumnElement[date]


@dataclass(slots=True)
class PlaceRow:
    """One line: the place, its state today, until when, and from when it is free (None: not known)."""

    place: Place
    state: PlaceState
    motif: str
    until: date | None
    booked_from: date | None
    expires_at: datetime | None
    free_from: date | None
    label: str
    structure_id: int | None
    structure_name: str = ""
    is_own: bool = False

    @property
    def state_label(self) -> str:
        """« Indisponible : travaux », « Se libère le… » is written by the template."""
        told = self.motif and self.state is PlaceState.INDISPONIBLE
        return self.state.label + (f" : {UnavailabilityMotif.label_of(self.motif).lower()}" if told else "")


def _taken() -> Any:
    """What is taken from today on, of what is not released: one line once it is told for which place."""
    today = clock.today()
    now = Occupancy.during.contains(literal(today, Date()))
    later = and_(func.lower(Occupancy.during) > today, Occupancy.kind != OccupancyKind.UNAVAILABLE.value)
    standing = or_(Occupancy.kind != OccupancyKind.RESERVATION.value, Occupancy.expires_at > func.now())
    return select(
        func.max(Occupancy.kind).filter(now).label("kind"),
        func.max(Occupancy.motif).filter(now).label("motif"),
        func.max(func.upper(Occupancy.during)).filter(now).label("until"),
        func.min(Occupancy.expires_at).label("expires_at"),
        func.min(func.lower(Occupancy.during)).filter(later).label("booked_from"),
        func.coalesce(func.bool_or(Occupancy.kind == OccupancyKind.STAY.value).filter(later), false()).label("agreed"),
        func.coalesce(func.bool_or(func.upper_inf(Occupancy.during)), false()).label("forever"),
        func.max(func.upper(Occupancy.during)).label("taken_until"),
    ).where(Occupancy.released_at.is_(None), standing)


def _state(taken: Any) -> ColumnElement[str]:
    today, c = clock.today(), taken.c
    soon = c.until <= today + timedelta(days=SOON_DAYS)
    unavailable = c.kind == OccupancyKind.UNAVAILABLE.value
    repaired = and_(unavailable, c.motif == UnavailabilityMotif.REMISE_EN_ETAT.value)
    return case(
        (repaired, PlaceState.A_REMETTRE_EN_ETAT.value),
        (unavailable, PlaceState.INDISPONIBLE.value),
        (and_(c.kind == OccupancyKind.STAY.value, soon), PlaceState.EN_LIBERATION.value),
        (c.kind == OccupancyKind.STAY.value, PlaceState.OCCUPEE.value),
        (Place.closed_on <= today, PlaceState.FERMEE.value),
        (or_(Place.opened_on.is_(None), Place.opened_on > today), PlaceState.EN_CREATION.value),
        (and_(c.kind.is_(None), c.agreed), PlaceState.ATTRIBUEE.value),
        (or_(c.kind == OccupancyKind.RESERVATION.value, c.booked_from.is_not(None)), PlaceState.RESERVEE.value),
        else_=PlaceState.DISPONIBLE.value,
    )


def _free_from(taken: Any) -> ColumnElement[date]:
    """« Libre à partir du »: after everything that is taken; NULL when something has no known end."""
    free: ColumnElement[date] = case(
        (or_(taken.c.forever, Place.closed_on <= clock.today()), None),
        else_=func.greatest(taken.c.taken_until, Place.available_from, Place.opened_on, cast(clock.today(), DATE)),
    )
    return free


def _today(*, of_all: bool = False) -> _Today:
    """Asked place by place, from the index, for a few of them; in one pass when ``of_all`` those of a territory are judged."""
    return _on(clock.today(), of_all)


@lru_cache(maxsize=4)
def _on(_day: date, of_all: bool) -> _Today:
    if of_all:
        taken: Any = _taken().add_columns(Occupancy.place_id).group_by(Occupancy.place_id).subquery("taken")
        return _Today(taken, taken.c.place_id == Place.id, _state(taken), _free_from(taken))
    taken = _taken().where(Occupancy.place_id == Place.id).lateral("taken")
    return _Today(taken, true(), _state(taken), _free_from(taken))


def _rows(identity: Identity, today: _Today, *conditions: ColumnElement[bool]) -> Select[Any]:
    c = today.taken.c
    visible = policy.visible_places(identity).select_from(Place).where(*conditions).join(today.taken, literal(True))
    aside = policy.visible_place_addresses(identity).subquery()
    secret = and_(aside.c.place_id == Place.id, Place.location_secret)
    return visible.outerjoin(aside, secret).add_columns(
        today.state.label("state"), c.motif, c.until, c.booked_from, c.expires_at, today.free_from.label("free_from"), aside.c.label_sealed,
        func.coalesce(Place.structure_id, aside.c.structure_id).label("structure_id"),
    )  # fmt: skip


def _made(identity: Identity, rows: Sequence[Any]) -> list[PlaceRow]:
    """The label of a secret place is opened where the wall lets its address through; the keys of all come in one statement."""
    keys.load(r.Place.record_id for r in rows if r.label_sealed)
    label, org = PlaceAddress.label.opened, housing_org(identity)
    names = names_of(identity, [r.structure_id for r in rows if r.structure_id])
    return [
        PlaceRow(
            r.Place, PlaceState(r.state), r.motif or "", r.until, r.booked_from, r.expires_at, r.free_from,
            label(r.Place.record_id, r.Place.id, r.label_sealed) or r.Place.title,
            r.structure_id, names.get(r.structure_id, ""), r.Place.owner_org_id == org,
        )
        for r in rows
    ]  # fmt: skip


def is_stale() -> ColumnElement[bool]:
    """Not confirmed for more than two weeks, and open today: neither still being created nor closed."""
    today, limit = clock.today(), clock.now() - timedelta(days=STALE_DAYS)
    opened = and_(Place.opened_on <= today, or_(Place.closed_on.is_(None), Place.closed_on > today))
    return and_(Place.confirmed_at < limit, opened)


def _view(view: str, today: _Today) -> list[ColumnElement[bool]]:
    if view == "a_confirmer":
        return [is_stale()]
    if view == "libres":
        return [today.state == PlaceState.DISPONIBLE.value]
    if view != "bientot":
        return []
    day, free = clock.today(), today.free_from
    soon = and_(free > day, free <= day + timedelta(days=SOON_DAYS))
    return [today.state.not_in((PlaceState.DISPONIBLE.value, PlaceState.FERMEE.value)), soon]


def _conditions(identity: Identity, filters: PlaceFilter) -> list[ColumnElement[bool]]:
    org = housing_org(identity)
    found: list[ColumnElement[bool]] = []
    if filters.scope == "mes":
        found.append(Place.owner_org_id == org if org else false())
    if filters.department:
        found.append(Place.department_code == filters.department)
    if filters.kind:
        found.append(Place.kind == filters.kind)
    if filters.capacity.isdecimal() and len(filters.capacity) < 4:
        found.append(Place.capacity >= int(filters.capacity))
    if filters.q.strip():
        found.append(_search(identity, filters.q.strip()))
    return found


def _search(identity: Identity, q: str) -> ColumnElement[bool]:
    """By number, label, structure or commune; one's own secret places by the words that begin those of their label."""
    like = f"%{q.replace('%', '').replace('_', '')}%"
    communes = select(Commune.code).where(Commune.name_folded.like(f"{fold(q)}%"))
    structures = select(Structure.id).where(Structure.name.ilike(like))
    return or_(
        Place.number.ilike(like), Place.label.ilike(like), _called(identity, q),
        Place.commune_code.in_(communes), Place.structure_id.in_(structures), among(Place.id, _aside(identity, structures)),
    )  # fmt: skip


def of_structure(identity: Identity, structure: Structure) -> ColumnElement[bool]:
    """The places of a structure; its secret ones for those who read their address, unless it is secret itself."""
    return or_(Place.structure_id == structure.id, among(Place.id, _aside(identity, [structure.id])))


def _aside(identity: Identity, structures: Select[int] | list[int]) -> Select[int]:
    addresses = policy.visible_place_addresses(identity).where(PlaceAddress.structure_id.in_(structures))
    return addresses.with_only_columns(PlaceAddress.place_id)


def _called(identity: Identity, q: str) -> ColumnElement[bool]:
    org = housing_org(identity)
    sought = keys.sought_indexes(q, org_id=org, column=PLACE_LABEL) if org else []
    named = select(PlaceAddress.place_id).where(
        PlaceAddress.owner_org_id == org, PlaceAddress.label_index.contains(sought)
    )
    return Place.id.in_(named) if sought else false()


def list_places(
    identity: Identity, filters: PlaceFilter, *, number: int, counts: dict[str, int] | None = None
) -> Page[PlaceRow]:
    """One page in the order asked, each with its state; structures' names come in one more statement.

    ``counts``: what ``place_counts`` answered for the same scope, so that a bare view is not counted twice.
    """
    total = counts.get(filters.view) if counts and filters.is_a_view else None
    chosen = filtered_places(identity, filters).with_only_columns(Place.id)
    page = paginate(chosen, number=number, per_page=PER_PAGE, total=total)
    rows = rows_of(identity, page.items)
    return Page([rows[i] for i in page.items], page.number, page.per_page, page.total)


def filtered_places(identity: Identity, filters: PlaceFilter) -> Select[Place]:
    """The visible places that match the filters, in the order asked; their states are judged only where the filters or the order need them."""
    narrowed = policy.visible_places(identity).where(*_conditions(identity, filters))
    if not filters.judges_states:
        stale = [is_stale()] if filters.view == "a_confirmer" else []
        return narrowed.where(*stale).order_by(*_order(filters.order))
    today = _today(of_all=filters.scope == "territoire")
    judged = narrowed.outerjoin(today.taken, today.its).where(*_view(filters.view, today))
    if filters.state:
        judged = judged.where(today.state.in_(_states(filters.state)))
    return judged.order_by(*_order(filters.order, today.free_from))


def rows_of(identity: Identity, ids: Sequence[int]) -> dict[int, PlaceRow]:
    """The lines of the visible places among ``ids``, by key."""
    found = _made(identity, db.execute(_rows(identity, _today(), Place.id.in_(ids))).all())
    return {row.place.id: row for row in found}


def _order(order: str, free_from: ColumnElement[date] | None = None) -> tuple[Any, ...]:
    """The keys of ``?tri=``; « - » turns the order round. The longest without news come first unless told otherwise."""
    if free_from is not None and order in {"libre", "-libre"}:
        return (free_from.asc() if order == "libre" else free_from.desc()).nulls_last(), Place.id
    orders: dict[str, tuple[Any, ...]] = {
        "numero": (Place.number, Place.id),
        "-numero": (Place.number.desc(), Place.id),
        "personnes": (Place.capacity, Place.id),
        "-personnes": (Place.capacity.desc(), Place.id),
        "-nouvelle": (Place.confirmed_at.desc(), Place.id),
    }
    return orders.get(order, (Place.confirmed_at, Place.id))


def _states(state: str) -> tuple[str, ...]:
    """A place about to be free is still occupied, one that is promised is reserved, as the figures of a département count them."""
    if state == OPEN:
        return tuple(s.value for s in PlaceState if s not in {PlaceState.EN_CREATION, PlaceState.FERMEE})
    with_it = {
        PlaceState.OCCUPEE.value: PlaceState.EN_LIBERATION,
        PlaceState.RESERVEE.value: PlaceState.ATTRIBUEE,
        PlaceState.INDISPONIBLE.value: PlaceState.A_REMETTRE_EN_ETAT,
    }.get(state)
    return (state, with_it.value) if with_it else (state,)


def place_counts(identity: Identity, filters: PlaceFilter) -> dict[str, int]:
    """How many places each view holds, in one statement."""
    today = _today(of_all=filters.scope == "territoire")
    columns = [
        func.count().filter(and_(*_view(name, today))).label(name) if name != "toutes" else func.count().label(name)
        for name, _ in VIEWS
    ]
    conditions = _conditions(identity, PlaceFilter(scope=filters.scope))
    counted = policy.visible_places(identity).where(*conditions).outerjoin(today.taken, today.its)
    row = db.execute(counted.with_only_columns(*columns)).mappings().one()
    return {name: int(row[name]) for name, _ in VIEWS}


def place_row(identity: Identity, place: Place) -> PlaceRow:
    """The line of one visible place."""
    return _made(identity, db.execute(_rows(identity, _today(), Place.id == place.id)).all())[0]


def places_of_structure(
    identity: Identity, structure: Structure, *, limit: int
) -> tuple[list[PlaceRow], dict[PlaceState, tuple[int, int]]]:
    """The first visible places of a structure, by number, those that are closed last; and (places, people) of all of them by state."""
    today, theirs = _today(), of_structure(identity, structure)
    closed = today.state == PlaceState.FERMEE.value
    lines = db.execute(_rows(identity, today, theirs).order_by(closed, Place.number, Place.id).limit(limit)).all()
    mine = policy.visible_places(identity).where(theirs).outerjoin(today.taken, today.its)
    counted = mine.with_only_columns(today.state, func.count(), func.sum(Place.capacity)).group_by(today.state)
    return _made(identity, lines), {PlaceState(row[0]): (row[1], row[2]) for row in db.execute(counted)}


def stale_places(identity: Identity) -> Sequence[Place]:
    """One's own places not confirmed for more than two weeks."""
    statement = policy.visible_places(identity).where(Place.owner_org_id == housing_org(identity), is_stale())
    return db.execute(statement.order_by(Place.confirmed_at, Place.id)).scalars().all()


def occupancies_of(
    identity: Identity, place: Place, *, since: date | None = None, released: bool = False
) -> Sequence[Occupancy]:
    """Who is where on a place, by date; only what still stands unless ``released``. Expired reservations no longer stand."""
    statement = policy.visible_occupancies(identity).where(Occupancy.place_id == place.id)
    if not released:
        standing = or_(Occupancy.expires_at.is_(None), Occupancy.expires_at > func.now())
        statement = statement.where(Occupancy.released_at.is_(None), standing)
    if since is not None:
        statement = statement.where(or_(func.upper_inf(Occupancy.during), func.upper(Occupancy.during) > since))
    return db.execute(statement.order_by(func.lower(Occupancy.during), Occupancy.id)).scalars().all()


def households_of(identity: Identity, occupancies: Sequence[int]) -> dict[int, int]:
    """The record of the household by occupancy, for those that the person may follow to their place."""
    if not occupancies:
        return {}
    statement = policy.visible_occupancy_households(identity).where(OccupancyHousehold.occupancy_id.in_(occupancies))
    return {row.occupancy_id: row.household_record_id for row in db.execute(statement).scalars()}


def free_windows(occupancies: Sequence[Occupancy], start: date, end: date) -> list[tuple[date, date, Occupancy | None]]:
    """[start, end) cut into consecutive pieces (first day, day after the last, occupancy or None when free)."""
    pieces: list[tuple[date, date, Occupancy | None]] = []
    at = start
    for occupancy in occupancies:
        first, last = max(occupancy.during.lower or start, start), min(occupancy.during.upper or end, end)
        if last <= at or first >= end:
            continue
        if first > at:
            pieces.append((at, first, None))
        pieces.append((max(first, at), last, occupancy))
        at = last
    if at < end:
        pieces.append((at, end, None))
    return pieces
