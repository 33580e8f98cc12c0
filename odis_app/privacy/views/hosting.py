"""/droits/sante: the gate of class 2, and the switch of the erasures; for an administrator of the platform."""

from __future__ import annotations

from flask import Response, flash, request

from odis_app.core.errors import RuleError
from odis_app.core.permissions import guard
from odis_app.core.web import identity, redirect_to, render
from odis_app.privacy import operations, policy, queries
from odis_app.privacy.forms import HostingForm
from odis_app.privacy.views.page import blueprint


@blueprint.route("/droits/sante", methods=["GET", "POST"])
@guard(policy.HOSTING_MANAGE)
def hosting() -> Response:
    """Record where health data are hosted, or why no certificate is needed."""
    form = HostingForm()
    if form.validate_on_submit():
        try:
            operations.record_hosting(
                identity(), applies=form.applies.data == "oui", host=form.host.data or "", certificate=form.certificate.data or "",
                valid_until=form.valid_until.data, reason=form.reason.data or "",
            )  # fmt: skip
        except RuleError as error:
            form.add_error(error)
        else:
            flash("Enregistré : les besoins de santé peuvent être notés.", "ok")
            return redirect_to("privacy.hosting")
    status = 422 if form.error_list else 200
    return render(
        "privacy/hosting.html",
        form=form,
        state=queries.class2_state(),
        erasures_run=queries.erasures_run(),
        status=status,
    )


@blueprint.post("/droits/effacements")
@guard(policy.HOSTING_MANAGE)
def switch() -> Response:
    """Stop every planned erasure, or let them run again."""
    running = request.form.get("running") == "oui"
    operations.switch_erasures(identity(), running=running)
    flash("Les effacements reprennent." if running else "Les effacements sont arrêtés partout.", "ok")
    return redirect_to("privacy.hosting")
