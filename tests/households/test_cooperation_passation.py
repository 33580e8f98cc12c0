"""Handing a file over: who proposes, who accepts, what moves, what stays, who still reads; through both walls."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError

from odis_app.access.enums import PassationState, ShareLevel, SharePurpose
from odis_app.access.models import Grant, Passation
from odis_app.access.operations import share_record
from odis_app.accounts.models import User
from odis_app.core import clock
from odis_app.core.crypto import blind_index
from odis_app.core.db import db, token_hash, unit_of_work
from odis_app.core.errors import RuleError
from odis_app.core.ids import new_public_id, new_token
from odis_app.core.permissions import StepUpNeededError
from odis_app.documents.enums import Audience
from odis_app.households import operations as do
from odis_app.households.models import Household, MemberSafety
from odis_app.households.operations.protected import HealthNeed
from odis_app.households.policy import find_household, find_passation
from odis_app.journal.models import JournalEntry
from odis_app.journal.operations import add_entry
from odis_app.organisations.models import Organisation
from odis_app.organisations.seeds import Actor
from tests.households.conftest import Town, open_file
from tests.support.worlds import confirmed, open_class2, owner_unit

WHY = "La famille a emménagé à côté de votre antenne."


def file(public_id: str) -> Household:
    return db.execute(select(Household).where(Household.public_id == public_id)).scalar_one()


def passation(public_id: str) -> Passation:
    return db.execute(select(Passation).where(Passation.public_id == public_id)).scalar_one()


def propose(
    giver: Actor, receiver: Actor, public_id: str, *, days: int = 0, packet: do.Packet | None = None, **given: Any
) -> str:
    with giver.acting() as identity:
        return do.propose_passation(
            identity, household=file(public_id), to=db.get_one(Organisation, receiver.org_id), due_on=clock.today() + timedelta(days=days), reason=WHY,
            packet=packet or do.Packet(summary="Demander la CAF."), **given,
        ).public_id  # fmt: skip


def accept(receiver: Actor, public_id: str) -> bool:
    with receiver.acting() as identity:
        found = find_passation(identity, public_id)
        assert found is not None
        return do.accept_passation(identity, passation=found, referent=db.get_one(User, receiver.user_id))


def seen(actor: Actor, public_id: str) -> tuple[bool, bool, int]:
    """(the first wall lets it through, the second too, members read by bare SQL)."""
    with actor.acting() as identity:
        bare = db.execute(text("SELECT id FROM households WHERE public_id = :id"), {"id": public_id}).scalar()
        members = db.execute(
            text("SELECT count(*) FROM members WHERE household_id = :id"), {"id": bare or 0}
        ).scalar_one()
    with owner_unit():
        first = find_household(identity, public_id)
        return first is not None, bare is not None, int(members)


@contextmanager
def refused(sentence: str | None = None) -> Iterator[None]:
    with pytest.raises(RuleError, match=sentence):
        yield


def test_the_file_moves_when_the_other_organisation_accepts(town: Town, family: str) -> None:
    with town.camille.acting():
        former = file(family).number
    proposed = propose(town.camille, town.neighbour, family)
    assert seen(town.neighbour, family) == (False, False, 0)
    assert accept(town.neighbour, proposed)
    with town.neighbour.acting() as identity:
        moved = file(family)
        assert (moved.owner_org_id, moved.referent_user_id) == (town.neighbour.org_id, town.neighbour.user_id)
        do.update_identity(identity, household=moved, values={"priority": 2}, version=None)
        row = passation(proposed)
        assert (row.state, row.former_number, row.owner_org_id) == ("moved", former, town.neighbour.org_id)
        told = [e.body for e in db.execute(select(JournalEntry).where(JournalEntry.record_id == moved.id)).scalars()]
        assert any("a changé d’organisation" in body and former in body for body in told)
        index = db.execute(
            text("SELECT phone_index FROM household_identities WHERE household_id = :id"), {"id": moved.id}
        ).scalar_one()
        assert bytes(index) == blind_index("+33600000001", org_id=town.neighbour.org_id, column="phone")
    actions = _trail()
    assert {"passation:propose", "passation:accept", "passation:move"} <= actions


def _trail() -> set[str]:
    with owner_unit():
        return set(db.execute(text("SELECT action FROM audit_events WHERE record_id IS NOT NULL")).scalars())


def test_the_sender_reads_sixty_days_without_writing_then_nothing(town: Town, family: str) -> None:
    accept(town.neighbour, propose(town.camille, town.neighbour, family))
    assert seen(town.camille, family) == (True, True, 3)
    with town.camille.acting() as identity:
        grant = db.execute(select(Grant).where(Grant.grantee_org_id == town.camille.org_id)).scalar_one()
        assert (grant.level, grant.can_edit, grant.purpose, grant.max_class) == ("full", False, "passation", 1)
        assert timedelta(days=59) < grant.expires_at - clock.now() <= timedelta(days=60)
        changed = db.execute(
            update(Household).where(Household.public_id == family).values(priority=3).returning(Household.id)
        ).all()
        assert changed == []
        with refused("fin fixe"):
            do.renew_household_share(identity, grant=grant, expires_at=clock.now() + timedelta(days=90))
    with owner_unit():
        past = clock.now() - timedelta(minutes=1)
        db.execute(
            update(Grant)
            .where(Grant.purpose == "passation")
            .values(granted_at=past - timedelta(days=60), expires_at=past)
        )
        db.execute(update(Passation).values(moved_at=clock.now() - timedelta(days=61)))
    assert seen(town.camille, family) == (False, False, 0)
    with town.camille.acting():
        assert db.execute(text("SELECT count(*) FROM passations")).scalar_one() == 0


def test_whoever_proposes_does_not_accept_and_a_stranger_sees_nothing(town: Town, family: str) -> None:
    proposed = propose(town.camille, town.neighbour, family)
    for actor in (town.camille, town.sacha, town.elsewhere, town.operator, town.ddets):
        with actor.acting():
            wanted = db.execute(text("SELECT id FROM passations")).scalar()
        with owner_unit():
            row = passation(proposed).id
        assert (wanted == row) is (actor in (town.camille, town.sacha))
        with actor.acting() as identity:
            answer = db.execute(
                text("SELECT odis.passation_accept(:id, :me, 'Moi')"), {"id": row, "me": identity.user_id}
            ).scalar_one()
            assert answer == "unknown"
            with pytest.raises(DBAPIError, match="permission denied"), db.begin_nested():
                db.execute(text("SELECT odis.passation_move(:id)"), {"id": row})
    assert seen(town.neighbour, family) == (False, False, 0)


def test_what_is_kept_to_the_organisation_stays_unless_chosen(town: Town, family: str) -> None:
    open_class2()
    kept, joined = _note(town.sacha, family, "Restée chez nous."), _note(town.sacha, family, "Partie avec le dossier.")
    with town.sacha.acting() as identity:
        do.update_health_needs(identity, household=file(family), values={"maternity": HealthNeed(2)}, version=None)
    accept(town.neighbour, propose(town.sacha, town.neighbour, family, packet=do.Packet(entries=(joined,))))
    with town.neighbour.acting():
        notes = set(db.execute(select(JournalEntry.public_id).where(JournalEntry.kind == "note")).scalars())
        assert notes == {joined}
        assert db.execute(text("SELECT count(*) FROM household_health_needs")).scalar_one() == 0
    with town.camille.acting():
        assert kept in set(db.execute(select(JournalEntry.public_id)).scalars())
    with owner_unit():
        assert db.execute(select(MemberSafety.member_id)).all() == []


def _note(actor: Actor, family: str, body: str) -> str:
    with actor.acting() as identity:
        household = file(family)
        return add_entry(
            identity,
            record_id=household.id,
            owner_org_id=household.owner_org_id,
            body=body,
            audience=Audience.ORGANISATION,
        ).public_id


def test_class_three_goes_only_when_who_reads_it_chooses_it(town: Town, family: str) -> None:
    with town.operator.acting() as identity:
        theirs = open_file(identity, department="53")
        public_id = theirs.public_id
    with refused("que vous lisez"):
        propose(town.operator, town.neighbour, public_id, packet=do.Packet(with_health=True))
    with owner_unit():
        before = set(db.execute(select(MemberSafety.member_id)).scalars())
    packet = do.Packet(with_safety=True)
    with pytest.raises(StepUpNeededError):
        propose(town.sacha, town.neighbour, family, packet=packet)
    proposed = propose(confirmed(town.sacha), town.neighbour, family, packet=packet)
    with pytest.raises(StepUpNeededError):
        accept(town.neighbour, proposed)
    with town.neighbour.acting():  # the second wall says the same
        bare = text("SELECT odis.passation_accept(id, :me, 'Moi') FROM passations")
        assert db.execute(bare, {"me": town.neighbour.user_id}).scalar_one() == "confirm"
    accept(confirmed(town.neighbour), proposed)
    with owner_unit():
        rows = db.execute(select(MemberSafety)).scalars().all()
        assert {row.member_id for row in rows} == before
        assert {row.owner_org_id for row in rows} == {town.neighbour.org_id}


def test_bare_sql_joins_no_class_that_its_author_does_not_read(town: Town, family: str) -> None:
    with town.camille.acting() as identity:  # a social worker who is not the referent
        household = file(family)
        values = {
            "public_id": new_public_id(),
            "record": household.id,
            "mine": identity.org_id,
            "to": town.neighbour.org_id,
            "me": identity.user_id,
        }
    with town.sacha.acting() as sacha:
        do.assign_household(sacha, household=file(family), to=db.get_one(User, town.sacha.user_id))
    sql = """INSERT INTO passations (public_id, record_id, owner_org_id, from_org_id, to_org_id, state, by_user_id, by_label, by_org_label, at, reason_sealed,
             due_on, with_safety) VALUES (:public_id, :record, :mine, :mine, :to, 'proposed', :me, 'Moi', 'Nous', now(), '', current_date, :with)"""
    with town.camille.acting(), pytest.raises(DBAPIError, match="row-level security"), db.begin_nested():
        db.execute(text(sql), {**values, "with": True})
    with town.camille.acting(), pytest.raises(DBAPIError, match="row-level security"), db.begin_nested():
        db.execute(text(sql), {**values, "with": False, "me": town.sacha.user_id})
    mine = {
        **values,
        "with": True,
        "me": town.sacha.user_id,
    }  # who follows the file, before a renewed proof and after it
    with town.sacha.acting(), pytest.raises(DBAPIError, match="row-level security"), db.begin_nested():
        db.execute(text(sql), mine)
    with confirmed(town.sacha).acting():
        db.execute(text(sql), mine)


def test_one_open_passation_per_file_withdrawn_before_it_is_accepted(town: Town, family: str) -> None:
    first = propose(town.camille, town.neighbour, family)
    with refused("déjà en cours"):
        propose(town.camille, town.operator, family)
    with town.camille.acting() as identity:
        do.withdraw_passation(identity, passation=passation(first))
    with town.neighbour.acting() as identity:
        assert find_passation(identity, first) is None
    second = propose(town.camille, town.neighbour, family, days=3)
    assert accept(town.neighbour, second) is False
    with town.camille.acting() as identity, refused("n’attend plus"):
        do.withdraw_passation(identity, passation=passation(second))


def test_the_receiver_refuses_with_a_reason(town: Town, family: str) -> None:
    proposed = propose(town.camille, town.neighbour, family)
    with town.neighbour.acting() as identity, refused("Écrivez pourquoi"):
        do.refuse_passation(identity, passation=passation(proposed), reason="")
    with town.neighbour.acting() as identity:
        do.refuse_passation(identity, passation=passation(proposed), reason="Nous n’avons plus de place.")
    with town.camille.acting():
        row = passation(proposed)
        assert (row.state, row.words("answer"), row.words("reason")) == ("refused", "Nous n’avons plus de place.", WHY)
        assert file(family).owner_org_id == town.camille.org_id


def test_a_day_to_come_is_kept_by_the_nightly_task_once(town: Town, family: str) -> None:
    proposed = propose(town.camille, town.neighbour, family, days=5)
    assert accept(town.neighbour, proposed) is False
    assert seen(town.neighbour, family) == (False, False, 0)
    assert _night() == 0
    with owner_unit():
        db.execute(update(Passation).values(due_on=clock.today()))
    with town.camille.acting() as identity:  # the phone changes meanwhile: the receiver's index follows
        do.update_identity(identity, household=file(family), values={"phone": "+33600000077"}, version=None)
    assert (_night(), _night()) == (1, 0)
    with town.neighbour.acting():
        index = db.execute(text("SELECT phone_index FROM household_identities")).scalar_one()
        assert bytes(index) == blind_index("+33600000077", org_id=town.neighbour.org_id, column="phone")
        assert passation(proposed).state == PassationState.MOVED.value


def _night() -> int:
    """The task as the worker runs it: under the schedule's own token, as its own role."""
    with unit_of_work(_system_token(), engine_name="worker") as unit:
        return do.move_due_passations(unit.identity)


