"""The offers to qualify by deadline: delays are counted in the statement, so that a page reads its own rows alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Date, Select, and_, case, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.elements import Grouping

from odis_app.access import keys
from odis_app.core import clock
from odis_app.core.db import db, one_value
from odis_app.core.identity import Identity
from odis_app.core.web import Page, paginate
from odis_app.housing import policy
from odis_app.housing.delays import Deadline, deadline, is_working
from odis_app.housing.enums import OPEN_STATUSES, OfferFact, QualificationStatus
from odis_app.housing.models import Offer, OfferEvent
from odis_app.housing.queries.offers import next_action
from odis_app.organisations.models import TerritoryRules
from odis_app.organisations.queries import DECISION_DAYS, FIRST_CALL_DAYS
from odis_app.structures.policy import housing_org

S = QualificationStatus
PAST_DAYS, COMING_DAYS = 400, 300
"""The calendar of delays. What came earlier is late whatever its delay; the longest delay that a département sets is 180 working days."""


@dataclass(slots=True)
class QueueRow:
    """One offer to qualify: where its delay stands, and what to do next."""

    offer: Offer
    deadline: Deadline
    action: str


@dataclass(frozen=True, slots=True)
class QueueCounts:
    """How many offers wait by stage; ``late`` and ``today``: those whose delay is over, or ends today."""

    stages: dict[QualificationStatus, int]
    late: int
    today: int

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.stages.values())


@lru_cache(maxsize=2)
def _calendar(today: date) -> list[date]:
    days = (today + timedelta(days=n) for n in range(-PAST_DAYS, COMING_DAYS))
    return [day for day in days if is_working(day)]


def _allowed() -> ColumnElement[int]:
    """Working days of the present step: the first call, then the decision, as the département set them."""
    rules = TerritoryRules
    return case(
        (Offer.called_on.is_(None), func.coalesce(rules.first_call_days, FIRST_CALL_DAYS)),
        else_=func.coalesce(rules.decision_days, DECISION_DAYS),
    )


def _due_on() -> ColumnElement[date]:
    """The last day of the delay, as ``delays.deadline`` counts it: the n-th working day after the reception."""
    calendar = literal(_calendar(clock.today()), ARRAY(Date))
    due: ColumnElement[date] = Grouping(calendar)[func.width_bucket(Offer.received_on, calendar) + _allowed()]
    return due


def _waiting(identity: Identity) -> Select[Offer]:
    """The visible offers still to be qualified, with the rules of their département."""
    waiting = policy.visible_offers(identity).where(Offer.qualification_status.in_([s.value for s in OPEN_STATUSES]))
    return waiting.outerjoin(TerritoryRules, TerritoryRules.department_code == Offer.department_code)


def queue_page(identity: Identity, stage: str, *, number: int, total: int) -> Page[QueueRow]:
    """One page of the queue, the nearest deadline first, then the oldest; ``stage`` keeps one step, of which there are ``total``."""
    waiting = _waiting(identity).add_columns(_allowed().label("allowed"))
    if stage:
        waiting = waiting.where(Offer.qualification_status == stage)
    ordered = waiting.order_by(_due_on(), Offer.received_on, Offer.id)
    page = paginate(ordered, number=number, scalars=False, total=total)
    return Page(_rows(page.items), page.number, page.per_page, page.total)


def queue_counts(identity: Identity) -> QueueCounts:
    """What waits, in one statement."""
    due, today = _due_on(), clock.today()
    counted = _waiting(identity).with_only_columns(
        Offer.qualification_status, func.count(), func.count().filter(due < today), func.count().filter(due == today)
    )
    rows = db.execute(counted.group_by(Offer.qualification_status)).all()
    found = {row[0]: row[1] for row in rows}
    stages = {stage: found[stage.value] for stage in S if stage.value in found}
    return QueueCounts(stages, sum(row[2] for row in rows), sum(row[3] for row in rows))


@one_value
def count_waiting(identity: Identity) -> Select[int]:
    """How many offers wait: what the strip of lists says."""
    return _waiting(identity).with_only_columns(func.count(Offer.id))


def queue_row(identity: Identity, offer: Offer) -> QueueRow | None:
    """The line of one offer; None when it does not wait."""
    statement = _waiting(identity).where(Offer.id == offer.id).add_columns(_allowed().label("allowed"))
    return next(iter(_rows(db.execute(statement).all())), None)


@dataclass(frozen=True, slots=True)
class Due:
    """One's own offers to act on by a day: the first ones with their day, how many there are, how many should be done already."""

    rows: list[tuple[QueueRow, date]]
    total: int
    late: int


def due_by(identity: Identity, day: date, *, limit: int) -> Due:
    """One's own offers to act on by ``day``: a visit agreed on is due on its own day, anything else when the delay ends."""
    visit = func.date(func.timezone(clock.PARIS.key, Offer.visit_planned_at))
    planned = and_(Offer.qualification_status == S.VISITE_PLANIFIEE.value, Offer.visit_planned_at.is_not(None))
    acts_on: ColumnElement[date] = case((planned, visit), else_=_due_on())
    late = func.count().filter(acts_on < clock.today()).over()
    statement = _waiting(identity).where(Offer.owner_org_id == housing_org(identity), acts_on <= day)
    columns = statement.add_columns(
        _allowed().label("allowed"), acts_on.label("acts_on"), func.count().over().label("total"), late.label("late")
    )
    rows = db.execute(columns.order_by(acts_on, Offer.id).limit(limit)).all()
    pairs = list(zip(_rows(rows), (row.acts_on for row in rows), strict=True))
    return Due(pairs, rows[0].total, rows[0].late) if rows else Due([], 0, 0)


def _rows(rows: Sequence[Any]) -> list[QueueRow]:
    today, missing = clock.today(), _missing([row.Offer for row in rows])
    return [
        QueueRow(
            row.Offer,
            deadline(row.Offer.received_on, row.allowed, today),
            next_action(row.Offer, missing.get(row.Offer.id, "")),
        )
        for row in rows
    ]


def _missing(offers: Sequence[Offer]) -> dict[int, str]:
    """What was asked of the host, by offer that waits for it."""
    waiting = [offer.id for offer in offers if offer.qualification_status == S.A_COMPLETER.value]
    if not waiting:
        return {}
    keys.load(waiting)
    statement = select(OfferEvent).where(
        OfferEvent.offer_id.in_(waiting), OfferEvent.kind == OfferFact.A_COMPLETER.value
    )
    return {event.offer_id: event.note for event in db.scalars(statement.order_by(OfferEvent.id))}
