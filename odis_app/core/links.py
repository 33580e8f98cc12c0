"""A secret that comes by mail leaves the address at once: a cookie of the one page that uses it holds it for half an hour.

Opening the link consumes nothing: mail servers and previews open links too. The page's form does.
"""

from __future__ import annotations

import re

from flask import Response, current_app, request, url_for

from odis_app.core.web import redirect_to, render

COOKIE, SECONDS = "odis_lien", 30 * 60
SECRET = re.compile(r"[A-Za-z0-9_-]{20,100}")


def arrive(secret: str, endpoint: str) -> Response:
    """Keep the secret for the page ``endpoint`` (an address without variable) and go there."""
    response = redirect_to(endpoint)
    if SECRET.fullmatch(secret):
        secure = current_app.config["SESSION_COOKIE_SECURE"]
        response.set_cookie(
            COOKIE, secret, httponly=True, secure=secure, samesite="Lax", path=url_for(endpoint), max_age=SECONDS
        )
    else:
        forget(response, endpoint)
    return response


def kept() -> str:
    """The secret that this browser keeps for the present page; empty when there is none."""
    found = request.cookies.get(COOKIE, "")
    return found if SECRET.fullmatch(found) else ""


def forget(response: Response, endpoint: str) -> None:
    """The link was used, or is worth nothing."""
    response.delete_cookie(COOKIE, path=url_for(endpoint))


def dead_link(next_step: str, endpoint: str = "", *, way: tuple[str, str] | None = None) -> Response:
    """The same page for a link that was used, withdrawn, replaced, is too old, or never was; ``endpoint`` forgets what it kept.

    ``way``: (label, endpoint) of the button that does what ``next_step`` says; without it the only button signs in.
    """
    response = render("errors/dead_link.html", status=410, next_step=next_step, way=way)
    if endpoint:
        forget(response, endpoint)
    return response
