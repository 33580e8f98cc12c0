"""Databases made from one another, inside the session's server."""

from __future__ import annotations

import psycopg
from psycopg import sql

from odis_app.core.config import libpq
from odis_app.core.services.embedded import Embedded
from odis_app.core.services.postgres import SUPERUSER
from odis_app.core.services.roles import ensure_database


def copy_database(services: Embedded, *, source: str, target: str) -> None:
    """A database like ``source``, with its walls and its rights; nobody may have ``source`` open."""
    admin = services.postgres.url(SUPERUSER, "postgres")
    with psycopg.connect(libpq(admin), autocommit=True) as connection:
        names = sql.Identifier(target), sql.Identifier(source)
        connection.execute(sql.SQL("CREATE DATABASE {} OWNER odis_owner TEMPLATE {}").format(*names))
    ensure_database(admin, target)
