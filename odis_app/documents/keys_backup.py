"""The keys of records, still wrapped, in files of their own: the backups of the database are made without them.

A file is short-lived: thirty days after an erasure, no backup of any age makes the erased file readable again. It opens with the
master key only, which is in no backup at all.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import namedtuple_row
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from odis_app.access import erasures
from odis_app.access.models import Record, RecordKey
from odis_app.core import clock
from odis_app.core.db import db

KEPT_DAYS = 30
_KEYS = "SELECT record_id, public_id, version, made_at, key_sealed FROM public.record_keys ORDER BY record_id"
NAME = "cles-%Y-%m-%d-%H%M%S.jsonl"


def write(folder: Path, rows: Sequence[Any] | None = None) -> tuple[Path, int]:
    """Write every key (file mode 600, folder 700); (the file, how many). ``rows``: those of ``rows_of``, else a unit of the owner's."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / clock.now().strftime(NAME)
    rows = db.execute(select(RecordKey).order_by(RecordKey.record_id)).scalars().all() if rows is None else rows
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        for row in rows:
            told = {
                "record_id": row.record_id, "public_id": row.public_id, "version": row.version, "made_at": row.made_at.isoformat(),
                "key": base64.b64encode(row.key_sealed).decode(),
            }  # fmt: skip
            file.write(json.dumps(told) + "\n")
    return path, len(rows)


def rows_of(connection: psycopg.Connection[Any]) -> Sequence[Any]:
    """Every key, as the transaction of ``connection`` sees them: those of the very instant of a dump."""
    with connection.cursor(row_factory=namedtuple_row) as cursor:
        return cursor.execute(_KEYS).fetchall()


def forget_old(folder: Path, days: int) -> int:
    """Delete the files of more than ``days``, by the instant in their name; how many."""
    oldest, gone = clock.now() - timedelta(days=days), 0
    for path in folder.glob("cles-*.jsonl"):
        try:
            written = datetime.strptime(path.name, NAME).replace(tzinfo=oldest.tzinfo)
        except ValueError:
            continue
        if written < oldest:
            path.unlink()
            gone += 1
    return gone


def read(path: Path, erasures_dir: Path) -> int:
    """Put back the keys of ``path`` that records of the database lack; how many. What was erased stays so. Needs a unit of the owner."""
    erased = {one.key_id for one in erasures.lines(erasures_dir)}
    owners = {row.id: row.owner_org_id for row in db.execute(select(Record.id, Record.owner_org_id))}
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines():
        told = json.loads(line)
        if told["public_id"] not in erased and told["record_id"] in owners:
            rows.append({
                "record_id": told["record_id"], "owner_org_id": owners[told["record_id"]], "public_id": told["public_id"], "version": told["version"],
                "made_at": datetime.fromisoformat(told["made_at"]), "key_sealed": base64.b64decode(told["key"]),
            })  # fmt: skip
    if not rows:
        return 0
    back = insert(RecordKey).on_conflict_do_nothing().returning(RecordKey.record_id)
    return len(db.execute(back, rows).all())
