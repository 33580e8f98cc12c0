"""Headers that every answer carries, and pages compressed on their way."""

from __future__ import annotations

import gzip
import io
import secrets

from flask import Flask, Response, has_request_context, request
from markupsafe import Markup

SMALL = 1000  # bytes: below, compressing gains nothing
PADDING = 100
STAY_ON_HTTPS = ("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
_NONCE = "odis.csp_nonce"


def init_app(app: Flask) -> None:
    """Add the security headers after each request, and compress pages for who accepts it."""
    app.after_request(_compress)
    app.after_request(_harden)


def nonce_attribute() -> Markup:
    """`` nonce="…"`` for a script or a stylesheet of the present answer, drawn at its first use; nothing outside of a request."""
    if not has_request_context():
        return Markup("")
    return Markup(' nonce="{}"').format(request.environ.setdefault(_NONCE, secrets.token_urlsafe(16)))


def _policy() -> str:
    """What the browser may load: the scripts and stylesheets that carry this answer's nonce, none when it has none.

    No origin is named, not even ours: a file that somebody had us serve, or any other of the CDN's, runs nowhere.
    """
    nonce = request.environ.get(_NONCE)
    loaded = f"'nonce-{nonce}'" if nonce else "'none'"
    return (
        f"default-src 'none'; script-src {loaded}; style-src {loaded}; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'; manifest-src 'self'"
    )


def _harden(response: Response) -> Response:
    headers = response.headers
    headers.setdefault("Content-Security-Policy", _policy())
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "no-referrer")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()")
    headers.setdefault("Cache-Control", "no-store")
    if request.is_secure:
        headers.setdefault(*STAY_ON_HTTPS)
    return response


def _compress(response: Response) -> Response:
    """HTML travels as gzip: a page of 60 kB becomes 7.

    The header of the gzip stream names a file of random length: the size of an answer then tells nobody, who could make
    the browser ask for an address again and again, what the page repeats of it (BREACH).
    """
    if response.mimetype != "text/html" or response.is_streamed or "Content-Encoding" in response.headers:
        return response
    response.vary.add("Accept-Encoding")
    if request.accept_encodings["gzip"] and len(response.get_data()) >= SMALL:
        packed = io.BytesIO()
        with gzip.GzipFile("a" * secrets.randbelow(PADDING), "wb", compresslevel=6, fileobj=packed, mtime=0) as stream:
            stream.write(response.get_data())
        response.set_data(packed.getvalue())
        response.headers["Content-Encoding"] = "gzip"
    return response
