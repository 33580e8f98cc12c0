"""Passkeys: challenges for the browser, adding and removing a key. What a key signed is read by the pages that ask for it."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Response, current_app, flash, make_response, request

from odis_app.accounts.operations import backup, factors, passkeys
from odis_app.accounts.operations.verification import open_verification, verification
from odis_app.accounts.policy import ACCOUNT_CONFIRM, FACTOR_UPDATE
from odis_app.accounts.views.factors import codes_page, security_page
from odis_app.accounts.views.sign_in import VERIFICATION, blueprint, keep_verification, minter
from odis_app.core.db import token_hash
from odis_app.core.errors import RuleError
from odis_app.core.permissions import guard, public
from odis_app.core.requests import session_token
from odis_app.core.web import identity, not_found, redirect_to


def site() -> passkeys.Site:
    """The installation's public address, whatever the request says of its host."""
    parts = urlsplit(current_app.config["ODIS"].address)
    return passkeys.Site(f"{parts.scheme}://{parts.netloc}")


def session_holder() -> bytes:
    """The present session, as the holder of a challenge."""
    return token_hash(session_token() or "")


@blueprint.post("/compte/securite/cles/defi")
@guard(FACTOR_UPDATE)
def register_challenge() -> Response:
    """What a new key signs."""
    return _json(passkeys.registration_options(site(), identity(), session_holder()))


@blueprint.post("/compte/confirmer/cle/defi")
@guard(ACCOUNT_CONFIRM)
def confirm_challenge() -> Response:
    """What one of my keys signs to confirm that it is me."""
    who = identity()
    options = passkeys.authentication_options(
        site(), minter(), session_holder(), passkeys.CONFIRM, user_id=who.require_user()
    )
    return _json(options)


@blueprint.post("/connexion/cle/defi")
@public
def sign_in_challenge() -> Response:
    """What a key signs to sign in: after the password, or instead of it."""
    token = request.cookies.get(VERIFICATION, "")
    expected = verification(token)
    if expected is None:
        token = open_verification(minter(), user_id=None)
    user_id = expected.user_id if expected else None
    response = _json(
        passkeys.authentication_options(site(), minter(), token_hash(token), passkeys.SIGN_IN, user_id=user_id)
    )
    if expected is None:
        keep_verification(response, token)
    return response


@blueprint.post("/compte/securite/cles")
@guard(FACTOR_UPDATE)
def add_passkey() -> Response:
    """Keep the new key; the first factor of an account comes with its backup codes."""
    who, had_codes = identity(), factors.own_factors().codes_left > 0
    name, answer = request.form.get("name", ""), request.form.get("answer", "")
    try:
        passkeys.add_passkey(site(), minter(), who, holder=session_holder(), name=name, answer=answer)
    except RuleError as error:
        return security_page(error.message)
    flash("La clé d’accès est ajoutée.", "ok")
    return redirect_to("accounts.security") if had_codes else codes_page(backup.new_backup_codes(who))


@blueprint.post("/compte/securite/cles/<passkey>/retirer")
@guard(FACTOR_UPDATE)
def remove_passkey(passkey: str) -> Response:
    """The key opens nothing any more."""
    try:
        name = passkeys.remove_passkey(identity(), public_id=passkey)
    except RuleError as error:
        return security_page(error.message)
    if name is None:
        return not_found()
    flash(f"La clé d’accès « {name} » est retirée.", "ok")
    return redirect_to("accounts.security")


def _json(body: str) -> Response:
    response = make_response(body)
    response.mimetype = "application/json"
    return response
