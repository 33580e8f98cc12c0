"""The pages of each role on the demonstration: server time, SQL statements, bytes, and the ratio to a bare Flask view."""

from __future__ import annotations

from contextvars import copy_context
from dataclasses import dataclass
from functools import partial

from flask.testing import FlaskClient

from bench.bare import bare_client, observe
from bench.figures import Cell, Figure, Table, alternated, p50, p95
from bench.ground import ROLES, Ground, richest
from odis_app.core.db import unit_of_work

LIST, FILE = (25, 50, 12), (40, 80, 20)  # p50 and p95 in ms, statements (quality.md)
RATIO, FRAGMENT = 3, 12_000
LISTS = (
    ("Ménages", "/menages"), ("Ménages, dernière page", "/menages?page=99999"), ("Ménages, filtrés", "/menages?etape=a_orienter&priorite=2"),
    ("Ménages, cherchés", "/menages?q=pryk"), ("Suivi", "/suivi"), ("Suivi, dernière page", "/suivi?page=99999"), ("Places", "/places"),
    ("Places du territoire", "/places?perimetre=territoire"), ("Places, dernière page", "/places?perimetre=territoire&page=99999"),
    ("Places, filtrées", "/places?perimetre=territoire&etat=disponible&capacite=4"), ("Offres", "/offres"), ("Offres à qualifier", "/offres/a-qualifier"),
    ("File d’appariement", "/appariement"), ("Orientations", "/orientations"), ("Hébergements", "/hebergements"), ("Bilans", "/bilans"), ("Imports", "/imports"),
)  # fmt: skip
HOUSEHOLD_TABS = (
    ("résumé", ""), ("composition", "/composition"), ("situation", "/situation"), ("besoins", "/besoins"), ("projet", "/projet"), ("santé", "/sante"),
    ("sécurité", "/securite"), ("logement", "/logement"), ("appariement", "/appariement"), ("journal", "/journal"), ("documents", "/documents"),
    ("partages", "/partages"), ("historique", "/historique"), ("consultations", "/consultations"),
)  # fmt: skip
FILES = (
    ("Ménage", "/menages", HOUSEHOLD_TABS), ("Place", "/places", (("page", ""), ("appariement", "/appariement"))), ("Offre", "/offres", (("page", ""),)),
    ("Orientation", "/orientations", (("page", ""),)), ("Hébergement", "/hebergements", (("page", ""),)),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Page:
    label: str
    url: str
    limits: tuple[int, int, int]


def run(ground: Ground) -> list[Table]:
    return [_role(ground, role) for role in ROLES]


def pages_of(browser: FlaskClient) -> list[Page]:
    """What this person may open: the lists, and the richest object of each with its tabs."""
    found = [
        Page("Accueil", "/", FILE),
        *(Page(label, url, LIST) for label, url in LISTS),
    ]  # the home is made of many parts
    for label, prefix, tabs in FILES:
        address = richest(browser, prefix, prefix)
        found += [Page(f"{label}, {name}", address + tab, FILE) for name, tab in tabs if address]
    return [page for page in found if browser.get(page.url).status_code not in {403, 404}]


def _role(ground: Ground, role: str) -> Table:
    head = (
        "Page",
        "p50 (ms)",
        "p95 (ms)",
        "Instructions SQL",
        "La plus répétée",
        "Octets reçus",
        "Fragment HTMX",
        "p50 ÷ Flask nue",
    )
    table = Table(f"Pages, compte « {role} »", head)
    table.notes.append(
        "Flask nue : les mêmes SELECT (chacun une fois, sans ORM), le même gabarit et les mêmes données, sans identité ni audit. "
        "Octets : le corps tel qu’il voyage (gzip)."
    )
    browser = ground.browser(role)
    for page in pages_of(browser):
        table.rows.append(_page(ground, role, browser, page))
    return table


def _page(ground: Ground, role: str, browser: FlaskClient, page: Page) -> tuple[Cell, ...]:
    half, most, statements = page.limits
    first = browser.get(page.url)
    if first.status_code != 200:
        return page.label, f"réponse {first.status_code}", *["non mesuré"] * 6
    seen = observe(ground.app, lambda: browser.get(page.url))
    bare = bare_client(ground.app, seen)
    with unit_of_work(ground.world[role].token, readonly=True):
        inside = copy_context()  # the page closes its own unit; the bare view stays in this one
        if inside.run(bare.get, page.url).get_data() == b"":
            raise RuntimeError(f"the bare view of {page.url} is empty")
        calls = (partial(browser.get, page.url), partial(inside.run, bare.get, page.url))
        ours, theirs = alternated(calls, ground.repeat)
    whole = browser.get(page.url, headers={"Accept-Encoding": "gzip"}).get_data()
    fragment = browser.get(page.url, headers={"Accept-Encoding": "gzip", "HX-Request": "true"}).get_data()
    return (
        page.label, Figure(p50(ours), "", half), Figure(p95(ours), "", most), Figure(len(seen.statements), "", statements), Figure(seen.repeated), Figure(len(whole)),
        Figure(len(fragment), "", FRAGMENT) if len(fragment) < len(whole) - 200 and page.limits is LIST else "sans objet", Figure(p50(ours) / p50(theirs), "", RATIO),
    )  # fmt: skip
