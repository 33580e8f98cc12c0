"""Se rattacher à un dossier en urgence."""

from __future__ import annotations

from flask import Response, flash, url_for

from odis_app.access.enums import JoinReason
from odis_app.core.errors import RuleError
from odis_app.core.permissions import guard
from odis_app.core.web import identity, redirect_to, render
from odis_app.households import operations
from odis_app.households.forms.cooperation import JoinForm
from odis_app.households.models import Household
from odis_app.households.policy import FILE_JOIN
from odis_app.households.views.page import blueprint, saved

NOTHING = "Aucun dossier n’est ouvert avec ces informations. Vérifiez le numéro et la date avec le ménage, ou appelez la DDETS : elle peut joindre le référent."


@blueprint.route("/se-rattacher", methods=["GET", "POST"])
@guard(FILE_JOIN)
def join() -> Response:
    """Number, birth date and reason; the same answer whatever was wrong."""
    form = JoinForm()
    if form.validate_on_submit():
        found: list[Household | None] = []
        if saved(form, None, lambda: found.append(_join(form))):
            if found[0] is not None:
                flash(
                    "Dossier ouvert pour sept jours. Son référent et la DDETS sont prévenus, et une autre personne relira cet accès.",
                    "ok",
                )
                return redirect_to("households.show", household=found[0].public_id)
            form.add_error(RuleError("", NOTHING))
            return _page(form, 200)  # the try is spent and written down, and what was typed comes back
    return _page(form, 422 if form.is_submitted() and not form.is_resumed else 200)


def _page(form: JoinForm, status: int) -> Response:
    crumbs = [("Ménages", url_for("households.index")), ("Se rattacher en urgence", None)]
    return render(
        "households/join.html", status=status, form=form, left=operations.tries_left(identity()), crumbs=crumbs
    )


def _join(form: JoinForm) -> Household | None:
    return operations.join_file(
        identity(),
        number=form.number.data or "",
        born=form.born.data,
        reason=JoinReason(form.reason.data),
        words=form.words.data or "",
    )
