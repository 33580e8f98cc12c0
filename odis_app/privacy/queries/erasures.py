"""Plans of erasure and what comes soon."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import select, text

from odis_app.core.db import db
from odis_app.core.identity import Identity
from odis_app.households.models import Household
from odis_app.privacy.enums import PlanState
from odis_app.privacy.models import RetentionPlan, RetentionPlanRow, RetentionWarning
from odis_app.privacy.policy import visible_plans


def plans(identity: Identity) -> Sequence[RetentionPlan]:
    """One's organisation's plans, newest first."""
    return db.scalars(visible_plans(identity).order_by(RetentionPlan.id.desc())).all()


def open_plan(identity: Identity) -> RetentionPlan | None:
    """The plan that waits or runs: there is one at most."""
    waiting = (PlanState.PLANNED.value, PlanState.APPROVED.value)
    return db.scalars(visible_plans(identity).where(RetentionPlan.state.in_(waiting))).one_or_none()


def plan_rows(plan: RetentionPlan) -> Sequence[RetentionPlanRow]:
    """Each line of a plan: what goes first, then what is kept and why."""
    statement = select(RetentionPlanRow).where(RetentionPlanRow.plan_id == plan.id)
    return db.scalars(
        statement.order_by(RetentionPlanRow.blocks != [], RetentionPlanRow.kind.desc(), RetentionPlanRow.record_id)
    ).all()


def due_soon(identity: Identity, *, mine: bool = False) -> Sequence[tuple[Household, date]]:
    """Files of one's organisation that somebody was warned about, with the day from which they may be erased."""
    if identity.case_org_id is None:
        return []
    statement = select(Household, RetentionWarning.erasable_on).join(
        RetentionWarning, RetentionWarning.household_id == Household.id
    )
    statement = statement.where(Household.owner_org_id == identity.case_org_id)
    if mine:
        statement = statement.where(Household.referent_user_id == identity.user_id)
    return [
        (household, day)
        for household, day in db.execute(statement.order_by(RetentionWarning.erasable_on, Household.id))
    ]


def erasures_run() -> bool:
    """Whether planned erasures run, or an administrator stopped them all."""
    found = db.execute(
        text("SELECT (value ->> 'running')::boolean FROM instance WHERE key = 'erasures'")
    ).scalar_one_or_none()
    return found is not False
