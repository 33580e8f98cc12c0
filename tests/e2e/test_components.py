"""``/demo/composants`` in a real browser: accessible at both widths and in both themes, comfortable with a keyboard, usable bare.

The page needs no database, hence its own small server with the application's real security headers.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server

from odis_app.core import assets, headers, templating
from odis_app.home import components

pytestmark = pytest.mark.browser
AXE = assets.PROJECT / "var" / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
FRAGMENT = '<section id="travail" tabindex="-1"><p data-odis-announce>Bilan prêt.</p></section>'


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The page's address on a server of its own."""
    app = Flask("composants", template_folder=str(assets.PROJECT / "templates"), static_folder=None)
    app.secret_key = "composants"
    app.config["ODIS_ASSETS"] = "local"
    templating.setup(app)
    headers.init_app(app)
    app.register_blueprint(components.blueprint)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}/demo/composants"
    server.shutdown()
    thread.join()
    server.server_close()


def opened(browser: Browser, address: str, width: int = 1280, theme: str = "light", **options: Any) -> Page:
    """The page at a width and in the system's theme; anything written on the console is a failure."""
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=theme, **options)  # type: ignore[arg-type]
    page.on("console", lambda message: pytest.fail(f"console: {message.text}") if message.type == "error" else None)
    page.on("pageerror", lambda error: pytest.fail(f"script: {error}"))
    page.goto(address)
    return page


@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_axe_violation_and_no_overflow(chromium: Browser, address: str, width: int, theme: str) -> None:
    page = opened(chromium, address, width, theme)
    page.evaluate(
        "document.querySelectorAll('details').forEach(box => { box.open = !box.matches('[data-odis-menu]'); })"
    )
    page.evaluate(AXE.read_text(encoding="utf-8"))
    result = page.evaluate("tags => axe.run(document, { runOnly: tags })", TAGS)
    found = [(rule["id"], [node["html"][:120] for node in rule["nodes"]]) for rule in result["violations"]]
    assert found == []
    assert len(result["passes"]) > 30
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.close()


@pytest.mark.parametrize("width", [360, 768])
def test_no_overflow_between(chromium: Browser, address: str, width: int) -> None:
    page = opened(chromium, address, width)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.close()


def test_theme_chosen_by_the_person_wins_over_the_system(chromium: Browser, address: str) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    light, chosen, system = (
        opened(chromium, address),
        opened(chromium, f"{address}?theme=dark"),
        opened(chromium, address, theme="dark"),
    )
    assert chosen.evaluate(ground) == system.evaluate(ground) != light.evaluate(ground)
    for page in (light, chosen, system):
        page.close()


def test_keyboard_starts_with_the_skip_link_and_errors_have_the_focus(chromium: Browser, address: str) -> None:
    page = opened(chromium, address)
    expect(page.locator(".od-summary")).to_be_focused()
    page.locator(".od-summary a").first.press("Enter")
    expect(page.locator("#name")).to_be_focused()
    page.evaluate("document.activeElement.blur(); window.scrollTo(0, 0)")
    page.locator("body").press("Tab")
    page.locator(".od-skip").focus()
    expect(page.locator(".od-skip")).to_be_in_viewport()
    page.locator(".od-skip").press("Enter")
    expect(page.locator("#contenu")).to_be_focused()
    page.close()


def test_menus_close_on_escape_and_elsewhere(chromium: Browser, address: str) -> None:
    page = opened(chromium, address)
    account = page.locator(".od-account")
    account.locator("summary").click()
    expect(account.get_by_role("link", name="Mon compte")).to_be_visible()
    page.keyboard.press("Escape")
    expect(account.get_by_role("link", name="Mon compte")).to_be_hidden()
    expect(account.locator("summary")).to_be_focused()
    account.locator("summary").click()
    page.locator("#t-marques").click()
    expect(account).not_to_have_attribute("open", "")
    page.close()


