"""Entrusting a file; joining one in an emergency, the same answer for whatever is wrong; a second person reads it over."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError

from odis_app.access import queries as access
from odis_app.access.enums import JoinReason, ReviewKind, Verdict
from odis_app.access.models import FileJoin, Grant, Review
from odis_app.access.operations import ask_review, decide_review
from odis_app.accounts.models import User
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.core.permissions import Role
from odis_app.households import operations as do
from odis_app.households.models import Assignment, Household, MemberSafety
from odis_app.households.operations.protected import Safety
from odis_app.households.policy import HOUSEHOLD_ASSIGN, find_household
from odis_app.households.queries import cooperation, present_members
from odis_app.notifications.models import Mail
from odis_app.organisations.seeds import Actor
from tests.households.conftest import Town, open_file
from tests.support.worlds import WorldBuilder, confirmed, owner_unit

BORN = date(1990, 3, 4)  # LAILA, who asks first


def file(public_id: str) -> Household:
    return db.execute(select(Household).where(Household.public_id == public_id)).scalar_one()


def number_of(family: str) -> str:
    with owner_unit():
        return file(family).number


def join(actor: Actor, number: str, born: date = BORN) -> str | None:
    """As the page does: by somebody who has just proved who they are."""
    with confirmed(actor).acting() as identity:
        found = do.join_file(
            identity,
            number=number,
            born=born,
            reason=JoinReason.MISE_A_L_ABRI,
            words="La famille est devant notre porte.",
        )
        return found.public_id if found is not None else None


def opens(actor: Actor, public_id: str) -> tuple[bool, int]:
    with actor.acting() as identity:
        members = db.execute(text("SELECT count(*) FROM members")).scalar_one()
    with owner_unit():
        return find_household(identity, public_id) is not None, int(members)


def trail(actor: Actor) -> list[tuple[str, int | None, str]]:
    with owner_unit():
        rows = db.execute(
            text(
                "SELECT action, record_id, summary FROM audit_events WHERE actor_user_id = :me AND action LIKE 'household:join%' ORDER BY id"
            ),
            {"me": actor.user_id},
        )
        return [(row.action, row.record_id, row.summary) for row in rows]


@pytest.fixture
def neighbour(town: Town, world: WorldBuilder) -> Actor:
    """A social worker of the mandated association next door, who has just proved who they are."""
    return confirmed(town.neighbour)


def test_the_number_and_the_birth_date_open_a_file_for_a_week(town: Town, family: str, neighbour: Actor) -> None:
    number = number_of(family)
    assert opens(neighbour, family) == (False, 0)
    assert join(neighbour, f" {number.lower()} ") == family
    assert opens(neighbour, family) == (True, 3)
    with neighbour.acting():
        grant = db.execute(select(Grant)).scalar_one()
        assert (grant.level, grant.max_class, grant.can_edit, grant.purpose) == ("full", 1, False, "urgence")
        assert (grant.expires_at - grant.granted_at).days == 7
        assert db.execute(select(MemberSafety.member_id)).all() == []
    assert [action for action, record, _ in trail(neighbour) if record] == ["household:join"]
    with town.camille.acting() as identity:
        told = cooperation.joins(file(family))
        assert [(j.outcome, j.words) for j in told] == [("opened", "La famille est devant notre porte.")]
        with pytest.raises(RuleError, match="fin fixe"):
            do.renew_household_share(
                identity, grant=db.execute(select(Grant)).scalar_one(), expires_at=grant.expires_at
            )
    with town.ddets.acting() as identity:
        rows = db.execute(select(Review)).scalars().all()
        assert [(r.label, r.reason) for r in rows] == [(number, "mise_a_l_abri")]
        assert find_household(identity, family) is None
        assert db.execute(select(FileJoin.id)).all() == []
    with town.other_ddets.acting():
        assert db.execute(select(Review.id)).all() == []


def test_whatever_is_wrong_answers_the_same(town: Town, family: str, world: WorldBuilder) -> None:
    """A wrong number, a wrong date, another département, a mark of danger, an adult nobody asked: no file, no row, the same event."""
    number = number_of(family)
    with town.camille.acting() as identity:
        unasked = open_file(identity).public_id
        marked = open_file(identity)
        for member in present_members(marked.id):
            do.update_member_safety(
                identity, household=marked, member=member, safety=Safety(fvv_teh=True), version=None
            )
        marked_id = marked.public_id
    tries = [
        (world.actor("association", "44"), "M-44-9999", BORN),
        (world.actor("association", "44"), number, date(1990, 3, 5)),
        (world.actor("association", "33"), number, BORN),
        (world.actor("association", "44", mandated=False), number, BORN),
        (world.actor("association", "44"), number_of(unasked), BORN),
        (world.actor("association", "44"), number_of(marked_id), BORN),
    ]
    seen = set()
    for actor, wanted, born in tries:
        assert join(actor, wanted, born) is None
        assert opens(actor, family) == (False, 0)
        with actor.acting():
            mine = (
                db.execute(select(FileJoin.id)).all(),
                db.execute(select(Review.id)).all(),
                db.execute(select(Grant.id)).all(),
            )
            assert mine == ([], [], [])
        seen.add(tuple(trail(actor)))
    assert seen == {(("household:join_refused", None, "Rattachement sans suite"),)}
    with (
        town.camille.acting()
    ):  # the referent of the file in danger is told, and of that one alone with the file nobody was asked about
        assert {j.outcome for j in cooperation.joins(file(marked_id))} == {"danger"}
        assert cooperation.joins(file(family)) == []


def test_three_tries_a_day(town: Town, family: str, neighbour: Actor) -> None:
    for _ in range(3):
        assert join(neighbour, "M-44-9999") is None
    with pytest.raises(RuleError, match="Trois essais"):
        join(neighbour, number_of(family))
    with neighbour.acting():
        values = {"id": "a" * 16, "number": "M-44-0001", "born": BORN, "why": "mise_a_l_abri", "words": b"x"}
        bare = db.execute(text("SELECT odis.join_file(:id, :number, :born, :why, :words)"), values).scalar()
        assert bare is None
    with owner_unit():
        db.execute(update(FileJoin).values(at=text("now() - interval '1 day'")))
    assert join(neighbour, number_of(family)) == family


def test_roles_without_files_join_nothing(town: Town, family: str, world: WorldBuilder) -> None:
    for part in ("operateur", "ddets", "admin_organisation"):
        assert join(world.actor(part, "44"), number_of(family)) is None


def test_a_coordinator_of_the_owner_confirms_or_contests_and_contesting_closes(
    town: Town, family: str, neighbour: Actor
) -> None:
    join(neighbour, number_of(family))
    for stranger in (
        neighbour,
        town.elsewhere,
        town.ddets,
        town.camille,
    ):  # camille: a colleague, but somebody coordinates there
        with stranger.acting() as identity:
            assert access.pending_reviews(identity) == []
        with owner_unit():
            review_id = db.execute(select(Review.id)).scalar_one()
        with stranger.acting():
            assert not db.execute(
                text("SELECT odis.review_decide(:id, 'confirmed', NULL)"), {"id": review_id}
            ).scalar_one()
    with town.sacha.acting() as identity:
        (review,) = access.pending_reviews(identity)
        with pytest.raises(RuleError, match="Écrivez pourquoi"):
            decide_review(identity, review=review, verdict=Verdict.CONTESTED)
        decide_review(identity, review=review, verdict=Verdict.CONTESTED, words="Le référent était joignable.")
        assert (review.verdict, review.words, access.pending_reviews(identity)) == (
            "contested",
            "Le référent était joignable.",
            [],
        )
        with pytest.raises(RuleError, match="est faite"):
            decide_review(identity, review=review, verdict=Verdict.CONFIRMED)
    assert opens(neighbour, family) == (False, 0)


def test_nobody_reads_over_their_own_decision(town: Town, world: WorldBuilder) -> None:
    alone = world.actor("association", "49", roles=(Role.COORDINATEUR,))
    with alone.acting() as identity:
        ask_review(identity, kind=ReviewKind.OFFER_DECISION, subject="b" * 16, label="O-49-0001", department_code="49")
        ask_review(identity, kind=ReviewKind.OFFER_DECISION, subject="b" * 16, label="O-49-0001", department_code="49")
        (review,) = db.execute(select(Review)).scalars().all()
        assert access.pending_reviews(identity) == []
        with pytest.raises(RuleError):
            decide_review(identity, review=review, verdict=Verdict.CONFIRMED)
    with world.actor("ddets", "49").acting() as identity:
        (review,) = access.pending_reviews(identity)
        decide_review(identity, review=review, verdict=Verdict.CONFIRMED)
    with owner_unit(), pytest.raises(DBAPIError, match="two_people"), db.begin_nested():
        db.execute(update(Review).values(decided_by_id=Review.author_user_id))


def test_the_coordination_entrusts_a_file_and_the_person_is_told(town: Town, family: str) -> None:
    with town.sacha.acting() as identity:
        sacha = db.get_one(User, town.sacha.user_id)
        assigned = do.assign_household(identity, household=file(family), to=sacha, word="Rendez-vous lundi.")
        assert assigned is not None
        assert assigned.word == "Rendez-vous lundi."
        assert do.assign_household(identity, household=file(family), to=sacha) is None
        camille = db.get_one(User, town.camille.user_id)
        do.assign_household(identity, household=file(family), to=camille)
        assert [a.to_label for a in cooperation.assignments(file(family))] == [
            file(family).referent_label,
            assigned.to_label,
        ]
    with owner_unit():
        assert db.execute(select(Mail.template)).scalars().all() == ["household_assigned"]
    with town.neighbour.acting():
        assert db.execute(select(Assignment.id)).all() == []


def test_a_case_worker_takes_no_file_for_themselves(town: Town, family: str, world: WorldBuilder) -> None:
    """The referent reads class 3: only the coordination, or the referent, entrusts a file; where nobody coordinates, any case worker."""
    other = world.actor("association", "44", colleague_of=town.camille)
    with other.acting() as identity:
        with pytest.raises(DBAPIError, match="coordination"), db.begin_nested():
            db.execute(update(Household).where(Household.public_id == family).values(referent_user_id=other.user_id))
        assert db.execute(select(MemberSafety.member_id)).all() == []
        assert not identity.can(HOUSEHOLD_ASSIGN, file(family))
    with town.sacha.acting(), pytest.raises(DBAPIError, match="colleagues"), db.begin_nested():
        db.execute(
            update(Household).where(Household.public_id == family).values(referent_user_id=town.neighbour.user_id)
        )
    with town.camille.acting() as identity:
        do.assign_household(identity, household=file(family), to=db.get_one(User, other.user_id))
    with world.actor("association", "44", colleague_of=town.neighbour).acting() as identity:
        theirs = open_file(identity).public_id
    with town.neighbour.acting() as identity:
        do.assign_household(identity, household=file(theirs), to=db.get_one(User, town.neighbour.user_id))
        assert file(theirs).referent_user_id == town.neighbour.user_id
