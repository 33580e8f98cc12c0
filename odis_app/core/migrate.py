"""Migrations, run from the application: ``upgrade(url, identity_key=…)``.

The URL is that of ``odis_migrate``. The identity key is the installation's secret under which sessions are minted:
the database keeps only the two padded halves that HMAC-SHA256 needs, in a table no application role can read.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

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
