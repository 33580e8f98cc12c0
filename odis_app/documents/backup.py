"""``odis backup``: one instant of the whole installation, in a folder that appears whole or not at all.

The database is read in one snapshot, as ``odis_backup``: rows, hashes, and the keys that leave apart are those of the same
instant, whatever is written meanwhile. Stored files are sealed already and never change: they are copied as they are.
"""

from __future__ import annotations

import json
import secrets
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from odis_app.core import clock, crypto, streams
from odis_app.core.config import Config
from odis_app.core.services import pgtools, roles
from odis_app.core.services.process import ServiceError
from odis_app.documents import archive, keys_backup
from odis_app.documents.archive import Manifest

_STORED = "SELECT storage_key FROM public.documents WHERE storage_key <> ''"


@dataclass(frozen=True, slots=True)
class Written:
    """What a backup made: its manifest, and the file of the records' keys when one was asked for, with how many."""

    manifest: Manifest
    keys: Path | None
    keys_count: int


def write(folder: Path, config: Config, *, keys_folder: Path | None = None) -> Written:
    """Write an archive in ``folder``, which must not exist. Raises ServiceError with a sentence; then nothing is left of it."""
    if folder.exists():
        raise ServiceError(f"{folder} existe déjà : donnez le nom d’un dossier nouveau, par exemple {folder.name}-2.")
    if not config.backup_database_url:
        raise ServiceError(
            "ODIS_BACKUP_DATABASE_URL est absente : donnez l’adresse de la base sous le rôle odis_backup."
        )
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = Path(tempfile.mkdtemp(prefix=".odis-", suffix=".en-cours", dir=folder.parent))
    try:
        with roles.connect(config.backup_database_url, autocommit=False) as connection:
            written = _fill(draft, config, connection, keys_folder)
        archive.settle(draft)
        draft.rename(folder)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return written


def _fill(draft: Path, config: Config, connection: psycopg.Connection[Any], keys_folder: Path | None) -> Written:
    connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
    snapshot = str(_value(connection, "SELECT pg_export_snapshot()"))
    _refuse_blind(connection)
    key, made_at = secrets.token_bytes(crypto.KEY_BYTES), clock.now().isoformat()
    server = connection.info.server_version // 10000
    program, major = pgtools.tool("pg_dump", server)
    with (
        pgtools.dumping(config.backup_database_url, program, snapshot=snapshot, without=archive.WITHOUT) as dump,
        archive.create(draft / archive.DUMP) as target,
    ):
        streams.seal_stream(dump, target, key)
    _write_records(draft / archive.RECORDS, connection)
    parts = {name: archive.measure(draft / name) for name in (archive.DUMP, archive.RECORDS)}
    for name in archive.FOLDERS:
        source = config.data_dir / name
        found = archive.copy(source, draft / name, archive.files(source))
        parts |= {f"{name}/{path}": measured for path, measured in found.items()}
    stored = {f"documents/{row[0]}" for row in connection.execute(_STORED)}
    manifest = Manifest(
        made_at=made_at, migration=str(_value(connection, "SELECT version_num FROM alembic_version")), server=server, tool=major,
        checks=crypto.keyring().checks(), master=crypto.keyring().current, key=archive.seal_key(key, made_at),
        tables=archive.tables_of(connection), parts=parts, missing=tuple(sorted(stored - set(parts))),
    )  # fmt: skip
    path, count = keys_backup.write(keys_folder, keys_backup.rows_of(connection)) if keys_folder else (None, 0)
    archive.write_manifest(draft, manifest, key)
    return Written(manifest, path, count)


def _refuse_blind(connection: psycopg.Connection[Any]) -> None:
    """A role that a wall stops would write an archive with holes."""
    sees = "SELECT rolbypassrls AND pg_has_role(oid, 'pg_read_all_data', 'USAGE') FROM pg_roles WHERE rolname = current_user"
    if not _value(connection, sees):
        raise ServiceError(
            "Le rôle de ODIS_BACKUP_DATABASE_URL ne lit pas toute la base. Un administrateur écrit : "
            "ALTER ROLE odis_backup BYPASSRLS; GRANT pg_read_all_data TO odis_backup;"
        )


def _write_records(path: Path, connection: psycopg.Connection[Any]) -> None:
    """Which key belonged to which record, without the keys: a restoration knows by it which records were erased since."""
    with archive.create(path) as file:
        for record_id, key_id in connection.execute("SELECT record_id, public_id FROM public.record_keys ORDER BY 1"):
            file.write(json.dumps([record_id, key_id]).encode() + b"\n")


def _value(connection: psycopg.Connection[Any], statement: str) -> object:
    row = connection.execute(statement).fetchone()
    return row[0] if row else None
