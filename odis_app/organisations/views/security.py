"""/equipe/securite: the second factor of a whole team, and of a colleague who lost theirs."""

from __future__ import annotations

from flask import Response, flash

from odis_app.accounts.models import User
from odis_app.accounts.operations.factors import require_factor, reset_factors
from odis_app.core import clock
from odis_app.core.errors import RuleError
from odis_app.core.formats import jour_long
from odis_app.core.permissions import guard
from odis_app.core.web import identity, redirect_to, render
from odis_app.organisations import policy, queries
from odis_app.organisations.forms import SecurityForm
from odis_app.organisations.views.base import blueprint


@blueprint.get("/equipe/securite")
@guard(policy.SECURITY_READ)
def security() -> Response:
    """What the organisation asks, and who has a second factor."""
    form, since = SecurityForm(formdata=None), identity().factor_from
    form.when.data = "facultatif" if since is None else "aujourdhui" if since <= clock.today() else "date"
    form.since.data = since if since is not None and since > clock.today() else None
    return _page(form)


@blueprint.post("/equipe/securite")
@guard(policy.SECURITY_UPDATE)
def update_security() -> Response:
    """Ask it from a day, from today, or no longer."""
    form, who = SecurityForm(), identity()
    if not form.validate_on_submit():
        return _page(form, 200 if form.is_resumed else 422)
    try:
        day = form.day
        require_factor(who, since=day)
    except RuleError as error:
        form.add_error(error)
        return _page(form, 422)
    told = f"obligatoire à partir du {jour_long(day)}" if day else "facultatif"
    flash(f"Le second facteur est {told}.", "ok")
    return redirect_to("organisations.team" if not day or day > clock.today() else "accounts.security")


@blueprint.post("/equipe/membres/<colleague>/second-facteur")
@guard(policy.TEAM_RESET, colleague=policy.find_member)
def reset_factor(colleague: User) -> Response:
    """Somebody lost phone and codes."""
    try:
        reset_factors(identity(), member=colleague)
    except RuleError as error:
        flash(error.message, "late")
    else:
        flash(
            f"Le second facteur de {colleague.name} est retiré, ses sessions sont fermées. Un courriel le lui dit.",
            "ok",
        )
    return redirect_to("organisations.team")


def _page(form: SecurityForm, status: int = 200) -> Response:
    crumbs = [("Équipe", "/equipe"), ("Sécurité de l’organisation", None)]
    team = [line.person for line in queries.team(identity())]
    without = [person for person in team if person.second_factor_since is None and not person.is_demo]
    return render("organisations/security.html", status=status, form=form, team=team, without=without, crumbs=crumbs)
