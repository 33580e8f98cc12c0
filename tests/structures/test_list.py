"""/structures: who sees which, what is found, in which order."""

from __future__ import annotations

import pytest

from odis_app.structures.enums import StructureKind
from odis_app.structures.operations import create_structure
from tests.housing.conftest import Homes
from tests.support.client import text_of


@pytest.fixture
def operator(world):
    return world.actor("operateur", "44")


def create(actor, name, kind=StructureKind.CADA, commune="44109", *, secret=False):
    with actor.acting() as identity:
        return create_structure(identity, name=name, kind=kind, commune_code=commune, location_secret=secret)


def names(page):
    return [cell.split(">")[1].split("<")[0] for cell in page.get_data(as_text=True).split('<a href="/structures/')[1:]]


def test_the_list_is_searched_narrowed_and_sorted(operator, client):
    first = create(operator, "Bateau modèle")
    create(operator, "Abri modèle", StructureKind.HUDA, "44184")
    for capacity in (2, 3):
        Homes().place(operator, structure=first, capacity=capacity)
    browser = client.as_(operator)
    page = browser.get("/structures")
    assert names(page) == ["Abri modèle", "Bateau modèle"]
    assert "S-44-001 CADA non dit 2 5" in " ".join(text_of(page).split())
    assert names(browser.get("/structures?tri=-nom", htmx=True)) == ["Bateau modèle", "Abri modèle"]
    assert names(browser.get("/structures?tri=numero", htmx=True)) == ["Bateau modèle", "Abri modèle"]
    assert names(browser.get("/structures?tri=-type", htmx=True)) == ["Abri modèle", "Bateau modèle"]
    for found in ("q=bat", "q=nantes", "q=S-44-001", "genre=cada"):
        assert names(browser.get(f"/structures?{found}", htmx=True)) == ["Bateau modèle"], found
    assert "Aucune structure ne correspond" in text_of(browser.get("/structures?departement=49"))


def test_a_secret_structure_is_named_for_its_own_people_alone(operator, world, client):
    create(operator, "Refuge Marqueur", secret=True)
    assert names(client.as_(operator).get("/structures")) == ["Refuge Marqueur"]
    state = client.as_(world.actor("ddets", "44")).get("/structures?q=refuge")
    assert names(state) == []
    assert names(client.as_(world.actor("ddets", "44")).get("/structures")) == ["Structure S-44-001"]


def test_elsewhere_nothing_is_seen_and_an_administrator_has_no_list(operator, world, client):
    create(operator, "Bateau modèle")
    assert names(client.as_(world.actor("operateur", "33")).get("/structures")) == []
    client.as_(world.actor("admin", None)).get("/structures", status=403)
