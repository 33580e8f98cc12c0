"""/mot-de-passe-oublie and /nouveau-mot-de-passe: getting one's account back with one's mailbox. The second factor, if any, is still asked for."""

from __future__ import annotations

from flask import Response, flash

from odis_app.accounts import operations, visitors
from odis_app.accounts.forms import ForgottenForm, NewPasswordForm
from odis_app.accounts.operations.attempts import Kind
from odis_app.accounts.strength import estimate
from odis_app.accounts.views.sign_in import blueprint, minter
from odis_app.core import links
from odis_app.core.db import unit_of_work
from odis_app.core.errors import RuleError
from odis_app.core.permissions import public
from odis_app.core.requests import forget_session
from odis_app.core.web import redirect_to, render

ENDPOINT = "accounts.new_password"
ASK_AGAIN = "Demandez un autre lien : il vous est envoyé aussitôt, et il sert pendant une heure."


@blueprint.route("/mot-de-passe-oublie", methods=["GET", "POST"])
@public
def forgotten() -> Response:
    """An address; the answer is the same whether somebody has an account there or not."""
    form = ForgottenForm()
    if form.validate_on_submit():
        address = form.email.data or ""
        try:
            with visitors.attempt(Kind.RESET, address):
                operations.ask_reset(minter(), email=address, visitor=visitors.visitor(address))
        except RuleError as error:
            form.add_error(error)
        else:
            return redirect_to("accounts.reset_asked")
    return render("accounts/forgotten.html", status=422 if form.is_submitted() else 200, form=form)


@blueprint.get("/mot-de-passe-oublie/envoye")
@public
def reset_asked() -> Response:
    """The same page for every address."""
    return render("accounts/reset_asked.html")


@blueprint.get("/nouveau-mot-de-passe/<secret>")
@public
def open_reset(secret: str) -> Response:
    """Take the secret out of the address at once. Nothing is consumed."""
    return links.arrive(secret, ENDPOINT)


@blueprint.route("/nouveau-mot-de-passe", methods=["GET", "POST"])
@public
def new_password() -> Response:
    """A new password, twice; then the sign-in page, from a browser that the account now knows."""
    secret = links.kept()
    found = operations.forgetful_by_link(secret) if secret else None
    if found is None:
        return links.dead_link(ASK_AGAIN, ENDPOINT, way=("Demander un autre lien", "accounts.forgotten"))
    form = NewPasswordForm()
    if form.validate_on_submit():
        try:
            with unit_of_work(
                None
            ):  # its own transaction: what happened stays, even when the answer is lost on its way
                address = operations.reset_password(minter(), secret=secret, new=form.new.data or "")
        except RuleError as error:
            form.add_error(error)
        else:
            return _changed(address, estimate(form.new.data or "").sentence)
    return render("accounts/new_password.html", status=422 if form.is_submitted() else 200, form=form, found=found)


def _changed(address: str, told: str) -> Response:
    flash(f"Votre mot de passe est changé. {told} Connectez-vous avec le nouveau.", "ok")
    response = redirect_to("accounts.sign_in")
    forget_session(response)  # the session that this browser may have had has ended with the others
    links.forget(response, ENDPOINT)
    visitors.remember(response, address, afresh=True)  # whatever was tried before, its owner comes in
    return response
