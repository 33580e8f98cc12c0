"""/sante: is everything that a page needs there. Counts and dates only, nothing that would help an attacker."""

from __future__ import annotations

import shutil
from typing import Any

from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from odis_app.core import outbox
from odis_app.core.config import Config
from odis_app.core.db import db

ENOUGH_BYTES = 200 * 1024 * 1024
OK, DOWN = "ok", "en panne"


def report(config: Config) -> dict[str, Any]:
    """{statut, base, redis, stockage, files, planifications}; ``statut`` is « en panne » when one of the first three is."""
    parts: dict[str, Any] = {
        "base": OK,
        "redis": _redis(),
        "stockage": _storage(config),
        "files": {},
        "planifications": {},
    }
    try:
        parts["files"] = {
            row.queue: {"en_attente": row.queued, "en_cours": row.running}
            for row in db.execute(text("SELECT * FROM odis.job_depths()"))
        }
        parts["planifications"] = {
            row.schedule: row.slot.isoformat() for row in db.execute(text("SELECT * FROM odis.schedule_runs()"))
        }
    except SQLAlchemyError:
        parts["base"] = DOWN
    broken = any(parts[name] == DOWN for name in ("base", "redis", "stockage"))
    return {"statut": DOWN if broken else OK, **parts}


def _redis() -> str:
    try:
        return OK if outbox.client().ping() else DOWN
    except RedisError:
        return DOWN


def _storage(config: Config) -> str:
    try:
        return OK if shutil.disk_usage(config.data_dir).free > ENOUGH_BYTES else DOWN
    except OSError:
        return DOWN
