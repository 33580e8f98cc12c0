"""What the pages share: the blueprint, the minter, the way in for who just proved who they are."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Blueprint, Response, current_app

from odis_app.accounts.operations import Minter, enter, record_sign_in, sign_out
from odis_app.accounts.views import ask_for_factor
from odis_app.core.db import unit_of_work
from odis_app.core.permissions import Role
from odis_app.core.requests import device, keep_session
from odis_app.core.web import identity, redirect_to_url

blueprint = Blueprint("organisations", __name__)


def minter() -> Minter:
    """The application's own, under the installation's key."""
    found: Minter = current_app.extensions["odis_minter"]
    return found


def role_choices(roles: Iterable[Role]) -> list[tuple[str, str]]:
    """(value, label) pairs of roles, in the usual order."""
    offered = set(roles)
    return [(role.value, role.label) for role in Role if role in offered]


def let_in(user_id: int, *, organisation_id: int | None = None) -> Response:
    """Sign somebody in on this browser, which leaves whatever session it had, and go home."""
    if identity().is_signed_in:
        sign_out(identity())
    with unit_of_work(None):
        entry = enter(minter(), user_id=user_id, device=device(), organisation_id=organisation_id)
    if entry is None:
        return redirect_to_url("/connexion")
    if entry.needs_factor:
        return ask_for_factor(entry.token, None, [])
    token = entry.token
    with unit_of_work(token) as unit:
        record_sign_in(unit.identity)
    response = redirect_to_url("/")
    keep_session(response, token)
    return response
