"""The second wall, read from PostgreSQL's own catalogue: what somebody forgot shows here, not in a leak."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from flask import Flask

from odis_app.core.config import libpq

# Tables with no person and no organisation in them, readable by all and written by the owner alone.
OPEN = {
    "alembic_version", "instance", "dispositifs", "regions", "departments", "arrondissements", "epcis", "communes", "commune_keys", "commune_parts",
    "commune_postal_codes", "former_communes", "employment_zones", "territory_loads", "key_checks", "place_changes", "purposes", "retention_rules",
}  # fmt: skip
WEB = ("odis_app", "odis_worker")


@pytest.fixture
def catalogue(database: Flask, admin_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(libpq(admin_url)) as connection:
        yield connection


def rows(catalogue: psycopg.Connection, sql: str) -> list[tuple]:
    return catalogue.execute(sql).fetchall()


def test_every_table_is_walled_or_known_to_be_open(catalogue: psycopg.Connection) -> None:
    found = rows(
        catalogue,
        "SELECT relname, relrowsecurity, relforcerowsecurity FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')",
    )
    bare = sorted(name for name, enabled, forced in found if name not in OPEN and not (enabled and forced))
    assert bare == []
    assert sorted(name for name, enabled, _ in found if name in OPEN and enabled) == []


def test_tables_belong_to_the_owner_and_functions_to_the_guardian(catalogue: psycopg.Connection) -> None:
    tables = rows(
        catalogue,
        "SELECT relname, pg_get_userbyid(relowner) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm')",
    )
    assert {name: owner for name, owner in tables if owner != "odis_owner" and name != "alembic_version"} == {}
    functions = rows(
        catalogue, "SELECT proname, pg_get_userbyid(proowner) FROM pg_proc WHERE pronamespace = 'odis'::regnamespace"
    )
    assert {name: owner for name, owner in functions if owner != "odis_auth"} == {}


def test_every_policy_names_its_roles(catalogue: psycopg.Connection) -> None:
    assert rows(catalogue, "SELECT tablename, policyname FROM pg_policies WHERE 'public' = ANY (roles)") == []


def test_views_run_as_who_reads_them_and_no_view_is_materialised(catalogue: psycopg.Connection) -> None:
    views = rows(
        catalogue,
        "SELECT relname, relkind, coalesce(array_to_string(reloptions, ','), '') FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('v', 'm')",
    )
    assert [name for name, kind, options in views if kind == "m" or "security_invoker=true" not in options] == []


def test_definer_functions_have_a_fixed_search_path(catalogue: psycopg.Connection) -> None:
    loose = rows(
        catalogue,
        "SELECT proname FROM pg_proc WHERE prosecdef AND NOT coalesce(array_to_string(proconfig, ',') LIKE '%search_path=pg_catalog%', false) AND pronamespace IN ('odis'::regnamespace, 'public'::regnamespace)",
    )
    assert loose == []


def test_the_day_is_that_of_paris_wherever_the_server_stands(catalogue: psycopg.Connection) -> None:
    """Rights begin and end at midnight in Paris: a session of another zone neither gains nor loses a day."""
    functions = rows(
        catalogue,
        "SELECT proname FROM pg_proc WHERE pronamespace = 'odis'::regnamespace AND prosrc ~* '(current_date|localtimestamp|now\\(\\)::date)' "
        "AND NOT coalesce(proconfig, '{}') @> ARRAY['TimeZone=Europe/Paris']",
    )
    rules = rows(
        catalogue,
        "SELECT rule FROM (SELECT coalesce(pg_get_expr(polqual, polrelid), '') || coalesce(pg_get_expr(polwithcheck, polrelid), '') AS rule FROM pg_policy UNION ALL "
        "SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef UNION ALL SELECT pg_get_constraintdef(oid) FROM pg_constraint) r WHERE rule ~* 'current_date'",
    )
    assert (functions, rules) == ([], [])


def test_nothing_is_granted_to_everybody(catalogue: psycopg.Connection) -> None:
    tables = rows(
        catalogue,
        "SELECT table_schema, table_name FROM information_schema.role_table_grants WHERE grantee = 'PUBLIC' AND table_schema IN ('public', 'private', 'odis')",
    )
    functions = rows(
        catalogue,
        "SELECT routine_name FROM information_schema.role_routine_grants WHERE grantee = 'PUBLIC' AND routine_schema = 'odis'",
    )
    schema = rows(
        catalogue,
        "SELECT has_schema_privilege('odis_app', 'public', 'CREATE'), has_schema_privilege('odis_app', 'private', 'USAGE'), has_database_privilege('odis_app', current_database(), 'TEMP')",
    )
    assert (tables, functions, schema) == ([], [], [(False, False, False)])


@pytest.mark.parametrize("role", WEB)
def test_the_web_and_the_workers_are_nobody(catalogue: psycopg.Connection, role: str) -> None:
    attributes = rows(
        catalogue, f"SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = '{role}'"
    )
    memberships = rows(
        catalogue,
        f"SELECT r.rolname FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid JOIN pg_roles u ON u.oid = m.member WHERE u.rolname = '{role}'",
    )
    owned = rows(catalogue, f"SELECT relname FROM pg_class WHERE pg_get_userbyid(relowner) = '{role}'")
    assert (attributes, memberships, owned) == ([(False, False, False, False)], [], [])


def test_without_identity_bare_sql_returns_nothing(database: Flask, catalogue: psycopg.Connection) -> None:
    tables = [
        name
        for (name,) in rows(
            catalogue, "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
        )
        if name not in OPEN
    ]
    with psycopg.connect(libpq(database.config["ODIS"].database_url), autocommit=True) as connection:
        seen = {}
        for table in tables:
            if connection.execute("SELECT has_table_privilege(%s, 'SELECT')", (table,)).fetchone() == (True,):
                seen[table] = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    assert {table: count for table, count in seen.items() if count != (0,)} == {}


def test_the_trail_cannot_be_changed_even_by_its_owner(catalogue: psycopg.Connection) -> None:
    for statement in ("UPDATE audit_events SET summary = 'x'", "DELETE FROM audit_events", "TRUNCATE audit_events"):
        catalogue.execute(
            "INSERT INTO audit_events (action, actor_kind, actor_label) VALUES ('essai:un', 'system', 'essai')"
        )
        with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
            catalogue.execute(statement)
        catalogue.rollback()


def test_a_connection_leaves_the_pool_without_a_token(database: Flask) -> None:
    from odis_app.core.db import engine, unit_of_work

    with unit_of_work("un-jeton"):
        pass
    with engine().connect() as connection:
        assert connection.exec_driver_sql("SELECT coalesce(current_setting('odis.token', true), '')").scalar() == ""
