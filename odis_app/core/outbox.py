"""The outbox: a job asked for in a transaction leaves for Redis after the commit, or later, but never before and never twice.

``enqueue`` writes a row beside what it announces. After the commit the row's id goes to RQ; when Redis is down the row
waits, and the reconciler (``jobs.reconcile``) sends it. Redis may be lost at any time: what is due is always known here.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue
from rq.exceptions import DuplicateJobError
from rq.serializers import JSONSerializer
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from odis_app.core.db import after_commit, db

log = logging.getLogger(__name__)
PATIENCE_SECONDS = 1.0  # a page never waits longer for a dead Redis
FAILURE_TTL = 24 * 3600
_clients: dict[str, Redis] = {}


@dataclass(frozen=True, slots=True)
class Departure:
    """One row of the outbox on its way: ``id`` names the RQ job, ``job_id`` is its only argument; ``token`` is its author's."""

    id: int
    job_id: int
    task: str
    queue: str
    token: str = field(default="", repr=False)

    @property
    def rq_id(self) -> str:
        """The name of the job in Redis: the same row can never be there twice."""
        return f"odis-{self.id}"


def configure(url: str) -> None:
    """Say where Redis is. Connects to nothing: the application starts, and works, without it."""
    _clients["default"] = connect(url, patience=PATIENCE_SECONDS)


def connect(url: str, *, patience: float | None = None) -> Redis:
    """A client of the Redis at ``url``, giving up after ``patience`` seconds (None: RQ's own long waits)."""
    return Redis.from_url(url, socket_connect_timeout=patience or 5, socket_timeout=patience)


def client() -> Redis:
    """The client of this process. Raises RuntimeError before ``configure``."""
    if "default" not in _clients:
        raise RuntimeError("outbox.configure(url) was not called")
    return _clients["default"]


def queue_named(name: str, redis: Redis) -> Queue:
    """An RQ queue that speaks JSON, never pickle."""
    return Queue(name, connection=redis, serializer=JSONSerializer)


def enqueue(task: str, job_id: int) -> None:
    """Ask, in the present unit of work, that ``task`` (a dotted name of ``jobs``) run for the job row ``job_id``.

    Nothing leaves if the unit rolls back. Raises LookupError when no such job of mine was made for this task.
    """
    row = (
        db()
        .execute(
            text("""WITH mine AS (SELECT id, task, queue FROM jobs WHERE id = :job AND task = :task),
                         kept AS (INSERT INTO outbox (job_id, task) SELECT id, task FROM mine RETURNING id)
                    SELECT kept.id, mine.queue, current_setting('odis.token', true) AS token FROM kept, mine"""),
            {"job": job_id, "task": task},
        )
        .first()
    )
    if row is None:
        raise LookupError(f"no job {job_id} for {task}")
    bind = db().get_bind()
    engine = bind.engine if isinstance(bind, Connection) else bind
    departure = Departure(row.id, job_id, task, row.queue, row.token or "")
    after_commit(lambda leaving: leave(leaving, engine), departure)


def leave(departure: Departure, engine: Engine) -> None:
    """Push one committed row and mark it sent. Whatever fails is logged and left to the reconciler: the page goes on."""
    try:
        push(departure, client())
        with engine.begin() as connection:
            connection.execute(text("SELECT set_config('odis.token', :token, true)"), {"token": departure.token})
            mark_sent([departure.id], connection)
    except (RedisError, SQLAlchemyError, RuntimeError) as error:
        log.warning("outbox %s waits for the reconciler: %s", departure.id, type(error).__name__)


def push(departure: Departure, redis: Redis) -> bool:
    """Hand a row to RQ. False when Redis has it already."""
    try:
        queue_named(departure.queue, redis).enqueue_call(
            func=departure.task,
            args=(departure.job_id,),
            job_id=departure.rq_id,
            unique=True,
            result_ttl=0,
            failure_ttl=FAILURE_TTL,
            description=departure.task,
        )
    except DuplicateJobError:
        return False
    return True


def mark_sent(ids: Iterable[int], connection: Connection) -> None:
    """Note that rows left."""
    connection.execute(text("SELECT odis.outbox_sent(:ids)"), {"ids": list(ids)})
