"""/connexion/proconnect: to the provider and back. It opens accounts that exist and were tied once; it makes none."""

from __future__ import annotations

import logging
from hmac import compare_digest

from flask import Response, current_app, flash, g, request

from odis_app.accounts import linking, operations
from odis_app.accounts.forms import SignInForm
from odis_app.accounts.operations.identities import has_account, linked_user, unlink_identity
from odis_app.accounts.policy import ACCOUNT_UPDATE
from odis_app.accounts.proconnect import ProofRefusedError, Proven, ProviderDownError, Start
from odis_app.accounts.views.sign_in import ask_for_factor, blueprint, minter, sign_in_page, welcome
from odis_app.core.db import unit_of_work
from odis_app.core.errors import RuleError
from odis_app.core.ids import new_token
from odis_app.core.permissions import guard, public
from odis_app.core.requests import device
from odis_app.core.web import identity, not_found, redirect_to, redirect_to_url

log = logging.getLogger(__name__)
BACK = "/connexion/proconnect/retour"
DOWN = "ProConnect ne répond pas. Connectez-vous avec votre mot de passe, ou réessayez dans quelques minutes."
REFUSED = "ProConnect n’a pas confirmé qui vous êtes. Recommencez depuis cette page, ou connectez-vous avec votre mot de passe."
NOWHERE = "Votre compte n’a plus de rôle dans aucune organisation. Demandez à l’administration de la vôtre de vous y inscrire."


@blueprint.get("/connexion/proconnect")
@public
def proconnect() -> Response:
    """Leave for the provider."""
    provider = linking.provider()
    if provider is None:
        return not_found()
    if identity().is_signed_in:
        return redirect_to("home.index")
    start = Start(state=new_token(), nonce=new_token(), verifier=new_token())
    try:
        response = redirect_to_url(provider.authorization_url(start, back=_address(BACK)))
    except ProviderDownError as error:
        return _down(error)
    linking.keep_start(response, start, request.args.get("suite", ""))
    return response


@blueprint.get(BACK)
@public
def proconnect_back() -> Response:
    """Come back from it: the state is this browser's, the tokens are verified, the account was tied; else, what to do next."""
    provider, kept = linking.provider(), linking.kept_start()
    if provider is None:
        return not_found()
    asked = request.args
    if kept is None or not compare_digest(asked.get("state", "").encode(), kept.start.state.encode()):
        return _refused("state")
    if asked.get("iss", provider.issuer) != provider.issuer or not asked.get("code"):
        return _refused("no code")
    try:
        proven = provider.proven(kept.start, code=asked["code"], back=_address(BACK))
    except ProofRefusedError as error:
        return _refused(str(error))
    except ProviderDownError as error:
        return _down(error)
    return _let_in(provider.issuer, proven, kept.target)


@blueprint.post("/compte/proconnect/delier")
@guard(ACCOUNT_UPDATE)
def unlink_proconnect() -> Response:
    """From now on ProConnect opens nothing here."""
    if unlink_identity(identity()):
        flash("ProConnect n’ouvre plus votre compte. Votre mot de passe sert toujours.", "ok")
    return redirect_to("accounts.account")


def _let_in(issuer: str, proven: Proven, target: str) -> Response:
    with unit_of_work(None):
        user_id = linked_user(minter(), issuer=issuer, subject=proven.subject)
        entry = operations.enter(minter(), user_id=user_id, device=device()) if user_id is not None else None
        known = user_id is not None or has_account(minter(), proven.email)
    if user_id is None:
        return _first_time(issuer, proven, target) if known else _unknown()
    if entry is None:
        return _page(NOWHERE, 422)
    way_in = ask_for_factor if entry.needs_factor else welcome
    response = way_in(entry.token, target, [])
    linking.keep_id_token(response, user_id, proven.id_token)
    return response


def _first_time(issuer: str, proven: Proven, target: str) -> Response:
    """An account has this address, which proves nothing of who made the account: its password does, once."""
    response = redirect_to("accounts.sign_in", suite=target or None)
    linking.keep_pending(response, issuer, proven)
    return response


def _unknown() -> Response:
    flash("ProConnect confirme qui vous êtes, mais aucun compte OD&IS n’est à votre adresse. Demandez un accès : ProConnect n’en crée pas.", "wait")  # fmt: skip
    return redirect_to("organisations.find_organisation")


def _refused(reason: str) -> Response:
    log.warning("ProConnect: refused, %s", reason)
    g.failed_sign_in = True
    return _page(REFUSED, 422)


def _down(error: ProviderDownError) -> Response:
    log.warning("ProConnect: down, %s", error)
    return _page(DOWN, 503)


def _page(sentence: str, status: int) -> Response:
    form = SignInForm(formdata=None)
    form.add_error(RuleError("", sentence))
    return sign_in_page(form, [], status)


def _address(path: str) -> str:
    address: str = current_app.config["ODIS"].address
    return address + path
