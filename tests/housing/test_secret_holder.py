"""The secret place of a structure that everybody knows: nothing ties it to the structure, whose address would tell where it is."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, ProgrammingError

from odis_app.access.models import Record
from odis_app.core.db import db
from odis_app.housing import operations as do
from odis_app.housing.models import Place, PlaceAddress
from odis_app.housing.queries.structures import list_structures
from odis_app.structures.queries import StructureFilter
from tests.housing.conftest import MARK, NANTES, Homes, values
from tests.structures.conftest import declare
from tests.support.client import text_of
from tests.support.worlds import owner_unit

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


def rows_of(actor) -> dict[str, list[str]]:
    """Every row that bare SQL reads of what holds places, as text."""
    tables = ("places", "place_addresses", "records", "record_keys", "occupancies", "audit_events")
    with actor.acting():
        return {t: list(db.execute(text(f"SELECT r::text FROM {t} AS r")).scalars()) for t in tables}


def test_bare_sql_does_not_tie_it_either(world, homes):
    """Neither the State nor a mandate: no row that they read holds both the place and its structure."""
    operator = world.actor("operateur", "44")
    with owner_unit():  # a number that no other column holds
        db.execute(text("SELECT setval(pg_get_serial_sequence('records', 'id'), 71717170)"))
    structure = homes.structure(operator)
    homes.place(operator, structure=structure)
    secret = homes.place(operator, structure=structure, location_secret=True)
    with operator.acting() as identity:
        do.confirm_place(identity, place=db.get_one(Place, secret.id))
        do.close_place(identity, place=db.get_one(Place, secret.id))
        do.reopen_place(identity, place=db.get_one(Place, secret.id))
        kept = db.get_one(PlaceAddress, secret.id)
        assert (kept.structure_id, kept.address, kept.label) == (structure.id, MARK, "Studio d’essai")
        assert db.get_one(Record, kept.record_id).kind == "place"
    named = (str(structure.id), str(secret.record_id), secret.public_id)
    for part in ("association", "ddets"):
        told = [[name in row for name in named] for rows in rows_of(world.actor(part, "44")).values() for row in rows]
        assert [False, True, True] in told, f"{part} reads the place"
        assert not any(ties[0] and (ties[1] or ties[2]) for ties in told), part
    everything = [[name in row for name in named] for rows in rows_of(operator).values() for row in rows]
    assert any(ties[0] and ties[1] for ties in everything), "who runs it reads the tie"


def test_a_place_that_becomes_secret_or_is_no_longer_so_keeps_its_address(world, homes, client):
    operator = world.actor("operateur", "44")
    structure = homes.structure(operator)
    place = homes.place(operator, structure=structure)
    for secret in (True, False, True):
        with operator.acting() as identity:
            do.update_place(
                identity, place=db.get_one(Place, place.id), values=values(location_secret=secret), label="Les Ormes", address=f"3 {MARK}"
            )  # fmt: skip
        with operator.acting():
            now, kept = db.get_one(Place, place.id), db.get_one(PlaceAddress, place.id)
            assert (now.structure_id, kept.structure_id) == ((None, structure.id) if secret else (structure.id, None))
            assert (kept.address, kept.commune_code, kept.label or now.label) == (f"3 {MARK}", NANTES, "Les Ormes")
        page = client.as_(operator).get(f"/places/{place.public_id}")
        assert "Les Ormes" in page.text
        assert FOYER in page.text


def test_a_structure_that_is_known_again_lets_go_of_its_secret_places(world, client):
    operator = world.actor("operateur", "44")
    structure = declare(operator)
    page = f"/structures/{structure.public_id}"
    place = Homes().place(operator, structure=structure)
    browser = client.as_(operator)
    for ticked, tie in (("y", (structure.id, None)), (None, (None, structure.id)), ("y", (structure.id, None))):
        form = browser.get(f"{page}/modifier")
        browser.submit(form, {"location_secret": ticked}, button="Enregistrer la structure", status=303)
        with operator.acting():
            now, kept = db.get_one(Place, place.id), db.get_one(PlaceAddress, place.id)
            assert (now.location_secret, now.structure_id, kept.structure_id) == (True, *tie)
            assert (kept.label, kept.address, kept.commune_code) == ("Studio d’essai", MARK, NANTES)
        assert "Studio d’essai" in browser.get(page).text


@pytest.mark.parametrize(
    ("statement", "refusal"),
    [
        ("UPDATE places SET structure_id = {structure}, secret_record_id = NULL WHERE id = {secret}", "not tied"),
        ("UPDATE places SET location_secret = true, commune_code = NULL, employment_area = NULL, label = '' WHERE id = {plain}", "not tied"),
        ("UPDATE places SET secret_record_id = {structure}, structure_id = NULL, location_secret = true, commune_code = NULL, employment_area = NULL, label = '' WHERE id = {plain}", "row-level security"),
        ("UPDATE places SET location_secret = false WHERE id = {secret}", "ck_places_untied"),
        ("UPDATE places SET structure_id = {structure} WHERE id = {secret}", "ck_places_parent"),
    ],
    ids=["tied again", "hidden and tied", "on another kind of record", "known and untied", "on two"],
)  # fmt: skip
def test_the_database_refuses_the_tie(world, homes, statement, refusal):
    operator = world.actor("operateur", "44")
    structure = homes.structure(operator)
    plain = homes.place(operator, structure=structure)
    secret = homes.place(operator, structure=structure, location_secret=True)
    keys = {"structure": structure.id, "plain": plain.id, "secret": secret.id}
    with pytest.raises((IntegrityError, ProgrammingError), match=refusal), operator.acting():
        db.execute(text(statement.format(**keys)))


def test_a_secret_structure_is_not_made_known_while_a_place_hangs_on_it(world, homes):
    operator = world.actor("operateur", "44")
    structure = homes.structure(operator, secret=True)
    homes.place(operator, structure=structure, secret=True)
    with pytest.raises(IntegrityError, match="not tied"), operator.acting():
        db.execute(text(f"UPDATE structures SET location_secret = false WHERE id = {structure.id}"))
