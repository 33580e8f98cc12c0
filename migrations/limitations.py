"""The right to restrict processing (RGPD, article 18): while it stands, a file is kept and read, nothing more (0017).

The wall is a trigger on what writing, sharing, proposing or noting would touch: statements of the application, not of the functions
that close things (a proposal expires, a household leaves, an emergency opens). It reads ``limitations`` under the caller's own
rights: of a file that somebody may not see, it says nothing. The safety of a person (class 3) stays writable: it protects them.
"""

from __future__ import annotations

from migrations.walls import APPLICATION, definer, drop_definer, run, wall

WRITTEN = {
    "household_identities": "household_id",
    "household_administrative": "household_id",
    "household_needs": "household_id",
    "household_requests": "household_id",
    "household_wishes": "household_id",
    "household_enrolments": "household_id",
    "household_resources": "household_id",
    "member_languages": "household_id",
    "members": "household_id",
    "household_health_needs": "household_id",
    "protection_stories": "household_id",
}
ADDED = {"orientations": "household_id", "documents": "record_id"}
DEFINERS = ("passation_waits(wanted bigint)", "passation_contacts(record bigint)")
LIMITED = "a file whose processing is limited is kept and read, nothing more"
ROWS = {"INSERT": "NEW TABLE AS touched", "UPDATE": "NEW TABLE AS touched", "DELETE": "OLD TABLE AS touched"}


def limitation_wall(own: str, me: str, household: str) -> None:
    """The table and its triggers; ``own``, ``me`` and ``household`` are the predicates and the key of 0017."""
    run(f"""
    CREATE TABLE limitations (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      public_id text NOT NULL CONSTRAINT uq_limitations_public_id UNIQUE,
      household_id bigint NOT NULL,
      owner_org_id bigint NOT NULL,
      request_id bigint NOT NULL CONSTRAINT uq_limitations_request UNIQUE,
      since timestamptz NOT NULL DEFAULT now(),
      granted_by_id bigint NOT NULL REFERENCES users,
      granted_by_label text NOT NULL,
      lifted_at timestamptz,
      lifted_by_id bigint REFERENCES users,
      lifted_by_label text,
      told_on date,
      reason_sealed bytea,
      CONSTRAINT ck_limitations_lifted CHECK (num_nulls(lifted_at, lifted_by_id, lifted_by_label, told_on, reason_sealed) IN (0, 5)),
      CONSTRAINT fk_limitations_request FOREIGN KEY (request_id, household_id) REFERENCES rights_requests (id, household_id) ON DELETE CASCADE,
      {household}
    )""")
    run("CREATE INDEX ix_limitations_household ON limitations (household_id) WHERE lifted_at IS NULL")
    granted = "EXISTS (SELECT 1 FROM rights_requests r WHERE r.id = request_id AND r.kind = 'limitation' AND r.state = 'acceptee')"
    wall(
        "limitations",
        select=f"{own} OR household_id = ANY (ARRAY(SELECT odis.shared_records()))",
        insert=f"{own} AND granted_by_id = {me} AND lifted_at IS NULL AND {granted}",
        update=f"{own} AND lifted_at IS NULL",
        update_check=f"{own} AND lifted_by_id = {me}",
    )
    run(f"REVOKE INSERT, UPDATE ON limitations FROM {APPLICATION}")
    run("GRANT INSERT ON limitations TO odis_app")
    run("GRANT UPDATE (lifted_at, lifted_by_id, lifted_by_label, told_on, reason_sealed) ON limitations TO odis_app")
    _functions()
    _waiting()
    for table, column in WRITTEN.items():
        for verb in ROWS:
            _statement(table, verb, f"touched_{column}")
    for table, column in ADDED.items():
        _statement(table, "INSERT", f"touched_{column}")
    for verb in ("INSERT", "UPDATE"):
        _statement("journal_entries", verb, "noted")
    run("""CREATE TRIGGER limited BEFORE UPDATE OF priority, seniority_date, dispositif_id, department_code ON households FOR EACH ROW
        WHEN ((OLD.priority, OLD.seniority_date, OLD.dispositif_id, OLD.department_code)
              IS DISTINCT FROM (NEW.priority, NEW.seniority_date, NEW.dispositif_id, NEW.department_code)) EXECUTE FUNCTION odis.limited_id()""")
    run("""CREATE TRIGGER limited BEFORE INSERT OR UPDATE OF expires_at, level, max_class, can_edit ON grants FOR EACH ROW
        WHEN (NEW.revoked_at IS NULL) EXECUTE FUNCTION odis.limited_record()""")
    run(
        """CREATE TRIGGER limited BEFORE INSERT ON passations FOR EACH ROW WHEN (NEW.state = 'proposed') EXECUTE FUNCTION odis.limited_record()"""
    )


