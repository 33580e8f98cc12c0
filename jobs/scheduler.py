"""The scheduler process: every thirty seconds, plan what is due and reconcile the queues. ``python -m jobs.scheduler``.

Any number may run: an advisory lock lets one at a time plan, and the database keeps one run per schedule and instant.
"""

from __future__ import annotations

import logging
import signal
import sys
import threading
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from jobs import reconcile
from jobs.schedule import SCHEDULE, Schedule
from jobs.worker import check_keys
from odis_app.core import clock, crypto, db, outbox
from odis_app.core.ids import new_public_id

if TYPE_CHECKING:
    from odis_app.core.config import Config

log = logging.getLogger(__name__)
LOCK = 4_404_946  # any constant: one scheduler plans at a time
PAUSE_SECONDS = 30


def plan(now: datetime, schedule: Iterable[Schedule] = SCHEDULE) -> list[int]:
    """Write a job for each schedule whose last slot has none yet; returns their ids. Run twice, the second writes nothing."""
    with db.unit_of_work():
        if not db.db().execute(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": LOCK}).scalar_one():
            return []
        planned = [_plan_one(item, item.last_slot(now)) for item in schedule]
    return [job_id for job_id in planned if job_id is not None]


def _plan_one(item: Schedule, slot: datetime) -> int | None:
    statement = text("SELECT odis.job_schedule(:name, :slot, :task, :queue, :label, :public_id)")
    values = {"name": item.name, "slot": slot, "task": item.task, "queue": item.queue, "label": item.label}
    found: int | None = db.db().execute(statement, values | {"public_id": new_public_id()}).scalar_one()
    return found


def tick(redis: Redis) -> None:
    """One round; a service that does not answer is logged and tried again at the next one."""
    try:
        plan(clock.now())
        done = reconcile.reconcile(redis)
        if done.given_back or done.failed:
            log.warning("reconciled: %s given back, %s failed", done.given_back, done.failed)
    except RedisError as error:
        log.warning("Redis does not answer: %s", type(error).__name__)
    except OperationalError:
        log.warning("the database does not answer")


def run(config: Config) -> int:
    """Tick until SIGTERM or Ctrl-C."""
    db.configure("app", config.worker_database_url, pool_size=2)
    check_keys(config)
    redis = outbox.connect(config.redis_url, patience=5)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    while not stop.is_set():
        tick(redis)
        stop.wait(PAUSE_SECONDS)
    return 0


def main() -> int:
    """The entry point; a missing or wrong setting is one sentence, not a traceback."""
    from odis_app.core.config import Config, ConfigError

    try:
        return run(Config.from_env())
    except (ConfigError, crypto.KeyProblemError) as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
