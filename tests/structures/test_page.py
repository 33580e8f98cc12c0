"""/structures/<id>: what each reads, declaring, correcting, closing, and what the two walls keep."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, text

from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.housing.models import Place
from odis_app.housing.operations import close_place, create_place
from odis_app.structures import operations as do
from odis_app.structures.models import Structure, StructureContact, StructureEvent
from odis_app.structures.policy import find_structure
from tests.housing.conftest import Homes, values
from tests.structures.conftest import CALLED, declare
from tests.support.client import text_of
from tests.support.worlds import owner_unit

TYPED = {
    "name": "CPH tout neuf", "kind": "cph", "commune": "44109", "address": "2 rue de l’Exemple", "capacity_authorised": "96", "public": "famille",
    "building": "diffus", "finess_codes": "440000002, 440000003", "dna_codes": "r4402", "convention_from": "2026-01-01", "convention_to": "2026-12-31",
    "contact1_name": "Aya Témoin", "contact1_phone": "02 00 00 00 02",
}  # fmt: skip


def page_of(structure):
    return f"/structures/{structure.public_id}"


def words(page):
    return " ".join(text_of(page).split())


def test_an_operator_declares_a_structure_then_its_first_place(operator, client):
    browser = client.as_(operator)
    form = browser.get("/structures/nouvelle")
    made = browser.submit(form, TYPED, button="Enregistrer la structure", follow=True, status=200)
    said = words(made)
    for told in (
        "CPH tout neuf",
        "CPH, autorisée",
        "Nantes (44)",
        "440000002, 440000003",
        "R4402",
        "96",
        "Familles",
        "Aya Témoin",
        "Aucune place ici",
    ):
        assert told in said, told
    with operator.acting():
        public_id = db.execute(select(Structure.public_id)).scalar_one()
    assert f'value="{public_id}" selected' in browser.get(f"/places/nouveau?structure={public_id}").text or (
        f'selected value="{public_id}"' in browser.get(f"/places/nouveau?structure={public_id}").text
    )


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("name", "", "Écrivez le nom"),
        ("finess_codes", "12345", "Un code FINESS a neuf chiffres"),
        ("dna_codes", "CADA44", "Un code DNA est une lettre"),
        ("convention_to", "2025-12-31", "La fin de la convention est avant son début"),
        ("contact1_phone", "demain", "Écrivez des chiffres"),
    ],
)
def test_what_is_wrong_is_said_on_its_field(operator, client, field, typed, said):
    browser = client.as_(operator)
    page = browser.submit(
        browser.get("/structures/nouvelle"), TYPED | {field: typed}, button="Enregistrer la structure", status=422
    )
    assert said in words(page)


def test_the_state_reads_and_writes_nothing(operator, ddets, client):
    structure = declare(operator)
    Homes().place(operator, structure=structure, capacity=3)
    browser = client.as_(ddets)
    page = browser.get(page_of(structure))
    said = words(page)
    for told in (
        "CADA d’essai",
        "Impasse Marqueur 75",
        "440000001",
        CALLED.phone,
        "pour 3 personnes sur 40 autorisées",
        "Studio d’essai",
        "Reste 7 ans",
    ):
        assert told in said, told
    assert "Fermer la structure" not in said
    assert "Rien n’a changé" not in said
    browser.get(f"{page_of(structure)}/modifier", status=403)
    browser.post(f"{page_of(structure)}/fermer", {"on": "2026-12-31", "reason": "autre"}, status=403)
    browser.get("/structures/nouvelle", status=403)


def test_elsewhere_it_does_not_exist(operator, world, client):
    structure = declare(operator)
    for actor in (world.actor("ddets", "53"), world.actor("operateur", "44"), world.actor("association", "44")):
        client.as_(actor).get(page_of(structure), status=404)


def test_the_exact_address_is_in_no_list(operator, ddets, client):
    declare(operator)
    for actor in (operator, ddets):
        for address in ("/structures", "/structures?q=440000001", "/places?perimetre=territoire"):
            assert "Marqueur" not in client.as_(actor).get(address).text


def test_a_secret_one_tells_the_state_its_number_alone(operator, ddets, client):
    structure = declare(operator, name="Refuge Marqueur", location_secret=True)
    own, said = words(client.as_(operator).get(page_of(structure))), client.as_(ddets).get(page_of(structure)).text
    for told in ("Refuge Marqueur", "Impasse Marqueur", "440000001", "C4401", CALLED.name):
        assert told in own, told
        assert told not in said, told
    assert structure.number in said
    assert "lieu secret" in said
    assert client.as_(operator).get("/structures?q=440000001").text.count(structure.public_id) == 0
    with ddets.acting():
        assert db.execute(text("SELECT count(*) FROM structure_contacts")).scalar_one() == 0
        assert db.execute(text("SELECT data::text FROM structure_events")).scalars().all() == ["{}"]
    with pytest.raises(Exception, match="ck_structures_secret"), operator.acting():
        db.execute(text("UPDATE structures SET finess_codes = '{440000001}'"))


def test_two_people_who_correct_it_are_told(operator, client):
    structure, save = declare(operator), "Enregistrer la structure"
    browser = client.as_(operator)
    mine, theirs = (browser.get(f"{page_of(structure)}/modifier") for _ in range(2))
    typed = {"capacity_authorised": "48", "address": "Rue Marqueur"}
    said = words(browser.submit(theirs, typed, button=save, follow=True, status=200))
    assert "places autorisées : 40 puis 48 ; adresse" in said
    stale = browser.submit(mine, {"name": "Mon nom"}, button=save, status=422)
    assert "places autorisées : 40 puis 48" in words(stale)
    assert "rien n’est enregistré" in words(stale)
    said = words(browser.submit(stale, {}, button=save, follow=True, status=200))
    assert "Mon nom" in said
    assert "places autorisées : 48 puis 40" in said


def test_it_stays_in_its_departement(operator, client):
    structure = declare(operator)
    browser = client.as_(operator)
    form = browser.get(f"{page_of(structure)}/modifier")
    page = browser.submit(form, {"commune": "53130"}, button="Enregistrer la structure", status=422)
    assert "rester dans le même département" in words(page)


def test_what_is_left_unchanged_writes_nothing(operator, client):
    structure = declare(operator)
    browser = client.as_(operator)
    browser.submit(browser.get(f"{page_of(structure)}/modifier"), {}, button="Enregistrer la structure", status=303)
    with operator.acting():
        assert db.execute(select(Structure.version)).scalar_one() == 1
        assert len(db.execute(select(StructureEvent)).all()) == 1


def test_one_that_becomes_secret_hides_what_it_said(operator, ddets, client):
    structure = declare(operator)
    place = Homes().place(operator, structure=structure)
    browser = client.as_(operator)
    form = browser.get(f"{page_of(structure)}/modifier")
    browser.submit(form, {"location_secret": "y", "contact1_phone": ""}, button="Enregistrer la structure", status=303)
    page = client.as_(ddets).get(page_of(structure)).text
    for told in ("CADA d’essai", "Marqueur", "Studio d’essai", "440000001", CALLED.name):
        assert told not in page, told
    with operator.acting():
        hidden = db.get_one(Place, place.id)
        assert (hidden.location_secret, hidden.commune_code, hidden.label) == (True, None, "")
        contact = db.execute(select(StructureContact)).scalar_one()
        assert (contact.name, contact.phone) == (CALLED.name, "")
    assert "Studio d’essai" in browser.get(page_of(structure)).text


def test_a_structure_closes_with_its_places_and_reopens_without_them(operator, client):
    structure = declare(operator)
    place = Homes().place(operator, structure=structure)
    browser = client.as_(operator)
    page = browser.get(page_of(structure))
    missing = browser.submit(page, {"on": clock.today().isoformat()}, button="Enregistrer la fermeture", status=422)
    assert "Choisissez le motif" in words(missing)
    given = {"on": clock.today().isoformat(), "reason": "fin_bail"}
    said = words(browser.submit(page, given, button="Enregistrer la fermeture", follow=True, status=200))
    assert "Fermée" in said
    assert "fin du bail" in said
    assert structure.public_id not in browser.get("/structures").text
    assert structure.public_id in browser.get("/structures?etat=fermees").text
    with operator.acting() as identity:
        assert db.get_one(Place, place.id).closed_on == clock.today()
        found = find_structure(identity, structure.public_id)
        with pytest.raises(RuleError, match="Rouvrez-la"):
            create_place(identity, structure=found, values=values(), label="Studio de trop")
        with pytest.raises(RuleError, match="déjà enregistrée"):
            do.close_structure(identity, structure=found, on=clock.today(), reason="autre")
    said = words(
        browser.submit(browser.get(page_of(structure)), {}, button="Rouvrir la structure", follow=True, status=200)
    )
    assert "En activité" in said
    with owner_unit():
        assert db.get_one(Place, place.id).closed_on == clock.today()


def test_nobody_is_put_out_by_a_closing(operator):
    structure = declare(operator)
    place = Homes().place(operator, structure=structure)
    today = clock.today()
    with owner_unit():
        db.execute(
            text(
                "INSERT INTO occupancies (public_id, place_id, owner_org_id, department_code, during, kind) "
                "SELECT 'occupation000001', id, owner_org_id, department_code, daterange(:first, :last), 'stay' FROM places"
            ),
            {"first": today, "last": today + timedelta(days=60)},
        )
    with operator.acting() as identity:
        found = find_structure(identity, structure.public_id)
        with pytest.raises(RuleError, match=place.number):
            do.close_structure(identity, structure=found, on=today + timedelta(days=30), reason="fin_bail")
        do.close_structure(identity, structure=found, on=today + timedelta(days=60), reason="fin_bail")
        assert not found.is_closed
        do.reopen_structure(identity, structure=found)
        with pytest.raises(RuleError, match="avant l’ouverture"):
            do.close_structure(identity, structure=found, on=found.opened_on - timedelta(days=1), reason="autre")


def test_a_place_that_closed_before_keeps_its_day(operator):
    structure = declare(operator)
    place = Homes().place(operator, structure=structure)
    with operator.acting() as identity:
        close_place(identity, place=db.get_one(Place, place.id), on=clock.today() - timedelta(days=3))
    with operator.acting() as identity:
        do.close_structure(
            identity, structure=find_structure(identity, structure.public_id), on=clock.today(), reason="autre"
        )
        assert db.get_one(Place, place.id).closed_on == clock.today() - timedelta(days=3)


def test_the_database_itself_keeps_a_neighbour_out(operator, world):
    declare(operator)
    with world.actor("operateur", "44").acting():
        for table in ("structures", "structure_contacts", "structure_events", "structure_addresses"):
            assert db.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() == 0, table
        assert db.execute(text("UPDATE structures SET name = 'x'")).rowcount == 0
        assert db.execute(text("DELETE FROM structure_contacts")).rowcount == 0