def _system_token() -> str:
    token = new_token()
    with unit_of_work(None, engine_name="worker"):
        db.execute(
            text("SELECT odis.mint_system_token(:hash, :id, 'system:passations', 5)"),
            {"hash": token_hash(token), "id": new_public_id()},
        )
    return token


def test_who_reads_a_file_asks_for_it_and_the_owner_answers(town: Town, family: str) -> None:
    with town.camille.acting() as identity:
        share_record(
            identity, record_id=file(family).id, owner_org_id=town.camille.org_id, grantee_org_id=town.neighbour.org_id, level=ShareLevel.FULL,
            purpose=SharePurpose.ACCOMPAGNEMENT,
        )  # fmt: skip
    with town.neighbour.acting() as identity:
        asked = do.ask_passation(identity, household=file(family), reason=WHY).public_id
        with refused("déjà demandé"):
            do.ask_passation(identity, household=file(family), reason=WHY)
    with town.camille.acting() as identity:
        do.decline_request(identity, passation=passation(asked), reason="Le suivi finit bientôt.")
    with town.neighbour.acting() as identity:
        assert (passation(asked).state, passation(asked).words("answer")) == ("declined", "Le suivi finit bientôt.")
        again = do.ask_passation(identity, household=file(family), reason=WHY).public_id
    with town.camille.acting() as identity:
        proposed = do.propose_passation(
            identity, household=file(family), to=db.get_one(Organisation, town.neighbour.org_id), due_on=clock.today(), reason=WHY, packet=do.Packet(),
            request=passation(again),
        ).public_id  # fmt: skip
    assert accept(town.neighbour, proposed)
    with town.neighbour.acting():
        assert passation(again).state == "granted"


