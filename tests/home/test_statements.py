"""How many statements the pages of the demonstration make, for each role that opens them: never more than quality.md allows."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from odis_app.organisations.seeds import World
from tests.support.client import StrictClient
from tests.support.sql import FILE_LIMIT, LIST_LIMIT, recorded

LISTS = ("/menages", "/suivi", "/places?perimetre=territoire", "/places?perimetre=mes", "/offres", "/offres/a-qualifier", "/structures", "/appariement",
         "/orientations", "/hebergements", "/bilans")  # fmt: skip
TABS = ("", "/composition", "/situation", "/besoins", "/projet", "/logement", "/journal", "/documents", "/partages", "/historique", "/consultations", "/droits", "/appariement")  # fmt: skip
FILES = ("/menages", "/places", "/offres", "/structures", "/orientations", "/hebergements")
SHOWN = 3


def opened(client: StrictClient, listing: str) -> list[str]:
    """The first objects that a list leads to."""
    page = client.browser.get(listing).get_data(as_text=True)
    return list(dict.fromkeys(re.findall(rf'href="({listing}/[0-9a-z]{{16}})(?=["?#/])', page)))[:SHOWN]


@pytest.mark.parametrize("name", ["association", "coordination", "operateur", "ddets44", "dihal", "admin"])
def test_no_page_makes_more_statements_than_it_may(demo: tuple[Flask, World], name: str) -> None:
    app, world = demo
    client = StrictClient(app, checked=False).as_(world[name])
    files = ["/", *(address + tab for address in opened(client, "/menages") for tab in TABS)]
    files += [address for listing in FILES[1:] for address in opened(client, listing)]
    over = []
    for url, limit in [(url, LIST_LIMIT) for url in LISTS] + [(url, FILE_LIMIT) for url in files]:
        client.browser.get(url)  # names of communes are read once per process
        with recorded() as statements:
            page = client.browser.get(url)
        if page.status_code == 200 and len(statements) > limit:
            over.append(f"{url}: {len(statements)} > {limit}\n{statements.told()}")
    assert not over, "\n\n".join(over)
