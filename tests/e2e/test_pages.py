"""Every page that a role reaches by following links, looked at on a phone and on a desk, once in the dark.

From the home page, one page per address template. Pictures: ``var/pictures/<role>/<width>/<page>.png``.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest

from odis_app.core.assets import PROJECT
from tests.e2e.conftest import People, Products
from tests.support.browser import DESK, PHONE, Person, axe

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PICTURES = PROJECT / "var" / "pictures"
ROLES = ("association", "coordination", "operateur", "aval", "ddets44", "dihal", "autre", "admin")
RICHEST = ("association", "operateur", "ddets44")  # judged in the dark too: together they meet every template
PUBLIC_ID = re.compile(r"(?<=/)[0-9a-z]{16}(?=/|$)")
NO_PAGE = re.compile(r"\.\w{3,4}$|^/static/|^/deconnexion|^/documents/|/telecharger$")
LIST_OR_FILE = re.compile(r"^/[a-z-]*(/x)?$")
LINKS = "[...document.querySelectorAll('main a[href], header nav a[href], footer a[href]')].map(a => a.href)"


def template(path: str) -> str:
    """The address without its query, nor what names one object."""
    return PUBLIC_ID.sub("x", path.partition("?")[0])


def picture(who: Person, role: str, width: int, name: str) -> None:
    folder = PICTURES / role / str(width)
    folder.mkdir(parents=True, exist_ok=True)
    who.page.screenshot(path=folder / f"{name}.png", full_page=True)


def walk(who: Person, role: str, password: str) -> dict[str, str]:
    """Address template → path of the first page met under it, each judged and drawn at both widths."""
    met: dict[str, str] = {}
    who.go("/compte/confirmer").step_up(password)  # so that the pages of class 3 are looked at, too
    waiting = ["/"]
    while waiting:
        path = waiting.pop(0)
        if template(path) in met or not (role in RICHEST or LIST_OR_FILE.search(template(path))):
            continue
        met[template(path)] = path
        name = template(path).strip("/").replace("/", "-") or "accueil"
        for viewport in (PHONE, DESK):
            who.page.set_viewport_size(viewport)  # type: ignore[arg-type]
            who.go(path)
            picture(who, role, viewport["width"], name)
        if role in RICHEST:
            who.page.emulate_media(color_scheme="dark")
            assert axe(who.page) == [], path
            picture(who, role, 1281, name)
            who.page.emulate_media(color_scheme="light")
        found = [urlsplit(link) for link in who.page.evaluate(LINKS)]
        waiting += [
            parts.path + (f"?{parts.query}" if parts.query else "")
            for parts in found
            if parts.hostname == "127.0.0.1" and not NO_PAGE.search(parts.path)
        ]
    return met


@pytest.mark.parametrize("role", ROLES)
def test_every_page_of_a_role_is_fit_to_be_used(products: Products, people: People, role: str) -> None:
    met = walk(people(products("incidents"), role), role, products("incidents").password)
    assert len(met) > 3
