"""What every answer forbids to the browser, whoever asks and whatever is answered."""

from __future__ import annotations

import pytest
from flask import Flask

HARD = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'; manifest-src 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}
ANSWERS = (
    ("GET", "/connexion", 200),
    ("GET", "/menages", (303, 204)),
    ("GET", "/nulle-part", 404),
    ("POST", "/menages/nouveau", 400),
    ("GET", "/sante", 200),
)


@pytest.mark.parametrize(("method", "path", "status"), ANSWERS)
@pytest.mark.parametrize("fragment", [False, True], ids=["page", "fragment"])
def test_every_answer_is_hardened(
    database: Flask, method: str, path: str, status: int | tuple[int, int], *, fragment: bool
) -> None:
    headers = {"HX-Request": "true"} if fragment else {}
    answer = database.test_client().open(path, method=method, headers=headers)
    assert answer.status_code in (
        status if isinstance(status, tuple) else (status,)
    )  # a fragment is sent to sign in by a header
    assert {name: answer.headers.get(name) for name in HARD} == HARD
    assert "no-store" in answer.headers["Cache-Control"]
    assert "Strict-Transport-Security" not in answer.headers  # a promise about https, made over https only
    assert not [name for name, _ in answer.headers if name.lower().startswith("access-control-")]


def test_over_https_the_browser_is_told_to_stay_there(database: Flask) -> None:
    answer = database.test_client().get("/connexion", base_url="https://localhost")
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
