"""H08, H12 and H17 behind one door: what is not known excludes, and which rule failed is never said."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from odis_app.access.enums import ShareLevel, SharePurpose
from odis_app.access.operations import share_record
from odis_app.core.db import db
from odis_app.households.operations.protected import Safety
from tests.housing.conftest import LAVAL
from tests.housing.households import change_safety, open_file


def compatible(actor, household):
    with actor.acting():
        return set(db.execute(text("SELECT odis.safety_compatible(:id)"), {"id": household.id}).scalars())


def households(actor, place):
    with actor.acting():
        return set(db.execute(text("SELECT odis.safety_compatible_households(:id)"), {"id": place.id}).scalars())


@pytest.fixture
def association(world):
    actor = world.actor("association", "44")
    world.mandate(actor, "53")
    return actor


@pytest.fixture
def places(world, homes):
    """Plain, women hosts, certified, specialised, and one in Mayenne; by name."""
    operator, downstream = world.actor("operateur", "44"), world.actor("operateur", "53")
    structure = homes.structure(operator)
    return {
        "plain": homes.place(operator, structure=structure),
        "women": homes.place(operator, structure=structure, hosts_women_only=True),
        "certified": homes.place(operator, structure=structure, women_only_certified=True),
        "specialised": homes.place(operator, structure=structure, specialised_fvv_teh=True),
        "mayenne": homes.place(downstream, LAVAL),
    }


@pytest.mark.parametrize(
    ("safety", "expected"),
    [
        ([Safety()], {"plain", "women", "certified", "specialised", "mayenne"}),
        ([Safety(women_hosts_only=True)], {"women", "certified"}),
        ([Safety(fvv_teh=True)], {"certified", "specialised"}),
        ([Safety(fvv_teh=True, women_hosts_only=True)], {"certified"}),
        ([Safety(excluded_departments=["44"])], {"mayenne"}),
        ([Safety(), Safety(excluded_departments=["53"])], {"plain", "women", "certified", "specialised"}),
        ([Safety(), None], set()),
        ([None], set()),
    ],
)
def test_every_rule_both_ways(association, places, safety, expected):
    household = open_file(association, safety=safety)
    names = {place.id: name for name, place in places.items()}
    assert {names[i] for i in compatible(association, household)} == expected
    assert {name for name, place in places.items() if household.id in households(association, place)} == expected


def test_only_the_owner_asks_whatever_it_shares(world, homes, association, places):
    household = open_file(association)
    other = world.actor("association", "44")
    ddets = world.actor("ddets", "44")
    for stranger in (other, ddets, world.actor("admin", None)):
        assert compatible(stranger, household) == set()
        assert households(stranger, places["plain"]) == set()
    for level in (ShareLevel.MINIMAL, ShareLevel.FULL):
        with association.acting() as identity:
            share_record(
                identity,
                record_id=household.id,
                owner_org_id=household.owner_org_id,
                grantee_org_id=other.org_id,
                level=level,
                purpose=SharePurpose.ORIENTATION,
            )
        assert compatible(other, household) == set()
        assert households(other, places["plain"]) == set()


def test_places_outside_the_mandate_are_not_answered(world, homes, association, places):
    elsewhere = homes.place(world.actor("operateur", "33"), "33063")
    household = open_file(association)
    assert elsewhere.id not in compatible(association, household)
    assert households(association, elsewhere) == set()


def test_the_answer_does_not_depend_on_the_level_of_who_asks(world, association, places):
    household = open_file(association, safety=[Safety(women_hosts_only=True)])
    colleague = world.actor("coordination", colleague_of=association)
    with association.acting() as identity:
        assert identity.level == 2
    assert compatible(association, household) == compatible(colleague, household)


def test_nothing_tells_which_rule_failed(association, places):
    """Three different reasons, one same answer: the set without the place, and no other column."""
    answers = []
    for safety in (Safety(women_hosts_only=True), Safety(fvv_teh=True), Safety(excluded_departments=["44", "53"])):
        household = open_file(association, safety=[safety])
        with association.acting():
            result = db.execute(text("SELECT * FROM odis.safety_compatible(:id) WHERE 1 = 1"), {"id": household.id})
            answers.append((tuple(result.keys()), places["plain"].id in set(result.scalars())))
    assert answers == [(("safety_compatible",), False)] * 3


def test_an_answer_that_changes_changes_the_set_at_once(association, places):
    household = open_file(association)
    assert places["plain"].id in compatible(association, household)
    change_safety(association, household, 0, Safety(women_hosts_only=True))
    assert places["plain"].id not in compatible(association, household)


def test_among_candidates_the_answer_is_the_same(association, places):
    household = open_file(association, safety=[Safety(women_hosts_only=True)])
    everywhere = compatible(association, household)
    asked = [places["plain"].id, places["women"].id, places["mayenne"].id]
    with association.acting():
        found = db.execute(
            text("SELECT odis.safety_compatible_among(:id, :asked)"), {"id": household.id, "asked": asked}
        ).scalars()
        assert set(found) == everywhere & set(asked) == {places["women"].id}
