"""Lines of the work list about households: offers to look for, answers awaited, papers, shares, silence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Date, Select, Text, and_, case, cast, func, literal, or_, select, union_all

from odis_app.access.models import Grant
from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.formats import heure, il_y_a, jour_court
from odis_app.core.identity import Identity
from odis_app.home.queries.work import SHOWN, WEEK, Found, Fresh, WorkItem, overflow
from odis_app.households.enums import HouseholdStatus, Priority
from odis_app.households.models import Household, HouseholdAdministrative, HouseholdIdentity, HouseholdRequest
from odis_app.households.policy import visible_households
from odis_app.households.queries import HALF_DAYS, STALE_DAYS, TITLE_DAYS
from odis_app.organisations.models import Organisation
from odis_app.placements.enums import EndKind
from odis_app.placements.models import Orientation
from odis_app.placements.policy import visible_orientations

URGENT = int(Priority.SANS_SOLUTION.value)
URGENT_DAYS, PROPOSE_DAYS, COMPLETE_DAYS = 3, 7, 7
"""A first offer is looked for as fast as it must then be answered: 72 hours when urgent, a week otherwise (practice §2.7)."""
SHARE_DAYS, LAPSED_DAYS = 7, 14
S = HouseholdStatus
CLOSED = (S.SORTI.value, S.ARCHIVE.value)


def own_files(identity: Identity, *, mine: bool) -> Select[Any]:
    """The files of one's organisation; ``mine``: those of which one is the referent."""
    statement = visible_households(identity).where(Household.owner_org_id == identity.case_org_id)
    return statement.where(Household.referent_user_id == identity.user_id) if mine else statement


def referent(mine: bool) -> dict[str, str]:
    """The same narrowing in the address of the list of households."""
    return {"referent": "moi"} if mine else {}


def fresh(household: Household) -> Fresh:
    """The freshness mark of a file."""
    return Fresh(household.reviewed_at, HALF_DAYS, STALE_DAYS, "relu")


def _due(
    kind: str,
    files: Select[Any],
    due: ColumnElement[date],
    *order: Any,
    day: Any = None,
    partner: Any = None,
) -> Select[Any]:
    """(kind, id, due, day, partner, total, late) of the lines due within a week, the first to be done before the others."""
    late = func.count().filter(due < clock.today()).over()
    columns = files.with_only_columns(
        literal(kind).label("kind"), Household.id, due.label("due"), cast(day, Date).label("day"), cast(partner, Text).label("partner"),
        func.count().over().label("total"), late.label("late"),
    )  # fmt: skip
    soon = columns.where(due <= clock.today() + timedelta(days=WEEK))
    return select(soon.order_by(*order, due, Household.id).limit(SHOWN).subquery())


def lines(identity: Identity, *, mine: bool) -> list[Found]:
    """The lines of every kind about one's files, in one statement."""
    kinds = (_to_orient, _shares, _titles, _to_complete, _silent)
    found = union_all(*(kind(own_files(identity, mine=mine)) for kind in kinds)).subquery()
    statement = (
        select(Household, HouseholdIdentity.name, *(c for c in found.c if c.key != "id"))
        .join(found, found.c.id == Household.id)
        .outerjoin(HouseholdIdentity, HouseholdIdentity.household_id == Household.id)
    )
    rows: dict[str, list[Any]] = {}
    for row in db.execute(statement):
        rows.setdefault(row.kind, []).append(row)
    return [
        _counted([line(row) for row in rows[kind]], rows[kind], sentence, "households.index", **listed(mine))
        for kind, (line, sentence, listed) in _KINDS.items()
        if kind in rows
    ]


def _counted(items: list[WorkItem], rows: Sequence[Any], sentence: str, endpoint: str, **listed: Any) -> Found:
    """The lines, and what the windows of the same statement say of those that are not shown."""
    total, late = (rows[0].total, rows[0].late) if rows else (0, 0)
    return Found(
        items,
        overflow(items, total=total, late=late, today=clock.today(), sentence=sentence, endpoint=endpoint, **listed),
    )


def _who(row: Any) -> str:
    """« Famille Prykladenko, 4 personnes »; the name is isolated, so that one written from right to left moves nothing around it."""
    size = row.Household.size
    name = row.name or row.Household.initials
    return f"\u2068{name}\u2069, {size}\u00a0personne{'s' if size > 1 else ''}"


def _to_orient(files: Select[Any]) -> Select[Any]:
    """Complete files that wait for an offer, by priority then by the date of the need."""
    need = HouseholdRequest.need_from
    due = func.least(
        need, Household.status_since + case((Household.priority >= URGENT, URGENT_DAYS), else_=PROPOSE_DAYS)
    )
    waiting = files.where(Household.status == S.A_ORIENTER.value)
    joined = waiting.outerjoin(HouseholdRequest, HouseholdRequest.household_id == Household.id)
    return _due("to_orient", joined, due, Household.priority.desc(), day=need)


