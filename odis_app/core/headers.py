"""Headers that every answer carries, and pages compressed on their way."""

from __future__ import annotations

import gzip
import io
import secrets

from flask import Flask, Response, current_app, request

from odis_app.core.assets import CDN_ORIGIN

SMALL = 1000  # bytes: below, compressing gains nothing
PADDING = 100


def init_app(app: Flask) -> None:
    """Add the security headers after each request, and compress pages for who accepts it."""
    app.after_request(_compress)
    app.after_request(_harden)


def _policy(app_assets: str) -> str:
    cdn = f" {CDN_ORIGIN}" if app_assets == "cdn" else ""
    return (
        f"default-src 'none'; script-src 'self'{cdn}; style-src 'self'{cdn}; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'; manifest-src 'self'"
    )


def _harden(response: Response) -> Response:
    headers = response.headers
    headers.setdefault("Content-Security-Policy", _policy(current_app.config["ODIS_ASSETS"]))
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "no-referrer")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()")
    headers.setdefault("Cache-Control", "no-store")
    if request.is_secure:
        headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
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
