"""The pages that anybody may open, in a real browser: accessible and within the screen, on a phone and on a desk."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser
from werkzeug.serving import make_server

from tests.support.browser import axe

pytestmark = pytest.mark.browser


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


@pytest.mark.parametrize("path", ["/registre", "/donnees-personnelles", "/mentions-legales", "/accessibilite"])
def test_no_axe_violation_and_no_overflow(chromium: Browser, address: str, path: str, tmp_path: Path) -> None:
    for width in (320, 1280):
        page = chromium.new_page(viewport={"width": width, "height": 900})
        page.goto(address + path)
        page.screenshot(path=tmp_path / f"closed-{width}.png", full_page=True)
        page.evaluate("document.querySelectorAll('main details').forEach(box => { box.open = true; })")
        page.screenshot(path=tmp_path / f"{width}.png", full_page=True)
        assert axe(page) == [], width
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), width
        page.close()