def _line_to_orient(row: Any) -> WorkItem:
    h, need = row.Household, row.day
    soon = need is not None and need <= clock.today() + timedelta(days=HALF_DAYS)
    title = (
        f"Sans solution au {jour_court(need)} : chercher une offre"
        if soon
        else "Dossier complet sans proposition : chercher une offre"
    )
    why = f"{_who(row)}, {h.priority_label.lower()}" if h.priority else _who(row)
    return WorkItem(
        due=row.due, title=title, folder="household", endpoint="matching.of_household", values={"household": h.public_id}, action="Voir les offres",
        number=h.number, why=why, note="priorité" if h.priority >= URGENT else "à orienter", urgency=h.priority, fresh=fresh(h),
    )  # fmt: skip


def _to_complete(files: Select[Any]) -> Select[Any]:
    """Files that lack something before an offer can be looked for."""
    lacking = files.where(Household.status.in_((S.BROUILLON.value, S.COMPLET.value)))
    return _due("to_complete", lacking, Household.status_since + COMPLETE_DAYS, Household.priority.desc())


def _line_to_complete(row: Any) -> WorkItem:
    h = row.Household
    draft = h.status == S.BROUILLON.value
    return WorkItem(
        due=row.due, title="Dossier à compléter" if draft else "Dossier complet sans date de besoin", folder="household",
        endpoint="households.show" if draft else "households.edit_project", values={"household": h.public_id},
        action="Compléter" if draft else "Donner la date", number=h.number, why=_who(row), note="dossier", urgency=h.priority, fresh=fresh(h),
    )  # fmt: skip


def _titles(files: Select[Any]) -> Select[Any]:
    """Papers that end within ninety days, or have ended."""
    today, ends = clock.today(), HouseholdAdministrative.title_valid_until
    ending = files.where(Household.status.not_in(CLOSED), ends <= today + timedelta(days=TITLE_DAYS))
    joined = ending.join(HouseholdAdministrative, HouseholdAdministrative.household_id == Household.id)
    return _due("titles", joined, func.least(ends, today + timedelta(days=WEEK)), ends, day=ends)


def _line_title(row: Any) -> WorkItem:
    h, ends = row.Household, row.day
    over = ends < clock.today()
    return WorkItem(
        due=row.due, title=f"Titre de séjour échu le {jour_court(ends)}" if over else f"Titre de séjour : échéance {il_y_a(ends)}",
        folder="household", endpoint="households.administrative", values={"household": h.public_id}, action="Voir la situation", number=h.number,
        why=_who(row), note="titre", when="" if over else jour_court(ends), fresh=fresh(h),
    )  # fmt: skip


def _silent(files: Select[Any]) -> Select[Any]:
    """Files that nobody has read over for more than thirty days."""
    limit = clock.now() - timedelta(days=STALE_DAYS)
    left = files.where(Household.status.not_in(CLOSED), Household.reviewed_at < limit)
    return _due("silent", left, func.date(func.timezone(clock.PARIS.key, Household.reviewed_at)) + STALE_DAYS)


def _line_silent(row: Any) -> WorkItem:
    h = row.Household
    return WorkItem(
        due=row.due, title="Dossier sans nouvelle : le relire", folder="household", endpoint="households.show", values={"household": h.public_id},
        action="Relire", number=h.number, why=_who(row), note="nouvelles", urgency=-1, fresh=fresh(h),
    )  # fmt: skip


def _shares(files: Select[Any]) -> Select[Any]:
    """Shares of one's files that close within a week."""
    limit = clock.now() + timedelta(days=SHARE_DAYS)
    live = and_(
        Grant.owner_org_id == Household.owner_org_id,
        Grant.revoked_at.is_(None),
        Grant.expires_at > func.now(),
        Grant.expires_at <= limit,
    )
    joined = files.join(Grant, Grant.record_id == Household.id).join(
        Organisation, Organisation.id == Grant.grantee_org_id
    )
    closes_on = func.date(func.timezone(clock.PARIS.key, Grant.expires_at))
    return _due("shares", joined.where(live), closes_on, partner=Organisation.short_name)


def _line_share(row: Any) -> WorkItem:
    h = row.Household
    return WorkItem(
        due=row.due, title="Partage à renouveler, ou à laisser se fermer", folder="household", endpoint="households.shares",
        values={"household": h.public_id}, action="Voir les partages", number=h.number, why=f"{_who(row)}, partagé avec {row.partner}", note="partage",
    )  # fmt: skip


_KINDS: dict[str, tuple[Callable[[Any], WorkItem], str, Callable[[bool], dict[str, str]]]] = {
    "to_orient": (_line_to_orient, "ménages à orienter", lambda mine: {"etape": S.A_ORIENTER.value, **referent(mine)}),
    "shares": (_line_share, "partages qui se ferment", lambda _: {}),
    "titles": (_line_title, "titres qui arrivent à échéance", lambda mine: {"titre": "echeance", **referent(mine)}),
    "to_complete": (_line_to_complete, "dossiers à compléter", lambda mine: {"etape": S.BROUILLON.value, **referent(mine)}),
    "silent": (_line_silent, "dossiers sans nouvelle depuis plus de 30 jours", lambda mine: {"vue": "sans_nouvelle", **referent(mine)}),
}  # fmt: skip


