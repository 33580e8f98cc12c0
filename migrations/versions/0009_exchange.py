"""Imports: the draft of a file, its lines, what earlier files are known by. One organisation each, nothing shared.

What the lines say of people is sealed by the application and goes with the draft; once recorded a line keeps only the record
it wrote and, for thirty days, how to undo it. ``import_keys`` holds fingerprints that only the organisation's key recomputes.
"""

from __future__ import annotations

from migrations.walls import auth_writes, definer, drop_definer, run, wall

revision = "0009_exchange"
down_revision = "0008_placements"

OWN = "owner_org_id = (SELECT odis.case_org())"
SESSION = "sha256(convert_to(current_setting('odis.token', true), 'UTF8'))"
APPEND = "audit_append_many(actions text[], on_records bigint[], classes smallint[], sentences text[], details jsonb[], request text)"


def upgrade() -> None:
    run("""
    CREATE TABLE imports (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      public_id text NOT NULL CONSTRAINT uq_imports_public_id UNIQUE,
      owner_org_id bigint NOT NULL REFERENCES organisations,
      author_id bigint NOT NULL REFERENCES users,
      author_label text NOT NULL,
      kind text NOT NULL,
      state text NOT NULL DEFAULT 'draft' CONSTRAINT ck_imports_state CHECK (state IN ('draft', 'committed', 'undone')),
      about_sealed bytea NOT NULL,
      source_sealed bytea,
      headers_fingerprint text NOT NULL,
      mapping jsonb NOT NULL,
      lines int NOT NULL,
      creates int NOT NULL DEFAULT 0,
      updates int NOT NULL DEFAULT 0,
      unchanged int NOT NULL DEFAULT 0,
      errors int NOT NULL DEFAULT 0,
      warnings int NOT NULL DEFAULT 0,
      aside int NOT NULL DEFAULT 0,
      kept int NOT NULL DEFAULT 0,
      created_at timestamptz NOT NULL DEFAULT now(),
      checked_at timestamptz,
      expires_at timestamptz NOT NULL,
      commit_event_id bigint,
      committed_at timestamptz,
      undone_at timestamptz,
      job_id bigint REFERENCES jobs ON DELETE SET NULL,
      CONSTRAINT uq_imports_owner UNIQUE (id, owner_org_id),
      CONSTRAINT ck_imports_source CHECK (state = 'draft' OR source_sealed IS NULL),
      CONSTRAINT ck_imports_committed CHECK ((committed_at IS NULL) = (state = 'draft')),
      CONSTRAINT ck_imports_undone CHECK ((undone_at IS NULL) = (state <> 'undone'))
    )""")
    run("CREATE INDEX ix_imports_owner ON imports (owner_org_id, id DESC)")
    run("CREATE INDEX ix_imports_job ON imports (job_id) WHERE job_id IS NOT NULL")
    run("CREATE INDEX ix_imports_draft ON imports (expires_at) WHERE state = 'draft'")
    run("""
    CREATE TABLE import_rows (
      import_id bigint NOT NULL,
      number int NOT NULL,
      owner_org_id bigint NOT NULL,
      cells_sealed bytea,
      findings_sealed bytea,
      action text CONSTRAINT ck_import_rows_action CHECK (action IN ('create', 'update', 'unchanged', 'error')),
      errors smallint NOT NULL DEFAULT 0,
      warnings smallint NOT NULL DEFAULT 0,
      is_aside boolean NOT NULL DEFAULT false,
      record_id bigint,
      undo_sealed bytea,
      PRIMARY KEY (import_id, owner_org_id, number),
      CONSTRAINT fk_import_rows_import FOREIGN KEY (import_id, owner_org_id) REFERENCES imports (id, owner_org_id) ON DELETE CASCADE
    )""")
    run("""
    CREATE TABLE import_keys (
      owner_org_id bigint NOT NULL REFERENCES organisations,
      kind text NOT NULL,
      key bytea NOT NULL,
      content bytea NOT NULL,
      record_id bigint NOT NULL,
      PRIMARY KEY (owner_org_id, kind, key)
    )""")
    run("""
    CREATE TABLE import_mappings (
      owner_org_id bigint NOT NULL REFERENCES organisations,
      kind text NOT NULL,
      headers_fingerprint text NOT NULL,
      mapping jsonb NOT NULL,
      saved_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (owner_org_id, kind, headers_fingerprint)
    )""")
    for table in ("imports", "import_rows", "import_keys", "import_mappings"):
        wall(table, select=OWN, insert=OWN, update=OWN, delete=OWN)
    auth_writes("imports", "DELETE")
    auth_writes("import_mappings", "DELETE")
    auth_writes("import_rows", "UPDATE")
    definer(
        "import_purge()",
        "bigint",
        """WITH old AS (DELETE FROM public.imports WHERE state = 'draft' AND expires_at < now() RETURNING id),
        told AS (DELETE FROM public.imports WHERE committed_at < now() - interval '24 months'),
        maps AS (DELETE FROM public.import_mappings WHERE saved_at < now() - interval '24 months'),
        worn AS (UPDATE public.import_rows r SET undo_sealed = NULL FROM public.imports i
                 WHERE i.id = r.import_id AND r.undo_sealed IS NOT NULL AND i.committed_at < now() - interval '30 days')
        SELECT count(*) FROM old""",
        volatility="VOLATILE",
    )
    # A line names one record, once, and says that it created it only in the transaction where that record is made: a line written by hand
    # undoes nobody's file. The instant of a record's creation never changes: nobody may update one (0001).
    run("""
    CREATE FUNCTION odis.guard_import_row() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
    BEGIN
      IF TG_OP = 'UPDATE' AND OLD.record_id IS NOT NULL
         AND (NEW.record_id, NEW.action, NEW.import_id, NEW.owner_org_id) IS DISTINCT FROM (OLD.record_id, OLD.action, OLD.import_id, OLD.owner_org_id) THEN
        RAISE insufficient_privilege USING MESSAGE = 'what a line of an import wrote does not change';
      END IF;
      IF (TG_OP = 'INSERT' OR OLD.record_id IS NULL) AND NEW.action = 'create' AND NOT EXISTS (
           SELECT 1 FROM public.records r WHERE r.id = NEW.record_id AND r.owner_org_id = NEW.owner_org_id AND r.created_at = now()) THEN
        RAISE insufficient_privilege USING MESSAGE = 'a line of an import creates its record in the same transaction';
      END IF;
      RETURN NEW;
    END $$""")
    run("ALTER FUNCTION odis.guard_import_row() OWNER TO odis_auth")
    run("REVOKE ALL ON FUNCTION odis.guard_import_row() FROM PUBLIC")
    run("""CREATE TRIGGER guard BEFORE INSERT OR UPDATE OF record_id, action, import_id, owner_org_id ON import_rows
        FOR EACH ROW WHEN (NEW.record_id IS NOT NULL) EXECUTE FUNCTION odis.guard_import_row()""")
    # Undo may delete a record; nothing else in the application may. The file's own lines say which ones it created.
    run("GRANT DELETE ON records TO odis_auth")
    run("CREATE POLICY import_removes ON records FOR DELETE TO odis_auth USING (true)")
    definer(
        "import_remove(wanted bigint[])",
        "SETOF bigint",
        """DELETE FROM public.records r USING public.import_rows w, public.imports i
        WHERE r.id = ANY (wanted) AND r.owner_org_id = odis.case_org() AND w.record_id = r.id AND w.action = 'create'
          AND w.undo_sealed IS NOT NULL AND i.id = w.import_id AND i.owner_org_id = r.owner_org_id AND i.state = 'committed'
          AND i.committed_at > now() - interval '30 days' AND r.created_at > now() - interval '30 days'
        RETURNING r.id""",
        volatility="VOLATILE",
    )

    # As audit_append (0001), many at once: who acts is looked up once, one's own records are known at a glance. Answers how many were written.
    definer(
        APPEND,
        "bigint",
        f"""
        WITH me AS MATERIALIZED (
          SELECT s.kind, s.user_id, s.org_id, coalesce(s.roles, '{{}}') AS roles, coalesce(u.first_name || ' ' || u.last_name, s.system_name, 'inconnu') AS label,
                 coalesce(o.name, '') AS org_label, odis.org() AS org, odis.level() AS level
            FROM private.sessions s LEFT JOIN public.users u ON u.id = s.user_id LEFT JOIN public.organisations o ON o.id = s.org_id
           WHERE s.token_hash = {SESSION} AND s.expires_at > now()),
        told AS (
          INSERT INTO public.audit_events (action, actor_kind, actor_user_id, actor_org_id, actor_roles, actor_label, org_label, record_id, record_owner_org_id,
                                           sensitivity, purpose, summary, data, request_id)
          SELECT v.action, me.kind, me.user_id, me.org_id, me.roles, me.label, me.org_label, r.id, r.owner_org_id, coalesce(v.class, 0), '', coalesce(v.sentence, ''),
                 coalesce(v.details, '{{}}'), coalesce(request, '')
            FROM unnest(actions, on_records, classes, sentences, details) WITH ORDINALITY AS v(action, record, class, sentence, details, place)
            JOIN public.records r ON r.id = v.record CROSS JOIN me
           WHERE (r.owner_org_id = me.org AND (r.kind <> 'household' OR me.level >= 0)) OR odis.names_record(r.id)
           ORDER BY v.place RETURNING 1)
        SELECT count(*) FROM told""",
        volatility="VOLATILE",
    )


def downgrade() -> None:
    drop_definer(APPEND)
    drop_definer("import_remove(wanted bigint[])")
    run("DROP POLICY import_removes ON records")
    run("REVOKE DELETE ON records FROM odis_auth")
    drop_definer("import_purge()")
    run("DROP TABLE import_mappings, import_keys, import_rows, imports")
    run("DROP FUNCTION odis.guard_import_row()")
