"""The database roles of the second wall (``docs/architecture.md``), on an embedded or an external server.

``odis_owner`` owns everything and ``odis_auth`` the definer functions: nobody signs in as them. The web signs in as
``odis_app`` and the workers as ``odis_worker``, members of nothing; ``odis_migrate`` may act as the two owners;
``odis_backup`` reads through the walls, on the command line only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy.engine import make_url

from odis_app.core.config import libpq
from odis_app.core.services.process import ServiceError
from odis_app.core.services.secrets import ROLES as LOGIN
from odis_app.core.services.secrets import password

NOLOGIN = ("odis_owner", "odis_auth", "odis_public")
# The only memberships: the two owners for the migrations, and every table in reading for the backups.
MEMBERSHIPS = (("odis_owner", "odis_migrate"), ("odis_auth", "odis_migrate"), ("pg_read_all_data", "odis_backup"))
DATABASE = "odis"
PLAIN = "NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION"
OLDEST = 150000


@dataclass(frozen=True)
class Addresses:
    """The database, as each of our roles opens it."""

    app: str
    worker: str
    migrate: str
    backup: str
    admin: str

    def environment(self) -> dict[str, str]:
        """As configuration variables (the administrator's address is not one)."""
        return {
            "ODIS_DATABASE_URL": self.app,
            "ODIS_WORKER_DATABASE_URL": self.worker,
            "ODIS_MIGRATE_DATABASE_URL": self.migrate,
            "ODIS_BACKUP_DATABASE_URL": self.backup,
        }


def may_create_roles(url: str) -> bool:
    """Whether the role of ``url`` can prepare a server for us. Raises ServiceError when it does not answer."""
    with connect(url) as connection:
        row = connection.execute(
            "SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
    return bool(row and row[0])


def prepare(admin_url: str, data_dir: Path) -> Addresses:
    """Roles and database on the server of ``admin_url``, with the passwords kept in ``data_dir``; safe to repeat."""
    passwords = {role: password(data_dir, role) for role in LOGIN}
    database = make_url(admin_url).database or DATABASE
    database = DATABASE if database in {"postgres", "template1"} else database
    ensure_roles(admin_url, passwords)
    ensure_database(admin_url, database)
    return addresses(admin_url, passwords, database)


def addresses(admin_url: str, passwords: Mapping[str, str], database: str = DATABASE) -> Addresses:
    """The addresses of ``database`` on the server of ``admin_url``."""
    base = make_url(admin_url).set(database=database)
    shown = {
        role: base.set(username=role, password=passwords[role]).render_as_string(hide_password=False) for role in LOGIN
    }
    return Addresses(
        app=shown["odis_app"],
        worker=shown["odis_worker"],
        migrate=shown["odis_migrate"],
        backup=shown["odis_backup"],
        admin=base.render_as_string(hide_password=False),
    )


def ensure_roles(admin_url: str, passwords: Mapping[str, str]) -> None:
    """Create the roles or put them right: attributes, passwords, and no other membership than ``MEMBERSHIPS``."""
    with connect(admin_url, autocommit=False) as connection:
        try:
            connection.execute("SELECT pg_advisory_xact_lock(4404945)")  # two installations starting together
            _roles(connection, passwords)
        except psycopg.errors.InsufficientPrivilege as error:
            raise ServiceError(
                "Le rôle de ODIS_DATABASE_URL ne peut pas préparer les rôles de la base (odis_backup doit contourner les "
                f"murs, ce qu’un super-utilisateur seul accorde) : {error.diag.message_primary}."
            ) from error


def ensure_database(admin_url: str, database: str = DATABASE) -> None:
    """Create ``database`` if it is absent and close it to PUBLIC: no connection, no temporary table, no public schema."""
    name = sql.Identifier(database)
    with connect(admin_url) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (database,)).fetchone():
            create = "CREATE DATABASE {} OWNER odis_owner ENCODING 'UTF8' TEMPLATE template0"
            connection.execute(sql.SQL(create).format(name))
        connection.execute(sql.SQL("ALTER DATABASE {} OWNER TO odis_owner").format(name))
        connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
        # the sets that policies ask for are guessed at a thousand rows: a server would compile plans that last a millisecond
        connection.execute(sql.SQL("ALTER DATABASE {} SET jit = off").format(name))
        connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(name, _names(LOGIN)))
    inside = make_url(admin_url).set(database=database).render_as_string(hide_password=False)
    with connect(inside) as connection:
        connection.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
        connection.execute("ALTER SCHEMA public OWNER TO odis_owner")
        _close_large_objects(connection)