def proposals(identity: Identity, *, mine: bool) -> Found:
    """Proposals whose answer is awaited within a week, on either side of ours, and those that lapsed without any."""
    now, org = clock.now(), identity.case_org_id
    open_ = and_(
        Orientation.ended_at.is_(None),
        Orientation.confirmed_at.is_(None),
        Orientation.expires_at <= now + timedelta(days=WEEK),
    )
    lapsed = and_(
        Orientation.ended_kind == EndKind.EXPIREE.value, Orientation.ended_at > now - timedelta(days=LAPSED_DAYS),
        Orientation.household_owner_org_id == org, Household.status == S.A_ORIENTER.value,
    )  # fmt: skip
    statement = (
        visible_orientations(identity)
        .outerjoin(Household, Household.id == Orientation.household_id)
        .outerjoin(HouseholdIdentity, HouseholdIdentity.household_id == Household.id)
        .add_columns(Household, HouseholdIdentity.name.label("name"), func.count().over().label("total"))
        .add_columns(func.count().filter(Orientation.expires_at <= now).over().label("late"))
        .where(or_(open_, lapsed))
    )
    if mine:
        statement = statement.where(
            or_(Household.referent_user_id == identity.user_id, Orientation.place_owner_org_id == org)
        )
    rows = db.execute(statement.order_by(Orientation.expires_at, Orientation.id).limit(SHOWN)).all()
    return _counted([_proposal(identity, row, now) for row in rows], rows, "propositions en cours", "placements.index")


def _proposal(identity: Identity, row: Any, now: datetime) -> WorkItem:
    o, h = row.Orientation, row.Household
    over = o.expires_at <= now
    due = o.expires_at.astimezone(clock.PARIS).date()
    place = f"{o.place_sheet['kind']}, {o.place_sheet['commune'] or o.place_sheet['department']}"
    whom = (
        _who(row) if h is not None else f"{o.need_sheet['composition'].lower()}, {o.need_sheet['size']}\u00a0personnes"
    )
    title, action = _awaited(identity, o)
    again = over and h is not None and o.household_owner_org_id == identity.case_org_id
    return WorkItem(
        due=min(due, clock.today() - timedelta(days=1)) if over else due,
        title="Proposition expirée sans réponse : chercher une autre offre" if again else title,
        folder="household" if h is not None else "place",
        endpoint="matching.of_household" if again else "placements.show_orientation",
        values={"household": h.public_id} if again else {"orientation": o.public_id},
        action="Voir les offres" if again else action,
        number=h.number if h is not None else o.place_sheet["number"],
        why=f"{whom}, {place[0].lower()}{place[1:]}",
        note="urgent" if o.urgent else "réponse",
        when=f"avant {heure(o.expires_at)}" if due == clock.today() and not over else "",
        urgency=max(h.priority if h is not None else 0, URGENT if o.urgent else 1),
    )


def _awaited(identity: Identity, o: Orientation) -> tuple[str, str]:
    """(what to do, the button): our own answer first, then a reminder to the other side."""
    org = identity.case_org_id
    if o.household_owner_org_id == org and o.household_accepted_at is None:
        return "Recueillir la réponse du ménage", "Répondre"
    if o.place_owner_org_id == org and o.host_accepted_at is None:
        return "Répondre pour l’hébergeur", "Répondre"
    return (
        "Réponse attendue de l’hébergeur" if o.household_owner_org_id == org else "Réponse attendue de l’association",
        "Voir",
    )


@dataclass(frozen=True, slots=True)
class State:
    """The files that are not archived. ``fresh``: how many were read over within fifteen days, within thirty, longer ago."""

    fresh: tuple[int, int, int]
    stages: list[tuple[HouseholdStatus, int, int]]

    @property
    def total(self) -> int:
        """How many there are."""
        return sum(self.fresh)


def state(identity: Identity, *, mine: bool) -> State:
    """Freshness, and (stage, files, people) in the order of stages."""
    half, stale = (clock.now() - timedelta(days=days) for days in (HALF_DAYS, STALE_DAYS))
    at, count = Household.reviewed_at, func.count()
    bands = (count.filter(at >= half), count.filter(at < half, at >= stale), count.filter(at < stale))
    counted = own_files(identity, mine=mine).where(Household.status != S.ARCHIVE.value).group_by(Household.status)
    columns = counted.with_only_columns(Household.status, count, func.sum(Household.size), *bands)
    rows: list[Any] = list(db.execute(columns))
    found = {row[0]: (int(row[1]), int(row[2])) for row in rows}
    full, midway, old = (sum(row[n] for row in rows) for n in (3, 4, 5))
    return State((full, midway, old), [(stage, *found[stage.value]) for stage in S if stage.value in found])
