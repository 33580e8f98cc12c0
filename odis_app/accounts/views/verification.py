"""/connexion/verification: the second factor, between the password and the session."""

from __future__ import annotations

from flask import Response, request

from odis_app.accounts import drafts, visitors
from odis_app.accounts.forms import CodeForm, SignInForm
from odis_app.accounts.operations import passkeys
from odis_app.accounts.operations.attempts import Kind
from odis_app.accounts.operations.backup import tell_backup_code_used
from odis_app.accounts.operations.notices import tell_replay
from odis_app.accounts.operations.totp import CODE_REFUSED
from odis_app.accounts.operations.verification import (
    SPENT,
    Verification,
    count_try,
    finish,
    is_right_code,
    record_refused_code,
    verification,
)
from odis_app.accounts.views.passkeys import site
from odis_app.accounts.views.sign_in import (
    VERIFICATION,
    blueprint,
    factor_page,
    minter,
    sign_in_page,
    welcome,
)
from odis_app.core.db import token_hash, unit_of_work
from odis_app.core.errors import RuleError
from odis_app.core.permissions import public
from odis_app.core.requests import device
from odis_app.core.web import identity, redirect_to


@blueprint.route("/connexion/verification", methods=["GET", "POST"])
@public
def verify() -> Response:
    """A code, a backup code or a passkey; then the session, and what was being written."""
    if identity().is_signed_in:
        return redirect_to("home.index")
    form, carried = CodeForm(), drafts.still_carried(request.form)
    if request.method == "GET":
        form.suite.data = request.args.get("suite", "")
    token = request.cookies.get(VERIFICATION, "")
    expected = verification(token)
    if expected is None or (expected.user_id is None and not form.answer.data):
        return _from_the_start(form, carried)
    if not form.validate_on_submit():
        return factor_page(form, expected, carried, 422 if form.is_submitted() else 200)
    try:
        opened, left = _judge(token, expected, form)
    except RuleError as error:
        return _refused(form, error, token, carried)
    if opened is None:
        return _from_the_start(form, carried)
    if left is not None:
        with unit_of_work(opened) as unit:
            tell_backup_code_used(unit.identity, left=left)
    response = welcome(opened, form.suite.data, carried)
    response.delete_cookie(VERIFICATION, path="/connexion")
    return response


def _judge(token: str, expected: Verification, form: CodeForm) -> tuple[str | None, int | None]:
    """(the new session's raw token, how many backup codes are left when one was used). Raises RuleError."""
    if form.answer.data:
        return _by_passkey(token, expected, form.answer.data), None
    who = expected.user_id or 0
    with visitors.attempt(Kind.CODE, expected.email or ""):
        with unit_of_work(None):  # counted even when what follows is refused
            alive = count_try(token)
        if not alive:
            return None, None
        with unit_of_work(None):
            right, left = is_right_code(minter(), user_id=who, code=form.code.data or "")
            if not right:
                raise RuleError("code", CODE_REFUSED)
            return finish(minter(), token=token, user_id=who, device=device()), left


def _by_passkey(token: str, expected: Verification, answer: str) -> str | None:
    with unit_of_work(None):
        alive = count_try(token)
    if not alive:
        return None
    with unit_of_work(None):  # the challenge is used up whatever the answer is worth
        who = passkeys.signer(site(), minter(), holder=token_hash(token), purpose=passkeys.SIGN_IN, answer=answer)
    if who is None or expected.user_id not in {None, who}:
        raise RuleError("", passkeys.REFUSED)
    with unit_of_work(None):
        return finish(minter(), token=token, user_id=who, device=device())


def _refused(form: CodeForm, error: RuleError, token: str, carried: list[tuple[str, str]]) -> Response:
    with unit_of_work(None):
        record_refused_code()
        expected = verification(token)
        tell_replay(error, expected.email if expected else None)
    if expected is None or expected.user_id is None:
        return _from_the_start(form, carried, error.message if expected else SPENT)
    form.code.data = form.answer.data = ""
    form.add_error(error)
    return factor_page(form, expected, carried, 422)


def _from_the_start(form: CodeForm, carried: list[tuple[str, str]], why: str = SPENT) -> Response:
    """Five tries or ten minutes are over, or nobody gave a password: the sign-in page, with what was being written."""
    if request.method == "GET":
        return redirect_to("accounts.sign_in", suite=form.suite.data or None)
    again = SignInForm(formdata=None)
    again.suite.data = form.suite.data
    again.add_error(RuleError("", why))
    response = sign_in_page(again, carried, 422)
    response.delete_cookie(VERIFICATION, path="/connexion")
    return response
