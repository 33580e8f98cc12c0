"""/connexion and /deconnexion."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, g, make_response, render_template, request, url_for
from itsdangerous import BadSignature, URLSafeSerializer

from odis_app.accounts import drafts, linking, operations, visitors
from odis_app.accounts.forms import CodeForm, SignInForm
from odis_app.accounts.operations.attempts import Kind, TooOftenError
from odis_app.accounts.operations.notices import tell_new_browser
from odis_app.accounts.operations.verification import Verification, verification
from odis_app.core.db import unit_of_work
from odis_app.core.errors import RuleError
from odis_app.core.permissions import public
from odis_app.core.requests import device, forget_session, keep_session, session_token
from odis_app.core.web import identity, is_fragment_request, is_safe_path, redirect_to, redirect_to_url

blueprint = Blueprint("accounts", __name__)
VERIFICATION = "odis_verification"  # between the password and the second factor; it opens nothing
WHO = "odis_qui"  # signed, says whose browser this was: a draft is given back to the same person only


@blueprint.route("/connexion", methods=["GET", "POST"])
@public
def sign_in() -> Response:
    """The form, the session, then where the person was going, with what they were writing."""
    if request.method == "GET" and identity().is_signed_in:
        return redirect_to("home.index")
    form = SignInForm()
    if request.method == "GET":
        form.suite.data, form.email.data = request.args.get("suite", ""), linking.pending_address()
    carried = drafts.still_carried(request.form)
    if form.validate_on_submit():
        try:
            # its own transaction: the session exists before anything is done under it
            with visitors.attempt(Kind.PASSWORD, form.email.data or ""), unit_of_work(None):
                entry = operations.sign_in(
                    minter(), email=form.email.data or "", password=form.password.data or "", device=device()
                )
        except RuleError as error:
            form.add_error(error)
            g.failed_sign_in = not isinstance(error, TooOftenError)
        else:
            way_in = ask_for_factor if entry.needs_factor else welcome
            return way_in(entry.token, form.suite.data, carried)
    return sign_in_page(form, carried, 422 if form.is_submitted() else 200)


@blueprint.after_request
def _record_failure(response: Response) -> Response:
    if g.pop("failed_sign_in", False):
        with unit_of_work(None):
            operations.record_failed_sign_in()
    return response


@blueprint.route("/deconnexion", methods=["POST"])
@public
def sign_out() -> Response:
    """End the session and forget the cookie; the one at ProConnect ends too, when it opened this one."""
    elsewhere = ""
    if identity().is_signed_in:
        elsewhere = linking.end_at_provider(identity(), back=current_app.config["ODIS"].address + "/connexion")
        operations.sign_out(identity())
    response = redirect_to("accounts.sign_in")
    if elsewhere:  # the policy of forms keeps this answer from leading there by itself
        response = make_response(render_template("accounts/signed_out.html", where=elsewhere))
        response.headers["Refresh"] = f"0; url={elsewhere}"
    forget_session(response)
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


def sign_in_page(form: SignInForm, carried: list[tuple[str, str]], status: int) -> Response:
    """The sign-in page, carrying the draft; under HTMX it replaces the whole page."""
    response = make_response(
        render_template(
            "accounts/sign_in.html",
            form=form,
            carried=carried,
            action=url_for("accounts.sign_in"),
            has_proconnect=linking.provider() is not None,
            ended=request.method == "GET" and bool(session_token()),
            waiting=linking.pending_address(),
        ),
        status,
    )
    return as_whole_page(response)


def ask_to_sign_in() -> Response:
    """What an unidentified request to a guarded page gets: the way back, and on POST everything typed."""
    if request.method == "POST":
        form = SignInForm(formdata=None)
        form.suite.data = request.full_path.rstrip("?")
        return sign_in_page(form, drafts.carried(request.form), 401)
    target = request.full_path.rstrip("?") if request.method == "GET" and not is_fragment_request() else ""
    return redirect_to("accounts.sign_in", suite=target or None)


def ask_for_factor(token: str, target: str | None, carried: list[tuple[str, str]]) -> Response:
    """The password is right: the second factor is asked for on a page of its own, which carries the draft if there is one."""
    if carried:
        with unit_of_work(None):
            found = verification(token)
        response = factor_page(CodeForm.on_the_way(target), found, carried, 200)
    else:
        response = redirect_to("accounts.verify", suite=target or None)
    keep_verification(response, token)
    return response


def keep_verification(response: Response, token: str) -> None:
    """Give the browser its verification, for the pages of /connexion only."""
    secure = current_app.config["SESSION_COOKIE_SECURE"]
    response.set_cookie(
        VERIFICATION, token, httponly=True, secure=secure, samesite="Lax", path="/connexion", max_age=600
    )


def factor_page(form: CodeForm, found: Verification | None, carried: list[tuple[str, str]], status: int) -> Response:
    """The page that asks for a code or a passkey."""
    page = render_template("accounts/verification.html", form=form, expected=found, carried=carried)
    return as_whole_page(make_response(page, status))


def as_whole_page(response: Response) -> Response:
    """Under HTMX too, the answer replaces the page."""
    if is_fragment_request():
        response.headers["HX-Retarget"] = "body"
        response.headers["HX-Reswap"] = "innerHTML"
    return response


def welcome(token: str, target: str | None, carried: list[tuple[str, str]]) -> Response:
    """The session is open: where the person was going, with what they were writing."""
    with unit_of_work(token) as unit:
        operations.record_sign_in(unit.identity)
        linking.finish(minter(), unit.identity)
        who, address = unit.identity.user_public_id, unit.identity.email
        if not visitors.knows(address):
            tell_new_browser(unit.identity)
    same_person = _previous_person() == who
    destination = target if is_safe_path(target) else url_for("home.index")
    if carried and same_person:
        body = render_template("accounts/resume.html", action=destination, fields=drafts.given_back(carried))
        response = make_response(body)
    else:
        response = redirect_to_url(destination or "/")
    keep_session(response, token)
    visitors.remember(response, address)
    secure = current_app.config["SESSION_COOKIE_SECURE"]
    response.set_cookie(
        WHO, _signer().dumps(who), httponly=True, secure=secure, samesite="Lax", path="/connexion", max_age=86400
    )
    return response


def _previous_person() -> str | None:
    try:
        return str(_signer().loads(request.cookies.get(WHO, "")))
    except BadSignature:
        return None


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.secret_key or "", salt=WHO)


def minter() -> operations.Minter:
    """The application's own, under the installation's key."""
    found: operations.Minter = current_app.extensions["odis_minter"]
    return found
