"""When something breaks, nobody is named: a task that the database refuses, a task that falls on a value, a mail server that quotes."""

from __future__ import annotations

import logging
from typing import Any

import psycopg
import pytest
from flask import Flask
from sqlalchemy import text

from jobs import maintenance, runner
from odis_app.core.db import db, unit_of_work
from odis_app.core.services.embedded import Embedded
from odis_app.notifications.operations import send_mail
from odis_app.organisations.messages import INVITATION
from tests.notifications.conftest import Office, Sender, office, real, sender, server
from tests.support.workers import run_job
from tests.support.worlds import owner_unit

__all__ = ["office", "real", "sender", "server"]
MARK = "Secretinscrit"
TASK = "jobs.maintenance.purge_jobs"
REFUSED = "INSERT INTO household_counters (owner_org_id, department_code, last_number) VALUES (1, :mark, 1)"


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """All loggers at their most talkative; echoing statements is never on."""
    caplog.set_level(logging.DEBUG)
    logging.getLogger("sqlalchemy.engine").setLevel(logging.WARNING)
    return caplog


def refused_by_the_database(_job: runner.RunningJob) -> dict[str, Any]:
    db.execute(text(REFUSED), {"mark": MARK})
    return {}


def fallen_on_a_value(_job: runner.RunningJob) -> dict[str, Any]:
    return {"x": {}[MARK]}


@pytest.mark.parametrize("task", [refused_by_the_database, fallen_on_a_value])
def test_a_task_that_breaks_tells_where_and_never_what(
    database: Flask, services: Embedded, said: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch, task: Any,
) -> None:  # fmt: skip
    """Neither in our log, nor in that of the database, nor in what is raised to the queue, nor in the row that a page shows."""
    monkeypatch.setattr(maintenance, "purge_jobs", task)
    start = services.postgres.log.stat().st_size
    with owner_unit():
        job = db.execute(
            text(
                "INSERT INTO jobs (public_id, kind, task, queue, label, schedule, slot) "
                "VALUES ('breaks-of-a-test', 'schedule', :task, 'nuit', 'x', 'breaks', now()) RETURNING id"
            ),
            {"task": TASK},
        ).scalar_one()
    with pytest.raises(runner.TaskFailedError) as raised:
        run_job(database, TASK, job)
    assert raised.value.__suppress_context__
    with owner_unit():
        row = db.execute(text("SELECT state, error, jobs::text AS told FROM jobs WHERE id = :id"), {"id": job}).one()
    assert (row.state, row.error) == ("failed", runner.BROKEN)
    assert task.__name__ in said.text, "the log says where"
    out = capfd.readouterr()
    log = services.postgres.log.read_bytes()[start:].decode(errors="replace")
    assert [told for told in (said.text, str(raised.value), row.told, out.out, out.err, log) if MARK in told] == []


@pytest.mark.parametrize("step", ["recipient", "text"])
def test_a_mail_server_that_quotes_whom_it_refuses_is_not_repeated(
    database: Flask, sender: Sender, real: psycopg.Connection, office: Office, said: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str], step: str,
) -> None:  # fmt: skip
    """« 550 <somebody@…> unknown »: the code is kept, the sentence is not."""
    setattr(office, step, f"550 <{MARK}@exemple.test> {MARK} est inconnu ici")
    told = {"inviter": MARK, "organisation": MARK, "roles": MARK, "until": MARK, "link": f"/invitation/{MARK}"}
    with unit_of_work(None) as unit:
        send_mail(unit.identity, to=f"{MARK}@exemple.test", template=INVITATION, context=told)
    assert sender.run()["failed"] == 1
    rows = str(real.execute("SELECT * FROM mails").fetchall()) + str(real.execute("SELECT * FROM jobs").fetchall())
    assert "code 550" in rows
    said.records[:] = [
        record for record in said.records if not record.name.startswith("mail.")
    ]  # the test's own server
    out = capfd.readouterr()
    assert [where for where in (rows, *(r.getMessage() for r in said.records), out.out, out.err) if MARK in where] == []