def test_filters_are_closed_on_a_phone_only(chromium: Browser, address: str) -> None:
    phone, desk = opened(chromium, address, 320), opened(chromium, address)
    expect(phone.locator("#f-e")).to_be_hidden()
    phone.get_by_text("Filtres (3)").click()
    expect(phone.locator("#f-e")).to_be_visible()
    expect(desk.locator("#f-e")).to_be_visible()
    phone.close()
    desk.close()


def test_targets_are_large_enough_for_a_thumb(chromium: Browser, address: str) -> None:
    page = opened(chromium, address, 320)
    boxes = page.locator(".btn:visible, .od-menu > summary").evaluate_all(
        "list => list.map(e => [e.textContent.trim(), e.getBoundingClientRect().height])"
    )
    assert boxes
    assert [box for box in boxes if box[1] < 44] == []
    page.close()


def test_characters_left_are_said(chromium: Browser, address: str) -> None:
    page = opened(chromium, address)
    page.locator("#story").fill("x" * 299)
    expect(page.locator("#story-c")).to_have_text("Encore 1 caractère.")
    page.close()


def test_after_a_swap_the_result_is_announced_and_the_focus_is_kept(chromium: Browser, address: str) -> None:
    page = opened(chromium, address)
    page.route("**/progression", lambda route: route.fulfill(content_type="text/html", body=FRAGMENT))
    page.locator("#travail").get_by_role("link", name="Actualiser").focus()
    expect(page.locator("#annonce")).to_have_text("Bilan prêt.")
    expect(page.locator("#travail")).to_be_focused()
    page.close()


def test_a_failed_request_is_told_in_the_page(chromium: Browser, address: str) -> None:
    page = chromium.new_page()
    page.goto(address)
    page.route("**/progression", lambda route: route.fulfill(status=500, body="panne"))
    expect(page.locator("#messages")).to_contain_text("La demande n’a pas abouti.")
    page.close()


def test_htmx_leaves_nothing_in_the_browser_and_runs_nothing_from_an_answer(chromium: Browser, address: str) -> None:
    page = opened(chromium, address)
    hostile = '<section id="travail"><script>window.hurt = 1</script><p hx-disable><b hx-get="/x" hx-trigger="load">x</b></p></section>'
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.route("**/progression", lambda route: route.fulfill(content_type="text/html", body=hostile))
    page.locator("#travail").evaluate("part => part.setAttribute('hx-push-url', '/demo/composants?q=nom')")
    expect(page.locator("#travail b")).to_be_visible()
    expect(page).to_have_url(re.compile("q=nom"))
    assert page.evaluate("window.hurt === undefined")
    assert not [url for url in asked if url.endswith("/x")]
    assert json.loads(page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")) == [{}, {}]
    page.close()


def test_everything_reads_without_script(chromium: Browser, address: str) -> None:
    context = chromium.new_context(java_script_enabled=False, viewport={"width": 320, "height": 900})
    page = context.new_page()
    page.goto(address)
    page.get_by_text("Menu", exact=True).click()
    expect(page.get_by_role("navigation", name="Menu").get_by_role("link", name="Structures")).to_be_visible()
    expect(page.locator("#f-e")).to_be_visible()
    page.locator(".od-sure > summary").click()
    expect(page.get_by_role("button", name="Refuser l’offre O-44-215")).to_be_visible()
    context.close()


def test_icons_are_drawn_under_the_policy(chromium: Browser, address: str) -> None:
    page = opened(chromium, address)
    sizes = page.locator("main svg.od-i use:visible").evaluate_all(
        "list => list.slice(0, 40).map(use => use.getBBox().width)"
    )
    assert sizes
    assert min(sizes) > 0
    page.close()


def test_a_bare_first_visit_fits_its_budget(chromium: Browser, address: str) -> None:
    page = chromium.new_page()
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    received: list[float] = []
    session.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
    page.goto(address, wait_until="networkidle")
    assert 30_000 < sum(received) <= 150_000
    page.close()
