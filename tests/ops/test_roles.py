import psycopg
import pytest
from psycopg import errors

from odis_app.core.config import libpq
from odis_app.core.services import roles


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
