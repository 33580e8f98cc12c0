"""A unit of work begins on a living connection, whatever happened to the database meanwhile."""

from __future__ import annotations

import psycopg
from sqlalchemy import text

from odis_app.core.config import libpq
from odis_app.core.db import db, unit_of_work


def test_connections_cut_while_they_slept_are_replaced(database, admin_url):
    with unit_of_work():
        first = db.execute(text("SELECT pg_backend_pid()")).scalar_one()
    with psycopg.connect(libpq(admin_url), autocommit=True) as connection:
        others = "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        assert connection.execute(others).fetchone() != (0,)
    with unit_of_work():
        assert db.execute(text("SELECT pg_backend_pid()")).scalar_one() != first
