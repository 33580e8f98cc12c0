"""A key for each record, what was erased, and the lists that leave: all that is sealed at rest.

``record_keys`` is read by exactly those who read the sealed content of the record: its owner with case access, the holders of a
full share, and the antivirus's round while a file of the record waits in quarantine; for a home, whoever holds homes in the
organisation that owns it, the organisation of a household that stays there, and wide scopes for a structure that is no secret. Nobody updates a key through the
application; destroying one is a definer function, which leaves a row in ``erasures``. An export of a list is its author's
alone, two days; its password is shown once, then forgotten.
"""

from __future__ import annotations

from migrations.walls import APPLICATION, auth_writes, definer, drop_definer, mandated, run, wall

revision = "0016_record_keys"
down_revision = "0015_cooperation"

SYSTEM = "(SELECT odis.system_name()) IS NOT NULL"
HOLDS = "owner_org_id = (SELECT odis.case_org()) OR record_id = ANY (ARRAY(SELECT odis.shared_full_records()))"
QUARANTINE = "record_id = ANY (ARRAY(SELECT odis.records_in_quarantine()))"
# Each line is the wall of a table that the key of a home opens: offers and places of one's own, an address once the stay is agreed on, a structure.
# Scalar sub-selects: an EXISTS would be hashed, which reads every home of the organisation for the fifty keys of a page.
HOMES = f"""(owner_org_id = (SELECT odis.housing_org())
             AND (SELECT r.kind FROM public.records r WHERE r.id = record_keys.record_id) IN ('offer', 'structure', 'place'))
          OR record_id = ANY (ARRAY(SELECT odis.opened_records()))
          OR (SELECT NOT s.location_secret AND (s.department_code = ANY (ARRAY(SELECT odis.steered_departments()))
                                                OR (SELECT true FROM public.places p WHERE p.structure_id = s.id AND {mandated("p.")} LIMIT 1))
                FROM public.structures s WHERE s.id = record_keys.record_id)"""


def upgrade() -> None:
    # Its key holds the owner too: whoever pretends to own a neighbour's record meets the foreign key, never a « already there ».
    run("""
    CREATE TABLE record_keys (
      record_id bigint NOT NULL,
      owner_org_id bigint NOT NULL,
      public_id text NOT NULL CONSTRAINT uq_record_keys_public_id UNIQUE,
      version smallint NOT NULL CHECK (version BETWEEN 1 AND 255),
      key_sealed bytea NOT NULL,
      master smallint NOT NULL GENERATED ALWAYS AS (get_byte(key_sealed, 1)) STORED,
      made_at timestamptz NOT NULL,
      PRIMARY KEY (record_id, owner_org_id),
      CONSTRAINT fk_record_keys_record FOREIGN KEY (record_id, owner_org_id) REFERENCES records (id, owner_org_id)
        ON UPDATE CASCADE ON DELETE CASCADE
    )""")
    run("CREATE INDEX ix_record_keys_master ON record_keys (master)")
    run("""
    CREATE TABLE erasures (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      kind text NOT NULL DEFAULT 'record' CONSTRAINT ck_erasures_kind CHECK (kind IN ('record', 'account', 'place', 'trail')),
      record_id bigint NOT NULL,
      key_id text NOT NULL CONSTRAINT uq_erasures_key UNIQUE,
      at timestamptz NOT NULL DEFAULT now()
    )""")
    definer(
        "records_in_quarantine()",
        "SETOF bigint",
        "SELECT d.record_id FROM public.documents d WHERE d.state = 'quarantine' AND odis.system_name() IS NOT NULL",
    )
    wall(
        "record_keys",
        select=f"{HOLDS} OR {QUARANTINE} OR {HOMES}",
        insert="owner_org_id = (SELECT odis.org())",
    )
    auth_writes("record_keys", "DELETE")
    wall("erasures", select=SYSTEM)
    auth_writes("erasures", "INSERT")
    definer(
        "shred_key(record bigint)",
        "TABLE (key_id text, at timestamptz)",
        """
        WITH gone AS (
          DELETE FROM public.record_keys k WHERE k.record_id = record
             AND (odis.system_name() IS NOT NULL OR (k.owner_org_id = odis.case_org() AND odis.has_role('coordinateur')))
          RETURNING k.record_id, k.public_id)
        INSERT INTO public.erasures (record_id, key_id) SELECT gone.record_id, gone.public_id FROM gone RETURNING key_id, at""",
        volatility="VOLATILE",
    )
    # Which master keys still wrap something: the start is refused when one of them is not given any more.
    definer("masters_in_use()", "SETOF smallint", "SELECT DISTINCT k.master FROM public.record_keys k")
    _exports()