def _close_large_objects(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """They belong to a role, not to an organisation: a place beside the walls, that nothing of ours uses. Their functions are the server's own."""
    row = connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
    if not row or not row[0]:
        return
    named = "SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace AND proname ~ '^(lo_|lowrite$|loread$)'"
    for (function,) in connection.execute(named).fetchall():
        connection.execute(sql.SQL("REVOKE EXECUTE ON FUNCTION {} FROM PUBLIC").format(sql.SQL(str(function))))


def connect(url: str, *, autocommit: bool = True) -> psycopg.Connection[tuple[object, ...]]:
    """A connection to a server of at least version 15; ServiceError with a sentence otherwise."""
    try:
        connection = psycopg.connect(libpq(url), autocommit=autocommit, connect_timeout=10)
    except psycopg.OperationalError as error:
        where = conninfo_to_dict(libpq(url)).get("host", "")
        raise ServiceError(
            f"La base PostgreSQL ({where}) ne répond pas ou refuse le compte : {str(error).strip()}"
        ) from error
    if connection.info.server_version < OLDEST:
        version = connection.info.server_version // 10000
        connection.close()
        raise ServiceError(f"OD&IS demande PostgreSQL 15 ou plus ; ce serveur est un PostgreSQL {version}.")
    return connection


def _roles(connection: psycopg.Connection[tuple[object, ...]], passwords: Mapping[str, str]) -> None:
    known = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles WHERE rolname LIKE 'odis%'")}
    for role in (*NOLOGIN, *LOGIN):
        if role not in known:
            connection.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(role)))
        bypass = "BYPASSRLS" if role == "odis_backup" else "NOBYPASSRLS"
        login: sql.Composable = sql.SQL("NOLOGIN")
        if role in LOGIN:
            # The server stores the scram verifier, computed here: the password itself never travels, nor reaches a log.
            verifier = connection.pgconn.encrypt_password(passwords[role].encode(), role.encode(), b"scram-sha-256")
            login = sql.SQL("LOGIN PASSWORD {}").format(sql.Literal(verifier.decode()))
        change = sql.SQL("ALTER ROLE {} {} {} {}")
        connection.execute(change.format(sql.Identifier(role), sql.SQL(PLAIN), sql.SQL(bypass), login))
    for role, member in _memberships(connection):
        if (role, member) not in MEMBERSHIPS:
            connection.execute(sql.SQL("REVOKE {} FROM {}").format(sql.Identifier(role), sql.Identifier(member)))
    for role, member in MEMBERSHIPS:
        connection.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(role), sql.Identifier(member)))


def _memberships(connection: psycopg.Connection[tuple[object, ...]]) -> list[tuple[str, str]]:
    """(role, member) of every membership that one of our roles has."""
    rows = connection.execute(
        "SELECT r.rolname, m.rolname FROM pg_auth_members a JOIN pg_roles r ON r.oid = a.roleid "
        "JOIN pg_roles m ON m.oid = a.member WHERE m.rolname = ANY (%s)",
        ([*NOLOGIN, *LOGIN],),
    )
    return [(str(role), str(member)) for role, member in rows]


def _names(roles: tuple[str, ...]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, roles))
