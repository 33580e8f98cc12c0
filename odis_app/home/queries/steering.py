"""What waits for a DDETS: files signalled to it, stages without a name; the figures are those of ``pilotage``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, select

from odis_app.access.enums import SharePurpose
from odis_app.access.models import Grant
from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.identity import Identity
from odis_app.households.enums import HouseholdStatus
from odis_app.households.models import Household, HouseholdTracking
from odis_app.households.policy import visible_households, visible_tracking
from odis_app.organisations.models import Mandate, Organisation, OrganisationArea
from odis_app.pilotage import queries as pilotage
from odis_app.pilotage.figures import DelayFigures, PlaceFigures
from odis_app.pilotage.period import Period
from odis_app.reports.models import Report
from odis_app.reports.policy import visible_reports

SIGNALLED, BILANS = 15, 4


@dataclass(frozen=True, slots=True)
class Signalled:
    """A file opened to the service for arbitration: why, by whom, since when, until when."""

    household: Household
    motive: str
    organisation: str
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Situation:
    """A département today: places, stages and the delays of the last twelve months."""

    department: str
    places: PlaceFigures
    delays: DelayFigures
    stages: list[tuple[HouseholdStatus, int, int]]
    period: Period


def signalled(identity: Identity) -> tuple[list[Signalled], int]:
    """(files signalled to the service and still open to it, how many there are): the most urgent first, then the oldest."""
    live = and_(
        Grant.grantee_org_id == identity.case_org_id, Grant.purpose == SharePurpose.ARBITRAGE.value, Grant.revoked_at.is_(None),
        Grant.expires_at > func.now(),
    )  # fmt: skip
    statement = (
        visible_households(identity)
        .join(Grant, Grant.record_id == Household.id)
        .join(Organisation, Organisation.id == Household.owner_org_id)
        .where(live)
        .add_columns(Grant, Organisation.short_name, func.count().over().label("total"))
    )
    rows = db.execute(
        statement.order_by(Household.priority.desc(), Grant.granted_at, Household.id).limit(SIGNALLED)
    ).all()
    found = [Signalled(r.Household, r.Grant.motive, r.short_name, r.Grant.granted_at, r.Grant.expires_at) for r in rows]
    return found, rows[0].total if rows else 0


def situation(identity: Identity, department: str) -> Situation:
    """The figures of one of one's départements. Raises PermissionError elsewhere."""
    if department not in identity.departments:
        raise PermissionError(f"figures of {department}")
    today = clock.today()
    period = Period(today - timedelta(days=364), today)
    return Situation(
        department=department,
        places=pilotage.place_figures(identity, department, today),
        delays=pilotage.delay_figures(identity, department, period),
        stages=_stages(identity, department),
        period=period,
    )


def _stages(identity: Identity, department: str) -> list[tuple[HouseholdStatus, int, int]]:
    T = HouseholdTracking  # noqa: N806 - the table, four times on one line
    files = visible_tracking(identity).where(T.department_code == department, T.status != HouseholdStatus.ARCHIVE.value)
    rows = db.execute(files.with_only_columns(T.status, func.count(), func.sum(T.size)).group_by(T.status))
    found = {status: (count, people) for status, count, people in rows}
    return [(stage, *found[stage.value]) for stage in HouseholdStatus if stage.value in found]


def last_bilans(identity: Identity) -> Sequence[Report]:
    """The last bilans that one's service asked for, the newest first."""
    return (
        db.execute(visible_reports(identity).order_by(Report.created_at.desc(), Report.id.desc()).limit(BILANS))
        .scalars()
        .all()
    )


@dataclass(frozen=True, slots=True)
class Covered:
    """What is known of a département without looking at any file: who works there, and under which mandates."""

    department: str
    associations: int
    operators: int
    services: int
    mandated: int
    last_until: date | None


def coverage() -> list[Covered]:
    """The départements where somebody works with the tool, from what every signed-in person may read: organisations and mandates."""
    kinds = {
        "association": ("association",),
        "operator": ("operateur", "operateur_agir"),
        "service": ("ddets", "dreets", "sgar", "prefecture"),
    }
    count: Any = {
        name: func.count(func.distinct(Organisation.id)).filter(Organisation.kind.in_(k)) for name, k in kinds.items()
    }
    today = clock.today()
    standing = and_(Mandate.starts_on <= today, func.coalesce(Mandate.ends_on, today) >= today)
    mandates = (
        select(
            Mandate.department_code,
            func.count(func.distinct(Mandate.organisation_id)).label("n"),
            func.max(Mandate.ends_on).label("until"),
        )
        .where(standing)
        .group_by(Mandate.department_code)
        .subquery()
    )
    statement = (
        select(
            OrganisationArea.department_code,
            count["association"],
            count["operator"],
            count["service"],
            func.max(mandates.c.n),
            func.max(mandates.c.until),
        )
        .join(Organisation, Organisation.id == OrganisationArea.organisation_id)
        .outerjoin(mandates, mandates.c.department_code == OrganisationArea.department_code)
        .where(Organisation.activated_at.is_not(None), Organisation.deactivated_at.is_(None))
        .group_by(OrganisationArea.department_code)
        .order_by(OrganisationArea.department_code)
    )
    return [Covered(r[0], r[1], r[2], r[3], r[4] or 0, r[5]) for r in db.execute(statement)]


def department_asked(identity: Identity, wanted: str) -> str:
    """The département to show: the one asked for when it is one's own, else the first; empty when there is none."""
    codes: Sequence[str] = identity.departments
    return wanted if wanted in codes else next(iter(codes), "")
