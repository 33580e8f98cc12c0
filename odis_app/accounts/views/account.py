"""/compte: who I am here, my last sign-ins, my password, my organisations."""

from __future__ import annotations

from flask import Response, flash, request

from odis_app.accounts import linking, operations, queries, visitors
from odis_app.accounts.forms import PasswordForm
from odis_app.accounts.operations.attempts import Kind
from odis_app.accounts.operations.identities import is_linked
from odis_app.accounts.policy import ACCOUNT_READ, ACCOUNT_UPDATE
from odis_app.accounts.strength import estimate
from odis_app.accounts.views.sign_in import blueprint, minter
from odis_app.core.errors import RuleError
from odis_app.core.formats import pluriel
from odis_app.core.permissions import guard
from odis_app.core.requests import device, keep_session
from odis_app.core.slots import slot
from odis_app.core.web import identity, not_found, redirect_to, render


@blueprint.get("/compte")
@guard(ACCOUNT_READ)
def account() -> Response:
    """My name, organisation, roles, last sign-ins."""
    return _page(PasswordForm(formdata=None))


@blueprint.post("/compte/mot-de-passe")
@guard(ACCOUNT_UPDATE)
def change_password() -> Response:
    """Replace my password; the sentence on the page says that it is done."""
    form = PasswordForm()
    if not form.validate_on_submit():
        return _page(form, 200 if form.is_resumed else 422)
    who, current, new = identity(), form.current.data or "", form.new.data or ""
    try:
        operations.check_change(who, current=current, new=new)
        with visitors.attempt(Kind.PASSWORD, who.email):
            operations.change_password(minter(), who, current=current, new=new)
    except RuleError as error:
        form.add_error(error)
        return _page(form, 422)
    told = estimate(new).sentence
    flash(
        f"Votre mot de passe est changé. {told} Vos autres sessions sont fermées, et un courriel vous le confirme.",
        "ok",
    )
    return redirect_to("accounts.account")


@blueprint.post("/compte/sessions/fermer")
@guard(ACCOUNT_UPDATE)
def close_session() -> Response:
    """End one of my sessions, open in another browser."""
    if not operations.close_own_session(identity(), public_id=request.form.get("session", "")):
        return not_found()
    flash("La session est fermée : ce navigateur devra se connecter de nouveau.", "ok")
    return redirect_to("accounts.account")


@blueprint.post("/compte/sessions/fermer-les-autres")
@guard(ACCOUNT_UPDATE)
def close_other_sessions() -> Response:
    """End all my sessions but this one."""
    closed = operations.close_other_sessions(identity())
    flash(f"{pluriel(closed, 'autre session fermée', 'autres sessions fermées')}.", "ok")
    return redirect_to("accounts.account")


@blueprint.post("/compte/organisation")
@guard(ACCOUNT_UPDATE)
def switch_organisation() -> Response:
    """Work for another of my organisations: the present session ends, another begins."""
    who, wanted = identity(), request.form.get("organisation", "")
    chosen = next((w for w in queries.workplaces(minter(), who) if w.public_id == wanted), None)
    if chosen is None:
        return not_found()
    if chosen.is_current:
        return redirect_to("home.index")
    token = operations.switch_organisation(minter(), who, organisation_id=chosen.id, device=device())
    response = redirect_to("home.index")
    keep_session(response, token)
    flash(f"Vous travaillez maintenant pour {chosen.name}.", "ok")
    return response


def _page(form: PasswordForm, status: int = 200) -> Response:
    who = identity()
    return render(
        "accounts/account.html",
        status=status,
        form=form,
        roles=queries.role_labels(who.roles),
        workplaces=queries.workplaces(minter(), who),
        sessions=queries.own_sessions(who),
        idle_minutes=operations.IDLE_MINUTES,
        is_linked=linking.provider() is not None and is_linked(who),
        sign_ins=queries.last_sign_ins(who),
        links=slot("account.links").entries(who),
        crumbs=[("Mon compte", None)],
    )
