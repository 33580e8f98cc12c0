"""What the browser carries of a sign-in by ProConnect: on its way there, before it is tied to an account, and until signing out.

Each is a cookie that no script reads, signed (sealed for the token), bound to the pages that use it.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import asdict, dataclass

from flask import Response, after_this_request, current_app, request
from itsdangerous import BadSignature, URLSafeTimedSerializer

from odis_app.accounts.operations import ABSOLUTE_MINUTES, Minter
from odis_app.accounts.operations.identities import link_identity
from odis_app.accounts.proconnect import Proven, Provider, ProviderDownError, Start
from odis_app.core import crypto
from odis_app.core.identity import Identity
from odis_app.core.ids import new_token

START, PENDING, ID_TOKEN = "odis_proconnect", "odis_proconnect_lien", "odis_proconnect_jeton"
SIGN_IN_PATH, SIGN_OUT_PATH = "/connexion", "/deconnexion"
SECONDS = 600
LARGEST_COOKIE = 3800


@dataclass(frozen=True, slots=True)
class OnTheWay:
    """A sign-in that left for the provider, and where it leads."""

    start: Start
    target: str


def provider() -> Provider | None:
    """The one of this installation, if it has one."""
    found: Provider | None = current_app.extensions.get("odis_proconnect")
    return found


def keep_start(response: Response, start: Start, target: str) -> None:
    """Remember what was asked, until the provider answers."""
    _set(response, START, _signer(START).dumps(asdict(start) | {"target": target}), SIGN_IN_PATH, SECONDS)


def kept_start() -> OnTheWay | None:
    """What this browser asked, less than ten minutes ago; it is forgotten with the present answer: a return serves once."""
    try:
        found = dict(_signer(START).loads(request.cookies.get(START, ""), max_age=SECONDS))
    except BadSignature:
        return None
    _forget(START, SIGN_IN_PATH)
    target = str(found.pop("target"))
    return OnTheWay(Start(**found), target)


def keep_pending(response: Response, issuer: str, proven: Proven) -> None:
    """The identity is proven, the account not yet: whoever gives its password within ten minutes ties both."""
    content = {"issuer": issuer, "subject": proven.subject, "email": proven.email}
    _set(response, PENDING, _signer(PENDING).dumps(content), SIGN_IN_PATH, SECONDS)


def pending_address() -> str:
    """Whose password is awaited; empty when no identity waits."""
    return _pending().get("email", "")


def finish(minter: Minter, identity: Identity) -> None:
    """Somebody has just signed in: tie the identity that waits in this browser, if it has the same address."""
    waiting = _pending()
    if not waiting:
        return
    _forget(PENDING, SIGN_IN_PATH)
    if waiting["email"] == identity.email.strip().lower():
        link_identity(minter, identity, issuer=waiting["issuer"], subject=waiting["subject"])


def keep_id_token(response: Response, user_id: int, id_token: str) -> None:
    """To sign out at the provider too, later, when the same person signs out here."""
    sealed = crypto.seal(json.dumps({"who": user_id, "token": id_token}), crypto.place("cookies", ID_TOKEN, 0))
    value = base64.urlsafe_b64encode(sealed).decode()
    if len(value) <= LARGEST_COOKIE:
        _set(response, ID_TOKEN, value, SIGN_OUT_PATH, ABSOLUTE_MINUTES * 60)


def end_at_provider(identity: Identity, *, back: str) -> str:
    """Where to end the session that this person has at the provider; empty when there is none, or nobody answers there."""
    here = provider()
    if here is None or not request.cookies.get(ID_TOKEN):
        return ""
    _forget(ID_TOKEN, SIGN_OUT_PATH)
    try:
        sealed = base64.urlsafe_b64decode(request.cookies[ID_TOKEN])
        found = json.loads(crypto.unseal(sealed, crypto.place("cookies", ID_TOKEN, 0)))
        if found["who"] == identity.user_id:
            return here.end_session_url(found["token"], back=back, state=new_token())
    except (crypto.UnreadableError, binascii.Error, ValueError, ProviderDownError):
        return ""
    return ""


def _pending() -> dict[str, str]:
    try:
        return dict(_signer(PENDING).loads(request.cookies.get(PENDING, ""), max_age=SECONDS))
    except BadSignature:
        return {}


def _set(response: Response, name: str, value: str | bytes, path: str, seconds: int) -> None:
    secure = current_app.config["SESSION_COOKIE_SECURE"]
    response.set_cookie(name, str(value), httponly=True, secure=secure, samesite="Lax", path=path, max_age=seconds)


def _forget(name: str, path: str) -> None:
    @after_this_request
    def forget(response: Response) -> Response:
        response.delete_cookie(name, path=path)
        return response


def _signer(use: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.secret_key or "", salt=use)
