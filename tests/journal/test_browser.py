"""The journal in a real browser: accessible at both widths, adding a note keeps the focus, nothing is left in the browser."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server

from odis_app.core import assets
from odis_app.core.requests import COOKIE
from odis_app.documents import operations as documents
from odis_app.documents.enums import Audience
from odis_app.documents.operations import Upload
from odis_app.journal import operations
from odis_app.journal.enums import Medium, Tag
from odis_app.journal.policy import find_entry
from odis_app.organisations.seeds import Actor
from tests.documents.conftest import PDF
from tests.journal.conftest import Circle

pytestmark = pytest.mark.browser
AXE = assets.PROJECT / "var" / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture
def address(database: Flask) -> Iterator[str]:
    """The application on a port of its own."""
    server = make_server("127.0.0.1", 0, database, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


def opened(browser: Browser, address: str, actor: Actor, width: int) -> Page:
    """A page signed in as ``actor``; a script error is a failure."""
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.context.add_cookies([{"name": COOKIE, "value": actor.token, "url": address}])
    page.on("pageerror", lambda error: pytest.fail(f"script: {error}"))
    return page


@pytest.fixture
def told(circle: Circle, write: Callable[..., str]) -> str:
    """A journal with one entry of each sort; gives the note of the partner."""
    write(
        "author",
        Audience.PARTENAIRES,
        body="Proposition pour Laval reçue.\nQuestion sur le collège.",
        medium=Medium.TELEPHONE,
        tags=[Tag.LOGEMENT],
    )
    write("author", Audience.ORGANISATION, body="Attestation CAF demandée.", medium=Medium.RDV)
    write("author", Audience.CHOISIS, body="Peux-tu confirmer la date ?", reader="chosen")
    hidden, note = (
        write("partner", Audience.PARTENAIRES, body="À masquer"),
        write("partner", Audience.PARTENAIRES, body="Logement libre à la date annoncée."),
    )
    with circle["coordinator"].acting() as identity:
        operations.moderate_entry(identity, entry=find_entry(identity, hidden), reason="Opinion sur une personne.")
        operations.add_system_entry(identity, **circle.place, body="Proposition envoyée : 3 pièces, Laval.")
    file = Upload("Compte rendu.pdf", io.BytesIO(PDF))
    with circle["author"].acting() as identity:
        document = documents.store_document(identity, **circle.place, upload=file, audience=Audience.PARTENAIRES)
        operations.add_entry(
            identity, **circle.place, body="Compte rendu joint.", audience=Audience.PARTENAIRES, documents=[document]
        )
    return note


@pytest.mark.parametrize("width", [320, 1280])
def test_no_axe_violation_and_no_overflow(
    chromium: Browser, address: str, circle: Circle, told: str, width: int, tmp_path: Path
) -> None:
    page = opened(chromium, address, circle["coordinator"], width)
    base = f"{address}/{circle.path}"
    for name, url in (
        ("file", base),
        ("journal", f"{base}/journal"),
        ("moderation", f"{base}/journal/{told}/masquer"),
        ("documents", f"{base}/documents"),
    ):
        page.goto(url)
        page.screenshot(path=tmp_path / f"{name}-{width}.png", full_page=True)
        page.evaluate("document.querySelectorAll('main details').forEach(box => { box.open = true; })")
        page.evaluate(AXE.read_text(encoding="utf-8"))
        result = page.evaluate("tags => axe.run(document, { runOnly: tags })", TAGS)
        found = [(rule["id"], [node["html"][:160] for node in rule["nodes"]]) for rule in result["violations"]]
        assert found == [], url
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), url
    page.close()


def test_adding_a_note_with_the_keyboard_keeps_the_focus(chromium: Browser, address: str, circle: Circle) -> None:
    page = opened(chromium, address, circle["author"], 1280)
    for path in (f"{circle.path}/journal", circle.path):
        page.goto(f"{address}/{path}")
        text = f"Écrit au clavier sur {path}"
        page.get_by_label("Ce qui s’est passé").fill(text)
        page.locator("#noter").press("Enter")
        expect(page.locator(".od-journal").get_by_text(text, exact=True)).to_be_visible()
        expect(page.locator("#noter")).to_be_focused()
        expect(page.get_by_label("Ce qui s’est passé")).to_have_value("")
        expect(page.locator("#annonce")).to_have_text("Note enregistrée.")
        assert page.url == f"{address}/{path}"
    assert page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]
    page.close()


def test_a_payload_in_a_note_does_nothing(
    chromium: Browser, address: str, circle: Circle, write: Callable[..., str]
) -> None:
    write(
        "author",
        Audience.PARTENAIRES,
        body='<div hx-get="/deconnexion" hx-trigger="load"></div><script>document.title = "pris"</script>',
    )
    page = opened(chromium, address, circle["partner"], 1280)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{address}/{circle.path}/journal", wait_until="networkidle")
    assert "pris" not in page.title()
    assert not any("deconnexion" in url for url in asked)
    page.close()
