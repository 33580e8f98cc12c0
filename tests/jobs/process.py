"""A worker in a process of its own: ``python -m tests.jobs.process serve|burst``, what ``jobs.worker.run`` does without the pages."""

from __future__ import annotations

import os
import sys
from dataclasses import replace

import jobs.queues
from jobs import reconcile
from jobs.worker import build_worker
from odis_app.core import crypto, db, outbox
from tests.jobs.samples_names import SAMPLES

if __name__ == "__main__":
    if "TEST_PATH" in os.environ:
        sys.path.insert(0, os.environ["TEST_PATH"])
    db.configure("app", os.environ["TEST_DATABASE"])
    crypto.configure(os.environ["ODIS_MASTER_KEY"], os.environ["ODIS_INDEX_KEY"])
    outbox.configure(os.environ["TEST_REDIS"])
    if "TEST_TIMEOUT" in os.environ:
        rule = jobs.queues.QUEUES["bilans"]
        jobs.queues.QUEUES["bilans"] = replace(rule, timeout=int(os.environ["TEST_TIMEOUT"]))
    redis = outbox.connect(os.environ["TEST_REDIS"])
    if "reconcile" in sys.argv[1]:
        reconcile.reconcile(redis)
    build_worker(redis, allowed=jobs.queues.ALLOWED | SAMPLES).work(
        burst="burst" in sys.argv[1], logging_level="WARNING"
    )
