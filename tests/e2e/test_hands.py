"""The hands themselves: a keyboard that cannot be seen, or cannot leave, is a failure."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.support.browser import OVERFLOW, axe
from tests.support.keys import Keys

pytestmark = pytest.mark.browser


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    page = chromium.new_page(locale="fr-FR")
    yield page
    page.close()


def test_a_focus_that_cannot_be_seen_is_refused(page: Page) -> None:
    page.set_content("<style>a:focus { outline: none }</style><a href='#a'>Un</a> <a href='#b'>Deux</a>")
    with pytest.raises(AssertionError, match="not visible"):
        Keys(page).reach(page.get_by_role("link", name="Deux"))


def test_a_trap_is_refused(page: Page) -> None:
    page.set_content("<textarea id='t'></textarea><a href='#b'>Deux</a>")
    page.evaluate(
        "document.getElementById('t').addEventListener('keydown', e => { if (e.key === 'Tab') e.preventDefault(); })"
    )
    page.locator("#t").focus()
    with pytest.raises(AssertionError, match="trapped"):
        Keys(page).reach(page.get_by_role("link", name="Deux"))


def test_what_no_key_reaches_is_refused(page: Page) -> None:
    page.set_content("<a href='#a'>Un</a><div id='d'>Ouvrir</div>")
    with pytest.raises(AssertionError, match="no key leads"):
        Keys(page).reach(page.locator("#d"))


def test_everything_is_filled_by_keys(page: Page) -> None:
    page.set_content(
        "<form><label>Nom <input id='n' value='ancien'></label><label>Jour <input id='j' type='date'></label>"
        "<label>Ville <select id='v'><option>Nantes<option>Angers<option>Laval</select></label>"
        "<label><input type='radio' name='r' id='o' value='oui'>Oui</label><label><input type='radio' name='r' id='p' value='non'>Non</label>"
        "<label><input type='checkbox' id='c'>Sûr</label><label>Note <textarea id='t'></textarea></label></form>"
    )
    keys = Keys(page)
    keys.type(page.locator("#n"), "Élodie d’Exemple")
    keys.type(page.locator("#j"), "2026-12-03")
    keys.select(page.locator("#v"), 2)
    keys.tick(page.locator("#p"))
    keys.tick(page.locator("#c"))
    keys.type(page.locator("#t"), "Deux\nlignes")
    keys.type(page.locator("#n"), "Encore")
    values = "['n', 'j', 'v', 't'].map(i => document.getElementById(i).value)"
    assert page.evaluate(values) == ["Encore", "2026-12-03", "Laval", "Deux\nlignes"]
    assert page.locator("#p").is_checked()
    assert page.locator("#c").is_checked()


def test_a_page_wider_than_the_screen_and_a_missing_name_are_found(page: Page) -> None:
    page.set_content("<main><h1>Un</h1><p style='width: 4000px'>large</p><input id='x'></main>")
    assert page.evaluate(OVERFLOW)
    assert any(line.startswith("axe label") for line in axe(page))
