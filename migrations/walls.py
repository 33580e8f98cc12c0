"""Helpers to write the second wall: row-level security, the same way on every table.

A table that holds a person's or an organisation's data is created, then handed to ``wall``. A table without such data
(communes, lists) is handed to ``open_table``. The catalogue test (tests/architecture) refuses any table that met neither.
"""

from __future__ import annotations

from alembic import op

APPLICATION = "odis_app, odis_worker"
# The day is that of Paris, as in what the pages say, wherever the server stands and whatever its session asks for.
TODAY = "(now() AT TIME ZONE 'Europe/Paris')::date"
# Whose record may be named in the trail: one's own, one given to one's organisation now or before, homes of the départements one steers.
# Nobody fills « qui a consulté ce dossier » of a file that they never could read. 0008 adds the two sides of a proposal and the homes that
# a mandate opens (``more``).
NAMES_RECORD = """SELECT odis.system_name() IS NOT NULL OR EXISTS (
             SELECT 1 FROM public.records r WHERE r.id = record AND (
               (r.owner_org_id = odis.org() AND (r.kind <> 'household' OR odis.level() >= 0))
               OR EXISTS (SELECT 1 FROM public.grants g WHERE g.record_id = r.id AND g.grantee_org_id = odis.case_org())
               OR (r.kind <> 'household' AND r.department_code IN (SELECT odis.steered_departments())){more}))"""

# A row that shares its record's key, or hangs on it, is written for a record of one's own: refused by the wall, before a unique key could say
# « already there » of a neighbour's.
OWN_RECORD = "EXISTS (SELECT 1 FROM records r WHERE r.id = {record} AND r.owner_org_id = (SELECT odis.org()))"
# Columns that name or endanger somebody. The planner keeps no statistics of them: its estimates are drawn from the whole table, so that
# EXPLAIN would tell a stranger which names there are behind the wall.
QUIET = (
    "name", "first_name", "last_name", "initials", "folded", "token", "email", "birth_date", "birth_year", "nationality", "siret", "label", "address",
    "author_label", "referent_label", "fvv_teh", "women_hosts_only", "lgbt_safe", "excluded_departments", "safe_channel", "no_message",
)  # fmt: skip


def mandated(row: str = "") -> str:
    """The condition that one's organisation is mandated today for the département and the dispositif of ``row`` (``p.``; empty: the table's own)."""
    return f"({row}department_code, {row}dispositif_id) IN (SELECT m.department_code, m.dispositif_id FROM odis.mandates_in_force() AS m)"


def run(sql: str) -> None:
    """Execute SQL as written: psycopg gets no parameters, so ``%`` needs no doubling and ``:`` is no bind mark."""
    connection = op.get_bind().connection.driver_connection
    if connection is None:
        raise RuntimeError("the migration's connection is closed")
    connection.execute(sql)


def own(table: str) -> None:
    """Give ``table`` to odis_owner, so that neither the web nor the workers own anything."""
    run(f"ALTER TABLE {table} OWNER TO odis_owner")


def open_table(table: str) -> None:
    """A table with no person and no organisation in it: readable by every role, written by the owner alone."""
    own(table)
    run(f"GRANT SELECT ON {table} TO {APPLICATION}, odis_public, odis_auth")


