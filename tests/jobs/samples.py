"""Tasks for the tests: they meet the test through Redis, never through the clock."""

from __future__ import annotations

import os
import time
from typing import Any

from redis import Redis
from sqlalchemy import text

from jobs.runner import RunningJob
from odis_app.core.db import db
from odis_app.core.errors import RuleError

PATIENCE = 60


def _redis() -> Redis:
    return Redis.from_url(os.environ["TEST_REDIS"], socket_timeout=None)


def count(job: RunningJob) -> dict[str, Any]:
    """Write one row and say who acts."""
    db().execute(text("INSERT INTO effects VALUES (:id)"), {"id": job.id})
    job.progress(40, "Calcul des délais")
    return {
        "org": job.identity.org_id,
        "user": job.identity.user_id,
        "system": job.identity.system_name,
        "params": job.params,
    }


def effect(job: RunningJob) -> dict[str, Any]:
    """Write one row, then wait for the test to decide."""
    db().execute(text("INSERT INTO effects VALUES (:id)"), {"id": job.id})
    job.progress(30, "Lecture des dossiers")
    redis = _redis()
    redis.rpush("test:reached", job.attempt)
    redis.blpop(["test:go"], timeout=PATIENCE)
    job.progress(60, "Mise en page")
    return {}


def wait(job: RunningJob) -> dict[str, Any]:
    """Say that it began, then wait; writes nothing."""
    redis = _redis()
    redis.rpush("test:reached", job.attempt)
    redis.blpop(["test:go"], timeout=PATIENCE)
    return {}


def look(job: RunningJob) -> dict[str, Any]:
    """What bare SQL shows to this job: the jobs of its author only."""
    return {"jobs": [row.id for row in db().execute(text("SELECT id FROM jobs ORDER BY id"))]}


def fail(job: RunningJob) -> dict[str, Any]:
    """Write, then break."""
    db().execute(text("INSERT INTO effects VALUES (:id)"), {"id": job.id})
    raise ZeroDivisionError


def refuse(job: RunningJob) -> dict[str, Any]:
    """Break a business rule."""
    db().execute(text("INSERT INTO effects VALUES (:id)"), {"id": job.id})
    raise RuleError("period", "La période demandée n’a aucune donnée.")


def overrun(job: RunningJob) -> dict[str, Any]:
    """Never end by itself."""
    while True:
        time.sleep(1)
