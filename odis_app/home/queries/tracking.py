"""/suivi: every file of one's départements by its number, with stage and delays; a name only where the file was opened to us."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select

from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.identity import Identity
from odis_app.core.web import Page, paginate
from odis_app.households.enums import HouseholdStatus
from odis_app.households.models import Household, HouseholdTracking
from odis_app.households.policy import visible_households, visible_tracking
from odis_app.households.queries import organisations_named

T = HouseholdTracking
_NUMBER = re.compile(r"(?:m[- ]?)?(?P<code>[\da-z]{2,3}[- ])?(?P<digits>\d{1,6})", re.IGNORECASE)
ORDERS: Mapping[str, tuple[Any, ...]] = {
    "numero": (T.number, T.record_id),
    "-numero": (T.number.desc(), T.record_id),
    "attente": (T.seniority_date.desc(), T.record_id),
    "-attente": (T.seniority_date, T.record_id),
    "etape": (T.status_since.desc(), T.record_id),
    "-etape": (T.status_since, T.record_id),
    "taille": (T.size, T.record_id),
    "-taille": (T.size.desc(), T.record_id),
}
DEFAULT_ORDER = "-attente"


@dataclass(frozen=True, slots=True)
class TrackingFilter:
    """What the list is narrowed by; every field comes from the address."""

    q: str = ""
    stage: str = ""
    dispositif: str = ""
    department: str = ""
    signalled: bool = False
    order: str = DEFAULT_ORDER


@dataclass(frozen=True, slots=True)
class TrackingRow:
    """One file. Delays in days, None when there is nothing to count yet; ``may_open``: it was shared with or signalled to us."""

    file: HouseholdTracking
    owner: str
    waiting: int
    to_proposal: int | None
    to_entry: int | None
    may_open: bool


def tracked(identity: Identity, filters: TrackingFilter) -> Select[Any]:
    """The files that match, in the order asked; archived ones only when asked for."""
    statement = visible_tracking(identity)
    for condition in _conditions(filters):
        statement = statement.where(condition)
    return statement.order_by(*ORDERS.get(filters.order, ORDERS[DEFAULT_ORDER]))


def _conditions(filters: TrackingFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if filters.stage:
        found.append(T.status == filters.stage)
    else:
        found.append(T.status != HouseholdStatus.ARCHIVE.value)
    if filters.dispositif.isdecimal():
        found.append(T.dispositif_id == int(filters.dispositif[:9]))
    if filters.department:
        found.append(T.department_code == filters.department)
    if filters.signalled:
        found.append(T.signalled_at.is_not(None))
    if filters.q:
        found.append(
            T.number == file_number(filters.q)
            if "-" in file_number(filters.q)
            else T.number.like(f"%-{file_number(filters.q)}")
        )
    return found


def file_number(typed: str) -> str:
    """« M-44-0915 » from « m 44 915 », « 0915 » from « 915 »; anything else as it is, without what LIKE would read."""
    found = _NUMBER.fullmatch(typed.strip())
    if found is None:
        return re.sub(r"[%_\0\\]", "", typed.strip().upper()) or "-"
    digits, code = f"{found['digits']:0>4}", (found["code"] or "").strip(" -").upper()
    return f"M-{code}-{digits}" if code else digits


def tracking_page(identity: Identity, filters: TrackingFilter, *, number: int) -> Page[TrackingRow]:
    """One page, in four statements whatever the number of rows."""
    page = paginate(tracked(identity, filters), number=number)
    ids = [row.record_id for row in page.items]
    opened = set(
        db.execute(visible_households(identity).where(Household.id.in_(ids)).with_only_columns(Household.id)).scalars()
    )
    owners = organisations_named({row.owner_org_id for row in page.items})
    rows = [
        _row(t, owners[t.owner_org_id].short_name if t.owner_org_id in owners else "", t.record_id in opened)
        for t in page.items
    ]
    return Page(rows, page.number, page.per_page, page.total)


def _row(t: HouseholdTracking, owner: str, may_open: bool) -> TrackingRow:
    end = t.entered_on or t.exited_on or clock.today()
    return TrackingRow(
        file=t, owner=owner, waiting=max((end - t.seniority_date).days, 0), to_proposal=_days(t.seniority_date, t.first_proposed_on),
        to_entry=_days(t.first_proposed_on, t.entered_on), may_open=may_open,
    )  # fmt: skip


def _days(start: Any, end: Any) -> int | None:
    """Days between two dates; None when one is missing or when they are the wrong way round."""
    return (end - start).days if start is not None and end is not None and end >= start else None


def numbered(identity: Identity, typed: str) -> list[HouseholdTracking]:
    """The files of one's départements that bear this number, for the general search."""
    if not _NUMBER.fullmatch(typed.strip()):
        return []
    return list(db.execute(tracked(identity, TrackingFilter(q=typed)).limit(10)).scalars())