def _exports() -> None:
    run("""
    CREATE TABLE list_exports (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      public_id text NOT NULL CONSTRAINT uq_list_exports_public_id UNIQUE,
      owner_org_id bigint NOT NULL REFERENCES organisations,
      author_id bigint NOT NULL REFERENCES users,
      author_label text NOT NULL,
      kind text NOT NULL CONSTRAINT ck_list_exports_kind CHECK (kind IN ('menages', 'offres', 'places')),
      filters_sealed bytea NOT NULL,
      password_sealed bytea,
      lines int NOT NULL CHECK (lines > 0),
      lines_48h int NOT NULL CHECK (lines_48h >= lines),
      job_id bigint REFERENCES jobs ON DELETE SET NULL,
      outcome text NOT NULL DEFAULT 'waiting' CONSTRAINT ck_list_exports_outcome CHECK (outcome IN ('waiting', 'ready', 'empty')),
      storage_key text NOT NULL DEFAULT '',
      size int NOT NULL DEFAULT 0,
      created_at timestamptz NOT NULL,
      generated_at timestamptz,
      expires_at timestamptz NOT NULL,
      CONSTRAINT ck_list_exports_ready CHECK ((outcome = 'ready') = (storage_key <> '')),
      CONSTRAINT ck_list_exports_life CHECK (expires_at <= created_at + interval '48 hours')
    )""")
    run("CREATE INDEX ix_list_exports_author ON list_exports (author_id, id DESC)")
    run("CREATE INDEX ix_list_exports_expiry ON list_exports (expires_at)")
    mine = "author_id = (SELECT odis.user_id()) AND owner_org_id = (SELECT odis.case_org())"
    expired = f"({SYSTEM} AND expires_at < now())"
    wall(
        "list_exports",
        select=f"({mine}) OR {expired}",
        insert=f"{mine} AND outcome = 'waiting'",
        update=mine,
        update_check=mine,
        delete=expired,
    )
    # What was asked never changes: the worker writes the result, the page forgets the password that it showed.
    run(f"REVOKE UPDATE, DELETE ON list_exports FROM {APPLICATION}")
    run("GRANT UPDATE (outcome, storage_key, size, generated_at), DELETE ON list_exports TO odis_worker")
    run("GRANT UPDATE (job_id, password_sealed) ON list_exports TO odis_app")
    _counted()


def _counted() -> None:
    """What a person takes away in two days adds up, in whichever organisation: small exports count as the large one that they make."""
    definer(
        "exported_lately(wanted text)",
        "bigint",
        """SELECT coalesce(sum(e.lines), 0) FROM public.list_exports e
            WHERE e.author_id = odis.user_id() AND e.kind = wanted AND e.created_at > now() - interval '48 hours' AND e.outcome <> 'empty'
              AND NOT EXISTS (SELECT 1 FROM public.reviews r WHERE r.kind = 'export' AND r.subject = e.public_id AND r.verdict = 'contested')""",
    )
    # One at a time for each person, and under the database's own clock: two at once are counted one after the other.
    run("""
    CREATE FUNCTION odis.count_export() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
    BEGIN
      PERFORM pg_advisory_xact_lock(hashtext('export'), hashtext(NEW.author_id::text));
      NEW.created_at := now();
      NEW.expires_at := least(NEW.expires_at, now() + interval '48 hours');
      NEW.lines_48h := NEW.lines + odis.exported_lately(NEW.kind);
      RETURN NEW;
    END $$""")
    run("ALTER FUNCTION odis.count_export() OWNER TO odis_auth")
    run("REVOKE ALL ON FUNCTION odis.count_export() FROM PUBLIC")
    run("CREATE TRIGGER count_export BEFORE INSERT ON list_exports FOR EACH ROW EXECUTE FUNCTION odis.count_export()")


def downgrade() -> None:
    drop_definer("masters_in_use()")
    drop_definer("shred_key(record bigint)")
    run("DROP TABLE list_exports, erasures, record_keys")
    run("DROP FUNCTION odis.count_export()")
    drop_definer("exported_lately(wanted text)")
    drop_definer("records_in_quarantine()")
