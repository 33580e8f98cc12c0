"""One job, from the claim to its end, in the process that the worker forked for it.

1. The row is claimed by an atomic update: a job pushed twice runs once.
2. A thread beats, so that a dead process is seen; progress is written in short transactions of its own, seen at once.
3. The rights of the author are read again, then the task runs in one transaction under the job's own token.
4. The end of the job is written in that same transaction: what the task wrote and « terminé » are true together, or neither.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from rq.timeouts import JobTimeoutException
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError

from jobs.queues import HEARTBEAT_SECONDS, QUEUES
from odis_app.core import crypto
from odis_app.core.db import current_unit, db, token_hash, unit_of_work
from odis_app.core.errors import RuleError
from odis_app.core.identity import Identity
from odis_app.core.ids import new_token
from odis_app.core.jobs import Job, token_place
from odis_app.core.logs import traced

log = logging.getLogger(__name__)
RIGHTS_GONE = (
    "Vos droits ont changé, ou la demande a attendu trop longtemps. Reconnectez-vous puis refaites la demande."
)
BROKEN = "Le travail s’est arrêté sur une erreur. Relancez-le ; si elle revient, prévenez l’administrateur."
TOO_LONG = "Le travail a dépassé le temps permis. Réduisez la période ou le territoire, puis relancez-le."
SYSTEM_MINUTES = max(rule.timeout for rule in QUEUES.values()) // 60 + 5


class TaskFailedError(Exception):
    """A task met something unexpected; the technical log says where, without a person's data."""


class SupersededError(Exception):
    """The attempt is no longer the current one: cancelled by its author, or given to another worker. Its writes are undone."""


@dataclass(slots=True)
class RunningJob:
    """What a task receives. ``params`` holds what the author asked for; empty for a schedule."""

    id: int
    public_id: str
    attempt: int
    identity: Identity
    params: dict[str, Any] = field(default_factory=dict)

    def progress(self, percent: int, sentence: str) -> None:
        """Say how far the job is, in French; seen at once by the page. Raises SupersededError when the job was cancelled."""
        report_progress(self, percent, sentence)


def report_progress(job: RunningJob, percent: int, sentence: str) -> None:
    """Write ``percent`` (0–100, never goes back) and a sentence in a short transaction of its own."""
    if not _beat(job.id, job.attempt, percent, sentence):
        raise SupersededError


def perform(task: str, job_id: int) -> str:
    """Run ``task`` for the row ``job_id``; returns « done », « failed », « superseded » or « not queued »."""
    with unit_of_work():
        claimed = db().execute(text("SELECT * FROM odis.job_claim(:id, :task)"), {"id": job_id, "task": task}).first()
    if claimed is None:
        return "not queued"  # another worker has it, or it was cancelled: nothing to do
    with _beating(job_id, claimed.attempt):
        try:
            token = _system_token(claimed) if claimed.schedule else _author_token(claimed)
            _run(task, job_id, claimed, token)
        except SupersededError:
            return "superseded"
        except OperationalError:
            raise  # the database went away: nothing can be written; the reconciler gives the job to another attempt
        except RuleError as error:
            return _fail(job_id, claimed.attempt, error.message)
        except PermissionError:
            return _fail(job_id, claimed.attempt, RIGHTS_GONE)
        except JobTimeoutException:
            _fail(job_id, claimed.attempt, TOO_LONG)
            raise
        except BaseException as error:  # noqa: BLE001 - whatever it is, the page must say it
            log.error(  # noqa: TRY400 - the message of an exception may quote a row
                "job %s (%s) failed: %s", claimed.public_id, task, traced(error)
            )
            _fail(job_id, claimed.attempt, BROKEN)
            raise TaskFailedError(
                task
            ) from None  # the queue keeps what it is told: not the row that the database quotes
    return "done"


def _run(task: str, job_id: int, claimed: Any, token: str) -> None:
    module, _, name = task.rpartition(".")
    function = getattr(import_module(module), name)
    with unit_of_work(token):
        identity = current_unit().identity
        if not claimed.schedule and not db().execute(text("SELECT odis.job_rights()")).scalar_one():
            raise PermissionError(task)
        params = db().scalars(select(Job.params).where(Job.id == job_id)).one_or_none()
        job = RunningJob(job_id, claimed.public_id, claimed.attempt, identity, params or {})
        summary = function(job)
        db().flush()
        if not _finish(job_id, claimed.attempt, "done", "", summary):
            raise SupersededError


def _author_token(claimed: Any) -> str:
    try:
        return crypto.unseal(claimed.sealed_token, token_place(claimed.public_id)).decode()
    except crypto.UnreadableError as error:
        raise PermissionError(str(error)) from error


def _system_token(claimed: Any) -> str:
    """An identity for this run of this schedule only; closed when the job ends."""
    token = new_token()
    with unit_of_work():
        db().execute(
            text("SELECT odis.mint_system_token(:hash, :public_id, :name, :minutes)"),
            {
                "hash": token_hash(token),
                "public_id": f"{claimed.public_id}-{claimed.attempt}",
                "name": f"system:{claimed.schedule}",
                "minutes": SYSTEM_MINUTES,
            },
        )
    return token


def _finish(job_id: int, attempt: int, outcome: str, reason: str, summary: dict[str, Any]) -> bool:
    statement = text(
        "SELECT odis.job_finish(:id, CAST(:attempt AS smallint), :outcome, :reason, CAST(:summary AS jsonb))"
    )
    values = {"id": job_id, "attempt": attempt, "outcome": outcome, "reason": reason, "summary": json.dumps(summary)}
    return bool(db().execute(statement, values).scalar_one())


def _fail(job_id: int, attempt: int, reason: str) -> str:
    with unit_of_work():
        ended = _finish(job_id, attempt, "failed", reason, {})
    return "failed" if ended else "superseded"


def _beat(job_id: int, attempt: int, percent: int | None = None, sentence: str | None = None) -> bool:
    with unit_of_work():
        return bool(
            db()
            .execute(
                text("SELECT odis.job_beat(:id, CAST(:attempt AS smallint), CAST(:percent AS smallint), :sentence)"),
                {"id": job_id, "attempt": attempt, "percent": percent, "sentence": sentence},
            )
            .scalar_one()
        )


@contextmanager
def _beating(job_id: int, attempt: int) -> Iterator[None]:
    """Beat every few seconds while the task runs, from a thread with its own connections."""
    stop = threading.Event()

    def beat() -> None:
        while not stop.wait(HEARTBEAT_SECONDS):
            try:
                _beat(job_id, attempt)
            except OperationalError:
                log.warning("job %s could not beat: the database does not answer", job_id)

    thread = threading.Thread(target=beat, name=f"beat-{job_id}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
