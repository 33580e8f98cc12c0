"""Each wall alone: the rows that PostgreSQL shows to a bare SELECT, and what ``visible_*`` selects when nothing else filters."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from odis_app.access.enums import ShareLevel, SharePurpose
from odis_app.access.models import Grant
from odis_app.core import clock
from odis_app.core.crypto import UnreadableError, place, unseal
from odis_app.core.db import db
from odis_app.core.permissions import StepUpNeededError
from odis_app.households import operations, policy, queries
from odis_app.households.enums import FactKind
from odis_app.households.models import (
    Household,
    HouseholdFact,
    HouseholdIdentity,
    HouseholdTracking,
    Member,
    MemberSafety,
)
from odis_app.households.operations.protected import HealthNeed, Safety
from odis_app.organisations.seeds import Actor
from tests.households.conftest import Town, open_file, organisation_of
from tests.support.worlds import WorldBuilder, confirmed, open_class2, owner_unit

MINIMAL = {"households", "household_tracking", "household_facts"}
FULL = MINIMAL | {
    "household_identities", "household_administrative", "household_tokens", "members", "household_versions", "household_needs", "household_requests",
    "household_wishes", "household_changes", "household_enrolments", "household_resources", "member_languages",
}  # fmt: skip
CLASS2, CLASS3, CLASS4 = {"household_health_needs"}, {"member_safety"}, {"protection_stories"}
TABLES = sorted(FULL | CLASS2 | CLASS3 | CLASS4 | {"household_counters"})


def seen(actor: Actor) -> set[str]:
    """The tables in which a bare SELECT of this person finds a row."""
    with actor.acting():
        return {table for table in TABLES if db.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()}


@pytest.fixture
def full_file(town: Town, family: str) -> str:
    """The family with class 2 open and filled, class 3 answered, a language and a resource noted."""
    open_class2()
    with town.camille.acting() as identity:
        household = policy.find_household(identity, family)
        assert household is not None
        operations.update_health_needs(
            identity, household=household, values={"maternity": HealthNeed(2, 30, "à pied")}, version=None
        )
        operations.update_resources(identity, household=household, wanted={"rsa": None}, version=None)
        principal = queries.present_members(household.id)[0]
        spoken = [operations.Spoken("fa", "maternelle")]
        operations.change_member(
            identity, household=household, member=principal, values={}, languages=spoken, version=None
        )
    return family


def share(town: Town, public_id: str, level: ShareLevel, *, with_: Actor, max_class: int = 1) -> str:
    with town.camille.acting() as identity:
        household = policy.find_household(identity, public_id)
        assert household is not None
        return operations.share_household(
            identity,
            household=household,
            organisation=organisation_of(with_),
            level=level,
            purpose=SharePurpose.ORIENTATION,
            max_class=max_class,
        ).public_id


def test_the_referent_sees_every_class_but_the_fourth(town: Town, full_file: str) -> None:
    assert seen(confirmed(town.camille)) == FULL | CLASS2 | CLASS3 | {"household_counters"}


def test_class_3_waits_for_a_renewed_proof_of_identity(town: Town, full_file: str) -> None:
    for reader in (town.camille, town.sacha):
        assert seen(reader) == FULL | CLASS2 | {"household_counters"}
        assert seen(confirmed(reader)) == FULL | CLASS2 | CLASS3 | {"household_counters"}


def test_a_proof_of_eleven_minutes_ago_reads_no_class_3(town: Town, full_file: str) -> None:
    reader = confirmed(town.camille)
    with owner_unit():
        db.execute(text("UPDATE private.sessions SET step_up_until = now() - interval '1 minute'"))
    assert seen(reader) == FULL | CLASS2 | {"household_counters"}


def test_a_colleague_does_not_see_class_3_and_the_coordination_does(
    town: Town, full_file: str, world: WorldBuilder
) -> None:
    colleague = world.actor("association", "44", colleague_of=town.camille)
    assert seen(colleague) == FULL | CLASS2 | {"household_counters"}
    assert seen(confirmed(colleague)) == FULL | CLASS2 | {"household_counters"}
    assert seen(confirmed(town.sacha)) == FULL | CLASS2 | CLASS3 | {"household_counters"}


def test_strangers_see_nothing_but_the_steering_of_their_departement(town: Town, full_file: str) -> None:
    for stranger in (town.neighbour, town.elsewhere, town.operator, town.other_ddets, town.admin):
        assert seen(stranger) == set()
    assert seen(town.ddets) == {"household_tracking"}


def test_class_2_is_shut_for_everybody_while_the_installation_has_not_opened_it(town: Town, full_file: str) -> None:
    open_class2(False)
    assert CLASS2.isdisjoint(seen(town.camille))


def test_a_minimal_share_opens_the_first_tables_only(town: Town, full_file: str) -> None:
    share(town, full_file, ShareLevel.MINIMAL, with_=town.neighbour)
    assert seen(town.neighbour) == MINIMAL


def test_a_full_share_opens_class_1_and_class_2_only_when_it_says_so(town: Town, full_file: str) -> None:
    share(town, full_file, ShareLevel.FULL, with_=town.neighbour)
    assert seen(town.neighbour) == FULL
    share(town, full_file, ShareLevel.FULL, with_=town.elsewhere, max_class=2)
    assert seen(town.elsewhere) == FULL | CLASS2


def test_class_2_of_a_share_wants_a_reader_of_that_level(town: Town, full_file: str) -> None:
    share(town, full_file, ShareLevel.FULL, with_=town.operator, max_class=2)
    assert seen(town.operator) == FULL


def test_a_share_that_ended_or_was_withdrawn_opens_nothing(town: Town, full_file: str) -> None:
    ended, withdrawn = (share(town, full_file, ShareLevel.FULL, with_=a) for a in (town.neighbour, town.elsewhere))
    with owner_unit():
        past = {"granted_at": clock.now() - timedelta(days=9), "expires_at": clock.now() - timedelta(seconds=1)}
        db.execute(update(Grant).where(Grant.public_id == ended).values(**past))
    with town.camille.acting() as identity:
        grant = db.execute(select(Grant).where(Grant.public_id == withdrawn)).scalar_one()
        operations.revoke_household_share(identity, grant=grant)
    assert seen(town.neighbour) == seen(town.elsewhere) == set()


# The first wall alone: every row is there (the installation's own unit), and only the selects of policy.py narrow them.
def first_wall(actor: Actor, public_id: str) -> tuple[bool, bool]:
    """(the file is selected, its tracking row is selected)."""
    with actor.acting() as identity:
        pass
    with owner_unit():
        assert db.execute(select(func.count()).select_from(Household)).scalar_one() == 1
        file = policy.find_household(identity, public_id)
        tracked = db.execute(policy.visible_tracking(identity)).scalars().all()
    return file is not None, bool(tracked)


def test_the_first_wall_stands_without_the_second(town: Town, full_file: str) -> None:
    assert first_wall(town.camille, full_file) == (True, True)
    for stranger in (town.neighbour, town.elsewhere, town.operator, town.other_ddets, town.admin):
        assert first_wall(stranger, full_file) == (False, False)
    assert first_wall(town.ddets, full_file) == (False, True)
    given = share(town, full_file, ShareLevel.MINIMAL, with_=town.operator)
    assert first_wall(town.operator, full_file) == (True, True)
    with owner_unit():
        past = {"granted_at": clock.now() - timedelta(days=9), "expires_at": clock.now() - timedelta(seconds=1)}
        db.execute(update(Grant).where(Grant.public_id == given).values(**past))
    assert first_wall(town.operator, full_file) == (False, False)


def test_the_first_wall_hides_members_of_a_minimal_share(town: Town, full_file: str) -> None:
    share(town, full_file, ShareLevel.MINIMAL, with_=town.operator)
    with town.operator.acting() as identity:
        pass
    with owner_unit():
        member = db.execute(select(Member.public_id).limit(1)).scalar_one()
        assert policy.find_member(identity, member) is None


def refused(actor: Actor, statement: object) -> str:
    with pytest.raises(DBAPIError) as caught, actor.acting():
        db.execute(statement)  # type: ignore[call-overload]
    return type(caught.value.orig).__name__


def test_nothing_can_be_hung_on_a_neighbour_s_file_and_the_answer_tells_nothing(town: Town, full_file: str) -> None:
    with town.camille.acting():
        theirs = db.execute(select(Household.id)).scalar_one()
    answers = set()
    for household_id in (theirs, 999_999):
        row = {
            "household_id": household_id,
            "owner_org_id": town.neighbour.org_id,
            "kind": "school",
            "level": 1,
            "noted_on": clock.today(),
        }
        statement = text(
            "INSERT INTO household_needs (household_id, owner_org_id, kind, level, noted_on) VALUES (:household_id, :owner_org_id, :kind, :level, :noted_on)"
        )
        answers.add(refused(town.neighbour, statement.bindparams(**row)))
    assert len(answers) == 1
    pretending = {"household_id": theirs, "owner_org_id": town.camille.org_id, "token": "x"}
    statement = text(
        "INSERT INTO household_tokens (household_id, owner_org_id, token) VALUES (:household_id, :owner_org_id, :token)"
    )
    assert refused(town.neighbour, statement.bindparams(**pretending)) == "InsufficientPrivilege"


@pytest.mark.parametrize("level", list(ShareLevel))
def test_a_share_alone_tells_no_fact_and_moves_no_stage(town: Town, full_file: str, level: ShareLevel) -> None:
    """Only a proposal does (tests/placements); the file itself stays as it is."""
    share(town, full_file, level, with_=town.operator)
    with town.operator.acting() as identity:
        household = policy.find_household(identity, full_file)
        assert household is not None
        key, owner = household.id, household.owner_org_id
    row = {"household_id": key, "owner_org_id": owner, "happened_on": clock.today(), "subject": "p1", "data": {}}
    for kind in (FactKind.PROPOSED, FactKind.EXITED, FactKind.ARCHIVED):
        assert refused(town.operator, insert(HouseholdFact).values(kind=kind.value, **row)) == "InsufficientPrivilege"
    with town.operator.acting():
        changed = db.execute(update(Household).values(priority=3))
        assert changed.rowcount == 0  # type: ignore[attr-defined]
    with pytest.raises(PermissionError), town.operator.acting() as identity:
        operations.refresh_status(identity, household_id=key)


def test_a_stranger_cannot_move_the_stage_of_a_file(town: Town, full_file: str) -> None:
    with town.camille.acting():
        key = db.execute(select(Household.id)).scalar_one()
    for stranger in town.strangers:
        with pytest.raises((PermissionError, ValueError)), stranger.acting() as identity:
            operations.refresh_status(identity, household_id=key)


def test_sealed_values_are_bound_to_their_file(town: Town, full_file: str) -> None:
    with town.camille.acting() as identity:
        other = open_file(identity, phone="+33600000005")
        block = db.get_one(HouseholdIdentity, other.id)
        assert block.phone_sealed is not None
        assert b"0600000005" not in block.phone_sealed
        with pytest.raises(UnreadableError):
            unseal(block.phone_sealed, place("household_identities", "phone", full_file))
        assert queries.phone_of(other) == "+33600000005"


def test_two_organisations_cannot_compare_their_phones(town: Town, full_file: str) -> None:
    with town.neighbour.acting() as identity:
        mine = db.get_one(HouseholdIdentity, open_file(identity, phone="+33600000001").id).phone_index
        assert [h.owner_org_id for h in queries.find_by_identifier(identity, phone="+33600000001")] == [
            town.neighbour.org_id
        ]
    with town.camille.acting():
        assert db.execute(select(HouseholdIdentity.phone_index)).scalar_one() != mine


def test_an_answer_is_written_without_a_renewed_proof_and_changed_with_one(town: Town, full_file: str) -> None:
    with town.camille.acting() as identity:
        family = open_file(identity)
        member = queries.present_members(family.id)[0]
        first = {"household": family, "member": member, "version": None}
        operations.update_member_safety(identity, safety=Safety(fvv_teh=True), **first)
    with town.camille.acting() as identity, pytest.raises(StepUpNeededError):
        operations.update_member_safety(identity, safety=Safety(), **{**first, "household": db.merge(family)})
    with confirmed(town.camille).acting():
        assert db.get_one(MemberSafety, member.id).fvv_teh


def test_class_3_answers_stay_out_of_history_and_tracking(town: Town, full_file: str) -> None:
    with confirmed(town.camille).acting() as identity:
        household = policy.find_household(identity, full_file)
        assert household is not None
        member = queries.present_members(household.id)[0]
        operations.update_member_safety(
            identity, household=household, member=member, safety=Safety(fvv_teh=True, note="MARQUEUR"), version=None
        )
        assert db.get_one(MemberSafety, member.id).fvv_teh
    with owner_unit():
        for table in TABLES:
            rows = db.execute(text(f"SELECT coalesce(string_agg(t::text, ' '), '') FROM {table} t")).scalar_one()
            assert "MARQUEUR" not in rows, table
        assert "fvv" not in db.execute(text("SELECT string_agg(t::text, ' ') FROM household_changes t")).scalar_one()
        assert db.execute(select(func.count()).select_from(HouseholdTracking)).scalar_one() == 1
