"""A decision read over and contested is undone: the offer is decided again, the excluded household stays."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, text

from odis_app.access import queries as access
from odis_app.access.enums import Verdict
from odis_app.access.models import Grant, Review
from odis_app.access.operations import decide_review
from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.housing import operations as homes_do
from odis_app.housing.models import Occupancy, Offer, OfferEvent, Place
from odis_app.housing.status import compute_qualification
from odis_app.journal.models import JournalEntry
from odis_app.notifications.models import Mail
from odis_app.organisations.seeds import Actor
from odis_app.placements import operations as do
from odis_app.placements.enums import OrientationStatus
from tests.housing.conftest import Homes
from tests.placements.conftest import Town, found, stay
from tests.placements.test_expiry import Worker
from tests.support.client import StrictClient
from tests.support.worlds import WorldBuilder, owner_unit


@pytest.fixture
def worker(database: Flask) -> Worker:
    return Worker(database)


@pytest.fixture
def alone(world: WorldBuilder) -> Actor:
    """A qualifier with nobody beside them: what they decide is read over later."""
    return world.actor("association", "44")


@pytest.fixture
def offer(alone: Actor) -> str:
    """The public id of a home that ``alone`` visited and validated: it waits for its second look, and is proposed to nobody."""
    return Homes().offer(alone, stage="alone").public_id


@pytest.fixture
def renewed(alone: Actor) -> str:
    """A home that two people validated eleven months ago, and that ``alone`` has just renewed: proposed for its last twenty days."""
    offer = Homes().offer(alone, stage="validated")
    with owner_unit():
        age(offer.public_id)
    with alone.acting() as identity:
        Homes().qualify(identity, offer_row(offer.public_id), "alone")
    return offer.public_id


def age(offer: str) -> None:
    """As if it had been validated eleven months ago: it ends in twenty days."""
    mine = "(SELECT id FROM offers WHERE public_id = :offer)"
    for statement in (
        f"UPDATE offers SET received_on = CAST(:today AS date) - 360, validated_until = CAST(:today AS date) + 20, decided_on = CAST(:today AS date) - 345 WHERE id = {mine}",
        f"UPDATE places SET validated_until = CAST(:today AS date) + 20 WHERE offer_id = {mine}",
        f"""UPDATE offer_events SET happened_on = CAST(:today AS date) - 345,
              data = CASE kind WHEN 'decision' THEN jsonb_set(data, '{{until}}', to_jsonb(CAST(:today AS date) + 20)) ELSE data END WHERE offer_id = {mine}""",
    ):
        db.execute(text(statement), {"offer": offer, "today": clock.today()})


def offer_row(public_id: str) -> Offer:
    return db.execute(select(Offer).where(Offer.public_id == public_id)).scalar_one()


def place_of(offer: str) -> str:
    with owner_unit():
        statement = select(Place.public_id).join(Offer, Offer.id == Place.offer_id).where(Offer.public_id == offer)
        return db.execute(statement).scalar_one()


def contest(actor: Actor, words: str = "La visite a été faite par une seule personne.") -> Review:
    with actor.acting() as identity:
        (review,) = access.pending_reviews(identity)
        decide_review(identity, review=review, verdict=Verdict.CONTESTED, words=words)
        return review


def sent() -> list[str]:
    with owner_unit():
        return sorted(db.execute(select(Mail.template)).scalars())


def test_a_contested_offer_is_neither_proposed_nor_validated(
    town: Town, renewed: str, alone: Actor, worker: Worker
) -> None:
    offer = renewed
    place = place_of(offer)
    with owner_unit():
        db.execute(text("UPDATE households SET referent_user_id = :me"), {"me": town.camille.user_id})
    orientation = town.propose(place=place)
    review = contest(town.ddets)
    assert review.effect == "returned"
    with alone.acting():
        row = offer_row(offer)
        folded = compute_qualification(
            db.execute(select(OfferEvent).where(OfferEvent.offer_id == row.id).order_by(OfferEvent.id)).scalars()
        )
        assert (row.qualification_status, row.decided_on, row.validated_until) == ("visite_faite", None, None)
        assert (folded.status.value, folded.decided_on, folded.validated_until) == ("visite_faite", None, None)
        home = db.execute(select(Place).where(Place.public_id == place)).scalar_one()
        assert (home.validated_until, home.closed_on) == (None, clock.today())
        assert db.execute(select(Occupancy.id).where(Occupancy.released_at.is_(None))).all() == []
    with town.camille.acting():
        ended = found(orientation)
        assert (ended.status, ended.ended_by, ended.motif_label) == (
            OrientationStatus.ANNULEE,
            "systeme",
            "La place n’est plus proposée",
        )
    with pytest.raises(RuleError):
        town.propose(place=place)
    assert sent().count("decision_contested") == 1
    assert sent().count("files_touched") == 1
    assert town.status() == "orientation_en_cours"
    assert (worker.round(), worker.round()) == (1, 0)
    assert town.status() == "a_orienter"
    with town.camille.acting():
        bodies = [entry.body for entry in db.execute(select(JournalEntry).order_by(JournalEntry.id)).scalars()]
    assert bodies[-1].endswith("la place n’est plus proposée.")
    assert "visite" not in bodies[-1]


def test_the_offer_is_decided_again_without_another_visit(offer: str, alone: Actor, town: Town) -> None:
    contest(town.ddets)
    with alone.acting() as identity:
        homes_do.decide(identity, offer=offer_row(offer), accepted=True, motif="conforme")
        assert offer_row(offer).qualification_status == "validee"
        assert db.execute(select(Place.closed_on)).scalars().all() == [None]
        assert access.pending_reviews(identity) == []
        assert [r.verdict for r in access.decided_reviews(identity)] == ["contested"]


def test_a_household_that_agreed_keeps_its_home(town: Town, renewed: str, alone: Actor) -> None:
    orientation = town.propose(place=place_of(renewed))
    for actor, act in ((town.camille, do.accept_for_household), (alone, do.accept_for_host)):
        with actor.acting() as identity:
            act(identity, orientation=found(orientation))
    assert contest(town.ddets).effect == "returned"
    with town.camille.acting():
        assert found(orientation).status is OrientationStatus.CONFIRMEE
    assert "files_touched" in sent()


def test_a_decision_that_a_colleague_took_since_stands(
    offer: str, alone: Actor, world: WorldBuilder, town: Town
) -> None:
    second = world.actor("association", "44", colleague_of=alone)
    with owner_unit():  # eleven months later: its renewal
        age(offer)
    with alone.acting() as identity:
        Homes().qualify(identity, offer_row(offer), "visited")
    with second.acting() as identity:
        homes_do.decide(identity, offer=offer_row(offer), accepted=True, motif="conforme")
    assert contest(town.ddets).effect == "late"
    with alone.acting():
        assert offer_row(offer).qualification_status == "validee"


def excluded(town: Town, world: WorldBuilder) -> tuple[Actor, str]:
    operator = world.actor("operateur", "53")
    town.operator = operator
    town.place = town.another_place()
    orientation = town.entered(days_ago=9)
    with operator.acting() as identity:
        do.exit_placement(identity, placement=stay(orientation), reason="exclusion_reglement", exited_on=clock.today())
    return operator, orientation


def test_a_contested_exclusion_gives_the_household_its_home_back(
    town: Town, world: WorldBuilder, worker: Worker
) -> None:
    operator, orientation = excluded(town, world)
    assert town.status() == "a_orienter"
    assert contest(town.ddets53).effect == "reopened"
    with operator.acting():
        row = stay(orientation)
        assert (row.exited_on, row.exit_reason, row.exit_asked_by_id, row.review_due) == (None, None, None, False)
        held = db.execute(select(Occupancy.during, Occupancy.released_at).where(Occupancy.kind == "stay")).one()
        assert (held.during.lower, held.during.upper, held.released_at) == (row.entered_on, row.ends_on, None)
    with town.camille.acting():
        grant = db.execute(select(Grant).where(Grant.purpose == "orientation", Grant.revoked_at.is_(None))).scalar_one()
        assert grant.expires_at > clock.now() + timedelta(days=300)
    assert (worker.round(), worker.round()) == (1, 0)
    assert town.status() == "suivi"
    with operator.acting() as identity:  # and it may be asked for again, by anybody
        do.exit_placement(identity, placement=stay(orientation), reason="logement_prive", exited_on=clock.today())
    assert town.status() == "sorti"


def test_a_home_that_went_to_somebody_else_stays_theirs(town: Town, world: WorldBuilder) -> None:
    _, orientation = excluded(town, world)
    town.propose(household=town.another_file())
    assert contest(town.ddets53).effect == "late"
    with town.camille.acting():
        assert stay(orientation).exit_reason == "exclusion_reglement"


def test_the_page_says_what_happens_then_what_happened(
    town: Town, offer: str, alone: Actor, client: StrictClient
) -> None:
    with owner_unit():
        review = db.execute(select(Review.public_id)).scalar_one()
    second = client.as_(town.ddets)
    assert "l’offre redevient « Visite faite »" in second.get(f"/relectures/{review}").text
    second.post(f"/relectures/{review}/decider", {"verdict": "contested", "words": "Les murs sont humides."})
    assert "propositions sans réponse sont retirées" in second.get("/relectures").text
    author = client.as_(alone)
    assert "votre décision est contestée" in author.get("/").text
    page = author.get(f"/relectures/{review}").text
    assert "Les murs sont humides." in page
    assert "à décider de nouveau" in page


def test_nobody_undoes_a_decision_without_reading_it_over(offer: str, alone: Actor, town: Town) -> None:
    for actor in (alone, town.neighbour, town.ddets53):
        with actor.acting():
            number = db.execute(text("SELECT odis.review_decide(id, 'contested', 'x') FROM reviews")).scalars().all()
            assert True not in number
    for call in ("odis.contest(1)", "odis.offer_undone(1)", "odis.stay_undone(1)"):
        with owner_unit():
            allowed = db.execute(
                text("SELECT has_function_privilege('odis_app', :f, 'execute')"), {"f": call.replace("(1)", "(bigint)")}
            ).scalar_one()
        assert not allowed