def wall(
    table: str,
    *,
    select: str,
    insert: str | None = None,
    update: str | None = None,
    delete: str | None = None,
    update_check: str | None = None,
) -> None:
    """Enable and force row-level security on ``table``.

    Each argument is the SQL predicate that a row must meet for the verb; a verb without predicate is not granted at all.
    ``update_check`` is what the new row must meet (default: the insert predicate, else the update one).
    Read settings through a scalar sub-select, ``owner_org_id = (SELECT odis.org())``, so that the planner calls them once,
    and sets as ``id = ANY (ARRAY(SELECT odis.shared_records()))``, so that it may use an index.
    """
    own(table)
    run(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    run(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    run(f"REVOKE ALL ON {table} FROM PUBLIC")
    run(f"CREATE POLICY owner_all ON {table} TO odis_owner USING (true) WITH CHECK (true)")
    run(f"CREATE POLICY auth_reads ON {table} FOR SELECT TO odis_auth USING (true)")
    run(f"GRANT SELECT ON {table} TO odis_auth, {APPLICATION}")
    run(f"CREATE POLICY reads ON {table} FOR SELECT TO {APPLICATION} USING ({select})")
    _hush(table)
    if insert is not None:
        # never a number drawn by the table itself: OVERRIDING SYSTEM VALUE would ask whether somebody else's row has it
        given = ", ".join(_columns(table, "attidentity = ''"))
        run(f"GRANT INSERT ({given}) ON {table} TO {APPLICATION}")
        run(f"CREATE POLICY inserts ON {table} FOR INSERT TO {APPLICATION} WITH CHECK ({insert})")
    if update is not None:
        run(f"GRANT UPDATE ON {table} TO {APPLICATION}")
        check = update_check or insert or update
        run(f"CREATE POLICY updates ON {table} FOR UPDATE TO {APPLICATION} USING ({update}) WITH CHECK ({check})")
    if delete is not None:
        run(f"GRANT DELETE ON {table} TO {APPLICATION}")
        run(f"CREATE POLICY deletes ON {table} FOR DELETE TO {APPLICATION} USING ({delete})")


def _columns(table: str, where: str) -> list[str]:
    """The names of the columns of ``table`` (or of an index) that meet a condition on ``pg_attribute``."""
    connection = op.get_bind().connection.driver_connection
    if connection is None:
        raise RuntimeError("the migration's connection is closed")
    listed = f"SELECT attname FROM pg_attribute WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped AND {where} ORDER BY attnum"
    return [str(name) for (name,) in connection.execute(listed).fetchall()]


def _hush(table: str) -> None:
    for name in _columns(table, f"attname = ANY ('{{{','.join(QUIET)}}}')"):
        run(f"ALTER TABLE {table} ALTER COLUMN {name} SET STATISTICS 0")
    run(f"""DO $$ DECLARE i record; BEGIN
      FOR i IN SELECT x.indexrelid::regclass AS name, a.attnum FROM pg_index x JOIN pg_attribute a ON a.attrelid = x.indexrelid
                WHERE x.indrelid = '{table}'::regclass AND x.indkey[a.attnum - 1] = 0 LOOP
        EXECUTE format('ALTER INDEX %s ALTER COLUMN %s SET STATISTICS 0', i.name, i.attnum);
      END LOOP; END $$""")


def auth_writes(table: str, verbs: str) -> None:
    """Let the definer functions write ``table``; ``verbs`` such as ``INSERT, UPDATE``."""
    run(f"GRANT {verbs} ON {table} TO odis_auth")
    run(f"CREATE POLICY auth_writes ON {table} TO odis_auth USING (true) WITH CHECK (true)")


def definer(
    signature: str, returns: str, body: str, *, language: str = "sql", volatility: str = "STABLE", to: str = APPLICATION
) -> None:
    """A SECURITY DEFINER function of schema ``odis`` owned by odis_auth, with a fixed search path; ``current_date`` is the day in Paris.

    A set that policies ask for reads the identity as ``(SELECT odis.org())``: bare, it is called again for each row of a table without an index.
    ``signature`` such as ``shared_records()``; ``to`` the roles that may call it.
    """
    run(
        f"CREATE FUNCTION odis.{signature} RETURNS {returns} LANGUAGE {language} {volatility} SECURITY DEFINER "
        f"SET search_path = pg_catalog, pg_temp SET timezone = 'Europe/Paris' AS $body${body}$body$"
    )
    run(f"ALTER FUNCTION odis.{_types(signature)} OWNER TO odis_auth")
    run(f"REVOKE ALL ON FUNCTION odis.{_types(signature)} FROM PUBLIC")
    run(f"GRANT EXECUTE ON FUNCTION odis.{_types(signature)} TO {to}, odis_auth")


def drop_definer(signature: str) -> None:
    """Undo ``definer``."""
    run(f"DROP FUNCTION odis.{_types(signature)}")


def _types(signature: str) -> str:
    """``mint(a bigint, b text)`` → ``mint(bigint, text)``: what ALTER and DROP want."""
    name, _, rest = signature.partition("(")
    arguments = rest.rstrip(")").strip()
    if not arguments:
        return f"{name}()"
    return f"{name}({', '.join(part.strip().split(' ', 1)[1] for part in arguments.split(','))})"
