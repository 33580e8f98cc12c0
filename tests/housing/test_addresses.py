"""An exact address searched in the national base from the forms of an offer and of a place."""

from __future__ import annotations

from dataclasses import replace

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import select, text

from odis_app.core.db import db
from odis_app.housing.models import Offer, OfferAddress
from tests.support.ban import Ban, feature
from tests.support.client import text_of
from tests.support.worlds import owner_unit

SEARCH = "Chercher cette adresse"
OFFER = {
    "host_name": "Jeanne Prototype", "commune": "Nantes (44)", "kind": "chambre_chez_habitant", "capacity": "2", "bedrooms": "1", "units": "1",
    "address": "12 rue du conte",
}  # fmt: skip


@pytest.fixture
def base(database, monkeypatch):
    running = Ban().start()
    monkeypatch.setitem(database.config, "ODIS", replace(database.config["ODIS"], ban_url=running.url))
    yield running
    running.stop()


def test_an_address_found_fills_the_form_and_is_saved_with_its_key(association, client, base):
    browser = client.as_(association)
    page = browser.get("/offres/nouveau")
    assert "hors d’OD&IS" in text_of(page)
    found = browser.submit(page, OFFER | {"ages": "42 ans"}, button=SEARCH, status=200)
    assert base.asked == [{"q": "12 rue du conte", "limit": "5", "autocomplete": "0", "citycode": "44109"}]
    with association.acting():
        assert db.execute(select(Offer)).first() is None  # nothing is saved by a search
    filled = browser.submit(found, {}, button="Reprendre 12 Rue du Conte, 44000 Nantes", status=200)
    assert "pas encore enregistrée" in text_of(filled)
    made = browser.submit(filled, {}, button="Enregistrer l’offre").headers["Location"]
    with association.acting():
        kept = db.execute(select(OfferAddress)).scalar_one()
        assert (kept.address, kept.commune_code, kept.ban_id) == ("12 Rue du Conte, 44000 Nantes", "44109", "44109_1234_00012")  # fmt: skip
    assert "12 Rue du Conte, 44000 Nantes" in text_of(browser.get(made))
    with owner_unit():
        told = db.execute(text("SELECT summary, data::text, sensitivity FROM audit_events WHERE action = 'address:search'")).all()  # fmt: skip
    assert len(told) == 1
    assert "conte" not in str(told).lower()


def test_the_commune_of_an_answer_is_one_of_today(homes, operator, client, base):
    base.answers = [feature("3 Rue du Conte", citycode="75101", postcode="75001", city="Paris", id="75101_1_00003")]
    place = homes.place(operator)
    browser = client.as_(operator)
    found = browser.submit(browser.get(f"/places/{place.public_id}/modifier"), {}, button=SEARCH, status=200)
    filled = browser.submit(found, {}, button="Reprendre", status=200)
    values = {i.get("name"): i.get("value") for i in BeautifulSoup(filled.data, "html.parser").select("#adresse input")}
    assert values["commune"] == "Paris (75)"
    assert values["ban_id"] == ""  # the base's number of the street is too short: no key rather than a wrong one


@pytest.mark.parametrize("tick", ["location_secret", "specialised_fvv_teh"])
def test_the_address_of_a_secret_place_never_leaves(association, client, base, tick):
    browser = client.as_(association)
    page = browser.submit(browser.get("/offres/nouveau"), OFFER | {tick: "y"}, button=SEARCH, status=200)
    assert "n’est envoyée nulle part" in text_of(page)
    assert 'value="12 rue du conte"' in page.get_data(as_text=True)
    assert base.asked == []


def test_nor_that_of_a_place_of_a_secret_structure_or_already_secret(homes, operator, client, base):
    structure = homes.structure(operator, secret=True)
    homes.structure(operator)
    place = homes.place(operator, structure=structure, secret=True)
    browser = client.as_(operator)
    typed = {"structure": structure.public_id, "commune": "Nantes (44)", "address": "12 rue du conte"}
    assert "nulle part" in text_of(browser.submit(browser.get("/places/nouveau"), typed, button=SEARCH, status=200))
    address = f"/places/{place.public_id}/modifier"
    unticked = {"location_secret": None, "address": "12 rue du conte"}
    assert "nulle part" in text_of(browser.submit(browser.get(address), unticked, button=SEARCH, status=200))
    assert base.asked == []


def test_a_structure_is_searched_alike_and_a_secret_one_never(homes, operator, client, base):
    browser = client.as_(operator)
    typed = {"name": "Foyer d’essai", "commune": "Nantes (44)", "address": "12 rue du conte"}
    hidden = typed | {"location_secret": "y"}
    assert "nulle part" in text_of(browser.submit(browser.get("/structures/nouvelle"), hidden, button=SEARCH, status=200))  # fmt: skip
    secret = homes.structure(operator, secret=True)
    page = browser.get(f"/structures/{secret.public_id}/modifier")
    assert "nulle part" in text_of(browser.submit(page, {"location_secret": None}, button=SEARCH, status=200))
    assert base.asked == []
    found = browser.submit(browser.get("/structures/nouvelle"), typed, button=SEARCH, status=200)
    filled = browser.submit(found, {}, button="Reprendre", status=200)
    assert 'value="12 Rue du Conte, 44000 Nantes"' in filled.get_data(as_text=True)


def test_when_the_base_is_down_or_finds_nothing_what_was_typed_stays(association, client, base):
    browser = client.as_(association)
    for spoilt, words in (
        ({"status": 429}, "trop de demandes"),
        ({"status": 200, "body": "{"}, "autre chose"),
        ({"body": None, "answers": []}, "Aucune adresse ne correspond"),
        ({"answers": [feature(citycode="44999")]}, "Aucune adresse ne correspond"),
    ):
        for name, value in spoilt.items():
            setattr(base, name, value)
        page = browser.submit(browser.get("/offres/nouveau"), OFFER, button=SEARCH, status=200)
        assert words in text_of(page)
        assert all(f'value="{OFFER[name]}"' in page.get_data(as_text=True) for name in ("address", "host_name"))
    short = browser.submit(browser.get("/offres/nouveau"), OFFER | {"address": "12"}, button=SEARCH, status=200)
    assert "Écrivez d’abord un numéro et une rue" in text_of(short)
    assert len(base.asked) == 4


def test_a_forged_choice_fills_nothing(association, client, base):
    browser = client.as_(association)
    for forged in (
        "[1]",
        "{",
        '["12 Rue", "99999", ""]',
        '["12 Rue", "44109", "<b>"]',
        f'["{"x" * 300}", "44109", ""]',
    ):
        page = browser.post("/offres/nouveau", OFFER | {"adresse-bouton": forged}, status=200)
        assert "Cette proposition ne convient plus" in text_of(page)
        assert 'value="12 rue du conte"' in page.get_data(as_text=True)
    assert base.asked == []


def test_without_a_service_the_form_says_so_and_sends_nothing(association, client, database):
    browser = client.as_(association)
    page = browser.get("/offres/nouveau")
    assert "n’est pas ouverte sur cette installation" in text_of(page)
    assert SEARCH not in text_of(page)
    browser.post("/offres/nouveau", OFFER | {"adresse-bouton": "chercher"}, status=200)


def test_the_enter_key_saves_and_sends_no_address_outside(association, client, base):
    """A browser presses the first button of a form: it is the one that saves."""
    page = client.as_(association).get("/offres/nouveau")
    buttons = BeautifulSoup(page.data, "html.parser").select("main form[method=post] button[type=submit]")
    assert buttons[0].has_attr("hidden")
    assert not buttons[0].get("name")
