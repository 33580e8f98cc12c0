"""Lines of the work list about households: offers to look for, answers awaited, papers, shares, silence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select

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


def _read(statement: Select[Any], due: ColumnElement[date], *order: Any) -> list[Any]:
    """Rows (Household, name, due, total, late) of the lines due within a week, the first to be done before the others."""
    named = statement.outerjoin(HouseholdIdentity, HouseholdIdentity.household_id == Household.id)
    late = func.count().filter(due < clock.today()).over().label("late")
    columns = named.add_columns(
        HouseholdIdentity.name.label("name"), due.label("due"), func.count().over().label("total"), late
    )
    return list(
        db.execute(
            columns.where(due <= clock.today() + timedelta(days=WEEK)).order_by(*order, due, Household.id).limit(SHOWN)
        )
    )


def _found(rows: list[Any], line: Callable[[Any], WorkItem], sentence: str, **listed: Any) -> Found:
    return _counted([line(row) for row in rows], rows, sentence, "households.index", **listed)


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


def to_orient(identity: Identity, *, mine: bool) -> Found:
    """Complete files that wait for an offer, by priority then by the date of the need."""
    delay = case((Household.priority >= URGENT, URGENT_DAYS), else_=PROPOSE_DAYS)
    due = func.least(HouseholdRequest.need_from, Household.status_since + delay)
    statement = own_files(identity, mine=mine).where(Household.status == S.A_ORIENTER.value)
    joined = statement.outerjoin(HouseholdRequest, HouseholdRequest.household_id == Household.id).add_columns(
        HouseholdRequest.need_from
    )

    def line(row: Any) -> WorkItem:
        h, need = row.Household, row.need_from
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

    rows = _read(joined, due, Household.priority.desc())
    return _found(rows, line, "ménages à orienter", etape=S.A_ORIENTER.value, **referent(mine))


def to_complete(identity: Identity, *, mine: bool) -> Found:
    """Files that lack something before an offer can be looked for."""
    statement = own_files(identity, mine=mine).where(Household.status.in_((S.BROUILLON.value, S.COMPLET.value)))

    def line(row: Any) -> WorkItem:
        h = row.Household
        draft = h.status == S.BROUILLON.value
        return WorkItem(
            due=row.due, title="Dossier à compléter" if draft else "Dossier complet sans date de besoin", folder="household",
            endpoint="households.show" if draft else "households.edit_project", values={"household": h.public_id},
            action="Compléter" if draft else "Donner la date", number=h.number, why=_who(row), note="dossier", urgency=h.priority, fresh=fresh(h),
        )  # fmt: skip

    rows = _read(statement, Household.status_since + COMPLETE_DAYS, Household.priority.desc())
    return _found(rows, line, "dossiers à compléter", etape=S.BROUILLON.value, **referent(mine))


def titles(identity: Identity, *, mine: bool) -> Found:
    """Papers that end within ninety days, or have ended."""
    today = clock.today()
    ends = HouseholdAdministrative.title_valid_until
    statement = own_files(identity, mine=mine).where(
        Household.status.not_in(CLOSED), ends <= today + timedelta(days=TITLE_DAYS)
    )
    joined = statement.join(HouseholdAdministrative, HouseholdAdministrative.household_id == Household.id).add_columns(
        ends.label("ends")
    )

    def line(row: Any) -> WorkItem:
        h, over = row.Household, row.ends < today
        return WorkItem(
            due=row.due, title=f"Titre de séjour échu le {jour_court(row.ends)}" if over else f"Titre de séjour : échéance {il_y_a(row.ends)}",
            folder="household", endpoint="households.administrative", values={"household": h.public_id}, action="Voir la situation", number=h.number,
            why=_who(row), note="titre", when="" if over else jour_court(row.ends), fresh=fresh(h),
        )  # fmt: skip

    rows = _read(joined, func.least(ends, today + timedelta(days=WEEK)), ends)
    return _found(rows, line, "titres qui arrivent à échéance", titre="echeance", **referent(mine))


def silent(identity: Identity, *, mine: bool) -> Found:
    """Files that nobody has read over for more than thirty days."""
    limit = clock.now() - timedelta(days=STALE_DAYS)
    statement = own_files(identity, mine=mine).where(Household.status.not_in(CLOSED), Household.reviewed_at < limit)

    def line(row: Any) -> WorkItem:
        h = row.Household
        return WorkItem(
            due=row.due, title="Dossier sans nouvelle : le relire", folder="household", endpoint="households.show", values={"household": h.public_id},
            action="Relire", number=h.number, why=_who(row), note="nouvelles", urgency=-1, fresh=fresh(h),
        )  # fmt: skip

    day = func.date(func.timezone(clock.PARIS.key, Household.reviewed_at))
    rows = _read(statement, day + STALE_DAYS)
    return _found(rows, line, "dossiers sans nouvelle depuis plus de 30 jours", vue="sans_nouvelle", **referent(mine))


def shares(identity: Identity, *, mine: bool) -> Found:
    """Shares of one's files that close within a week."""
    limit = clock.now() + timedelta(days=SHARE_DAYS)
    live = and_(
        Grant.owner_org_id == identity.case_org_id,
        Grant.revoked_at.is_(None),
        Grant.expires_at > func.now(),
        Grant.expires_at <= limit,
    )
    statement = (
        own_files(identity, mine=mine)
        .join(Grant, Grant.record_id == Household.id)
        .join(Organisation, Organisation.id == Grant.grantee_org_id)
    )

    def line(row: Any) -> WorkItem:
        h = row.Household
        return WorkItem(
            due=row.due, title="Partage à renouveler, ou à laisser se fermer", folder="household", endpoint="households.shares",
            values={"household": h.public_id}, action="Voir les partages", number=h.number, why=f"{_who(row)}, partagé avec {row.partner}", note="partage",
        )  # fmt: skip

    day = func.date(func.timezone(clock.PARIS.key, Grant.expires_at))
    return _found(
        _read(statement.where(live).add_columns(Organisation.short_name.label("partner")), day),
        line,
        "partages qui se ferment",
    )


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


def stages(identity: Identity, *, mine: bool) -> list[tuple[HouseholdStatus, int, int]]:
    """(stage, files, people) of the files that are not archived, in the order of stages."""
    inner = own_files(identity, mine=mine).where(Household.status != S.ARCHIVE.value).subquery()
    rows = db.execute(select(inner.c.status, func.count(), func.sum(inner.c.size)).group_by(inner.c.status))
    found = {status: (files, people) for status, files, people in rows}
    return [(stage, *found[stage.value]) for stage in S if stage.value in found]


def freshness_counts(identity: Identity, *, mine: bool) -> tuple[int, int, int]:
    """Files read over within fifteen days, within thirty, and longer ago; archived ones apart."""
    inner = own_files(identity, mine=mine).where(Household.status != S.ARCHIVE.value).subquery()
    half, stale = (clock.now() - timedelta(days=days) for days in (HALF_DAYS, STALE_DAYS))
    at = inner.c.reviewed_at
    row = db.execute(
        select(
            func.count().filter(at >= half),
            func.count().filter(at < half, at >= stale),
            func.count().filter(at < stale),
        ).select_from(inner)
    ).one()
    return int(row[0]), int(row[1]), int(row[2])
