"""The secret place of a structure that everybody knows: nothing ties it to the structure, whose address would tell where it is."""

from __future__ import annotations

import pytest

from odis_app.housing.queries.structures import list_structures
from odis_app.structures.queries import StructureFilter
from tests.housing.conftest import Homes
from tests.support.client import text_of

FOYER = "Foyer d’essai"


@pytest.fixture
def homes(database):
    return Homes()


def test_nobody_but_who_runs_it_ties_a_secret_place_to_its_structure(world, homes, client):
    operator = world.actor("operateur", "44")
    structure = homes.structure(operator)
    plain = homes.place(operator, structure=structure)
    secret = homes.place(operator, structure=structure, specialised_fvv_teh=True)
    assert secret.location_secret

    def ties(actor) -> list[bool]:
        """(the page of the structure, a search for it, the search of the whole product, the page of the place, which is read)."""
        browser = client.as_(actor)
        pages = [
            browser.get(f"/structures/{structure.public_id}").text,
            browser.get("/places?perimetre=territoire&q=Foyer").text,
            browser.post("/recherche", {"q": "Foyer"}, status=200).text,
        ]
        assert plain.number in pages[0]
        assert plain.number in pages[1]
        page = browser.get(f"/places/{secret.public_id}")
        assert secret.number in text_of(page)
        return [*(secret.number in text for text in pages), FOYER in page.text or structure.public_id in page.text]

    assert ties(operator)[0], "who runs it sees its places together"
    assert ties(operator)[3]
    for part in ("association", "ddets"):
        assert ties(world.actor(part, "44")) == [False] * 4, part
    for actor, held in ((operator, (2, 8)), (world.actor("ddets", "44"), (1, 4))):
        with actor.acting() as identity:
            [row] = list_structures(identity, StructureFilter(), number=1).items
            assert (row.places, row.people) == held
