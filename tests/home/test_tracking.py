"""« Suivi des dossiers » : every file of the département by its number, no name, a link only where it was opened to us."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup

from odis_app.access.enums import ShareLevel, SharePurpose
from odis_app.core.db import db
from odis_app.home.queries.tracking import file_number
from odis_app.households.models import Household
from odis_app.households.operations import share_household, signal_household
from odis_app.organisations.models import Organisation
from tests.home.conftest import Day
from tests.support.client import StrictClient, text_of
from tests.support.sql import LIST_LIMIT, recorded


def rows(page) -> list:
    return BeautifulSoup(page.get_data(as_text=True), "html.parser").select("#suivi-resultats tbody tr")


def numbers(page) -> list[str]:
    return [row.th.find(string=True).strip() or row.th.a.get_text() for row in rows(page)]


def test_stage_delays_and_size_without_a_name_nor_a_link(client: StrictClient, day: Day) -> None:
    page = client.as_(day.ddets).get("/suivi")
    text = text_of(page)
    assert "2 dossiers" in text
    assert "64 jours" in text
    assert "Nemounehzadeh" not in page.get_data(as_text=True)
    assert not any(row.th.a for row in rows(page))
    assert day.family not in page.get_data(as_text=True)


def test_a_number_opens_once_the_file_is_signalled_or_shared(client: StrictClient, day: Day) -> None:
    with day.camille.acting() as identity:
        signal_household(
            identity, household=db.query(Household).filter_by(public_id=day.family).one(), motive="Arbitrage demandé"
        )
        partner = db.get_one(Organisation, day.ddets.org_id)
        share_household(
            identity, household=db.query(Household).filter_by(public_id=day.draft).one(), organisation=partner, level=ShareLevel.MINIMAL,
            purpose=SharePurpose.ACCOMPAGNEMENT,
        )  # fmt: skip
    page = client.as_(day.ddets).get("/suivi")
    assert {row.th.a["href"] for row in rows(page)} == {f"/menages/{day.family}", f"/menages/{day.draft}"}
    only = client.as_(day.ddets).get("/suivi?signale=y")
    assert [row.th.a["href"] for row in rows(only)] == [f"/menages/{day.family}"]


def test_the_service_of_another_departement_sees_nothing(client: StrictClient, world, day: Day) -> None:
    text = text_of(client.as_(world.actor("ddets", "33")).get("/suivi"))
    assert "Aucun dossier dans vos départements" in text


def test_an_operator_has_no_such_page(client: StrictClient, day: Day) -> None:
    client.as_(day.operator).get("/suivi", status=403)


@pytest.mark.parametrize(
    ("query", "expected"),
    [("etape=brouillon", 1), ("etape=suivi", 0), ("q=M-44-0001", 1), ("q=1", 1), ("q=%25", 0), ("priorite=3", 2),
     ("dispositif=999999999", 0), ("dispositif=999999999999999999999", 0), ("departement=33", 0), ("page=40", 2), ("tri=inconnu", 2)],
)  # fmt: skip
def test_filters_narrow_and_nonsense_does_no_harm(client: StrictClient, day: Day, query: str, expected: int) -> None:
    assert len(rows(client.as_(day.ddets).get(f"/suivi?{query}"))) == expected


@pytest.mark.parametrize("key", ["numero", "attente", "etape", "taille"])
def test_each_order_is_the_reverse_of_its_opposite(client: StrictClient, day: Day, key: str) -> None:
    browser = client.as_(day.ddets)
    found = numbers(browser.get(f"/suivi?tri={key}"))
    assert sorted(found) == sorted(numbers(browser.get(f"/suivi?tri=-{key}")))
    if key == "numero":
        assert found == sorted(found)
        assert numbers(browser.get("/suivi?tri=-numero")) == found[::-1]


def test_htmx_gets_the_list_alone_and_the_same(client: StrictClient, day: Day) -> None:
    browser = client.as_(day.ddets)
    fragment = browser.get("/suivi?etape=brouillon", htmx=True).get_data(as_text=True)
    whole = browser.get("/suivi?etape=brouillon").get_data(as_text=True)
    assert fragment.lstrip().startswith('<div id="suivi-resultats">')
    assert BeautifulSoup(fragment, "html.parser").find(id="suivi-resultats") == BeautifulSoup(
        whole, "html.parser"
    ).find(id="suivi-resultats")


def test_the_page_stays_within_its_statements(client: StrictClient, day: Day) -> None:
    browser = client.as_(day.ddets)
    browser.get("/suivi")
    with recorded() as statements:
        browser.get("/suivi?etape=brouillon&tri=-attente")
    assert 0 < len(statements) <= LIST_LIMIT, statements.told()


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("M-44-0915", "M-44-0915"),
        ("m 44 915", "M-44-0915"),
        ("915", "0915"),
        ("44-12", "M-44-0012"),
        ("2a-7", "M-2A-0007"),
        ("%", "-"),
    ],
)
def test_a_number_as_people_type_it(typed: str, number: str) -> None:
    assert file_number(typed) == number
