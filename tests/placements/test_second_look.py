"""A home validated by one person alone is matched and proposed once somebody else has read it over, in both walls."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError

from odis_app.access import queries as access
from odis_app.access.enums import Verdict
from odis_app.access.operations import decide_review
from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.housing import operations as homes_do
from odis_app.housing.models import Place
from odis_app.matching import supply
from odis_app.matching.queries import shortlist_of
from odis_app.organisations.seeds import Actor
from tests.housing.conftest import Homes
from tests.placements.conftest import Town
from tests.placements.test_contested import age, offer_row, place_of
from tests.support.client import StrictClient, text_of
from tests.support.worlds import WorldBuilder, owner_unit

H01 = "Offre non validée, à relire par une seconde personne, ou validation échue avant l’entrée"
INSERT = text("""INSERT INTO orientations (public_id, household_id, household_owner_org_id, place_id, place_owner_org_id, department_code, dispositif_id,
    proposed_at, proposed_by_label, proposed_org_label, expires_at, starts_on, need_sheet, place_sheet)
    SELECT 'orientationnue01', h.id, h.owner_org_id, p.id, p.owner_org_id, p.department_code, p.dispositif_id,
           now(), 'x', 'x', now() + interval '1 day', current_date, '{}', '{}' FROM households h, places p WHERE h.public_id = :h AND p.public_id = :p""")


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    supply.forget()


@pytest.fixture
def alone(world: WorldBuilder) -> Actor:
    """A qualifier with nobody beside them."""
    return world.actor("association", "44")


@pytest.fixture
def offer(alone: Actor) -> str:
    return Homes().offer(alone, stage="alone", wheelchair=True).public_id


def listed(town: Town) -> tuple[set[str], set[str]]:
    """(places of the shortlist, reasons of what it leaves out)."""
    with town.camille.acting() as identity:
        found = shortlist_of(identity, town.file())
        return {line.place.public_id for line in found.lines}, {e.sentence for e in found.exclusions}


def answer(actor: Actor, verdict: Verdict) -> None:
    with actor.acting() as identity:
        (review,) = access.pending_reviews(identity)
        decide_review(identity, review=review, verdict=verdict, words="Relu au téléphone avec l’hébergeur.")


def test_it_is_matched_and_proposed_after_the_second_look_only(town: Town, offer: str) -> None:
    place = place_of(offer)
    assert listed(town) == ({town.place}, {H01})
    with pytest.raises(RuleError, match="Une seule personne a validé"):
        town.propose(place=place)
    with town.camille.acting():
        values = {"h": town.household, "p": place}
        with pytest.raises(DBAPIError, match="row-level security"), db.begin_nested():
            db.execute(INSERT, values)
        assert db.execute(INSERT, values | {"p": town.place}).rowcount == 1
        db.rollback()
    answer(town.ddets, Verdict.CONFIRMED)
    assert listed(town)[0] == {town.place, place}
    assert town.propose(place=place)


def test_who_validated_alone_cannot_open_its_places_by_hand(offer: str, alone: Actor) -> None:
    with alone.acting(), pytest.raises(DBAPIError, match="read over"), db.begin_nested():
        db.execute(update(Place).values(validated_until=clock.today()))
    with alone.acting() as identity:
        homes_do.suspend_offer(identity, offer=offer_row(offer), motif="Vacances")
        homes_do.resume_offer(identity, offer=offer_row(offer))
        assert db.execute(select(Place.validated_until)).scalars().all() == [None]


def test_a_renewal_decided_alone_leaves_the_days_that_two_people_gave(town: Town, alone: Actor) -> None:
    offer = Homes().offer(alone, stage="validated", wheelchair=True)
    with owner_unit():
        age(offer.public_id)
    with alone.acting() as identity:
        Homes().qualify(identity, offer_row(offer.public_id), "alone")
        row = offer_row(offer.public_id)
        before = db.execute(select(Place.validated_until)).scalar_one()
        assert before is not None
        assert row.validated_until is not None
        assert (before - clock.today()).days == 20
        assert row.validated_until > before
    assert place_of(offer.public_id) in listed(town)[0]
    answer(town.ddets, Verdict.CONFIRMED)
    with alone.acting():
        assert db.execute(select(Place.validated_until)).scalar_one() == row.validated_until


def test_a_decision_by_a_colleague_needs_no_second_look(
    town: Town, offer: str, alone: Actor, world: WorldBuilder
) -> None:
    """They come later, visit nothing and decide again: the day that they give stands, and the old review waits for nothing."""
    with owner_unit():
        db.execute(
            text(
                "UPDATE offers SET validated_until = current_date + 20, decided_on = current_date - 1, visited_on = current_date"
            )
        )
    with world.actor("association", "44", colleague_of=alone).acting() as identity:
        homes_do.decide(identity, offer=offer_row(offer), accepted=True, motif="conforme")
        assert db.execute(select(Place.validated_until)).scalar_one() == offer_row(offer).validated_until
    assert place_of(offer) in listed(town)[0]


def test_the_page_says_that_it_waits_to_those_who_may_read_it_over(
    town: Town, offer: str, alone: Actor, client: StrictClient
) -> None:
    for actor, told in ((alone, True), (town.ddets, True), (town.camille, False)):
        page = text_of(client.as_(actor).get(f"/offres/{offer}"))
        assert ("Validée par une seule personne" in page) is told
