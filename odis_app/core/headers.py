"""Headers that every answer carries."""

from __future__ import annotations

from flask import Flask, Response, current_app, request

from odis_app.core.assets import CDN_ORIGIN


def init_app(app: Flask) -> None:
    """Add the security headers after each request."""
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
