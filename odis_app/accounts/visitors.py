"""Who knocks: the network a request comes from, and the browsers where an account signed in before.

A browser where somebody signed in keeps a signed mark for that account. It opens nothing: it only gives the browser a
counter of its own, so that a stranger who tries passwords never shuts the account's owner out.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Response, after_this_request, current_app, request
from itsdangerous import BadSignature, URLSafeTimedSerializer

from odis_app.accounts.operations.attempts import Kind, TooOftenError, Visitor, fingerprint, forgive, take
from odis_app.core.ids import new_token

COOKIE = "odis_appareil"
LASTS = 180 * 24 * 3600
FORGIVEN = {Kind.PASSWORD, Kind.CODE, Kind.LINK}
MOST_ACCOUNTS = 8  # of one shared computer; the oldest mark makes room


@contextmanager
def attempt(kind: Kind, address: str) -> Iterator[None]:
    """Count a try for ``address``; a body that ends well is forgiven when it was a password, a code or a link. Raises TooOftenError.

    Refused, the answer becomes a 429 that says when to come back.
    """
    try:
        number = take(kind, address=address, visitor=visitor(address))
    except TooOftenError as error:
        _come_back(error.seconds)
        raise
    yield
    if kind in FORGIVEN:
        forgive(number)


def visitor(address: str) -> Visitor:
    """Where the present request comes from, as far as the account at ``address`` knows."""
    return Visitor(place(), _marks().get(_name(address), ""))


def knows(address: str) -> bool:
    """Whether the account at ``address`` signed in from this browser in the last 180 days."""
    return _name(address) in _marks()


def place() -> str:
    """The network address; of IPv6 the part that one subscriber holds, which has more addresses than there are counters."""
    try:
        address = ipaddress.ip_address(request.remote_addr or "")
    except ValueError:
        return "local"
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def remember(response: Response, address: str, *, afresh: bool = False) -> None:
    """The account at ``address`` signed in here: this browser has its own counter from now on, another one with ``afresh``."""
    marks = _marks()
    kept = marks.pop(_name(address), "")
    marks[_name(address)] = kept if kept and not afresh else new_token()
    newest = dict(list(marks.items())[-MOST_ACCOUNTS:])
    secure = current_app.config["SESSION_COOKIE_SECURE"]
    response.set_cookie(
        COOKIE, str(_signer().dumps(newest)), httponly=True, secure=secure, samesite="Lax", path="/", max_age=LASTS
    )


def _come_back(seconds: int) -> None:
    @after_this_request
    def answer(response: Response) -> Response:
        response.status_code = 429
        response.headers["Retry-After"] = str(seconds)
        return response


def _marks() -> dict[str, str]:
    try:
        found = _signer().loads(request.cookies.get(COOKIE, ""), max_age=LASTS)
    except BadSignature:
        return {}
    return dict(found)


def _name(address: str) -> str:
    """The mark does not say whose it is: the computer may be shared."""
    return fingerprint("mark", address.strip().lower()).hex()[:24]


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.secret_key or "", salt=COOKIE)
