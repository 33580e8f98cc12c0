import subprocess
import sys

import psycopg
import pytest
from psycopg import errors

from odis_app.core import db
from odis_app.core.config import libpq
from odis_app.core.crypto import new_key
from odis_app.core.services import roles
from tests.ops.test_serve import environment


@pytest.fixture
def admin(services):
    with psycopg.connect(libpq(services.addresses.admin), autocommit=True) as connection:
        yield connection


def memberships(admin) -> set[tuple[str, str]]:
    rows = admin.execute(
        "SELECT r.rolname, m.rolname FROM pg_auth_members a JOIN pg_roles r ON r.oid = a.roleid "
        "JOIN pg_roles m ON m.oid = a.member WHERE m.rolname LIKE 'odis\\_%'"
    )
    return set(rows.fetchall())


def test_the_roles_are_those_of_the_second_wall(admin):
    rows = admin.execute(
        "SELECT rolname, rolcanlogin, rolbypassrls FROM pg_roles WHERE rolname LIKE 'odis\\_%' AND NOT rolsuper "
        "AND NOT rolcreaterole AND NOT rolcreatedb AND NOT rolreplication ORDER BY 1"
    ).fetchall()
    assert rows == [
        ("odis_app", True, False),
        ("odis_auth", False, False),
        ("odis_backup", True, True),
        ("odis_migrate", True, False),
        ("odis_owner", False, False),
        ("odis_public", False, False),
        ("odis_worker", True, False),
    ]


def test_only_the_migrations_and_the_backups_are_members_of_something(admin):
    owners = {("odis_owner", "odis_migrate"), ("odis_auth", "odis_migrate")}
    assert memberships(admin) == owners | {("pg_read_all_data", "odis_backup")}


def test_what_somebody_loosened_is_put_right(admin, services):
    admin.execute("GRANT odis_owner TO odis_app; GRANT pg_read_all_data TO odis_worker; ALTER ROLE odis_app BYPASSRLS")
    admin.execute("GRANT odis_app TO odis_migrate")
    again = roles.prepare(services.postgres.url("postgres", "postgres"), services.postgres.data_dir)
    assert again == services.addresses
    test_only_the_migrations_and_the_backups_are_members_of_something(admin)
    test_the_roles_are_those_of_the_second_wall(admin)


def test_the_database_is_closed_to_everyone_else(admin, services):
    admin.execute("CREATE ROLE stranger LOGIN PASSWORD 'stranger'")
    try:
        url = (
            services.addresses.app.partition("odis_app:")[0]
            + "stranger:stranger@"
            + services.addresses.app.partition("@")[2]
        )
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            psycopg.connect(libpq(url)).close()
    finally:
        admin.execute("DROP ROLE stranger")


@pytest.mark.parametrize("name", ["app", "worker"])
def test_the_application_owns_and_creates_nothing(services, name):
    with psycopg.connect(libpq(getattr(services.addresses, name)), autocommit=True) as connection:
        for statement in ("CREATE TABLE public.t (a int)", "CREATE TEMP TABLE t (a int)", "CREATE SCHEMA s"):
            with pytest.raises(errors.InsufficientPrivilege):
                connection.execute(statement)
        for role in ("odis_owner", "odis_auth", "postgres", "odis_backup"):
            with pytest.raises(errors.InsufficientPrivilege):
                connection.execute(f"SET ROLE {role}")


def test_short_plans_are_never_compiled(services):
    with psycopg.connect(libpq(services.addresses.app)) as web:
        assert web.execute("SELECT setting, source FROM pg_settings WHERE name = 'jit'").fetchone() == (
            "off",
            "database",
        )


def test_the_migrations_act_as_the_owner(services):
    with psycopg.connect(libpq(services.addresses.migrate)) as connection:
        connection.execute("SET ROLE odis_owner")
        connection.execute("CREATE TABLE public.trial (a int)")
        owner = connection.execute("SELECT tableowner FROM pg_tables WHERE tablename = 'trial'").fetchone()
        connection.rollback()
    assert owner == ("odis_owner",)


def test_who_may_prepare_a_server(services):
    assert roles.may_create_roles(services.addresses.admin)
    assert not roles.may_create_roles(services.addresses.app)


def wide_roles(services, admin) -> dict[str, str]:
    """Addresses under which the walls would not stand, by what is wrong with each."""
    addresses = services.addresses
    return {
        "super-utilisateur": addresses.admin,
        "BYPASSRLS": addresses.backup,
        "membre d’un autre rôle": addresses.migrate,
        # the trap that looks right: current_user is odis_app, and one set_config gives the superuser back
        "rôle changé à la connexion": addresses.admin
        + ("&" if "?" in addresses.admin else "?")
        + "options=-c%20role%3Dodis_app",
    }


def test_no_connection_is_opened_under_a_role_that_the_walls_do_not_hold(admin, services):
    try:
        for what, url in wide_roles(services, admin).items():
            with pytest.raises(db.WideRoleError, match=what):
                db.configure("app", url).connect()
        for url in (services.addresses.app, services.addresses.worker):
            db.configure("app", url).connect().close()
        db.prove_role()
    finally:
        db.dispose("app")


def test_the_web_alone_refuses_to_start_under_such_a_role(admin, services, data_dir):
    keys = {name: new_key() for name in ("ODIS_SECRET_KEY", "ODIS_INDEX_KEY")} | {
        "ODIS_MASTER_KEY": f"1:{new_key()}",
        "ODIS_IDENTITY_KEY": "5a" * 32,
    }
    for url in (services.addresses.admin, services.addresses.migrate):
        known = {
            **services.addresses.environment(),
            **keys,
            "ODIS_DATABASE_URL": url,
            "ODIS_REDIS_URL": "unix:///nowhere",
        }
        for command in (["-m", "odis_app.cli", "web"], ["-c", "import wsgi"]):
            ended = subprocess.run(
                [sys.executable, *command],
                env=environment(data_dir, **known),
                capture_output=True,
                text=True,
                timeout=90,
                check=False,
            )
            assert ended.returncode != 0
            assert "n’est pas tenu par les murs" in ended.stderr + ended.stdout


def test_nothing_is_kept_beside_the_walls(services):
    """Large objects belong to a role, not to an organisation: the application's roles may not make nor read one."""
    for url in (services.addresses.app, services.addresses.worker):
        with psycopg.connect(libpq(url), autocommit=True) as connection:
            for call in ("lo_create(0)", "lo_creat(-1)", "lo_from_bytea(0, 'x')", "lo_get(1)", "lo_open(1, 262144)"):
                with pytest.raises(errors.InsufficientPrivilege):
                    connection.execute(f"SELECT {call}")
