"""What the operations refuse, and what the database refuses behind them."""

from __future__ import annotations

import threading
from datetime import date, timedelta

import pytest
from sqlalchemy import select, text

from odis_app.access.models import Review
from odis_app.access.queries import pending_reviews
from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.housing import operations as do
from odis_app.housing import queries
from odis_app.housing.delays import add_working_days, deadline, holidays, is_working, working_days
from odis_app.housing.enums import PlaceState
from odis_app.housing.models import Occupancy, OccupancyHousehold, Offer, Place
from odis_app.housing.operations.occupancies import TAKEN
from odis_app.housing.status import CHECKLIST, SAFEGUARDS
from tests.housing.conftest import NANTES, values
from tests.housing.households import open_file
from tests.support.worlds import owner_unit


@pytest.fixture
def association(world):
    return world.actor("association", "44")


@pytest.fixture
def operator(world):
    return world.actor("operateur", "44")


def state_of(actor, place):
    with actor.acting() as identity:
        return queries.place_row(identity, db.get_one(Place, place.id))


def test_twenty_at_once_one_wins_and_nineteen_read_one_sentence(homes, association, operator):
    place, household = homes.place(operator), open_file(association)
    gate, said = threading.Barrier(20), []

    def book(rank):
        gate.wait()
        try:
            homes.reserve(association, place, household, days=rank % 5, subject=f"orientation{rank:05d}")
            said.append("won")
        except RuleError as error:
            said.append(error.message)

    threads = [threading.Thread(target=book, args=(rank,)) for rank in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(said) == sorted(["won", *[TAKEN] * 19])
    with operator.acting():
        assert len(db.execute(select(Occupancy)).scalars().all()) == 1


def test_neighbouring_days_do_not_cross_and_one_common_day_does(homes, association, operator):
    place, household = homes.place(operator), open_file(association)
    homes.reserve(association, place, household, days=0, length=10)
    homes.reserve(association, place, household, days=10, length=10)
    with pytest.raises(RuleError, match="déjà prise"):
        homes.reserve(association, place, household, days=19, length=None)


def test_an_expired_reservation_frees_its_place_by_itself(homes, association, operator, admin_url):
    place, household = homes.place(operator), open_file(association)
    homes.reserve(association, place, household)
    assert state_of(operator, place).state is PlaceState.RESERVEE
    with operator.acting():
        db.execute(text("UPDATE occupancies SET expires_at = now() - interval '1 second'"))
    assert state_of(operator, place).state is PlaceState.DISPONIBLE
    homes.reserve(association, place, household, subject="orientation00002")
    with association.acting():
        statement = select(OccupancyHousehold.subject).join(Occupancy, Occupancy.id == OccupancyHousehold.occupancy_id)
        assert db.execute(statement.where(Occupancy.released_at.is_(None))).scalars().all() == ["orientation00002"]


def test_a_reservation_becomes_a_stay_then_ends(homes, association, operator):
    place, household = homes.place(operator), open_file(association)
    booked = homes.reserve(association, place, household, length=None)
    with operator.acting() as identity:
        do.start_stay(identity, occupancy=db.get_one(Occupancy, booked.id), starts_on=clock.today() - timedelta(days=3))
    row = state_of(operator, place)
    assert (row.state, row.free_from) == (PlaceState.OCCUPEE, None)
    with operator.acting() as identity, pytest.raises(RuleError, match="ménage suivi"):
        do.change_availability(identity, place=db.get_one(Place, place.id), state=PlaceState.DISPONIBLE)
    with operator.acting() as identity:
        do.end_stay(identity, occupancy=db.get_one(Occupancy, booked.id), ended_on=clock.today() + timedelta(days=5))
    row = state_of(operator, place)
    assert (row.state, row.free_from) == (PlaceState.EN_LIBERATION, clock.today() + timedelta(days=5))


def test_an_expired_reservation_cannot_become_a_stay(homes, association, operator):
    place, household = homes.place(operator), open_file(association)
    booked = homes.reserve(association, place, household)
    with operator.acting():
        db.execute(text("UPDATE occupancies SET expires_at = now() - interval '1 second'"))
    with operator.acting() as identity, pytest.raises(RuleError, match="échue"):
        do.start_stay(identity, occupancy=db.get_one(Occupancy, booked.id), starts_on=clock.today())


def test_a_released_place_is_free_at_once(homes, association, operator):
    place, household = homes.place(operator), open_file(association)
    booked = homes.reserve(association, place, household)
    with association.acting() as identity:
        do.release(identity, occupancy=db.get_one(Occupancy, booked.id))
    assert state_of(operator, place).state is PlaceState.DISPONIBLE


def test_availability_by_the_operator(homes, operator):
    place, today = homes.place(operator), clock.today()

    def change(state, **options):
        with operator.acting() as identity:
            do.change_availability(identity, place=db.get_one(Place, place.id), state=state, **options)
        return state_of(operator, place)

    assert change(PlaceState.OCCUPEE, on=today - timedelta(days=40)).state is PlaceState.OCCUPEE
    leaving = change(PlaceState.DISPONIBLE, on=today + timedelta(days=12))
    assert (leaving.state, leaving.free_from) == (PlaceState.EN_LIBERATION, today + timedelta(days=12))
    out = change(PlaceState.INDISPONIBLE, motif="desinsectisation", until=today + timedelta(days=4))
    assert (out.state, out.state_label) == (PlaceState.INDISPONIBLE, "Indisponible : désinsectisation")
    free = change(PlaceState.DISPONIBLE)
    assert (free.state, free.free_from) == (PlaceState.DISPONIBLE, today)
    with pytest.raises(RuleError):
        change(PlaceState.FERMEE)
    with pytest.raises(RuleError):
        change(PlaceState.OCCUPEE, until=today)


def test_a_place_in_creation_then_closed(homes, operator):
    structure = homes.structure(operator)
    with operator.acting() as identity:
        place = do.create_place(identity, structure=structure, values=values(), label="Neuve")
        assert queries.place_row(identity, place).state is PlaceState.EN_CREATION
        do.update_place(identity, place=place, values=values(capacity=5), label="Neuve", opened_on=clock.today())
        assert queries.place_row(identity, place).state is PlaceState.DISPONIBLE
        do.close_place(identity, place=place)
        assert queries.place_row(identity, place).state is PlaceState.FERMEE
        with pytest.raises(RuleError, match="fermée"):
            do.change_availability(identity, place=place, state=PlaceState.OCCUPEE)
        do.reopen_place(identity, place=place)


def test_no_decision_without_visit_no_validation_without_safeguards_nor_motif(homes, association):
    offer = homes.offer(association)
    with association.acting() as identity:
        row = db.get_one(Offer, offer.id)
        for accepted, motif in ((True, "conforme"), (False, "logement_non_decent")):
            with pytest.raises(RuleError, match="sans visite"):
                do.decide(identity, offer=row, accepted=accepted, motif=motif)
        with pytest.raises(RuleError, match="à deux"):
            do.record_visit(identity, offer=row, on=clock.today(), visitors=("Camille", " camille "), checklist={})
        do.record_visit(
            identity,
            offer=row,
            on=clock.today(),
            visitors=("Camille", "Sacha"),
            checklist=dict.fromkeys(CHECKLIST, True),
        )
        with pytest.raises(RuleError, match="garde-fous"):
            do.decide(identity, offer=row, accepted=True, motif="conforme")
        for motif in ("", "doublon", "inventé"):
            with pytest.raises(RuleError, match="motif"):
                do.decide(identity, offer=row, accepted=True, motif=motif)
        with pytest.raises(RuleError, match="motif"):
            do.decide(identity, offer=row, accepted=False, motif="conforme")
        do.record_safeguards(identity, offer=row, checked=dict.fromkeys(SAFEGUARDS, True))
        with pytest.raises(RuleError, match="douze mois"):
            do.decide(identity, offer=row, accepted=True, motif="conforme", until=clock.today() + timedelta(days=366))
        do.decide(identity, offer=row, accepted=True, motif="conforme")
        assert (row.qualification_status, row.validated_until) == ("validee", clock.today() + timedelta(days=365))
        with pytest.raises(RuleError, match="terminée"):
            do.decide(identity, offer=row, accepted=False, motif="doublon")


def test_a_validation_is_renewed_by_a_new_visit_without_closing_its_places(homes, association):
    offer = homes.offer(association, stage="validated")
    today = clock.today()
    with association.acting() as identity:
        row = db.get_one(Offer, offer.id)
        with pytest.raises(RuleError, match="terminée"):
            do.record_visit(identity, offer=row, on=today, visitors=("Camille", "Sacha"), checklist={})
        event = db.execute(text("SELECT id FROM offer_events WHERE kind = 'decision'")).scalar_one()
    with owner_unit():  # eleven months later: the same decision, taken long ago
        db.execute(
            text(
                "UPDATE offer_events SET happened_on = :on, data = data || jsonb_build_object('until', CAST(:until AS text)) WHERE id = :id"
            ),
            {"on": today - timedelta(days=340), "until": (today + timedelta(days=25)).isoformat(), "id": event},
        )
    with association.acting() as identity:
        row = db.get_one(Offer, offer.id)
        do.confirm_offer(identity, offer=row)  # computes again
        do.record_visit(identity, offer=row, on=today, visitors=("Camille", "Sacha"), checklist={})
        assert row.qualification_status == "validee"
        do.decide(identity, offer=row, accepted=True, motif="conforme")
        assert row.validated_until == today + timedelta(days=365)
        assert [p.closed_on for p in queries.offer_places(identity, row)] == [None]


def test_the_host_who_never_answers_is_refused_without_a_visit(homes, association):
    offer = homes.offer(association)
    with association.acting() as identity:
        row = db.get_one(Offer, offer.id)
        do.decide(identity, offer=row, accepted=False, motif="injoignable")
        assert row.qualification_status == "refusee"
        assert queries.offer_places(identity, row) == []


def test_the_database_refuses_a_validation_without_visit(homes, association):
    offer = homes.offer(association)
    with pytest.raises(Exception, match="ck_offers_validated"), association.acting():
        db.execute(text("UPDATE offers SET qualification_status = 'validee' WHERE id = :id"), {"id": offer.id})


def test_a_validated_offer_opens_one_place_per_unit_and_they_follow_it(homes, association):
    offer = homes.offer(association, stage="validated", units=3)
    with association.acting() as identity:
        row = db.get_one(Offer, offer.id)
        places = queries.offer_places(identity, row)
        assert [p.capacity for p in places] == [4, 4, 4]
        assert all(p.validated_until == row.validated_until for p in places)
        do.update_offer(identity, offer=row, values=values(capacity=6, bedrooms=3))
        do.suspend_offer(identity, offer=row, motif="Travaux")
        db.expire_all()
        places = queries.offer_places(identity, row)
        assert [(p.capacity, p.closed_on, p.validated_until) for p in places] == [(6, clock.today(), None)] * 3
        do.resume_offer(identity, offer=row)
        assert [queries.place_row(identity, p).state for p in places] == [PlaceState.DISPONIBLE] * 3
        with pytest.raises(RuleError, match="unités"):
            do.update_offer(identity, offer=row, values=values(), units=2)


def test_an_offer_where_someone_is_expected_is_not_withdrawn(homes, association):
    offer = homes.offer(association, stage="validated")
    with association.acting() as identity:
        place = queries.offer_places(identity, db.get_one(Offer, offer.id))[0]
    homes.reserve(association, place, open_file(association))
    with association.acting() as identity, pytest.raises(RuleError, match="y est attendu"):
        do.withdraw_offer(identity, offer=db.get_one(Offer, offer.id), motif="Déménagement")


def test_what_an_offer_cannot_say(homes, association):
    for changes, field in (
        ({"capacity": 0}, "capacity"), ({"bedrooms": None}, "bedrooms"), ({"kind": "chambre_chez_habitant", "bedrooms": 0}, "bedrooms"),
        ({"accepts_minors": False, "max_minors": 2}, "max_minors"), ({"commune_code": "00000"}, "commune_code"),
        ({"available_from": date(2030, 1, 2), "available_to": date(2030, 1, 1)}, "available_to"),
    ):  # fmt: skip
        with pytest.raises(RuleError) as refused:
            homes.offer(association, **changes)
        assert refused.value.field == field
    homes.offer(association, kind="residence_collective", bedrooms=None)


def test_a_home_stays_in_its_departement(homes, association):
    offer = homes.offer(association)
    with association.acting() as identity, pytest.raises(RuleError, match="même département"):
        do.update_offer(identity, offer=db.get_one(Offer, offer.id), values=values(commune_code="53130"))
    assert NANTES.startswith("44")


def test_working_days_are_those_of_a_walk_day_by_day():
    start = date(2025, 12, 20)
    for first in range(0, 400, 9):
        walked, begin = 0, start + timedelta(days=first)
        for length in range(500):
            end = begin + timedelta(days=length)
            walked += length > 0 and is_working(end)
            assert working_days(begin, end) == walked
            assert working_days(end, begin) == -walked


def test_working_days_skip_week_ends_and_holidays():
    assert date(2026, 5, 14) in holidays(2026)  # Ascension
    assert date(2026, 4, 6) in holidays(2026)  # lundi de Pâques
    assert len(holidays(2027)) == 11
    assert add_working_days(date(2026, 5, 13), 1) == date(2026, 5, 15)
    assert add_working_days(date(2026, 11, 6), 5) == date(2026, 11, 16)  # the 11th is a holiday
    assert working_days(date(2026, 11, 6), date(2026, 11, 16)) == 5
    assert working_days(date(2026, 11, 16), date(2026, 11, 6)) == -5
    late = deadline(date(2026, 11, 2), 5, date(2026, 11, 12))
    assert (late.due_on, late.elapsed, late.left, late.share) == (date(2026, 11, 9), 7, -2, 100)


def test_who_recorded_the_visit_does_not_validate_where_a_colleague_can(homes, association, world):
    alone = homes.offer(association, stage="alone")
    with association.acting() as identity:
        (review,) = db.execute(select(Review)).scalars().all()
        assert (review.kind, review.subject, review.label) == ("offer_decision", alone.public_id, alone.number)
        assert pending_reviews(identity) == []
    second = world.actor("association", colleague_of=association)
    with second.acting() as identity:
        assert [r.subject for r in pending_reviews(identity)] == [alone.public_id]
    offer = homes.offer(association, stage="checked")
    with association.acting() as identity, pytest.raises(RuleError, match="autre personne de l’équipe"):
        do.decide(identity, offer=db.get_one(Offer, offer.id), accepted=True, motif="conforme")
    with second.acting() as identity:
        do.decide(identity, offer=db.get_one(Offer, offer.id), accepted=True, motif="conforme")
        assert db.execute(select(Review.subject)).scalars().all() == [alone.public_id]
