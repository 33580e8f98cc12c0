"""Bilans kept for the organisation that asked, and the counts that no single file may be read for.

The files themselves (PDF, xlsx) are sealed in the documents' folder; the row holds their fingerprints and sentences without
any person. A bilan of a household shows only while its organisation reads that household in full. ``department_movements``
and ``department_proposals`` count for an organisation its own files. A service of the State counts a whole département: exactly where it follows
each file (``territory_stays``: entries and exits); of what no row tells it (how and why they left, moves, proposals), never fewer than ten
households, by five, over months, quarters and years that are over, counted once and kept (``territory_figures``).
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
CALENDAR = """EXISTS (SELECT FROM unnest(ARRAY[1, 3, 12]) n WHERE date_trunc('month', since) = since
                                AND (extract(month FROM since)::int - 1) % n = 0 AND until = (since + make_interval(months => n))::date - 1)"""
RESULT = """CASE WHEN o.ended_kind IS NOT NULL THEN o.ended_kind WHEN o.entered_on IS NOT NULL THEN 'entree_effective'
                    WHEN o.confirmed_at IS NOT NULL THEN 'confirmee' WHEN o.expires_at <= now() THEN 'expiree' ELSE 'en_attente' END"""


def upgrade() -> None:
    _table()
    _published()
    _counts()
    _territory()


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


def _published() -> None:
    definer(
        "published(number bigint)",
        "bigint",
        "SELECT CASE WHEN number >= 10 THEN number - number % 5 END",
        volatility="IMMUTABLE",
    )


def _counts() -> None:
    definer(
        "department_movements(department text, since date, until date)",
        "TABLE (kind text, reason text, outcome text, home text, place text, stays bigint, people bigint)",
        """
        WITH scope AS (
          SELECT p.entered_on, p.exited_on, p.exit_reason, p.exit_outcome, h.size, h.department_code AS home, o.department_code AS place
            FROM public.placements p JOIN public.orientations o ON o.id = p.orientation_id JOIN public.households h ON h.id = p.household_id
           WHERE p.cancelled_at IS NULL AND p.entered_on IS NOT NULL AND (h.department_code = department OR o.department_code = department)
             AND p.household_owner_org_id = odis.case_org())
        SELECT 'entry', '', '', home, place, count(*), sum(size) FROM scope WHERE entered_on BETWEEN since AND until GROUP BY home, place
        UNION ALL
        SELECT 'exit', exit_reason, exit_outcome, home, place, count(*), sum(size) FROM scope WHERE exited_on BETWEEN since AND until
         GROUP BY exit_reason, exit_outcome, home, place""",
    )
    definer(
        "department_proposals(department text, since date, until date)",
        "TABLE (result text, proposals bigint)",
        f"""
        SELECT {RESULT}, count(*) FROM public.orientations o JOIN public.households h ON h.id = o.household_id
         WHERE h.department_code = department AND (o.proposed_at AT TIME ZONE 'Europe/Paris')::date BETWEEN since AND until
           AND o.household_owner_org_id = odis.case_org()
         GROUP BY 1""",
    )


def _territory() -> None:
    # Each stay that begins or ends moves a stage and a date that the State follows file by file: these counts tell nothing more.
    definer(
        "territory_stays(department text, since date, until date)",
        "TABLE (measure text, households bigint, people bigint)",
        """
        SELECT fact, count(*), sum(size)
          FROM (SELECT unnest(ARRAY['entries', 'exits']) AS fact, unnest(ARRAY[p.entered_on, p.exited_on]) AS day, h.size
                  FROM public.placements p JOIN public.households h ON h.id = p.household_id
                 WHERE p.cancelled_at IS NULL AND p.entered_on IS NOT NULL AND h.department_code = department
                   AND odis.case_org() IS NOT NULL AND department IN (SELECT odis.steered_departments())) AS facts
         WHERE day BETWEEN since AND until GROUP BY fact""",
    )
    run("""
    CREATE TABLE private.territory_figures (
      department_code text NOT NULL,
      since date NOT NULL,
      until date NOT NULL,
      measure text NOT NULL,
      key text NOT NULL,
      households bigint CHECK (households >= 10 AND households % 5 = 0),
      people bigint CHECK (people >= 10 AND people % 5 = 0),
      frozen_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (department_code, since, until, measure, key)
    )""")
    run("ALTER TABLE private.territory_figures OWNER TO odis_auth")
    run("REVOKE ALL ON private.territory_figures FROM PUBLIC")
    # Who may cut a period by the day, or ask again after one more line, reads one household by subtraction: why it left, where it went. A period
    # that is over is counted once; a key of fewer than ten households has no line, as if it were none. Since exits are known to the unit, how and
    # why households left is told for a whole year alone, and where four of them at least, and four people, may have left otherwise; where they
    # went likewise.
    definer(
        "territory_figures(department text, since date, until date)",
        "TABLE (measure text, key text, households bigint, people bigint)",
        f"""
        #variable_conflict use_column
        BEGIN
          IF odis.case_org() IS NULL OR department NOT IN (SELECT odis.steered_departments()) OR until >= current_date OR NOT {CALENDAR} THEN
            RETURN;
          END IF;
          PERFORM pg_advisory_xact_lock(15, hashtext(department || since || until));
          IF NOT EXISTS (SELECT FROM private.territory_figures f WHERE (f.department_code, f.since, f.until) = ($1, $2, $3)) THEN
            INSERT INTO private.territory_figures (department_code, since, until, measure, key, households, people)
            WITH stays AS (
              SELECT p.entered_on BETWEEN $2 AND $3 AS entered, p.exited_on BETWEEN $2 AND $3 AS exited, p.exit_reason, p.exit_outcome,
                     h.size, h.department_code AS home, o.department_code AS place
                FROM public.placements p JOIN public.orientations o ON o.id = p.orientation_id JOIN public.households h ON h.id = p.household_id
               WHERE p.cancelled_at IS NULL AND p.entered_on IS NOT NULL AND $1 IN (h.department_code, o.department_code)),
            exits AS (
              SELECT m AS measure, CASE m WHEN 'reason' THEN exit_reason ELSE exit_outcome END AS key, count(*) AS households, sum(size) AS people
                FROM stays, unnest(ARRAY['reason', 'outcome']) m WHERE exited AND home = $1 AND $3 > $2 + 360 GROUP BY 1, 2),
            sheltered AS (
              SELECT measure FROM exits GROUP BY measure
              HAVING sum(households) - sum(odis.published(households)) >= 4
                 AND sum(people) - sum(odis.published(people)) FILTER (WHERE households >= 10) >= 4),
            -- entries too are known to the unit: who moved to another département is told the same way, on both sides, since some steer both
            moves AS (
              SELECT home, place, count(*) AS households, sum(size) AS people FROM stays WHERE entered AND home <> place AND $3 > $2 + 360
               GROUP BY GROUPING SETS ((home, place), (home))),
            crowded AS (
              SELECT m.home, m.place FROM moves m, LATERAL (
                SELECT count(*) AS households, sum(h.size) AS people FROM public.placements p JOIN public.households h ON h.id = p.household_id
                 WHERE h.department_code = m.home AND p.cancelled_at IS NULL AND p.entered_on BETWEEN $2 AND $3) e
               WHERE e.households - odis.published(m.households) >= 4 AND e.people - odis.published(m.people) >= 4),
            facts AS (
              SELECT 'arrivals' AS measure, k AS key, size FROM stays s, unnest(ARRAY['', home]) k WHERE entered AND place = $1 AND home <> $1
                 AND $3 > $2 + 360 AND (k = '' OR (s.home, s.place) IN (SELECT o.home, o.place FROM crowded o))
              UNION ALL SELECT 'departures', k, size FROM stays, unnest(ARRAY['', place]) k WHERE entered AND home = $1 AND place <> $1
                 AND EXISTS (SELECT FROM crowded o WHERE o.home = $1 AND o.place IS NULL)
              UNION ALL SELECT 'proposals', k, 0 FROM public.orientations o JOIN public.households h ON h.id = o.household_id,
                        unnest(ARRAY['', {RESULT}]) k
               WHERE h.department_code = $1 AND (o.proposed_at AT TIME ZONE 'Europe/Paris')::date BETWEEN $2 AND $3)
            SELECT $1, $2, $3, n.measure, n.key, odis.published(n.households), CASE WHEN n.households >= 10 THEN odis.published(n.people) END
              FROM (SELECT measure, key, count(*) AS households, sum(size) AS people FROM facts GROUP BY measure, key
                    UNION ALL SELECT measure, key, households, people FROM exits WHERE measure IN (SELECT measure FROM sheltered)
                    UNION ALL SELECT t, '', 0, 0 FROM unnest(ARRAY['arrivals', 'departures', 'proposals']) t
                     WHERE NOT EXISTS (SELECT FROM facts WHERE measure = t)) n
             WHERE n.key = '' OR n.households >= 10;
          END IF;
          RETURN QUERY SELECT f.measure, f.key, f.households, f.people FROM private.territory_figures f
            WHERE (f.department_code, f.since, f.until) = ($1, $2, $3) ORDER BY 1, 2;
        END""",
        language="plpgsql",
        volatility="VOLATILE",
    )


def downgrade() -> None:
    drop_definer("territory_figures(department text, since date, until date)")
    run("DROP TABLE private.territory_figures")
    drop_definer("territory_stays(department text, since date, until date)")
    drop_definer("department_proposals(department text, since date, until date)")
    drop_definer("department_movements(department text, since date, until date)")
    drop_definer("published(number bigint)")
    run("DROP TABLE reports")
