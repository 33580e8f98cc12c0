"""Bilans kept for the organisation that asked, and the counts that no single file may be read for.

The files themselves (PDF, xlsx) are sealed in the documents' folder; the row holds their fingerprints and sentences without
any person. A bilan of a household shows only while its organisation reads that household in full. ``department_movements``
and ``department_proposals`` count, for a service of the State in its départements or for an organisation on its own files:
they give numbers, never a household.
"""

from __future__ import annotations

from migrations.walls import APPLICATION, definer, drop_definer, run, wall

revision = "0010_reports"
down_revision = "0009_exchange"

OWN = "owner_org_id = (SELECT odis.case_org())"
READABLE = (
    "(record_id = ANY (ARRAY(SELECT odis.shared_full_records())) "
    "OR EXISTS (SELECT 1 FROM records r WHERE r.id = record_id AND r.owner_org_id = (SELECT odis.case_org())))"
)
OPEN = f"(outcome <> 'ready' OR kind = 'department' OR {READABLE})"
EXPIRED = "((SELECT odis.system_name()) IS NOT NULL AND expires_at < now())"
SCOPE = """CASE WHEN own THEN {owner} = odis.case_org()
             ELSE odis.case_org() IS NOT NULL AND department IN (SELECT odis.steered_departments()) END"""


def upgrade() -> None:
    _table()
    _counts()


def _table() -> None:
    run("""
    CREATE TABLE reports (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      public_id text NOT NULL CONSTRAINT uq_reports_public_id UNIQUE,
      kind text NOT NULL CONSTRAINT ck_reports_kind CHECK (kind IN ('household', 'department')),
      record_id bigint REFERENCES records ON DELETE CASCADE,
      department_code text,
      whole_territory boolean NOT NULL DEFAULT false,
      since date NOT NULL,
      until date NOT NULL,
      title text NOT NULL,
      owner_org_id bigint NOT NULL REFERENCES organisations,
      author_id bigint NOT NULL REFERENCES users,
      author_label text NOT NULL,
      job_id bigint REFERENCES jobs ON DELETE SET NULL,
      outcome text NOT NULL DEFAULT 'waiting' CONSTRAINT ck_reports_outcome CHECK (outcome IN ('waiting', 'ready', 'empty')),
      figures jsonb NOT NULL DEFAULT '{}',
      faults text[] NOT NULL DEFAULT '{}',
      storage_key text NOT NULL DEFAULT '',
      pdf_size int NOT NULL DEFAULT 0,
      xlsx_size int NOT NULL DEFAULT 0,
      pdf_sha256 bytea,
      xlsx_sha256 bytea,
      created_at timestamptz NOT NULL,
      generated_at timestamptz,
      expires_at timestamptz NOT NULL,
      CONSTRAINT ck_reports_object CHECK ((kind = 'household') = (record_id IS NOT NULL) AND (kind = 'department') = (department_code IS NOT NULL)),
      CONSTRAINT ck_reports_period CHECK (until >= since),
      CONSTRAINT ck_reports_ready CHECK ((outcome = 'ready') = (num_nonnulls(pdf_sha256, xlsx_sha256) = 2 AND storage_key <> '')),
      CONSTRAINT ck_reports_generated CHECK ((outcome = 'waiting') = (generated_at IS NULL))
    )""")
    run("CREATE INDEX ix_reports_owner ON reports (owner_org_id, id DESC)")
    run("CREATE INDEX ix_reports_record ON reports (record_id) WHERE record_id IS NOT NULL")
    run("CREATE INDEX ix_reports_job ON reports (job_id)")
    run("CREATE INDEX ix_reports_expiry ON reports (expires_at)")
    wall(
        "reports",
        select=f"({OWN} AND {OPEN}) OR {EXPIRED}",
        insert=f"{OWN} AND author_id = (SELECT odis.user_id()) AND outcome = 'waiting' "
        f"AND (department_code = ANY ((SELECT odis.departments())::text[]) OR {READABLE})",
        update=f"{OWN} AND outcome = 'waiting'",
        update_check=f"{OWN} AND {OPEN}",
        delete=EXPIRED,
    )
    # What was asked never changes; the result is written by the worker, once.
    run(f"REVOKE UPDATE, DELETE ON reports FROM {APPLICATION}")
    run("""GRANT UPDATE (outcome, figures, faults, storage_key, pdf_size, xlsx_size, pdf_sha256, xlsx_sha256, generated_at), DELETE
        ON reports TO odis_worker""")
    run("GRANT UPDATE (job_id) ON reports TO odis_app")


def _counts() -> None:
    definer(
        "department_movements(department text, since date, until date, own boolean)",
        "TABLE (kind text, reason text, outcome text, home text, place text, stays bigint, people bigint)",
        f"""
        WITH scope AS (
          SELECT p.entered_on, p.exited_on, p.exit_reason, p.exit_outcome, h.size, h.department_code AS home, o.department_code AS place
            FROM public.placements p JOIN public.orientations o ON o.id = p.orientation_id JOIN public.households h ON h.id = p.household_id
           WHERE p.cancelled_at IS NULL AND p.entered_on IS NOT NULL AND (h.department_code = department OR o.department_code = department)
             AND {SCOPE.format(owner="p.household_owner_org_id")})
        SELECT 'entry', '', '', home, place, count(*), sum(size) FROM scope WHERE entered_on BETWEEN since AND until GROUP BY home, place
        UNION ALL
        -- the reason of a few households (a death, a prison) is theirs alone: here, so that no period cut by the day tells it to a service
        SELECT 'exit', CASE WHEN own OR sum(count(*)) OVER (PARTITION BY exit_reason, exit_outcome, home) >= 5 THEN exit_reason ELSE '' END,
               exit_outcome, home, place, count(*), sum(size) FROM scope WHERE exited_on BETWEEN since AND until
         GROUP BY exit_reason, exit_outcome, home, place""",
    )
    definer(
        "department_proposals(department text, since date, until date, own boolean)",
        "TABLE (result text, proposals bigint)",
        f"""
        SELECT CASE WHEN o.ended_kind IS NOT NULL THEN o.ended_kind WHEN o.entered_on IS NOT NULL THEN 'entree_effective'
                    WHEN o.confirmed_at IS NOT NULL THEN 'confirmee' WHEN o.expires_at <= now() THEN 'expiree' ELSE 'en_attente' END, count(*)
          FROM public.orientations o JOIN public.households h ON h.id = o.household_id
         WHERE h.department_code = department AND (o.proposed_at AT TIME ZONE 'Europe/Paris')::date BETWEEN since AND until
           AND {SCOPE.format(owner="o.household_owner_org_id")}
         GROUP BY 1""",
    )


def downgrade() -> None:
    drop_definer("department_proposals(department text, since date, until date, own boolean)")
    drop_definer("department_movements(department text, since date, until date, own boolean)")
    run("DROP TABLE reports")
