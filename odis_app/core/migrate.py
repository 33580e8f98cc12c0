"""Migrations, run from the application: ``upgrade(url, identity_key=…)``.

The URL is that of ``odis_migrate``. The identity key is the installation's secret under which sessions are minted:
the database keeps only the two padded halves that HMAC-SHA256 needs, in a table no application role can read.
"""

from __future__ import annotations

import secrets
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import SAWarning
from sqlalchemy.pool import NullPool

from odis_app.core.db import Base

ROOT = Path(__file__).resolve().parents[2]
LOCK = 4_404_944  # any constant: one migration at a time, whatever the number of machines


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def head() -> str:
    """The revision id of the newest migration."""
    found = ScriptDirectory.from_config(_config()).get_current_head()
    if found is None:
        raise RuntimeError("no migration found")
    return found


def current(url: str) -> str | None:
    """The revision that the database is at; None for an empty one."""
    with _connected(url) as connection:
        return MigrationContext.configure(connection).get_current_revision()


def lacking(url: str) -> list[str]:
    """What the models expect and the schema has not: « la table X », « la colonne X.Y ». The schema itself may hold more (SQL alone reads it)."""
    with _connected(url) as connection, warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)  # types that no model needs
        found = compare_metadata(MigrationContext.configure(connection, opts={"compare_type": False}), Base.metadata)
    flat = [item for entry in found for item in (entry if isinstance(entry, list) else [entry])]
    tables = [f"la table {item[1].name}" for item in flat if item[0] == "add_table"]
    return tables + [f"la colonne {item[2]}.{item[3].name}" for item in flat if item[0] == "add_column"]


def upgrade(url: str, *, identity_key: str, revision: str = "head", instance_kind: str | None = None) -> None:
    """Bring the schema to ``revision`` and record the installation's identity key and kind (once, never changed)."""
    _run(url, lambda config: command.upgrade(config, revision))
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        _store_key(connection, identity_key)
        if instance_kind is not None:
            connection.execute(
                text(
                    "INSERT INTO instance (key, value) VALUES ('kind', to_jsonb(CAST(:kind AS text))) ON CONFLICT DO NOTHING"
                ),
                {"kind": instance_kind},
            )
        connection.execute(
            text("INSERT INTO instance (key, value) VALUES ('id', to_jsonb(CAST(:id AS text))) ON CONFLICT DO NOTHING"),
            {"id": secrets.token_hex(8)},
        )
    engine.dispose()


def downgrade(url: str, revision: str) -> None:
    """Go back to ``revision`` (``base`` for an empty database)."""
    _run(url, lambda config: command.downgrade(config, revision))


@contextmanager
def _connected(url: str) -> Iterator[Connection]:
    engine = create_engine(url, poolclass=NullPool)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _run(url: str, action: Callable[[Config], None]) -> None:
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": LOCK})
        connection.commit()
        try:
            action(_config(connection))
            connection.commit()
        finally:
            connection.rollback()
            connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": LOCK})
            connection.commit()
    engine.dispose()


def _store_key(connection: Connection, identity_key: str) -> None:
    key = bytes.fromhex(identity_key).ljust(64, b"\0")
    if len(key) != 64:
        raise ValueError("the identity key has 64 bytes at most")
    connection.execute(
        text(
            "INSERT INTO private.keys (name, inner_pad, outer_pad) VALUES ('identity', :inner, :outer) "
            "ON CONFLICT (name) DO UPDATE SET inner_pad = excluded.inner_pad, outer_pad = excluded.outer_pad"
        ),
        {"inner": bytes(b ^ 0x36 for b in key), "outer": bytes(b ^ 0x5C for b in key)},
    )
