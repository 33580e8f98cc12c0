"""The pages, as their readers use them; every full page is checked by the strict client."""

from __future__ import annotations

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup

from odis_app.core import clock
from odis_app.core.db import db
from odis_app.housing import operations as do
from odis_app.housing.models import Offer, OfferHost, Place
from tests.housing.conftest import MARK
from tests.housing.households import open_file
from tests.support.client import text_of


@pytest.fixture
def operator(world):
    return world.actor("operateur", "44")


@pytest.fixture
def association(world):
    return world.actor("association", "44")


def aged(actor, place, days):
    with actor.acting() as identity:
        do.confirm_place(identity, place=db.get_one(Place, place.id), at=clock.now() - timedelta(days=days))


def test_one_tap_refills_the_mark_and_the_line_stays(homes, operator, client):
    place = homes.place(operator)
    aged(operator, place, 22)
    browser = client.as_(operator)
    page = browser.get("/places")
    assert "1 place sans nouvelle depuis plus de 14 jours" in text_of(page).replace("\xa0", " ")
    line = browser.post(f"/places/{place.public_id}/confirmer", status=200, htmx=True)
    soup = BeautifulSoup(line.get_data(as_text=True), "html.parser")
    roots = [tag for tag in soup.contents if getattr(tag, "name", None)]
    assert [tag["id"] for tag in roots] == [f"place-{place.public_id}"]
    assert not soup.select(".is-stale")
    assert line.headers["HX-Trigger"] == "places-changed"
    assert "sans nouvelle" not in text_of(browser.get("/places/compteurs", htmx=True))


def test_one_tap_without_script_comes_back_to_the_line(homes, operator, client):
    place = homes.place(operator)
    browser = client.as_(operator)
    answer = browser.submit(browser.get("/places"), {}, action=f"/places/{place.public_id}/confirmer")
    assert answer.headers["Location"].endswith(f"#place-{place.public_id}")


def test_all_the_stale_ones_in_one_tap(homes, operator, client):
    structure = homes.structure(operator)
    for days in (20, 30, 2):
        aged(operator, homes.place(operator, structure=structure), days)
    browser = client.as_(operator)
    after = browser.submit(
        browser.get("/places?vue=a_confirmer"), {}, action="/places/confirmer", follow=True, status=200
    )
    assert "2 places confirmées" in text_of(after).replace("\xa0", " ")
    assert "3 places, 0 à confirmer" in text_of(after).replace("\xa0", " ")


def test_a_place_that_is_not_open_yet_is_not_asked_about(homes, operator, client):
    place = homes.place(operator)
    aged(operator, place, 22)
    with operator.acting():
        db.get_one(Place, place.id).opened_on = None
    page = text_of(client.as_(operator).get("/places?vue=a_confirmer")).replace("\xa0", " ")
    assert "1 place, 0 à confirmer" in page


def test_change_says_what_is_wrong_then_changes(homes, operator, client):
    place = homes.place(operator)
    browser = client.as_(operator)
    address = f"/places/{place.public_id}/disponibilite"
    page = browser.get(address)
    wrong = browser.submit(page, {"state": "indisponible"}, button="Mettre à jour", status=422)
    assert "Choisissez pourquoi la place est indisponible" in text_of(wrong)
    browser.submit(page, {"state": "indisponible", "motif": "travaux"}, button="Mettre à jour")
    assert "Indisponible : travaux" in text_of(browser.get(f"/places/{place.public_id}"))
    browser.submit(browser.get(address), {"state": "disponible"}, button="Mettre à jour")
    assert "Disponible" in text_of(browser.get("/places?vue=libres"))


