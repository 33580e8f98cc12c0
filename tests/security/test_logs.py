"""Technical logs carry ids and places in the code, never a person: everything is driven with marked words, then the logs are searched."""

from __future__ import annotations

import logging
import re

import pytest
import structlog
from bs4 import BeautifulSoup
from flask import Flask
from sqlalchemy import text

from odis_app.core.db import db
from odis_app.core.logs import traced
from odis_app.core.permissions import public
from odis_app.core.services.embedded import Embedded
from tests.security.region import Region, addresses, browser, lists
from tests.support.client import form_values

MARKS = (
    "Marqueuzine",
    "Lalarème",
    "Lalareme",
    "Marqueuse",
    "Marqueur",
    "hote@exemple.test",
    "600000001",
    "639980001",
    "Secretinscrit",
)


def marks_in(words: str) -> list[str]:
    return [mark for mark in MARKS if mark in words]


@pytest.fixture
def everything_said(caplog: pytest.LogCaptureFixture) -> structlog.testing.LogCapture:
    """All loggers at their most talkative."""
    caplog.set_level(logging.INFO)
    for name in ("werkzeug", "rq", "odis_app", "jobs"):
        caplog.set_level(logging.DEBUG, logger=name)
    logging.getLogger("sqlalchemy.engine").setLevel(logging.WARNING)  # echoing statements is never on
    captured = structlog.testing.LogCapture()
    former = structlog.get_config()["processors"]
    structlog.configure(processors=[captured])
    yield captured
    structlog.configure(processors=former)


def test_no_page_nor_form_of_the_product_writes_a_person_in_the_logs(
    app: Flask,
    region: Region,
    services: Embedded,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    everything_said: structlog.testing.LogCapture,
) -> None:
    """Own pages, searches by name and phone, refused forms with marked words in every field, and a stranger who tries."""
    start = services.postgres.log.stat().st_size
    client, stranger = browser(app, region.camille), browser(app, region.people["elsewhere", "ts"])
    sent = 0
    for url in [*(url for _, url in addresses(app, region, "GET")), *lists(app)]:
        page = client.browser.get(url, buffered=True)
        stranger.browser.get(f"{url}?q=Marqueuzine", buffered=True).close()
        html = page.get_data(as_text=True) if page.mimetype == "text/html" else ""
        page.close()
        for form in BeautifulSoup(html, "html.parser").find_all("form", method=re.compile("post", re.I)):
            action = str(form.get("action") or url)
            if action.endswith(("deconnexion", "retirer", "arreter", "annuler", "archiver", "supprimer", "signaler")):
                continue
            fields = {k: v if k == "csrf_token" else f"{v} Marqueuzine" for k, v in form_values(form).items()}
            client.browser.post(action, data=fields, headers={"Referer": "http://localhost/"}, buffered=True).close()
            sent += 1
    assert sent > 20
    out = capfd.readouterr()
    assert marks_in(out.out + out.err) == []
    assert marks_in(caplog.text) == []
    assert marks_in(str(everything_said.entries)) == []
    with services.postgres.log.open(encoding="utf-8", errors="replace") as log:
        log.seek(start)
        assert marks_in(log.read()) == []


def test_an_unexpected_error_is_told_by_its_place_and_its_reference_only(
    app: Flask,
    region: Region,
    services: Embedded,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The database quotes the row that it refuses; neither its log nor ours repeat it."""

    @public
    def broken() -> str:
        db.execute(
            text(
                "INSERT INTO household_counters (owner_org_id, department_code, last) VALUES (:o, 'Secretinscrit', 1)"
            ),
            {"o": region.camille.org_id},
        )
        return "unreachable: the département does not exist"

    caplog.set_level(logging.INFO)
    monkeypatch.setitem(app.view_functions, "home.legal", broken)
    start = services.postgres.log.stat().st_size
    answer = browser(app, region.camille).browser.get("/mentions-legales")
    assert answer.status_code == 500
    assert "Secretinscrit" not in answer.get_data(as_text=True)
    assert "Secretinscrit" not in caplog.text
    assert "test_logs.py" in caplog.text
    with services.postgres.log.open(encoding="utf-8", errors="replace") as log:
        log.seek(start)
        assert "Secretinscrit" not in log.read()


def test_a_traced_error_says_where_and_never_what() -> None:
    try:
        try:
            {}["Secretinscrit"]
        except KeyError as cause:
            raise ValueError("Secretinscrit") from cause
    except ValueError as error:
        said = traced(error)
    assert said.startswith("ValueError ← KeyError : security/test_logs.py:")
    assert "Secretinscrit" not in said
