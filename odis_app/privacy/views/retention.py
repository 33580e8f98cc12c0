"""/droits/conservation: files soon erased, plans, approval."""

from __future__ import annotations

from collections.abc import Callable

from flask import Response, flash

from odis_app.core.errors import RuleError
from odis_app.core.permissions import guard
from odis_app.core.web import identity, redirect_to, render
from odis_app.privacy import operations, policy, queries
from odis_app.privacy.enums import Block, RowState
from odis_app.privacy.models import RetentionPlan
from odis_app.privacy.views.page import blueprint

PAGE = "privacy.retention"


@blueprint.get("/droits/conservation")
@guard(policy.RETENTION_READ)
def retention() -> Response:
    """How long each sort of data is kept, the files that were warned of, the plans."""
    who = identity()
    keeps = who.can(policy.RETENTION_MANAGE)
    return render(
        "privacy/retention.html", rules=queries.retention_rules(), soon=queries.due_soon(who), keeps=keeps, plans=queries.plans(who) if keeps else [],
        open_plan=queries.open_plan(who) if keeps else None, erasures_run=queries.erasures_run(),
    )  # fmt: skip


@blueprint.post("/droits/conservation")
@guard(policy.RETENTION_MANAGE)
def plan() -> Response:
    """Draw the exact list; nothing is erased."""
    try:
        made = operations.plan_erasures(identity())
    except RuleError as error:
        flash(error.message, "late")
        return redirect_to(PAGE)
    return redirect_to("privacy.show_plan", plan=made.public_id)


@blueprint.get("/droits/conservation/<plan>")
@guard(policy.RETENTION_MANAGE, plan=policy.find_plan)
def show_plan(plan: RetentionPlan) -> Response:
    """What would go, what is kept and why."""
    return render(
        "privacy/plan.html",
        plan=plan,
        rows=queries.plan_rows(plan),
        blocks=Block,
        states=RowState,
        is_mine=plan.planned_by_id == identity().user_id,
    )


@blueprint.post("/droits/conservation/<plan>/approuver")
@guard(policy.RETENTION_MANAGE, plan=policy.find_plan)
def approve(plan: RetentionPlan) -> Response:
    """Approve, as a second person."""
    return _decide(plan, lambda: "Plan approuvé : les effacements commencent." if operations.approve_plan(identity(), plan=plan)
                   else "Plan approuvé : sans seconde personne, il attend sept jours.")  # fmt: skip


@blueprint.post("/droits/conservation/<plan>/annuler")
@guard(policy.RETENTION_MANAGE, plan=policy.find_plan)
def cancel(plan: RetentionPlan) -> Response:
    """Stop a plan."""

    def act() -> str:
        operations.cancel_plan(identity(), plan=plan)
        return "Plan annulé : ce qui n’était pas effacé reste."

    return _decide(plan, act)


def _decide(plan: RetentionPlan, act: Callable[[], str]) -> Response:
    try:
        flash(act(), "ok")
    except RuleError as error:
        flash(error.message, "late")
    return redirect_to("privacy.show_plan", plan=plan.public_id)
