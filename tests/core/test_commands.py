"""``odis db``: migrations by hand, and whether the base, the migrations and the models agree."""

from __future__ import annotations

from dataclasses import replace

import psycopg
import pytest
from flask import Flask

from odis_app import create_app
from odis_app.core import migrate
from odis_app.core.config import Config, libpq
from odis_app.core.services.embedded import Embedded
from odis_app.core.services.postgres import SUPERUSER
from odis_app.core.services.roles import ensure_database

NAME = "odis_commands"


@pytest.fixture(scope="module")
def empty(services: Embedded, config: Config) -> Flask:
    """The application on a database that holds nothing yet."""
    ensure_database(services.postgres.url(SUPERUSER, "postgres"), NAME)
    urls = {
        field: getattr(config, field).replace("/odis?", f"/{NAME}?")
        for field in ("database_url", "worker_database_url", "migrate_database_url")
    }
    return create_app(replace(config, **urls))


def test_an_empty_base_is_brought_up_and_a_lacking_one_is_told(database: Flask, empty: Flask) -> None:
    runner, url = empty.test_cli_runner(), empty.config["ODIS"].migrate_database_url
    before = runner.invoke(args=["db", "check"])
    assert before.exit_code == 1
    assert f"le code attend {migrate.head()}" in before.output
    done = runner.invoke(args=["db", "upgrade"])
    assert done.output == f"La base passe de vide à {migrate.head()}.\n"
    assert runner.invoke(args=["db", "upgrade"]).output == f"La base est déjà à la migration {migrate.head()}.\n"
    agreed = runner.invoke(args=["db", "check"])
    assert (agreed.exit_code, "s’accordent" in agreed.output) == (0, True), agreed.output
    with psycopg.connect(libpq(url), autocommit=True) as connection:
        connection.execute("SET ROLE odis_owner")
        connection.execute("ALTER TABLE dispositifs DROP COLUMN label")
        connection.execute("DROP TABLE former_communes")
    lacking = runner.invoke(args=["db", "check"])
    assert lacking.exit_code == 1
    assert "la table former_communes" in lacking.output
    assert "la colonne dispositifs.label" in lacking.output
