"""Entry, extension, exit; an exclusion is decided by two people."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.housing.models import Occupancy
from odis_app.journal.models import JournalEntry
from odis_app.placements import operations as do
from odis_app.placements.enums import ExitReason, PlacementStatus
from tests.placements.conftest import Town, found, stay
from tests.support.worlds import WorldBuilder


def days_of(town: Town, place: str = "") -> list[tuple[object, object, bool]]:
    with town.operator.acting():
        rows = db.execute(
            select(Occupancy).where(Occupancy.place_id == town.home(place).id).order_by(Occupancy.id)
        ).scalars()
        return [(o.during.lower, o.during.upper, o.released_at is None) for o in rows]


def test_the_entry_moves_the_file_and_the_place(town: Town) -> None:
    today = clock.today()
    orientation = town.entered(days_ago=3)
    assert town.status() == "place"
    assert days_of(town) == [(today - timedelta(days=3), today + timedelta(days=87), True)]
    with town.operator.acting() as identity:
        assert stay(orientation).status is PlacementStatus.EN_COURS
        do.record_entry(identity, placement=stay(orientation), entered_on=today - timedelta(days=3))  # sent twice
        with pytest.raises(RuleError, match="déjà enregistrée"):
            do.record_entry(identity, placement=stay(orientation), entered_on=today)


def test_an_entry_before_the_days_agreed_on_is_the_side_of_the_place_alone(town: Town) -> None:
    orientation = town.confirmed(start=0)
    early = clock.today() - timedelta(days=2)
    with pytest.raises(RuleError, match="sort des jours convenus"), town.camille.acting() as identity:
        do.record_entry(identity, placement=stay(orientation), entered_on=early)
    with town.operator.acting() as identity:
        do.record_entry(identity, placement=stay(orientation), entered_on=early)
    assert days_of(town)[0][0] == early


@pytest.mark.parametrize(("days", "sentence"), [(1, "n’est pas à venir"), (-400, "sort des jours convenus")])
def test_an_entry_that_cannot_be(town: Town, days: int, sentence: str) -> None:
    orientation = town.confirmed()
    with pytest.raises(RuleError, match=sentence), town.camille.acting() as identity:
        do.record_entry(identity, placement=stay(orientation), entered_on=clock.today() + timedelta(days=days))


def test_extending_stops_at_the_next_household(town: Town) -> None:
    today = clock.today()
    orientation = town.entered()
    town.propose(household=town.another_file(), start=100)
    with town.operator.acting() as identity:
        do.extend(identity, placement=stay(orientation), ends_on=today + timedelta(days=100))
    with pytest.raises(RuleError, match="déjà prise"), town.operator.acting() as identity:
        do.extend(identity, placement=stay(orientation), ends_on=today + timedelta(days=101))
    with town.operator.acting():
        assert (stay(orientation).status, stay(orientation).extensions) == (PlacementStatus.PROLONGE, 1)
    assert days_of(town)[0][1] == today + timedelta(days=100)


@pytest.mark.parametrize("reason", [r.value for r in ExitReason if r is not ExitReason.EXCLUSION])
def test_every_exit_frees_the_place_and_says_whether_the_household_waits(town: Town, reason: str) -> None:
    orientation = town.entered(days_ago=10)
    with town.operator.acting() as identity:
        assert do.exit_placement(identity, placement=stay(orientation), reason=reason, exited_on=clock.today())
    assert days_of(town) == [(clock.today() - timedelta(days=10), clock.today(), False)]
    assert town.status() == ("a_orienter" if ExitReason(reason).waits_again else "sorti")


def test_an_exclusion_waits_for_a_second_person(town: Town) -> None:
    orientation = town.entered(days_ago=10)
    with town.operator.acting() as identity:
        assert not do.exit_placement(
            identity, placement=stay(orientation), reason="exclusion_reglement", exited_on=clock.today()
        )
    assert town.status() == "suivi"
    with pytest.raises(RuleError, match="attend d’être confirmée"), town.operator.acting() as identity:
        do.exit_placement(identity, placement=stay(orientation), reason="logement_social", exited_on=clock.today())
    with pytest.raises(RuleError, match="autre personne"), town.operator.acting() as identity:
        do.confirm_exclusion(identity, placement=stay(orientation))
    with pytest.raises(IntegrityError, match="ck_placements_two_people"), town.operator.acting():
        db.execute(
            text(
                "UPDATE placements SET exit_asked = NULL, exited_on = current_date, exit_reason = 'exclusion_reglement', exit_outcome = 'negative'"
            )
        )
    with town.second.acting() as identity:
        do.confirm_exclusion(identity, placement=stay(orientation))
        assert stay(orientation).exit_outcome == "negative"
    assert town.status() == "a_orienter"


def test_a_withdrawn_exclusion_changes_nothing(town: Town) -> None:
    orientation = town.entered()
    with town.operator.acting() as identity:
        do.exit_placement(identity, placement=stay(orientation), reason="exclusion_reglement", exited_on=clock.today())
    with town.second.acting() as identity:
        do.withdraw_exclusion(identity, placement=stay(orientation))
        assert stay(orientation).exit_asked is None
    assert town.status() == "place"


def test_alone_in_its_organisation_the_exclusion_is_reviewed_later(town: Town, world: WorldBuilder) -> None:
    alone = world.actor("operateur", "53")
    town.operator = alone
    town.place = town.another_place()
    orientation = town.entered(days_ago=1)
    with alone.acting() as identity:
        assert do.exit_placement(
            identity, placement=stay(orientation), reason="exclusion_reglement", exited_on=clock.today()
        )
        assert stay(orientation).review_due is True


def test_the_journal_of_the_file_tells_it_all_without_a_motif(town: Town) -> None:
    orientation = town.entered(days_ago=2)
    with town.operator.acting() as identity:
        do.exit_placement(identity, placement=stay(orientation), reason="incarceration", exited_on=clock.today())
    with town.camille.acting():
        bodies = [entry.body for entry in db.execute(select(JournalEntry).order_by(JournalEntry.id)).scalars()]
    assert [b.split(" : ", 1)[1].split(",")[0].split(" le ")[0] for b in bodies] == [
        "proposée", "accord du ménage enregistré.", "accord de l’hébergeur enregistré.", "les deux accords sont donnés", "le ménage est entré", "le ménage est sorti",
    ]  # fmt: skip
    assert not any("incarc" in body for body in bodies)


def test_cancelled_before_the_entry(town: Town) -> None:
    orientation = town.confirmed()
    with town.operator.acting() as identity:
        do.cancel(identity, orientation=found(orientation), motif="entree_impossible")
    with town.camille.acting():
        assert stay(orientation).status is PlacementStatus.ANNULE
    assert (town.status(), [standing for *_, standing in days_of(town)]) == ("a_orienter", [False])
