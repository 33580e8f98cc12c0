"""What ``/sante`` says of the machinery: Redis, the queues, the schedule. Counts and dates only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from jobs.queues import QUEUES
from jobs.schedule import SCHEDULE
from odis_app.core import clock, outbox
from odis_app.core.db import db

LATE_AFTER = timedelta(
    minutes=15
)  # a queue whose oldest job waits longer, or a schedule that did not run, is « en retard »


@dataclass(frozen=True, slots=True)
class QueueHealth:
    """One queue: rows that wait and run, and since when the oldest waits."""

    queued: int
    running: int
    oldest_at: datetime | None

    @property
    def is_late(self) -> bool:
        """Somebody has been waiting for too long."""
        return self.oldest_at is not None and clock.now() - self.oldest_at > LATE_AFTER


def redis_answers(redis: Redis) -> bool:
    """Whether Redis answers now."""
    try:
        return bool(redis.ping())
    except RedisError:
        return False


def queue_depths() -> dict[str, QueueHealth]:
    """Every queue, empty ones included, from the database: true even when Redis is down."""
    rows = {row.queue: row for row in db().execute(text("SELECT * FROM odis.job_depths()"))}
    empty = QueueHealth(0, 0, None)
    return {
        name: QueueHealth(rows[name].queued, rows[name].running, rows[name].oldest_at) if name in rows else empty
        for name in QUEUES
    }


def last_runs() -> dict[str, dict[str, Any]]:
    """Each schedule with its last run: ``slot``, ``state``, ``finished_at`` and ``is_late`` (due for long and not planned)."""
    rows = {row.schedule: row for row in db().execute(text("SELECT * FROM odis.schedule_runs()"))}
    runs = {}
    for item in SCHEDULE:
        row, due = rows.get(item.name), item.last_slot(clock.now())
        is_late = clock.now() - due > LATE_AFTER and (row is None or row.slot < due)
        runs[item.name] = {
            "label": item.label,
            "slot": row.slot if row else None,
            "state": row.state if row else None,
            "finished_at": row.finished_at if row else None,
            "is_late": is_late,
        }
    return runs


def snapshot() -> dict[str, Any]:
    """The parts « redis », « files » and « planifications » of ``/sante``, in the present unit of work, ready for JSON.

    ``redis`` is « ok » or « en panne »; when the database does not answer, the other two are empty.
    """
    try:
        queues, runs = queue_depths(), last_runs()
    except SQLAlchemyError:
        queues, runs = {}, {}
    return {
        "redis": "ok" if redis_answers(outbox.client()) else "en panne",
        "files": {
            name: {
                "en_attente": queue.queued,
                "en_cours": queue.running,
                "plus_ancien": _iso(queue.oldest_at),
                "en_retard": queue.is_late,
            }
            for name, queue in queues.items()
        },
        "planifications": {
            name: {
                "libelle": run["label"],
                "prevu": _iso(run["slot"]),
                "etat": run["state"],
                "fini": _iso(run["finished_at"]),
                "en_retard": run["is_late"],
            }
            for name, run in runs.items()
        },
    }


def _iso(instant: datetime | None) -> str | None:
    return instant.isoformat(timespec="seconds") if instant else None
