"""The reconciler: what PostgreSQL knows to be due is made true in Redis. Run at each worker's start and by the scheduler.

PostgreSQL is the truth. A job whose worker died is given back, three attempts at most; a queued job that Redis does not
hold (it was down at the commit, or came back empty) is pushed again. Pushing too often is harmless: a claim is atomic.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from redis import Redis
from sqlalchemy import Row, text

from jobs.queues import MAX_ATTEMPTS, STALE_SECONDS
from odis_app.core import clock
from odis_app.core.db import db, unit_of_work
from odis_app.core.outbox import Departure, mark_sent, push, queue_named

GRACE = timedelta(seconds=30)  # a job that just left may be between the list and its claim
LOST_TOO_OFTEN = (
    "Le travail s’est interrompu trois fois. Relancez-le ; s’il s’arrête encore, prévenez l’administrateur."
)


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What one pass did."""

    pushed: int
    given_back: int
    failed: int


def reconcile(
    redis: Redis, *, stale: timedelta = timedelta(seconds=STALE_SECONDS), grace: timedelta = GRACE
) -> Reconciled:
    """One pass. Raises RedisError when Redis does not answer; what was given back stays so."""
    with unit_of_work():
        moved = (
            db()
            .execute(
                text("SELECT * FROM odis.job_give_back(:stale, CAST(:most AS smallint), :reason)"),
                {"stale": stale, "most": MAX_ATTEMPTS, "reason": LOST_TOO_OFTEN},
            )
            .all()
        )
    failed = sum(row.state == "failed" for row in moved)
    return Reconciled(pushed=push_due(redis, grace=grace), given_back=len(moved) - failed, failed=failed)


def push_due(redis: Redis, *, grace: timedelta = GRACE) -> int:
    """Push every queued job that is not in Redis; returns how many left."""
    with unit_of_work():
        due = db().execute(text("SELECT * FROM odis.outbox_due()")).all()
        waiting = {name: set(queue_named(name, redis).job_ids) for name in {row.queue for row in due}}
        sent, pushed = [], 0
        for row in due:
            departure = Departure(row.id, row.job_id, row.task, row.queue)
            if departure.rq_id in waiting[row.queue]:
                if row.sent_at is None:
                    sent.append(row.id)
            elif row.sent_at is None or clock.now() - row.sent_at >= grace:
                sent.append(_push_again(row, departure, redis))
                pushed += 1
        mark_sent(sent, db().connection())
    return pushed


def _push_again(row: Row[int, int, str, str, object], departure: Departure, redis: Redis) -> int:
    """Push under the row's number, or under a new one when a dead worker left the first lying in Redis."""
    if push(departure, redis):
        return departure.id
    renewed = int(db().execute(text("SELECT odis.outbox_renew(:id)"), {"id": row.id}).scalar_one())
    push(Departure(renewed, departure.job_id, departure.task, departure.queue), redis)
    return renewed