def test_numbers_never_collide(town: Town, family: str) -> None:
    with town.neighbour.acting() as identity:
        open_file(identity)
    accept(town.neighbour, propose(town.camille, town.neighbour, family))
    with town.neighbour.acting():
        numbers = db.execute(select(Household.number)).scalars().all()
        assert sorted(numbers) == ["M-44-0001", "M-44-0002"]


def test_the_day_is_today_or_within_a_year_and_the_receiver_holds_files(town: Town, family: str) -> None:
    for days, receiver in ((-1, town.neighbour), (400, town.neighbour), (0, town.ddets), (0, town.camille)):
        with refused():
            propose(town.camille, receiver, family, days=days)


def test_every_key_on_a_file_follows_its_owner(town: Town, admin_url: str) -> None:
    """Whoever hangs a table on a record or a household with its owner lets the owner change."""
    with owner_unit():
        stuck = db.execute(
            text("""SELECT c.conrelid::regclass::text, c.conname FROM pg_constraint c
                 WHERE c.contype = 'f' AND c.confrelid IN ('records'::regclass, 'households'::regclass, 'orientations'::regclass)
                   AND cardinality(c.conkey) > 1 AND c.confupdtype <> 'c'
                   AND EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.confrelid AND a.attnum = ANY (c.confkey) AND a.attname LIKE '%owner_org_id')""")
        ).all()
    assert stuck == []


def test_what_nobody_answers_ends_after_thirty_days(town: Town, family: str) -> None:
    proposed = propose(town.camille, town.neighbour, family)
    with owner_unit():
        db.execute(update(Passation).values(at=clock.now() - timedelta(days=31)))
        row = passation(proposed).id
    with town.neighbour.acting() as identity:
        assert find_passation(identity, proposed) is None
        assert db.execute(text("SELECT count(*) FROM passations")).scalar_one() == 0
        answer = db.execute(text("SELECT odis.passation_accept(:id, :me, 'Moi')"), {"id": row, "me": identity.user_id})
        assert answer.scalar_one() == "expired"
    assert _night() == 0
    with town.camille.acting():
        assert passation(proposed).state == PassationState.EXPIRED.value
    propose(town.camille, town.operator, family)


def test_the_task_moves_nothing_under_anybody_elses_identity(town: Town, family: str) -> None:
    accept(town.neighbour, propose(town.camille, town.neighbour, family, days=2))
    with owner_unit():
        db.execute(update(Passation).values(due_on=clock.today()))
    with town.neighbour.acting(), pytest.raises(DBAPIError, match="permission denied"), db.begin_nested():
        db.execute(text("SELECT * FROM odis.passations_due()"))
    assert _night() == 1
