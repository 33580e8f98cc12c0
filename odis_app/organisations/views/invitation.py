"""/invitation: what the link of an invitation opens, for who has no session and perhaps no account."""

from __future__ import annotations

from contextlib import nullcontext

from flask import Response, flash

from odis_app.accounts import visitors
from odis_app.accounts.operations.attempts import Kind
from odis_app.accounts.queries import role_labels
from odis_app.core import links
from odis_app.core.db import unit_of_work
from odis_app.core.errors import RuleError
from odis_app.core.permissions import public
from odis_app.core.web import render
from odis_app.organisations import operations, texts
from odis_app.organisations.forms import PASSWORD_HINT, AnswerForm, NewAccountForm
from odis_app.organisations.operations import Invited
from odis_app.organisations.views.base import blueprint, let_in, minter

ENDPOINT = "organisations.answer"
ASK_AGAIN = "Demandez à la personne qui vous a invité de vous renvoyer une invitation : un bouton le fait depuis sa page Équipe."


@blueprint.get("/invitation/<secret>")
@public
def open_invitation(secret: str) -> Response:
    """Take the secret out of the address at once. Nothing is consumed."""
    return links.arrive(secret, ENDPOINT)


@blueprint.route("/invitation", methods=["GET", "POST"])
@public
def answer() -> Response:
    """Who invites, where, as what; a name, a password, the charter; then the home page."""
    secret = links.kept()
    invited = operations.invited_by_link(secret) if secret else None
    if invited is None:
        return _dead()
    form = AnswerForm() if invited.has_account else NewAccountForm()
    if form.validate_on_submit():
        try:
            # a present password is guessed here as on the sign-in page, and counts with it
            tried = visitors.attempt(Kind.PASSWORD, invited.email) if invited.has_account else nullcontext()
            with tried, unit_of_work(None):  # its own transaction: the account exists before its first session
                user_id = operations.accept_invitation(
                    minter(), secret=secret, password=form.password.data or "",
                    first_name=form.first_name.data or "", last_name=form.last_name.data or "",
                )  # fmt: skip
        except RuleError as error:
            form.add_error(error)
        else:
            if isinstance(form, NewAccountForm):
                flash(
                    f"Votre compte est ouvert. Votre mot de passe : {form.password.strength.label}. {form.password.strength.why}",
                    "ok",
                )
            response = let_in(user_id, organisation_id=invited.organisation_id)
            links.forget(response, ENDPOINT)
            visitors.remember(response, invited.email)
            return response
    return _page(invited, form)


def _page(invited: Invited, form: AnswerForm) -> Response:
    return render(
        "organisations/answer.html",
        status=422 if form.is_submitted() else 200,
        form=form,
        invited=invited,
        roles=role_labels(invited.roles),
        charter=texts.current(texts.CHARTER),
        password_hint="" if invited.has_account else PASSWORD_HINT,
    )


def _dead() -> Response:
    return links.dead_link(ASK_AGAIN, ENDPOINT)
