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
RULE = re.compile(r"(?<=^/droits/durees/)[a-z_]+$")
NO_PAGE = re.compile(r"\.\w{3,4}$|^/static/|^/deconnexion|^/documents/|/telecharger$")
LIST_OR_FILE = re.compile(r"^/[a-z-]*(/x)?$")
MET = {  # pages that a role must come to by its links: what nobody links to, nobody looks at
    "association": {"/rapprochements", "/structures"},
    "ddets44": {"/structures"},
    "admin": {"/droits/durees", "/droits/durees/x", "/droits/sante"},
}
LINKS = "[...document.querySelectorAll('main a[href], header nav a[href], footer a[href]')].map(a => a.href)"


def template(path: str) -> str:
    """The address without its query, nor what names one object."""
    return RULE.sub("x", PUBLIC_ID.sub("x", path.partition("?")[0]))


@pytest.fixture(scope="module")
def judged() -> set[str]:
    """The templates that some role was judged on: the next ones look at what is theirs alone, and at their own lists and files."""
    return set()


def picture(who: Person, role: str, width: int, name: str) -> None:
    folder = PICTURES / role / str(width)
    folder.mkdir(parents=True, exist_ok=True)
    who.page.screenshot(path=folder / f"{name}.png", full_page=True)


def walk(who: Person, role: str, password: str, judged: set[str]) -> dict[str, str]:
    """Address template → path of the first page met under it, each judged and drawn at both widths."""
    met: dict[str, str] = {}
    who.go("/compte/confirmer").step_up(password)  # so that the pages of class 3 are looked at, too
    waiting = ["/"]
    while waiting:
        path = waiting.pop(0)
        known = template(path)
        if known in met or (known in judged and role not in RICHEST and not LIST_OR_FILE.search(known)):
            continue
        met[known] = path
        name = known.strip("/").replace("/", "-") or "accueil"
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
def test_every_page_of_a_role_is_fit_to_be_used(
    products: Products, people: People, judged: set[str], role: str
) -> None:
    met = walk(people(products("incidents"), role), role, products("incidents").password, judged)
    judged |= met.keys()
    assert MET.get(role, {"/"}) - met.keys() == set()
    assert len(met) > 3
