"""The bare role of the web, as an injection would hold it: what the server itself must refuse, whatever the walls of tables say."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from odis_app.core.db import db, engine, unit_of_work
from tests.security.bare import outcome, refused, trying, value
from tests.security.region import Region
from tests.support.worlds import owner_unit

FORBIDDEN = """
SET ROLE odis_owner | SET ROLE odis_auth | SET ROLE odis_worker | SET ROLE odis_migrate | SET ROLE odis_backup | SET ROLE postgres
SET SESSION AUTHORIZATION odis_owner | SET SESSION AUTHORIZATION postgres
COPY (SELECT 1) TO PROGRAM 'true' | COPY (SELECT 1) TO '/tmp/attack' | COPY jobs FROM '/etc/passwd' | COPY jobs FROM PROGRAM 'true'
SELECT pg_read_file('/etc/passwd') | SELECT pg_ls_dir('.') | SELECT pg_reload_conf() | SELECT pg_current_logfile()
SELECT lo_import('/etc/passwd') | SELECT lo_export(1, '/tmp/attack') | SELECT lo_create(0) | SELECT lo_from_bytea(0, 'x') | SELECT lo_creat(-1)
CREATE TABLE public.attack (x int) | CREATE TABLE odis.attack (x int) | CREATE TEMP TABLE attack (x int) | CREATE SCHEMA attack
CREATE FUNCTION public.attack(text) RETURNS boolean LANGUAGE sql AS 'SELECT true' | CREATE FUNCTION odis.attack() RETURNS int LANGUAGE sql AS 'SELECT 1'
CREATE FUNCTION pg_temp.attack(text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS 'BEGIN RAISE NOTICE ''%'', $1; RETURN true; END'
CREATE OPERATOR public.<<< (LEFTARG = text, RIGHTARG = text, FUNCTION = texteq) | CREATE VIEW public.attack AS SELECT * FROM households
CREATE TYPE public.attack AS ENUM ('x') | CREATE EXTENSION dblink | CREATE EXTENSION pg_trgm | CREATE ROLE attack | CREATE DATABASE attack
CREATE RULE attack AS ON SELECT TO jobs DO INSTEAD SELECT 1 | CREATE TRIGGER attack BEFORE INSERT ON jobs EXECUTE FUNCTION odis.refuse_change()
CREATE POLICY attack ON households FOR SELECT USING (true) | ALTER TABLE households DISABLE ROW LEVEL SECURITY | ALTER TABLE households NO FORCE ROW LEVEL SECURITY
ALTER TABLE households OWNER TO odis_app | ALTER ROLE odis_app BYPASSRLS | ALTER ROLE odis_app SUPERUSER | ALTER DATABASE odis SET row_security = off
ALTER FUNCTION odis.org() OWNER TO odis_app | CREATE OR REPLACE FUNCTION odis.org() RETURNS bigint LANGUAGE sql AS 'SELECT 1'
GRANT odis_owner TO odis_app | GRANT SELECT ON private.sessions TO odis_app | DROP TABLE audit_events | TRUNCATE audit_events | LOCK TABLE audit_events
SELECT * FROM private.sessions | SELECT * FROM private.credentials | SELECT * FROM private.keys | SELECT * FROM private.totp | SELECT * FROM private.passkeys
SELECT * FROM pg_authid | SELECT * FROM pg_statistic | SELECT * FROM pg_largeobject | SELECT odis.mac('x') | SELECT odis.passation_move(1) | SELECT odis.take_household(1)
SELECT odis.exceptions_of(1, 1) | SELECT odis.is_in_danger(1) | SELECT odis.mint_system_token('x', 'x', 'system:seal-audit', 9) | SELECT odis.job_claim(1, 'x')
SELECT set_config('session_replication_role', 'replica', true) | SELECT set_config('role', 'odis_owner', true) | SELECT set_config('session_authorization', 'odis_owner', true)
SELECT set_config('log_statement', 'all', true) | SELECT set_config('lo_compat_privileges', 'on', true) | SELECT set_config('allow_system_table_mods', 'on', true)
SELECT last_value FROM members_id_seq | SELECT setval('members_id_seq', 1) | SELECT nextval('members_id_seq') | SELECT last_value FROM audit_events_id_seq
"""
NAMED = "household_identities", "members", "offer_hosts", "users"


@pytest.mark.parametrize("statement", [s.strip() for line in FORBIDDEN.strip().splitlines() for s in line.split(" | ")])
def test_the_server_refuses(region: Region, statement: str) -> None:
    """Each alone, in a transaction that is undone; « refused » is an error of the server, never an empty answer."""
    with trying(region.people["neighbour", "ts"]):
        assert outcome(statement.replace(":", r"\:")) != "inserted"


def test_walls_lowered_by_a_setting_answer_nothing(region: Region) -> None:
    """``row_security = off`` shows no row: it makes the question an error."""
    with trying(region.people["neighbour", "ts"]):
        db.execute(text("SELECT set_config('row_security', 'off', true)"))
        for table in ("households", "members", "grants", "audit_events", "journal_entries", "offer_hosts"):
            assert outcome(f"SELECT * FROM {table}") == "42501", table


def test_a_page_that_reads_never_writes(region: Region) -> None:
    """A GET's transaction is read-only for good: an injection there cannot make it write."""
    with unit_of_work(region.people["own", "ts"].token, readonly=True):
        assert value("SELECT count(*) FROM households") > 0
        assert outcome("SELECT set_config('transaction_read_only', 'off', true)") == "25001"
        assert outcome("SET TRANSACTION READ WRITE") == "25001"
        assert outcome("UPDATE households SET status_reason = 'x'") == "25006"


def test_what_errors_say_is_of_visible_rows_only(region: Region) -> None:
    """A cast that fails quotes the value that it met: the wall is passed before any such question is asked."""
    for question in (
        "SELECT count(*) FROM household_identities WHERE CAST(name AS int) > 0",
        "SELECT count(*) FROM members WHERE 1 / length(left(first_name, 0)) > 0",
        "SELECT count(*) FROM places WHERE CAST(label AS date) > now()",
        "SELECT query_to_xml('SELECT CAST(name AS int) FROM household_identities', true, true, '') IS NULL",
    ):
        with trying(region.people["elsewhere", "ts"]):
            assert not value(question), question
    with trying(region.people["own", "ts"]):
        assert outcome("SELECT count(*) FROM household_identities WHERE CAST(name AS int) > 0") == "22P02"


def test_the_planner_says_nothing_of_hidden_rows(region: Region) -> None:
    """Statistics of the whole table shape estimates: EXPLAIN must not tell a name that exists from one that does not."""
    with owner_unit():
        db.execute(
            text(
                "ANALYZE household_identities, members, member_safety, household_tokens, offer_hosts, offer_addresses, users"
            )
        )
    for actor in (region.people["elsewhere", "ts"], region.people["neighbour", "dd"]):
        with trying(actor):
            for table in (*NAMED, "member_safety", "household_tokens"):
                assert value("SELECT count(*) FROM pg_stats WHERE tablename = :t", t=table) == 0, table
            for table, column, known in (
                ("members", "last_name", "Marqueuzine"),
                ("members", "first_name", "Lalarème"),
                ("household_identities", "folded", "marqueuzine"),
                ("household_tokens", "token", "marqueuzine"),
            ):
                plans = {
                    guess: value(f"EXPLAIN SELECT * FROM {table} WHERE {column} = '{guess}'")
                    for guess in (known, "zzzz")
                }
                assert len({plan.partition("rows=")[2].split()[0] for plan in plans.values()}) == 1, (
                    table,
                    column,
                    plans,
                )


def test_sequences_count_nobody_s_files(region: Region) -> None:
    with trying(region.people["elsewhere", "ts"]):
        told = db.execute(text("SELECT sequencename FROM pg_sequences WHERE last_value IS NOT NULL")).scalars().all()
        assert told == []


def test_other_connections_are_seen_without_what_they_carry(region: Region) -> None:
    """``pg_stat_activity`` shows the statements of everybody who has the same role: parameters travel apart, so no token, no word."""
    author = region.people["own", "ts"]
    with engine().connect() as other:
        other.execute(text("SELECT odis.open_unit(:token, false)"), {"token": author.token})
        other.execute(text("SELECT count(*) FROM members WHERE last_name = :name"), {"name": "Marqueuzine"})
        with trying(region.people["elsewhere", "ts"]):
            seen = db.execute(text("SELECT string_agg(query, ' ') FROM pg_stat_activity")).scalar_one()
            assert "last_name = $1" in seen
            assert author.token not in seen
            assert "Marqueuzine" not in seen
        other.rollback()


def test_numbers_chosen_by_hand_are_refused(region: Region) -> None:
    """``OVERRIDING SYSTEM VALUE`` would ask the primary key whether a row of somebody else has this number, or take the next ones."""
    made = "INSERT INTO records (id, kind, owner_org_id, department_code) OVERRIDING SYSTEM VALUE VALUES (:id, 'household', odis.org(), '44')"
    with trying(region.people["neighbour", "ts"]):
        answers = {outcome(made, id=number) for number in (region.numbers["household"], 987654321)}
        assert answers == {"42501"}


def test_a_definer_function_cannot_be_led_astray(region: Region) -> None:
    """A search path of one's own, or a cursor left open, changes nothing of what the functions look at."""
    with trying(region.people["neighbour", "ts"]):
        db.execute(text("SELECT set_config('search_path', 'odis, private, pg_temp', true)"))
        assert value("SELECT odis.org()") == region.people["neighbour", "ts"].org_id
        assert refused("SELECT 1 FROM sessions")
    with trying(region.people["neighbour", "ts"]):
        for forged in ("odis.org", "odis.user_id", "odis.level"):
            value("SELECT set_config(:name, '1', true)", name=forged)
        assert value("SELECT odis.org()") == region.people["neighbour", "ts"].org_id
