"""/droits/durees: how long each sort of data is kept, changed by an administrator of the platform."""

from __future__ import annotations

from flask import Response, flash

from odis_app.core.permissions import guard
from odis_app.core.web import identity, redirect_to, render
from odis_app.privacy import operations, policy, queries
from odis_app.privacy.forms import DurationForm
from odis_app.privacy.models import RetentionRule
from odis_app.privacy.views.page import blueprint, saved

PAGE = "privacy.durations"


@blueprint.get("/droits/durees")
@guard(policy.RETENTION_SET)
def durations() -> Response:
    """Every duration, which may move and between what, and who changed one."""
    rules = queries.retention_rules()
    return render(
        "privacy/durations.html", rules=rules, labels={r.code: r for r in rules}, changes=queries.duration_changes()
    )


@blueprint.route("/droits/durees/<rule>", methods=["GET", "POST"])
@guard(policy.RETENTION_SET, rule=policy.find_rule)
def set_duration(rule: RetentionRule) -> Response:
    """Another duration, with its motive."""
    form = DurationForm(duration=rule.value)
    form.duration.description = f"En {rule.unit}, {rule.bounds}. Aujourd’hui : {rule.duration}."
    if form.validate_on_submit() and saved(
        form,
        lambda: operations.set_duration(
            identity(), rule=rule, duration=form.duration.data, motive=(form.motive.data or "").strip()
        ),
    ):
        flash("Durée changée. Le prochain plan d’effacement en tient compte.", "ok")
        return redirect_to(PAGE)
    status = 422 if form.is_submitted() and not form.is_resumed else 200
    return render("privacy/duration.html", status=status, form=form, rule=rule)
