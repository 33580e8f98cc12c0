"""A file that is handed over keeps its proposals and its stay: the other organisation goes on with them."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select, update

from odis_app.access.enums import Verdict
from odis_app.access.models import Grant, Passation
from odis_app.access.operations import decide_review
from odis_app.access.queries import pending_reviews
from odis_app.accounts.models import User
from odis_app.core import clock
from odis_app.core.db import db
from odis_app.households import operations as files
from odis_app.households.policy import find_passation
from odis_app.organisations.models import Membership, Organisation
from odis_app.organisations.seeds import Actor, open_actor
from odis_app.placements import operations as do
from odis_app.placements.models import Orientation, Placement
from odis_app.placements.policy import visible_orientations
from tests.placements.conftest import Town, create_place, found, stay
from tests.support.client import StrictClient
from tests.support.worlds import WorldBuilder, owner_unit


def hand_over(town: Town, receiver: Actor) -> None:
    with town.camille.acting() as identity:
        proposed = files.propose_passation(
            identity, household=town.file(), to=db.get_one(Organisation, receiver.org_id), due_on=clock.today(), reason="Le ménage s’y installe.",
            packet=files.Packet(with_safety=False),
        ).public_id  # fmt: skip
    with receiver.acting() as identity:
        passation = find_passation(identity, proposed)
        assert passation is not None
        assert files.accept_passation(identity, passation=passation, referent=db.get_one(User, receiver.user_id))


def test_an_open_proposal_is_answered_by_the_new_organisation(town: Town) -> None:
    orientation = town.propose()
    hand_over(town, town.neighbour)
    with town.camille.acting() as identity:
        assert db.execute(visible_orientations(identity)).scalars().all() == []
        assert db.execute(select(Orientation.id)).all() == []
    with town.neighbour.acting() as identity:
        assert found(orientation).household_owner_org_id == town.neighbour.org_id
        do.accept_for_household(identity, orientation=found(orientation))
    with town.operator.acting() as identity:
        do.accept_for_host(identity, orientation=found(orientation))
        assert found(orientation).confirmed_at is not None


def test_the_checklist_says_what_is_to_answer_and_what_goes_on(town: Town, client: StrictClient) -> None:
    town.propose()
    hand_over(town, town.neighbour)
    with town.neighbour.acting():
        address = f"/menages/passations/{db.scalars(select(Passation.public_id)).one()}"
    assert "Répondre à la proposition de logement en cours" in client.as_(town.neighbour).get(address).text
    assert "Répondre à la proposition" not in client.as_(town.camille).get(address).text, "the file is theirs no more"


def test_a_stay_goes_on_and_its_operator_still_reads_the_file(town: Town) -> None:
    orientation = town.entered()
    hand_over(town, town.neighbour)
    with town.neighbour.acting():
        assert stay(orientation).household_owner_org_id == town.neighbour.org_id
        assert town.file().status in {"place", "suivi"}
        standing = db.execute(select(Grant.grantee_org_id, Grant.purpose).where(Grant.revoked_at.is_(None))).all()
        assert {(row.grantee_org_id, row.purpose) for row in standing} == {
            (town.camille.org_id, "passation"), (town.operator.org_id, "orientation"),
        }  # fmt: skip
    with town.operator.acting() as identity:
        do.exit_placement(identity, placement=stay(orientation), reason="logement_social", exited_on=clock.today())
    with town.neighbour.acting():
        assert db.execute(select(Placement.exited_on)).scalar_one() == clock.today()


def test_the_operator_who_receives_the_file_goes_on_as_its_owner(town: Town) -> None:
    orientation = town.entered()
    hand_over(town, town.operator)
    with town.operator.acting():
        assert stay(orientation).household_owner_org_id == stay(orientation).place_owner_org_id == town.operator.org_id
        assert {row.purpose for row in db.execute(select(Grant.purpose).where(Grant.revoked_at.is_(None)))} == {
            "passation"
        }


def test_who_lodges_a_household_reads_it_as_long_as_the_stay(town: Town) -> None:
    """The association lodges the household itself, then hands the file over: it reads on as the place's side does."""
    with town.camille.acting() as identity:
        place = create_place(identity).public_id
    orientation = town.propose(place=place)
    for act in (do.accept_for_household, do.accept_for_host):
        with town.camille.acting() as identity:
            act(identity, orientation=found(orientation))
    hand_over(town, town.neighbour)
    with town.neighbour.acting():
        mine = select(Grant.purpose).where(Grant.grantee_org_id == town.camille.org_id, Grant.revoked_at.is_(None))
        assert set(db.execute(mine).scalars()) == {"passation", "orientation"}


def test_an_exclusion_decided_alone_is_signed_by_the_next_person(town: Town, world: WorldBuilder) -> None:
    orientation = town.entered(days_ago=3)
    with owner_unit():
        membership = db.execute(select(Membership).where(Membership.user_id == town.second.user_id)).scalar_one()
        membership.starts_on, membership.ends_on = clock.today() - timedelta(days=9), clock.today() - timedelta(days=1)
    with town.operator.acting() as identity:
        assert do.exit_placement(
            identity, placement=stay(orientation), reason="exclusion_reglement", exited_on=clock.today()
        )
        assert stay(orientation).review_due
        assert pending_reviews(identity) == []
    with owner_unit():
        db.execute(update(Membership).where(Membership.user_id == town.second.user_id).values(ends_on=None))
    second = open_actor(world.world, "second", user_id=town.second.user_id, organisation_id=town.second.org_id)
    with second.acting() as identity:  # the session of before ended with the role
        (review,) = pending_reviews(identity)
        decide_review(identity, review=review, verdict=Verdict.CONFIRMED)
    with town.operator.acting():
        row = stay(orientation)
        assert (row.review_due, row.exit_asked_by_id, row.exit_confirmed_by_id) == (
            False,
            town.operator.user_id,
            town.second.user_id,
        )
