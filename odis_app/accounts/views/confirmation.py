"""/compte/confirmer: proving who one is once more, before what is read or done under a renewed proof only."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Response, make_response, render_template, request

from odis_app.accounts import drafts, visitors
from odis_app.accounts.forms import ConfirmForm, SignInForm
from odis_app.accounts.operations import passkeys
from odis_app.accounts.operations.attempts import Kind
from odis_app.accounts.operations.confirmation import confirm as confirm_session
from odis_app.accounts.operations.confirmation import (
    confirm_by_code,
    confirm_by_password,
    count_confirmation,
    record_refused_confirmation,
)
from odis_app.accounts.operations.notices import tell_replay
from odis_app.accounts.operations.verification import SPENT
from odis_app.accounts.policy import ACCOUNT_CONFIRM
from odis_app.accounts.views.passkeys import session_holder, site
from odis_app.accounts.views.sign_in import as_whole_page, blueprint, minter, sign_in_page
from odis_app.core.db import unit_of_work
from odis_app.core.errors import RuleError
from odis_app.core.identity import Identity
from odis_app.core.permissions import guard
from odis_app.core.requests import forget_session, keep_session, session_token
from odis_app.core.web import identity, is_fragment_request, is_safe_path, redirect_to, redirect_to_url

HOME = "/"


@blueprint.route("/compte/confirmer", methods=["GET", "POST"])
@guard(ACCOUNT_CONFIRM)
def confirm() -> Response:
    """The password, or a code of the second factor; then back, with what was being written."""
    form, carried = ConfirmForm(), drafts.still_carried(request.form)
    form.has_factor = identity().has_factor
    if request.method == "GET":
        form.suite.data = request.args.get("suite", "")
    if not form.validate_on_submit():
        return confirm_page(form, carried, 422 if form.is_submitted() else 200)
    try:
        token = _judge(form)
    except RuleError as error:
        with unit_of_work(session_token()) as unit:
            record_refused_confirmation(unit.identity)
            tell_replay(error, unit.identity.email)
        form.code.data = form.answer.data = ""
        form.add_error(error)
        return confirm_page(form, carried, 422)
    return _thrown_out(form, carried) if token is None else back(token, form.suite.data, carried)


def _judge(form: ConfirmForm) -> str | None:
    """The session's new token; None when this was one try too many. Raises RuleError."""
    who = identity()
    with visitors.attempt(Kind.CODE, who.email):
        with unit_of_work(session_token()):  # counted even when what follows is refused
            alive = count_confirmation()
        if not alive:
            return None
        if form.answer.data:
            return _by_passkey(who, form.answer.data)
        if who.has_factor:
            return confirm_by_code(minter(), who, code=form.code.data or "")
        return confirm_by_password(minter(), who, password=form.password.data or "")


def _by_passkey(who: Identity, answer: str) -> str:
    with unit_of_work(None):  # the challenge is used up whatever the answer is worth
        found = passkeys.signer(site(), minter(), holder=session_holder(), purpose=passkeys.CONFIRM, answer=answer)
    if found is None or found != who.user_id:
        raise RuleError("", passkeys.REFUSED)
    return confirm_session(minter(), who, by="clé d’accès")


def back(token: str, target: str | None, carried: list[tuple[str, str]]) -> Response:
    """Where the person was going, under the session's new token."""
    destination = target if target and is_safe_path(target) else HOME
    if carried:
        page = render_template(
            "accounts/resume.html", action=destination, fields=drafts.given_back(carried), confirmed=True
        )
        response = make_response(page)
    else:
        response = redirect_to_url(destination)
    keep_session(response, token)
    return response


def confirm_page(form: ConfirmForm, carried: list[tuple[str, str]], status: int) -> Response:
    """The page that asks, and says why."""
    return as_whole_page(make_response(render_template("accounts/confirm.html", form=form, carried=carried), status))


def ask_to_confirm(_: Exception | None = None) -> Response:
    """What a request that needs a renewed proof gets: the way back, and on POST everything typed."""
    if request.method == "POST":
        form = ConfirmForm(formdata=None)
        form.suite.data = request.full_path.rstrip("?")
        return confirm_page(form, drafts.carried(request.form), 401)
    if is_fragment_request():
        shown = urlsplit(request.headers.get("HX-Current-URL", ""))
        return redirect_to("accounts.confirm", suite=shown.path or HOME)
    return redirect_to("accounts.confirm", suite=request.full_path.rstrip("?"))


def _thrown_out(form: ConfirmForm, carried: list[tuple[str, str]]) -> Response:
    again = SignInForm(formdata=None)
    again.suite.data = form.suite.data
    again.add_error(RuleError("", SPENT))
    response = sign_in_page(again, carried, 422)
    forget_session(response)
    return response
