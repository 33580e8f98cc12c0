"""/sante: is everything that a page needs there, and does somebody do what is asked. Counts and dates only, nothing that would help an attacker."""

from __future__ import annotations

import shutil
import tempfile
from datetime import timedelta
from typing import Any

from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from odis_app.core import clock, outbox
from odis_app.core.config import Config
from odis_app.core.db import db, unit_of_work

ENOUGH_BYTES = 200 * 1024 * 1024
OK, LATE, DOWN = "ok", "en retard", "en panne"
LATE_AFTER = timedelta(minutes=15)
"""A queue whose oldest task waits longer has no worker; nothing planned for so long (the mails are, every five minutes): no scheduler."""


def report(config: Config) -> dict[str, Any]:
    """{statut, base, redis, stockage, planificateur, files, planifications}, in a unit of work of its own.

    ``statut`` is « en panne » when the base, Redis or the storage is; else « en retard » when a queue or the scheduler is: pages still answer.
    """
    parts: dict[str, Any] = {
        "base": OK, "redis": _redis(), "stockage": _storage(config), "planificateur": OK, "files": {}, "planifications": {},
    }  # fmt: skip
    try:
        with unit_of_work(readonly=True):
            parts |= _work()
    except SQLAlchemyError:
        parts["base"] = DOWN
    late = parts["planificateur"] == LATE or any(queue["en_retard"] for queue in parts["files"].values())
    broken = any(parts[name] == DOWN for name in ("base", "redis", "stockage"))
    return {"statut": DOWN if broken else LATE if late else OK, **parts}


def _work() -> dict[str, Any]:
    now = clock.now()
    queues = {
        row.queue: {
            "en_attente": row.queued,
            "en_cours": row.running,
            "plus_ancien": row.oldest_at.isoformat(timespec="seconds") if row.oldest_at else None,
            "en_retard": row.oldest_at is not None and now - row.oldest_at > LATE_AFTER,
        }
        for row in db.execute(text("SELECT * FROM odis.job_depths()"))
    }
    runs = {row.schedule: row for row in db.execute(text("SELECT * FROM odis.schedule_runs()"))}
    last = max((row.slot for row in runs.values()), default=None)
    return {
        "planificateur": LATE if last is not None and now - last > LATE_AFTER else OK,
        "files": queues,
        "planifications": {
            name: {
                "prevue": row.slot.isoformat(),
                "etat": row.state,
                "finie": row.finished_at and row.finished_at.isoformat(),
            }
            for name, row in runs.items()
        },
    }


def _redis() -> str:
    try:
        return OK if outbox.client().ping() else DOWN
    except RedisError:
        return DOWN


def _storage(config: Config) -> str:
    """Whether a file can be written where documents are kept, with room left."""
    try:
        with tempfile.TemporaryFile(dir=config.data_dir) as file:
            file.write(b"odis")
            file.flush()
        return OK if shutil.disk_usage(config.data_dir).free > ENOUGH_BYTES else DOWN
    except OSError:
        return DOWN
