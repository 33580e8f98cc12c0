"""What every answer forbids to the browser, whoever asks and whatever is answered."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from flask.wrappers import Response

from odis_app.core.assets import CDN_ORIGIN
from odis_app.core.permissions import public
from tests.support.client import StrictClient
from tests.support.worlds import WorldBuilder

POLICY = (
    "default-src 'none'; script-src {0}; style-src {0}; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'; manifest-src 'self'"
)
HARD = {
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
    nonces = nonces_of(answer)
    assert answer.headers["Content-Security-Policy"] == POLICY.format(f"'nonce-{nonces[0]}'" if nonces else "'none'")
    assert bool(nonces) == ("<!doctype" in answer.get_data(as_text=True))
    assert "no-store" in answer.headers["Cache-Control"]
    assert "Strict-Transport-Security" not in answer.headers  # a promise about https, made over https only
    assert not [name for name, _ in answer.headers if name.lower().startswith("access-control-")]


def nonces_of(answer: Response) -> list[str]:
    """The nonce of every script and stylesheet of a page, none forgotten: all of them are the same one."""
    tags = re.findall(r"<(?:script|style|link rel=.stylesheet)\b[^>]*>", answer.get_data(as_text=True))
    nonces = [found[1] for tag in tags if (found := re.search(r'nonce="([\w-]{22})"', tag))]
    assert len(nonces) == len(tags)
    assert len(set(nonces)) <= 1
    return nonces


def test_a_nonce_serves_one_answer_and_no_origin_is_allowed_whole(
    database: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = database.test_client()
    first, second = browser.get("/connexion"), browser.get("/connexion")
    assert len(nonces_of(first)) >= 4
    assert nonces_of(first)[0] != nonces_of(second)[0]
    sources = re.findall(r"(?:script|style)-src ([^;]*);", first.headers["Content-Security-Policy"])
    assert sources == [f"'nonce-{nonces_of(first)[0]}'"] * 2
    served = database.extensions["assets"]
    monkeypatch.setattr(served, "mode", "cdn")
    with database.test_request_context("/menages"):
        page = str(served.script("htmx.js")) + str(served.stylesheet("bootstrap.css"))
        answer = database.process_response(database.make_response(page))
    assert page.count(CDN_ORIGIN) == 2
    assert page.count(f'nonce="{nonces_of(answer)[0]}"') == 2
    assert CDN_ORIGIN not in answer.headers["Content-Security-Policy"]


def test_over_https_the_browser_is_told_to_stay_there(database: Flask) -> None:
    answer = database.test_client().get("/connexion", base_url="https://localhost")
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


@pytest.mark.parametrize(
    ("method", "path", "given", "status"),
    [
        ("PUT", "/connexion", {}, 405),
        ("OPTIONS", "/connexion", {}, 200),
        ("HEAD", "/connexion", {}, 200),
        ("POST", "/connexion", {"data": b"x" * (23 * 1024 * 1024)}, 413),
        ("GET", "/static/../../wsgi.py", {}, 404),
        ("GET", "/mentions-legales", {"headers": {"X-Break": "1"}}, 500),
    ],
)
def test_refusals_and_faults_are_hardened_too(
    database: Flask, monkeypatch: pytest.MonkeyPatch, method: str, path: str, given: dict[str, Any], status: int
) -> None:
    @public
    def broken() -> str:
        raise RuntimeError

    if status == 500:
        monkeypatch.setitem(database.view_functions, "home.legal", broken)
    answer = database.test_client().open(path, method=method, **given)
    assert answer.status_code == status
    assert {name: answer.headers.get(name) for name in HARD} == HARD
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; ")
    assert "no-store" in answer.headers["Cache-Control"]


def test_a_download_is_hardened_and_runs_nothing(world: WorldBuilder, client: StrictClient) -> None:
    browser = client.as_(world.actor("association", "44")).browser
    answer = browser.get("/imports/modele/menages.xlsx", buffered=True)
    answer.close()
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"].startswith("attachment; ")
    assert {name: answer.headers.get(name) for name in HARD} == HARD
    assert answer.headers["Content-Security-Policy"] == POLICY.format("'none'")
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_files_of_ours_are_hardened_before_the_application_is_asked(database: Flask, scheme: str) -> None:
    """Given, not changed since, or absent: served by a layer of its own, which refuses as much."""
    url, browser = database.extensions["assets"].url("odis.css"), database.test_client()
    given = browser.get(url, base_url=f"{scheme}://localhost")
    same = browser.get(url, base_url=f"{scheme}://localhost", headers={"If-None-Match": given.headers["ETag"]})
    absent = browser.get("/assets/../wsgi.py", base_url=f"{scheme}://localhost")
    assert [given.status_code, same.status_code, absent.status_code] == [200, 304, 404]
    for answer in (given, same, absent):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert ("Strict-Transport-Security" in answer.headers) is (scheme == "https")