def drop_limitations() -> None:
    """Undo ``limitation_wall``."""
    for table in (*WRITTEN, "journal_entries"):
        for verb in ROWS:
            run(f"DROP TRIGGER IF EXISTS limited_{verb.lower()} ON {table}")
    for table in ADDED:
        run(f"DROP TRIGGER limited_insert ON {table}")
    for table in ("households", "grants", "passations"):
        run(f"DROP TRIGGER limited ON {table}")
    for name in ("touched_household_id", "touched_record_id", "noted", "limited_id", "limited_record"):
        run(f"DROP FUNCTION odis.{name}()")
    for signature in reversed(DEFINERS):
        drop_definer(signature)
    run("DROP TABLE limitations")


def _functions() -> None:
    many = "EXISTS (SELECT 1 FROM public.limitations l JOIN touched t ON t.{column} = l.household_id WHERE l.lifted_at IS NULL{more})"
    one = "EXISTS (SELECT 1 FROM public.limitations l WHERE l.household_id = NEW.{column} AND l.lifted_at IS NULL)"
    _function("touched_household_id", many.format(column="household_id", more=""))
    _function("touched_record_id", many.format(column="record_id", more=""))
    _function("noted", many.format(column="record_id", more=" AND t.kind = 'note' AND t.moderated_at IS NULL"))
    _function("limited_id", one.format(column="id"))
    _function("limited_record", one.format(column="record_id"))


def _waiting() -> None:
    # To the two sides of a handover that is proposed or accepted, and to nobody else: since when the file waits.
    definer(
        DEFINERS[0],
        "timestamptz",
        """SELECT min(l.since) FROM public.passations p JOIN public.limitations l ON l.household_id = p.record_id AND l.lifted_at IS NULL
            WHERE p.id = wanted AND p.state IN ('proposed', 'accepted') AND odis.case_org() IN (p.from_org_id, p.to_org_id)""",
        to="odis_app",
    )
    # Whom to write to when a limitation stops an accepted handover: who accepted it, and who was to follow the file.
    definer(
        DEFINERS[1],
        "TABLE (email text, passation text)",
        """SELECT DISTINCT u.email, p.public_id FROM public.passations p
             JOIN public.memberships m ON m.organisation_id = p.to_org_id AND current_date BETWEEN m.starts_on AND coalesce(m.ends_on, 'infinity'::date)
             JOIN public.users u ON u.id = m.user_id AND u.id IN (p.answered_by_id, p.referent_user_id) AND u.deactivated_at IS NULL
            WHERE p.record_id = record AND p.state = 'accepted' AND p.owner_org_id = odis.case_org()
              AND EXISTS (SELECT 1 FROM public.limitations l WHERE l.household_id = p.record_id AND l.lifted_at IS NULL AND l.granted_by_id = odis.user_id())
            ORDER BY u.email""",
        to="odis_app",
    )


def _function(name: str, condition: str) -> None:
    run(f"""
    CREATE FUNCTION odis.{name}() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
    BEGIN
      IF current_user IN ('odis_app', 'odis_worker') THEN
        IF {condition} THEN RAISE insufficient_privilege USING MESSAGE = '{LIMITED}'; END IF;
      END IF;
      RETURN NEW;
    END $$""")
    run(f"ALTER FUNCTION odis.{name}() OWNER TO odis_auth")
    run(f"REVOKE ALL ON FUNCTION odis.{name}() FROM PUBLIC")


def _statement(table: str, verb: str, function: str) -> None:
    run(f"""CREATE TRIGGER limited_{verb.lower()} AFTER {verb} ON {table} REFERENCING {ROWS[verb]} FOR EACH STATEMENT
        EXECUTE FUNCTION odis.{function}()""")