def test_a_place_is_declared_corrected_closed_and_opened_again(homes, operator, client):
    structure = homes.structure(operator)
    browser = client.as_(operator)
    data = {
        "structure": structure.public_id,
        "label": "Les Essais, T2",
        "commune": "Nantes (44)",
        "kind": "logement_tremplin",
        "capacity": "3",
        "bedrooms": "1",
        "opened_on": "2020-01-01",
    }
    empty = browser.submit(browser.get("/places/nouveau"), {}, button="Enregistrer", status=422)
    assert "Écrivez combien de personnes" in text_of(empty)
    made = browser.submit(browser.get("/places/nouveau"), data, button="Enregistrer")
    address = made.headers["Location"]
    browser.submit(browser.get(f"{address}/modifier"), {"label": "Les Essais, T2 bis"}, button="Enregistrer")
    assert "Les Essais, T2 bis" in text_of(browser.get(address))
    browser.submit(browser.get(address), {}, button="Fermer la place")
    assert "Fermée" in text_of(browser.get(address))
    browser.submit(browser.get(address), {}, button="Rouvrir la place")
    assert "Disponible" in text_of(browser.get(address))


def test_what_was_noted_of_a_host_survives_a_correction(homes, association, client):
    offer = homes.offer(association)
    with association.acting():
        db.get_one(OfferHost, offer.id).note = "Parle arabe."
    browser = client.as_(association)
    browser.submit(browser.get(f"/offres/{offer.public_id}/modifier"), {"host_name": "Jo Modèle"}, button="Enregistrer")
    with association.acting():
        host = db.get_one(OfferHost, offer.id)
        assert (host.name, host.note) == ("Jo Modèle", "Parle arabe.")


def test_an_offer_from_the_phone_call_to_the_validation(association, client):
    browser = client.as_(association)
    data = {
        "host_name": "Jeanne Prototype", "phone": "06 39 98 00 01", "commune": "Nantes (44)", "kind": "chambre_chez_habitant", "capacity": "1", "bedrooms": "1",
        "units": "1", "smoke_detector": "y",
    }  # fmt: skip
    wrong = browser.submit(
        browser.get("/offres/nouveau"),
        {**data, "phone": "12", "commune": "Nulle-Part-sur-Rien"},
        button="Enregistrer",
        status=422,
    )
    assert "Aucune commune ne correspond" in text_of(wrong)
    assert "Ce numéro n’est pas complet" in text_of(wrong)
    address = browser.submit(browser.get("/offres/nouveau"), data, button="Enregistrer").headers["Location"]
    assert "06 39 98 00 01" in text_of(browser.get(address))
    qualification = f"{address}/qualification"
    early = browser.submit(
        browser.get(qualification),
        {"decision-accepted": "oui", "decision-motif": "conforme"},
        button="Enregistrer la décision",
        status=422,
    )
    assert "Aucune décision sans visite" in text_of(early)
    browser.submit(browser.get(qualification), {"appel-reached": "oui"}, button="Enregistrer l’appel")
    alone = {"visite-second_visitor": ""}
    assert "Une visite se fait à deux" in text_of(
        browser.submit(browser.get(qualification), alone, button="Enregistrer la visite", status=422)
    )
    browser.submit(
        browser.get(qualification),
        {"visite-second_visitor": "Sacha Témoin", "visite-checklist": ["private_room", "surface"]},
        button="Enregistrer la visite",
    )
    blocked = browser.submit(
        browser.get(qualification),
        {"decision-accepted": "oui", "decision-motif": "conforme"},
        button="Enregistrer la décision",
        status=422,
    )
    assert "Il manque des garde-fous" in text_of(blocked)
    checked = ["identity_checked", "adults_listed", "motivation_heard", "charter_signed"]
    browser.submit(browser.get(qualification), {"garde-fous-checked": checked}, button="Enregistrer les garde-fous")
    browser.submit(
        browser.get(qualification),
        {"decision-accepted": "oui", "decision-motif": "conforme"},
        button="Enregistrer la décision",
    )
    page = browser.get(address)
    assert "Validée" in text_of(page)
    assert "Places ouvertes" in text_of(page)
    browser.submit(page, {}, button="Toujours disponible")
    browser.submit(browser.get(address), {"motif": "Travaux"}, button="Suspendre")
    assert "Suspendue" in text_of(browser.get(address))
    browser.submit(browser.get(address), {}, button="Reprendre l’offre")
    browser.submit(browser.get(f"{address}/modifier"), {"capacity": "2"}, button="Enregistrer")
    assert "2 personnes" in text_of(browser.get(address)).replace("\xa0", " ")
    browser.submit(browser.get(address), {"motif": "Déménagement"}, button="Retirer")
    assert "Retirée" in text_of(browser.get(address))


