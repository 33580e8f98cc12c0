"""Migrations: one line of numbers, up, down and up again, and models that agree with the schema."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from odis_app.core import migrate
from odis_app.core.db import Base
from odis_app.core.services.embedded import Embedded
from odis_app.core.services.postgres import SUPERUSER
from odis_app.core.services.roles import ensure_database

VERSIONS = Path(__file__).resolve().parents[2] / "migrations" / "versions"


def test_files_are_numbered_and_the_head_is_written() -> None:
    stems = sorted(path.stem for path in VERSIONS.glob("*.py") if path.stem != "__init__")
    assert [s[:4] for s in stems] == [f"{n:04d}" for n in range(1, len(stems) + 1)]
    assert all(re.fullmatch(r"\d{4}_[a-z_]+", s) for s in stems)
    assert migrate.head() == stems[-1] == (VERSIONS.parent / "HEAD").read_text().strip()


def test_up_down_up(services: Embedded) -> None:
    ensure_database(services.postgres.url(SUPERUSER, "postgres"), "odis_migrations")
    url = services.addresses.migrate.replace("/odis?", "/odis_migrations?")
    stems = sorted(path.stem for path in VERSIONS.glob("0*.py"))
    for stem in stems:
        migrate.upgrade(url, identity_key="5a" * 32, revision=stem)
    before = shape(url)
    migrate.downgrade(url, "base")
    assert shape(url) == {("public", "alembic_version")}
    migrate.upgrade(url, identity_key="5a" * 32)
    assert shape(url) == before


def shape(url: str) -> set[tuple]:
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        found = connection.exec_driver_sql(
            "SELECT table_schema, table_name FROM information_schema.tables WHERE table_schema IN ('public', 'private') "
            "UNION ALL SELECT tablename, policyname FROM pg_policies "
            "UNION ALL SELECT 'odis', proname FROM pg_proc WHERE pronamespace = to_regnamespace('odis')"
        ).fetchall()
    engine.dispose()
    return {tuple(row) for row in found}


@pytest.mark.filterwarnings("ignore:Did not recognize type 'xid8'")  # place_changes has no model: only SQL reads it
def test_models_agree_with_the_schema(app: Flask) -> None:
    engine = create_engine(app.config["ODIS"].migrate_database_url, poolclass=NullPool)
    with engine.connect() as connection:
        found = compare_metadata(MigrationContext.configure(connection, opts={"compare_type": False}), Base.metadata)
    engine.dispose()
    kinds = {"add_table", "add_column"}  # what a model expects and the schema lacks; the schema itself may hold more
    flat = [item for entry in found for item in (entry if isinstance(entry, list) else [entry])]
    assert [str(item[:4]) for item in flat if item[0] in kinds] == []


@pytest.mark.parametrize("table", ["households", "members"])
def test_the_comparison_can_fail(app: Flask, table: str) -> None:
    assert table in Base.metadata.tables  # once the application loaded them
