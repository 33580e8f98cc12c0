"""An emergency access is told by mail: the referent and the DDETS at once, who reads it over when it waits, and nothing to who tried in vain."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text, update

from odis_app.access import queries as access
from odis_app.access.enums import Verdict
from odis_app.access.models import FileJoin, Review
from odis_app.access.operations import decide_review
from odis_app.accounts.models import User
from odis_app.core.db import db, token_hash, unit_of_work
from odis_app.core.ids import new_public_id, new_token
from odis_app.core.permissions import Role
from odis_app.households import operations as do
from odis_app.households.operations.protected import Safety
from odis_app.households.queries import present_members
from odis_app.notifications.sealing import opened
from odis_app.organisations.seeds import Actor
from tests.households.conftest import Town, open_file
from tests.households.test_cooperation_joining import join, number_of
from tests.support.client import StrictClient
from tests.support.worlds import WorldBuilder, owner_unit

OPENED, LATE = "household_joined", "household_join_late"


def sent(template: str) -> set[tuple[str, str]]:
    """(address, link) of every mail of a kind; the link is all that it says."""
    with owner_unit():
        found = set()
        for row in db.execute(
            text("SELECT public_id, sealed FROM mails WHERE template = :template"), {"template": template}
        ):
            to, context = opened(row.public_id, bytes(row.sealed))
            assert set(context) == {"link"}
            found.add((to, context["link"]))
        return found


def address(*actors: Actor) -> set[str]:
    with owner_unit():
        return {db.get_one(User, actor.user_id).email for actor in actors}


def task() -> int:
    """The scheduled task, under its own identity."""
    token = new_token()
    with unit_of_work(None, engine_name="worker"):
        mint = text("SELECT odis.mint_system_token(:hash, :id, 'system:joins', 5)")
        db.execute(mint, {"hash": token_hash(token), "id": new_public_id()})
    with unit_of_work(token, engine_name="worker") as unit:
        return do.tell_joins(unit.identity)


def wait(days: int) -> None:
    with owner_unit():
        db.execute(update(Review).values(asked_at=text(f"now() - interval '{days} days'")))


@pytest.fixture
def joined(town: Town, family: str) -> str:
    """The address of the review of an access that the neighbour took a moment ago."""
    assert join(town.neighbour, number_of(family)) == family
    with owner_unit():
        return f"/relectures/{db.execute(select(Review.public_id)).scalar_one()}"


def test_the_referent_and_the_ddets_are_written_to_at_once(town: Town, joined: str, client: StrictClient) -> None:
    """Neither the DDETS of elsewhere nor colleagues; the link opens for both, on who came and why."""
    assert sent(OPENED) == {(to, joined) for to in address(town.camille, town.ddets)}
    for actor in (town.camille, town.ddets):
        page = client.as_(actor).get(joined).get_data(as_text=True)
        assert "Mise à l’abri ce jour" in page
    assert client.as_(town.other_ddets).get(joined, status=404).status_code == 404


def test_a_referent_who_left_is_replaced_by_the_coordination(town: Town, family: str) -> None:
    with owner_unit():
        db.execute(text("UPDATE memberships SET ends_on = current_date - 1, starts_on = current_date - 9 WHERE user_id = :id"), {"id": town.camille.user_id})  # fmt: skip
    join(town.neighbour, number_of(family))
    assert {to for to, _ in sent(OPENED)} == address(town.sacha, town.ddets)


def test_an_access_nobody_read_over_is_reminded_once_after_two_days(town: Town, joined: str) -> None:
    wait(1)
    assert (task(), sent(LATE)) == (0, set())
    wait(3)
    assert (task(), task()) == (1, 0)
    assert sent(LATE) == {(to, joined) for to in address(town.sacha, town.ddets)}


def test_what_was_read_over_in_time_is_not_reminded(town: Town, joined: str) -> None:
    with town.sacha.acting() as identity:
        (review,) = access.pending_reviews(identity)
        decide_review(identity, review=review, verdict=Verdict.CONFIRMED)
    wait(3)
    assert (task(), sent(LATE)) == (0, set())


def test_where_nobody_coordinates_the_colleagues_are_reminded(town: Town, world: WorldBuilder) -> None:
    with town.elsewhere.acting() as identity:
        household = open_file(identity, department="33")
        for member in present_members(household.id):
            do.update_member_safety(identity, household=household, member=member, safety=Safety(), version=None)
        number = household.number
    colleague = world.actor("association", "33", colleague_of=town.elsewhere)
    world.actor("association", "33", colleague_of=town.elsewhere, roles=(Role.QUALIFICATEUR_OFFRES,))
    assert join(world.actor("association", "33"), number)
    wait(3)
    assert task() == 1
    assert {to for to, _ in sent(LATE)} == address(town.elsewhere, colleague, town.other_ddets)


def test_a_try_on_a_file_in_danger_writes_to_its_own_people_alone_and_later(town: Town) -> None:
    """Nothing is written in the transaction of who tried; the DDETS does not learn that the file is in danger."""
    with town.camille.acting() as identity:
        marked = open_file(identity)
        for member in present_members(marked.id):
            do.update_member_safety(
                identity, household=marked, member=member, safety=Safety(fvv_teh=True), version=None
            )
        public_id = marked.public_id
    assert join(town.neighbour, number_of(public_id)) is None
    assert sent(OPENED) == set()
    assert (task(), task()) == (1, 0)
    assert sent(OPENED) == {(to, f"/menages/{public_id}/partages") for to in address(town.camille, town.sacha)}


def test_addresses_are_given_to_nobody_else_nor_later(town: Town, joined: str) -> None:
    """The function that says whom to write to answers in the very transaction that joined, and the task's to the task alone."""
    with owner_unit():
        join_id = db.execute(select(FileJoin.public_id)).scalar_one()
    for actor in (town.neighbour, town.camille, town.elsewhere):
        with actor.acting():
            assert db.execute(text("SELECT * FROM odis.join_contacts(:id)"), {"id": join_id}).all() == []
            allowed = text(
                "SELECT has_function_privilege('odis.joins_due()', 'EXECUTE'), has_function_privilege('odis.join_people(bigint, text)', 'EXECUTE')"
            )
            assert db.execute(allowed).one() == (False, False)
