"""What a volunteer adds to an offer when there is time: charges, stay, who is taken, who lives there, bedrooms, risk; and the states between."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import psycopg
import pytest

from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.households.operations.protected import Safety
from odis_app.housing import operations as do
from odis_app.housing import queries
from odis_app.housing.enums import PlaceState
from odis_app.housing.models import Living, Occupancy, Offer, OfferHost, Place
from odis_app.housing.operations.occupancies import TOO_SMALL
from tests.housing.conftest import values
from tests.housing.households import open_file
from tests.support.client import text_of

TWO: list[Safety | None] = [Safety(), Safety()]
FULL = {
    "rent": Decimal(300), "charges": Decimal(40), "min_stay_days": 30, "max_stay_days": 180, "renewable": True, "min_child_age": 3,
    "accepted_compositions": ["isole_femme", "isole_homme", "monoparental"], "employment_area": "Nantes",
}  # fmt: skip


def state_of(actor, place):
    with actor.acting() as identity:
        return queries.place_row(identity, db.get_one(Place, place.id)).state


def plain(page):
    return text_of(page).replace("\xa0", " ").replace("\u202f", " ")


def test_what_is_told_reaches_the_places_of_the_offer(homes, association):
    offer = homes.offer(association, stage="validated", **FULL)
    with association.acting() as identity:
        (place,) = queries.offer_places(identity, db.get_one(Offer, offer.id))
        assert {name: getattr(place, name) for name in FULL} == FULL | {
            "accepted_compositions": ["isole_homme", "isole_femme", "isole", "monoparental"]
        }
        assert place.stay_words.replace("\xa0", " ") == "de 30 jours à 6 mois, peut être prolongé"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"charges": Decimal(10)}, "charges"),
        ({"rent": Decimal(10), "charges": Decimal(11)}, "charges"),
        ({"min_stay_days": 0}, "min_stay_days"),
        ({"max_stay_days": 3661}, "max_stay_days"),
        ({"min_stay_days": 30, "max_stay_days": 29}, "max_stay_days"),
        ({"accepts_minors": False, "min_child_age": 3}, "min_child_age"),
        ({"accepted_compositions": ["catholique"]}, "accepted_compositions"),
    ],
)
def test_what_an_offer_cannot_say_and_the_database_neither(homes, association, behind, changes, field):
    with pytest.raises(RuleError) as refused:
        homes.offer(association, **changes)
    assert refused.value.field == field
    homes.offer(association)
    told = {**changes, "accepts_minors": changes.get("accepts_minors", True)}
    columns = ", ".join(f"{name} = %s" for name in told)
    with pytest.raises(psycopg.errors.CheckViolation):
        behind(f"UPDATE offers SET {columns}", *told.values())


@pytest.mark.parametrize(
    "qualities",
    ['{"rooms": [{"m2": 8}]}', '{"rooms": [{}, {}, {}]}', '{"rooms": [{"double": -1}]}', '{"school_minutes": 181}'],
)
def test_the_database_refuses_rooms_and_distances_that_cannot_be(homes, association, behind, qualities):
    homes.offer(association)
    with pytest.raises(psycopg.errors.CheckViolation):
        behind("UPDATE offers SET qualities = %s", qualities)


def test_a_stay_that_the_dates_cannot_hold_is_refused(homes, association):
    today = clock.today()
    with pytest.raises(RuleError, match="libre aussi longtemps"):
        homes.offer(association, min_stay_days=30, available_from=today, available_to=today + timedelta(days=29))


def test_by_women_only_is_not_said_where_a_man_lives(homes, association):
    offer = homes.offer(association)
    with association.acting() as identity:
        row = db.get_one(Offer, offer.id)
        do.update_offer(identity, offer=row, values=values(), host=do.Host("Jo Modèle", living=Living(women=1, men=1)))
        with pytest.raises(RuleError, match="Un homme vit au foyer"):
            do.update_offer(identity, offer=row, values=values(hosts_women_only=True))
        do.update_offer(
            identity,
            offer=row,
            values=values(hosts_women_only=True),
            host=do.Host("Jo Modèle", living=Living(women=2, men=0)),
        )
        assert db.get_one(OfferHost, offer.id).home == Living(women=2, men=0)


def test_who_lives_there_is_sealed_and_the_organisation_s_alone(homes, association, world, behind, client):
    offer = homes.offer(association)
    with association.acting() as identity:
        told = Living(women=1, men=0, children=2, ages="42, 8 et 5 ans")
        do.update_offer(
            identity, offer=db.get_one(Offer, offer.id), values=values(), host=do.Host("Jo Modèle", living=told)
        )
    ((sealed,),) = behind("SELECT living_sealed FROM offer_hosts")
    assert b"42" not in bytes(sealed)
    assert "1 femme, 2 enfants (42, 8 et 5 ans)" in plain(client.as_(association).get(f"/offres/{offer.public_id}"))
    assert "2 enfants" not in plain(client.as_(world.actor("ddets", "44")).get(f"/offres/{offer.public_id}"))


def test_a_risk_stops_an_offer_until_it_is_cleared(homes, association, behind):
    offer = homes.offer(association, stage="validated")
    with association.acting() as identity:
        row = db.get_one(Offer, offer.id)
        (place,) = queries.offer_places(identity, row)
        do.flag_risk(identity, offer=row, note="Voisin menaçant.")
        assert (row.qualification_status, row.risk_flag, row.status_motif) == ("suspendue", True, "Risque signalé")
        assert queries.place_row(identity, place).state is PlaceState.FERMEE
        with pytest.raises(RuleError, match="déjà signalé"):
            do.flag_risk(identity, offer=row, note="Encore.")
        with pytest.raises(RuleError, match="Levez le signalement"):
            do.resume_offer(identity, offer=row)
        do.clear_risk(identity, offer=row, note="Le voisin a déménagé.")
        do.resume_offer(identity, offer=row)
        assert (row.qualification_status, row.risk_flag) == ("validee", False)
        assert queries.place_row(identity, place).state is PlaceState.DISPONIBLE
    with pytest.raises(psycopg.errors.CheckViolation):
        behind("UPDATE offers SET risk_flag = true")


def test_no_validation_while_a_risk_stands(homes, association):
    offer = homes.offer(association, stage="checked")
    with association.acting() as identity:
        row = db.get_one(Offer, offer.id)
        do.flag_risk(identity, offer=row, note="Contrepartie attendue.")
        assert row.qualification_status == "visite_faite"
        with pytest.raises(RuleError, match="Levez le signalement"):
            do.decide(identity, offer=row, accepted=True, motif="conforme")
        do.decide(identity, offer=row, accepted=False, motif="contrepartie_attendue")


def test_a_household_is_not_promised_a_place_that_is_too_small(homes, association, operator):
    place, household = homes.place(operator, capacity=1), open_file(association, safety=TWO)
    with pytest.raises(RuleError, match=TOO_SMALL):
        homes.reserve(association, place, household)


def test_a_place_does_not_become_too_small_for_who_is_expected(homes, association, operator):
    place, household = homes.place(operator), open_file(association, safety=TWO)
    booked = homes.reserve(association, place, household)
    with operator.acting() as identity:
        row = db.get_one(Place, place.id)
        with pytest.raises(RuleError, match="plus nombreux") as refused:
            do.update_place(identity, place=row, values=values(capacity=1), label="Studio")
        assert refused.value.field == "capacity"
        do.update_place(identity, place=row, values=values(capacity=6), label="Studio")
    with association.acting() as identity:
        do.release(identity, occupancy=db.get_one(Occupancy, booked.id))
    with operator.acting() as identity:
        do.update_place(identity, place=db.get_one(Place, place.id), values=values(capacity=1), label="Studio")


def test_promised_then_agreed_then_lived_in_then_to_be_put_right(homes, association, operator):
    place, household, today = homes.place(operator), open_file(association), clock.today()
    booked = homes.reserve(association, place, household, days=10)
    assert state_of(operator, place) is PlaceState.RESERVEE
    with operator.acting() as identity:
        do.start_stay(identity, occupancy=db.get_one(Occupancy, booked.id), starts_on=today + timedelta(days=10))
    assert state_of(operator, place) is PlaceState.ATTRIBUEE
    with operator.acting() as identity:
        listed = queries.list_places(identity, queries.PlaceFilter(state="reservee"), number=1)
        assert [row.state for row in listed.items] == [PlaceState.ATTRIBUEE]
        do.release(identity, occupancy=db.get_one(Occupancy, booked.id))
        do.change_availability(
            identity,
            place=db.get_one(Place, place.id),
            state=PlaceState.A_REMETTRE_EN_ETAT,
            until=today + timedelta(days=4),
        )
        row = queries.place_row(identity, db.get_one(Place, place.id))
        assert (row.state, row.state_label, row.free_from) == (
            PlaceState.A_REMETTRE_EN_ETAT, "À remettre en état", today + timedelta(days=4),
        )  # fmt: skip


def test_an_address_key_is_recognised_and_kept_with_the_address(homes, association):
    offer = homes.offer(association)
    with association.acting() as identity:
        row = db.get_one(Offer, offer.id)
        with pytest.raises(RuleError, match="44109_1234_00012"):
            do.update_offer(identity, offer=row, values=values(), ban_id="rue du Conte")
        for key in ("44109_1234_00012_bis", "2A004_0001", "8d9a3b5c-0f1e-4d2b-9c3a-5e6f7a8b9c0d"):
            do.update_offer(identity, offer=row, values=values(), ban_id=key)
            do.update_offer(identity, offer=row, values=values())
            address = queries.address_of(row)
            assert (address and address.ban_id) == key


def test_the_form_takes_the_details_and_gives_them_back(association, client):
    browser = client.as_(association)
    page = browser.get("/offres/nouveau")
    assert "Plus de détails" in text_of(page)
    data = {
        "host_name": "Jeanne Prototype", "commune": "Nantes (44)", "kind": "chambre_chez_habitant", "capacity": "2", "bedrooms": "1", "units": "1",
        "accepts_minors": "y", "rent": "100", "charges": "20", "min_stay_days": "30", "max_stay_days": "365", "renewable": "y", "min_child_age": "6",
        "accepted_compositions": ["isole_femme", "monoparental"], "women": "1", "men": "0", "children": "1", "ages": "42 et 8 ans",
        "rooms": "12 m², 1 lit double\n10 m², 1 lit simple", "school_minutes": "12", "employment_area": "Nantes", "ban_id": "44109_1234_00012",
    }  # fmt: skip
    wrong = browser.submit(page, data, button="Enregistrer", status=422)
    assert "2 chambres sont décrites" in plain(wrong)
    assert "details" in wrong.get_data(as_text=True).split("Plus de détails")[0][-200:]
    address = browser.submit(page, {**data, "bedrooms": "2"}, button="Enregistrer").headers["Location"]
    told = plain(browser.get(address))
    for words in ("dont 20 € de charges", "de 30 jours à 12 mois, peut être prolongé", "dès 6 ans", "Femme isolée, Famille monoparentale",
                  "12 m², 1 lit double", "3 couchages", "1 femme, 1 enfant (42 et 8 ans)", "École, minutes à pied", "BAN 44109_1234_00012"):  # fmt: skip
        assert words in told, words
    browser.submit(browser.get(f"{address}/modifier"), {"capacity": "3"}, button="Enregistrer")
    again = plain(browser.get(address))
    assert all(
        words in again
        for words in (
            "dès 6 ans",
            "10 m², 1 lit simple",
            "42 et 8 ans",
            "BAN 44109_1234_00012",
            "Bassin d’emploi Nantes",
        )
    )


def test_a_risk_is_flagged_and_cleared_on_the_page(homes, association, client):
    offer = homes.offer(association)
    browser, address = client.as_(association), f"/offres/{offer.public_id}/qualification"
    empty = browser.submit(browser.get(address), {}, button="Signaler ce risque", status=422)
    assert "Écrivez ce qui vous inquiète" in text_of(empty)
    browser.submit(browser.get(address), {"risque-note": "Serrure forcée."}, button="Signaler ce risque")
    assert "Un risque est signalé" in text_of(browser.get(f"/offres/{offer.public_id}"))
    browser.submit(browser.get(address), {"risque-leve-note": "Serrure changée."}, button="Lever le signalement")
    page = text_of(browser.get(f"/offres/{offer.public_id}"))
    assert "Un risque est signalé" not in page
    assert "Signalement levé" in page


def test_lists_are_sorted_as_asked(homes, association, operator, client):
    structure = homes.structure(operator)
    for capacity in (3, 1, 2):
        homes.place(operator, structure=structure, capacity=capacity)
        homes.offer(association, capacity=capacity)

    def order(actor, address):
        soup = client.as_(actor).get(address, htmx=True).get_data(as_text=True)
        return [int(cell.split("<span>")[1][0]) for cell in soup.split('data-label="Personnes"')[1:]]

    assert order(operator, "/places?perimetre=territoire&tri=personnes") == [1, 2, 3]
    assert order(operator, "/places?perimetre=territoire&tri=-personnes&q=essai") == [3, 2, 1]
    assert order(operator, "/places?perimetre=territoire&tri=-numero") == [2, 1, 3]
    assert order(operator, "/places?perimetre=territoire&tri=rien") == [3, 1, 2]
    assert order(association, "/offres?tri=personnes") == [1, 2, 3]
    assert order(association, "/offres?tri=numero") == [3, 1, 2]
    assert order(association, "/offres?tri=-personnes") == [3, 2, 1]
    for key in ("libre", "-libre", "nouvelle", "-nouvelle"):
        assert sorted(order(operator, f"/places?perimetre=territoire&tri={key}")) == [1, 2, 3]
    for key in ("disponible", "-disponible", "nouvelle"):
        assert sorted(order(association, f"/offres?tri={key}")) == [1, 2, 3]


def test_the_employment_area_is_that_of_the_commune(homes, operator, association):
    """What was typed stays where the commune has none; a secret place says none."""
    nantes, secret = homes.offer(association, employment_area="ailleurs"), homes.place(operator, secret=True)
    assert (nantes.employment_area, secret.employment_area) == ("Nantes", None)
    cantal = "15031"  # Celles, born again since
    with association.acting() as identity:
        offer = do.create_offer(
            identity, values=values(cantal, employment_area="Saint-Flour"), host=do.Host("Jo Modèle")
        )
        assert offer.employment_area == "Saint-Flour"
        do.update_offer(identity, offer=offer, values=values(cantal, capacity=5))
        assert offer.employment_area == "Saint-Flour"