def test_a_late_correction_is_refused_and_kept(homes, association, client):
    offer = homes.offer(association)
    browser = client.as_(association)
    page = browser.get(f"/offres/{offer.public_id}/modifier")
    browser.submit(page, {"capacity": "3"}, button="Enregistrer")
    late = browser.submit(page, {"capacity": "5"}, button="Enregistrer", status=422)
    assert "Quelqu’un a modifié cette offre" in text_of(late)
    assert 'value="5"' in late.get_data(as_text=True)


def test_the_queue_counts_working_days_and_the_list_filters(homes, association, client):
    homes.offer(association)
    browser = client.as_(association)
    queue = text_of(browser.get("/offres/a-qualifier")).replace("\xa0", " ")
    assert "Appeler l’hébergeur" in queue
    assert "de retard" in queue  # received ten days ago: five working days are over
    assert "1 offre" in text_of(browser.get("/offres?q=marqueuse")).replace("\xa0", " ")
    assert "0 offre" in text_of(browser.get("/offres?q=personne", htmx=True)).replace("\xa0", " ")
    assert "0 offre" in text_of(
        browser.get("/offres?etat=validee&capacite=2&genre=foyer&departement=44&nouvelles=a_confirmer")
    ).replace("\xa0", " ")


def test_the_state_reads_places_and_open_offers_but_no_host_nor_address(world, homes, operator, association, client):
    place, offer = homes.place(operator), homes.offer(association)
    ddets = client.as_(world.actor("ddets", "44"))
    assert place.number in text_of(ddets.get("/places?q=essai&etat=disponible"))
    seen = [
        ddets.get(f"/places/{place.public_id}"),
        ddets.get(f"/offres/{offer.public_id}"),
        ddets.get("/offres/a-qualifier"),
        ddets.get("/offres"),
    ]
    assert all(not any(word in text_of(page) for word in (MARK, "Marqueuse", "+3363998", "06 39 98")) for page in seen)
    ddets.get(f"/offres/{offer.public_id}/qualification", status=403)
    ddets.post(f"/places/{place.public_id}/confirmer", status=403)


def test_elsewhere_every_address_answers_404(world, homes, operator, association, client):
    place, offer = homes.place(operator), homes.offer(association, stage="validated")
    other = client.as_(world.actor("coordination", "33"))
    for address in (f"/places/{place.public_id}", f"/places/{place.public_id}/modifier", f"/places/{place.public_id}/disponibilite",
                    f"/offres/{offer.public_id}", f"/offres/{offer.public_id}/modifier", f"/offres/{offer.public_id}/qualification"):  # fmt: skip
        other.get(address, status=404)
        other.get(address.replace(place.public_id, "0" * 16).replace(offer.public_id, "0" * 16), status=404)
    other.post(f"/places/{place.public_id}/confirmer", status=404)
    other.post(f"/offres/{offer.public_id}/confirmer", status=404)


def test_nobody_reads_homes_without_a_role_for_it(world, client):
    admin = client.as_(world.actor("admin", None))
    admin.get("/places", status=403)
    admin.get("/offres", status=403)


def test_the_number_of_a_household_is_shown_to_who_may_read_it(world, homes, operator, association, client):
    place = homes.place(operator)
    household = open_file(association)
    homes.reserve(association, place, household)
    assert household.number in text_of(client.as_(association).get(f"/places/{place.public_id}"))
    page = text_of(client.as_(operator).get(f"/places/{place.public_id}"))
    assert "réservation" in page
    assert household.number not in page


def test_payloads_in_every_text_stay_text(homes, association, client):
    nasty = "<img src=x onerror=alert(1)><b hx-get='/deconnexion' hx-trigger='load'>"
    offer = homes.offer(association, host=nasty)
    with association.acting() as identity:
        row = db.get_one(Offer, offer.id)
        do.ask_completion(identity, offer=row, missing=nasty)
    for address in (f"/offres/{offer.public_id}", f"/offres/{offer.public_id}/qualification", "/offres/a-qualifier"):
        soup = BeautifulSoup(client.as_(association).get(address).get_data(as_text=True), "html.parser")
        assert not soup.select("[hx-get='/deconnexion'], img[src=x]")
