"""/charte and /convention, and the gate that leads there whoever has not accepted them yet."""

from __future__ import annotations

from flask import Response, current_app, flash, request

from odis_app.accounts.operations import switch_organisation
from odis_app.core.errors import RuleError
from odis_app.core.permissions import guard, guard_of
from odis_app.core.requests import READING, device, keep_session
from odis_app.core.web import identity, is_fragment_request, is_safe_path, redirect_to, redirect_to_url, render
from odis_app.organisations import operations, queries, texts
from odis_app.organisations.forms import CharterForm, ConventionForm
from odis_app.organisations.policy import CHARTER_ACCEPT, CONVENTION_ACCEPT
from odis_app.organisations.views.base import blueprint, minter

GATES = {"organisations.charter", "organisations.convention"}


@blueprint.route("/charte", methods=["GET", "POST"])
@guard(CHARTER_ACCEPT)
def charter() -> Response:
    """The charter in force; accepting it leads where the person was going."""
    who, text = identity(), texts.current(texts.CHARTER)
    form = CharterForm()
    if form.validate_on_submit():
        try:
            operations.accept_charter(who, version=form.version.data or "")
        except RuleError as error:
            form.add_error(error)
        else:
            target = form.suite.data
            return redirect_to_url(target if target and is_safe_path(target) else "/")
    form.version.data = text.version
    form.suite.data = form.suite.data or request.args.get("suite", "")
    accepted = who.charter_version == text.version
    status = 422 if form.is_submitted() and not form.is_resumed else 200
    return render("organisations/charter.html", status=status, form=form, text=text, accepted=accepted)


@blueprint.route("/convention", methods=["GET", "POST"])
@guard(CONVENTION_ACCEPT)
def convention() -> Response:
    """The convention in force; accepting it opens the organisation, under a new session that has its rights."""
    who, text = identity(), texts.current(texts.CONVENTION)
    form = ConventionForm()
    if form.validate_on_submit():
        try:
            operations.accept_convention(who, version=form.version.data or "", signed_as=form.signed_as.data or "")
        except RuleError as error:
            form.add_error(error)
        else:
            flash(
                "La convention est acceptée. Votre organisation est ouverte : vous pouvez inviter votre équipe.", "ok"
            )
            return _with_new_rights()
    form.version.data = text.version
    status = 422 if form.is_submitted() and not form.is_resumed else 200
    accepted = queries.convention_accepted(who)
    return render("organisations/convention.html", status=status, form=form, text=text, accepted=accepted)


def _with_new_rights() -> Response:
    """The session that accepted had the administration only; the next one, of the same transaction, has every role."""
    token = switch_organisation(minter(), identity(), organisation_id=identity().require_org(), device=device())
    response = redirect_to_url("/")
    keep_session(response, token)
    return response


def ask_first() -> Response | None:
    """Before a page is shown: a new charter, or a convention that nobody accepted. What is being sent is never stopped."""
    who = identity()
    if who.kind != "user" or request.method not in READING or is_fragment_request() or request.endpoint in GATES:
        return None
    mark = guard_of(current_app.view_functions.get(request.endpoint or ""))
    if mark is None or (mark.permission is None and request.path != "/"):
        return None
    if who.charter_version != texts.current(texts.CHARTER).version:
        return redirect_to("organisations.charter", suite=request.full_path.rstrip("?"))
    if not who.org_is_active and who.can(CONVENTION_ACCEPT):
        return redirect_to("organisations.convention")
    return None
