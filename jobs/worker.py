"""The worker: RQ's own, that runs only a list of names. ``python -m jobs.worker`` (what ``odis worker`` starts).

What Redis holds is not trusted. RQ imports whatever dotted name a payload gives, for the job and for its callbacks, calls
webhooks it finds there, and its default serializer is pickle; here a payload is JSON, one of the allowed names, one integer;
the timeout is that of the queue; callbacks, webhooks and dependencies are ignored.
"""

from __future__ import annotations

import importlib
import logging
import signal
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, Worker
from rq.job import Job
from rq.serializers import JSONSerializer

from jobs import reconcile
from jobs.queues import ALLOWED, QUEUES
from jobs.runner import perform
from odis_app.core import crypto, db, outbox
from odis_app.core.services.launch import die_with_parent

if TYPE_CHECKING:
    from flask import Flask

    from odis_app.core.config import Config

log = logging.getLogger(__name__)


class RefusedJobError(Exception):
    """A payload that is not one of ours; nothing of it was imported or run."""


class ListedJob(Job):
    """A job whose function is a name of the list and whose argument is one job-row id."""

    allowed: ClassVar[frozenset[str]] = ALLOWED
    app: ClassVar[Flask | None] = None

    def restore(self, raw_data: Any) -> Any:
        """Read the payload from Redis, keeping only what we wrote there ourselves."""
        restored = super().restore(raw_data)
        rule = QUEUES.get(self.origin)
        self.timeout = rule.timeout if rule else 1
        self.result_ttl, self.failure_ttl = 0, outbox.FAILURE_TTL
        self.webhooks = []
        self._dependency_ids = []
        self.retries_left = self.repeats_left = None
        return restored

    success_callback = failure_callback = stopped_callback = property(lambda _: None)

    @property
    def func(self) -> Callable[..., Any]:
        """Never an import of what Redis says: the runner, which resolves allowed names only."""
        return perform

    def _execute(self) -> Any:
        name, arguments = self.func_name, self.args
        if name not in self.allowed or self.instance is not None or self.kwargs:
            raise RefusedJobError("not on the list of tasks")
        if len(arguments) != 1 or type(arguments[0]) is not int:
            raise RefusedJobError("one job-row id is expected")
        if self.app is None:
            return perform(name, arguments[0])
        with self.app.app_context():
            return perform(name, arguments[0])


class ListedQueue(Queue):
    """A queue of listed jobs."""

    job_class = ListedJob


class ListedWorker(Worker):
    """RQ's forking worker; its child dies with it, and inherits no database connection."""

    job_class = ListedJob
    queue_class = ListedQueue

    def main_work_horse(self, job: Job, queue: Queue) -> None:
        """In the child: never outlive a killed worker, never share its sockets."""
        die_with_parent(signal.SIGKILL)
        db.engine().dispose(close=False)
        super().main_work_horse(job, queue)


def build_worker(
    redis: Redis, *, queues: Iterable[str] = tuple(QUEUES), allowed: frozenset[str] = ALLOWED, app: Flask | None = None
) -> ListedWorker:
    """A worker on ``queues``, served in that order, for the tasks named in ``allowed``."""
    job_class = type("ListedJob", (ListedJob,), {"allowed": allowed, "app": app})
    queue_class = type("ListedQueue", (ListedQueue,), {"job_class": job_class})
    return ListedWorker(
        list(queues),
        connection=redis,
        serializer=JSONSerializer,
        job_class=job_class,
        queue_class=queue_class,
        log_job_description=False,
    )


def check_keys(config: Config) -> None:
    """Refuse to start with keys that are not those of this database. Raises KeyProblemError."""
    crypto.configure(config.master_key, config.index_key)
    with db.unit_of_work():
        crypto.verify_database(db.db().connection())


def run(config: Config, *, allowed: frozenset[str] = ALLOWED, burst: bool = False) -> int:
    """Serve the queues until SIGTERM or Ctrl-C: the present job is finished first; a second signal does not wait."""
    db.configure("app", config.worker_database_url)
    outbox.configure(config.redis_url)
    check_keys(config)
    from odis_app import create_app  # the application is built once, here, before any fork

    app = create_app(replace(config, database_url=config.worker_database_url))
    importlib.import_module("odis_app.core.pdf")  # before any fork too: a task that prints does not pay a second for it
    redis = outbox.connect(config.redis_url)
    try:
        reconcile.reconcile(redis)
    except RedisError as error:
        log.warning("Redis does not answer yet (%s); the scheduler will send what is due", type(error).__name__)
    build_worker(redis, allowed=allowed, app=app).work(burst=burst, logging_level="WARNING")
    return 0


def main() -> int:
    """The entry point; a missing or wrong setting is one sentence, not a traceback."""
    from odis_app.core.config import Config, ConfigError

    try:
        return run(Config.from_env())
    except (ConfigError, crypto.KeyProblemError, db.WideRoleError) as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
