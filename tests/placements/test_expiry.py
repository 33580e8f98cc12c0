"""The scheduled task, as the scheduler plans it and as a worker runs it: under its own role and its own token."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from jobs.runner import perform
from jobs.schedule import SCHEDULE
from jobs.scheduler import plan
from odis_app.core import clock
from odis_app.core import db as core_db
from odis_app.core.db import db
from odis_app.housing.models import Occupancy, OccupancyHousehold
from odis_app.journal.models import JournalEntry
from odis_app.placements import operations as do
from odis_app.placements.enums import OrientationStatus
from tests.placements.conftest import Town, found
from tests.support.worlds import owner_unit

LINE = next(item for item in SCHEDULE if item.name == "expire-orientations")


class Worker:
    """A worker in this very process; each round is five minutes after the one before."""

    def __init__(self, app: Flask) -> None:
        self.app, self.config, self.now = app, app.config["ODIS"], clock.now()

    def round(self) -> int:
        """Plan the task, run it; how many proposals it ended."""
        self.now += timedelta(minutes=5)
        core_db.configure("app", self.config.worker_database_url)
        try:
            (job_id,) = plan(self.now, [LINE])
            with self.app.app_context():
                assert perform(LINE.task, job_id) == "done"
        finally:
            core_db.configure("app", self.config.database_url)
        with owner_unit():
            result = db.execute(text("SELECT result FROM jobs WHERE id = :id"), {"id": job_id}).scalar_one()
        return int(result["orientations"])


@pytest.fixture
def worker(database: Flask) -> Iterator[Worker]:
    return Worker(database)


def let_pass(*orientations: str, by: timedelta = timedelta(minutes=1)) -> None:
    """Let the delay pass, as the owner: nobody else may."""
    then: dict[str, datetime] = {"proposed": clock.now() - timedelta(days=9), "expired": clock.now() - by}
    with owner_unit():
        for public_id in orientations:
            given = then | {"id": public_id}
            db.execute(
                text("UPDATE orientations SET proposed_at = :proposed, expires_at = :expired WHERE public_id = :id"),
                given,
            )
            db.execute(
                text(
                    "UPDATE occupancies o SET expires_at = :expired FROM occupancy_households h "
                    "WHERE h.occupancy_id = o.id AND h.subject = :id AND o.kind = 'reservation'"
                ),
                given,
            )


def standing(town: Town) -> list[str]:
    del town
    with owner_unit():
        statement = select(OccupancyHousehold.subject).join(Occupancy, Occupancy.id == OccupancyHousehold.occupancy_id)
        return list(db.execute(statement.where(Occupancy.released_at.is_(None))).scalars())


def test_what_nobody_answered_ends_and_the_place_is_free(town: Town, worker: Worker) -> None:
    late, waiting = town.propose(), town.propose(household=town.another_file(), place=town.another_place())
    let_pass(late)
    assert worker.round() == 1
    with town.camille.acting():
        row = found(late)
        assert (row.status, row.ended_by, row.motif_label) == (
            OrientationStatus.EXPIREE,
            "systeme",
            "Pas de réponse dans le délai",
        )
        assert found(waiting).is_active
        told = [entry.body for entry in db.execute(select(JournalEntry).order_by(JournalEntry.id)).scalars()]
    assert told[-1].endswith(": proposition sans réponse dans le délai.")
    assert standing(town) == [waiting]
    assert town.status() == "a_orienter"


def test_the_second_round_finds_nothing(town: Town, worker: Worker) -> None:
    let_pass(town.propose())
    assert [worker.round(), worker.round()] == [1, 0]


def test_one_agreement_does_not_stop_the_clock_two_do(town: Town, worker: Worker) -> None:
    half = town.propose(household=town.another_file(), place=town.another_place())
    with town.operator.acting() as identity:
        do.accept_for_host(identity, orientation=found(half))
    agreed = town.confirmed()
    let_pass(half, agreed)
    assert worker.round() == 1
    with town.camille.acting():
        assert (found(half).status, found(agreed).status) == (OrientationStatus.EXPIREE, OrientationStatus.CONFIRMEE)
    assert standing(town) == [agreed]


def test_a_proposal_whose_place_has_gone_is_closed_without_anybody_s_refusal(town: Town, worker: Worker) -> None:
    with owner_unit():
        db.execute(text("INSERT INTO territory_rules (department_code, proposals_per_place) VALUES ('53', 2)"))
    other = town.another_file()
    lost = town.propose(household=other)
    town.confirmed()
    assert worker.round() == 1
    with town.camille.acting():
        row = found(lost)
        assert (row.status, row.motif_label) == (
            OrientationStatus.OBSOLETE,
            "La place a été attribuée à un autre ménage",
        )
    assert town.status(other) == "a_orienter"


def test_nobody_but_the_workers_ends_what_is_late(town: Town) -> None:
    let_pass(town.propose())
    for actor in (town.camille, town.operator, town.ddets):
        with pytest.raises(DBAPIError, match="permission denied"), actor.acting() as identity:
            do.expire_orientations(identity)
