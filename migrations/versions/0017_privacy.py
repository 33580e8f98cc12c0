"""Legal bases, consent, hosting of health data, requests of the people concerned, and the end of files.

What the law wants is held here, not by the application alone: a share that rests on consent needs a live one of every adult and
falls in the transaction that withdraws it; a file goes only by a plan that somebody approved, after its warning, or by requests
that were granted; the kill switch stops every planned erasure. ``docs/adr/0008`` says why.
"""

from __future__ import annotations

from migrations.limitations import drop_limitations, limitation_wall
from migrations.privacy_erasure import DEFINERS as ERASURE_DEFINERS
from migrations.privacy_erasure import erasure_functions
from migrations.privacy_seeds import PURPOSES, RULES
from migrations.walls import APPLICATION, auth_writes, definer, drop_definer, open_table, run, wall

revision = "0017_privacy"
down_revision = "0016_record_keys"

OWN = "owner_org_id = (SELECT odis.case_org())"
ME = "(SELECT odis.user_id())"
PLATFORM = "odis.has_role('admin_plateforme')"
KEEPERS = "owner_org_id = (SELECT odis.org()) AND ((SELECT odis.has_role('coordinateur')) OR (SELECT odis.has_role('admin_organisation')) OR (SELECT odis.has_role('admin_plateforme')))"
HOUSEHOLD = """CONSTRAINT fk_{table}_household FOREIGN KEY (household_id, owner_org_id)
        REFERENCES households (id, owner_org_id) ON UPDATE CASCADE ON DELETE CASCADE"""
MEMBER = """CONSTRAINT fk_{table}_member FOREIGN KEY (member_id, household_id)
        REFERENCES members (id, household_id) ON DELETE CASCADE"""
SET_RETENTION = "set_retention(wanted text, duration smallint, why text)"
TABLES = (
    "erased_files, retired_statistics, retention_plan_rows, retention_plans, retention_warnings, retention_changes, retention_rules, data_copies, "
    "rights_requests, consent_recipients, consents, hosting_records, purposes"
)


def upgrade() -> None:
    _lists()
    _durations()
    _hosting()
    _consents()
    _consent_functions()
    _requests()
    limitation_wall(OWN, ME, HOUSEHOLD.format(table="limitations"))
    _retention()
    erasure_functions()


def downgrade() -> None:
    run("DROP TRIGGER consent ON grants")
    run("DROP TRIGGER consent ON members")
    for signature in reversed(ERASURE_DEFINERS):
        drop_definer(signature)
    drop_limitations()
    drop_definer("requests_waiting()")
    drop_definer("consent_contacts(wanted bigint)")
    drop_definer("consent_fallen(household bigint)")
    drop_definer("close_uncovered()")
    drop_definer("record_hosting(applies boolean, host text, certificate text, until date, why text)")
    drop_definer("set_erasures(running boolean)")
    drop_definer(SET_RETENTION)
    run(f"DROP TABLE {TABLES}")
    for signature in (
        "adult_arrived()",
        "guard_grant_consent()",
        "consent_withdrawn()",
        "consent_stands(household bigint, why text, organisation bigint, class smallint)",
        "consent_covers(household bigint, why text, organisation bigint, class smallint)",
    ):
        drop_definer(signature)
    run("REVOKE INSERT, UPDATE ON instance FROM odis_auth")


def _lists() -> None:
    run("""
    CREATE TABLE purposes (
      code text PRIMARY KEY,
      label text NOT NULL,
      legal_basis text NOT NULL CHECK (legal_basis IN ('mission_interet_public', 'obligation_legale', 'contrat', 'consentement')),
      article text NOT NULL,
      right_text text NOT NULL,
      who_may_object text NOT NULL,
      is_share boolean NOT NULL,
      position smallint NOT NULL
    )""")
    open_table("purposes")
    run("""
    CREATE TABLE retention_rules (
      code text PRIMARY KEY,
      label text NOT NULL,
      data_class text NOT NULL,
      months smallint CHECK (months > 0),
      days smallint CHECK (days > 0),
      trigger_event text NOT NULL,
      basis text NOT NULL,
      enforced_by text NOT NULL,
      shortest smallint,
      longest smallint,
      position smallint NOT NULL,
      CONSTRAINT ck_retention_rules_duration CHECK (num_nonnulls(months, days) = 1),
      CONSTRAINT ck_retention_rules_bounds CHECK ((shortest IS NULL) = (longest IS NULL) AND coalesce(months, days) BETWEEN coalesce(shortest, 1) AND coalesce(longest, 32767))
    )""")
    open_table("retention_rules")
    run("GRANT UPDATE (months, days) ON retention_rules TO odis_auth")
    for position, row in enumerate(PURPOSES, 1):
        run(f"INSERT INTO purposes VALUES ({_values(row)}, {position})")
    for position, row in enumerate(RULES, 1):
        run(f"INSERT INTO retention_rules VALUES ({_values(row)}, {position})")


def _values(row: tuple[str | int | bool | None, ...]) -> str:
    return ", ".join(
        "NULL" if v is None else f"'{v.replace(chr(39), chr(39) * 2)}'" if isinstance(v, str) else str(v).lower()
        for v in row
    )


def _durations() -> None:
    # A duration without bounds is fixed; the others move between them, with a motive, and what was before is kept.
    run("""
    CREATE TABLE retention_changes (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      rule_code text NOT NULL REFERENCES retention_rules,
      before smallint NOT NULL,
      after smallint NOT NULL,
      motive text NOT NULL CHECK (motive <> ''),
      at timestamptz NOT NULL DEFAULT now(),
      by_id bigint NOT NULL REFERENCES users,
      by_label text NOT NULL
    )""")
    wall("retention_changes", select=f"(SELECT {PLATFORM})")
    auth_writes("retention_changes", "INSERT")
    definer(
        SET_RETENTION,
        "boolean",
        f"""
        DECLARE r record;
        BEGIN
          IF NOT {PLATFORM} OR NOT odis.is_confirmed() OR btrim(why) = '' THEN RETURN false; END IF;
          SELECT * INTO r FROM public.retention_rules WHERE code = wanted FOR UPDATE;
          IF NOT FOUND OR r.shortest IS NULL OR duration NOT BETWEEN r.shortest AND r.longest OR duration = coalesce(r.months, r.days) THEN RETURN false; END IF;
          INSERT INTO public.retention_changes (rule_code, before, after, motive, by_id, by_label)
          SELECT r.code, coalesce(r.months, r.days), duration, why, u.id, u.first_name || ' ' || u.last_name FROM public.users u WHERE u.id = odis.user_id();
          UPDATE public.retention_rules SET months = CASE WHEN r.months IS NOT NULL THEN duration END, days = CASE WHEN r.days IS NOT NULL THEN duration END
           WHERE code = r.code;
          RETURN true;
        END""",
        language="plpgsql",
        volatility="VOLATILE",
        to="odis_app",
    )


def _hosting() -> None:
    run("""
    CREATE TABLE hosting_records (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      applies boolean NOT NULL,
      host text NOT NULL DEFAULT '',
      certificate text NOT NULL DEFAULT '',
      valid_until date,
      reason text NOT NULL DEFAULT '',
      recorded_at timestamptz NOT NULL DEFAULT now(),
      recorded_by_id bigint NOT NULL REFERENCES users,
      recorded_by_label text NOT NULL,
      CONSTRAINT ck_hosting_records_proof CHECK (CASE WHEN applies THEN host <> '' AND certificate <> '' AND valid_until IS NOT NULL
                                                       ELSE reason <> '' AND valid_until IS NULL END)
    )""")
    wall("hosting_records", select=f"(SELECT {PLATFORM})")
    auth_writes("hosting_records", "INSERT")
    run("GRANT INSERT, UPDATE ON instance TO odis_auth")
    definer(
        "record_hosting(applies boolean, host text, certificate text, until date, why text)",
        "boolean",
        f"""
        DECLARE who text;
        BEGIN
          IF NOT {PLATFORM} OR (applies AND until < current_date) THEN RETURN false; END IF;
          SELECT u.first_name || ' ' || u.last_name INTO who FROM public.users u WHERE u.id = odis.user_id();
          INSERT INTO public.hosting_records (applies, host, certificate, valid_until, reason, recorded_by_id, recorded_by_label)
          VALUES (applies, host, certificate, until, why, odis.user_id(), who);
          INSERT INTO public.instance (key, value) VALUES ('class2', jsonb_build_object('open', true, 'until', until))
          ON CONFLICT (key) DO UPDATE SET value = excluded.value, set_at = now();
          RETURN true;
        END""",
        language="plpgsql",
        volatility="VOLATILE",
        to="odis_app",
    )
    definer(
        "set_erasures(running boolean)",
        "boolean",
        f"""WITH kept AS (INSERT INTO public.instance (key, value) SELECT 'erasures', jsonb_build_object('running', running) WHERE {PLATFORM}
             ON CONFLICT (key) DO UPDATE SET value = excluded.value, set_at = now() RETURNING 1) SELECT EXISTS (SELECT 1 FROM kept)""",
        volatility="VOLATILE",
        to="odis_app",
    )


def _consents() -> None:
    run(f"""
    CREATE TABLE consents (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      public_id text NOT NULL CONSTRAINT uq_consents_public_id UNIQUE,
      household_id bigint NOT NULL,
      owner_org_id bigint NOT NULL,
      member_id bigint NOT NULL,
      purpose text NOT NULL REFERENCES purposes,
      max_class smallint NOT NULL CHECK (max_class BETWEEN 0 AND 2),
      language text NOT NULL,
      channel text NOT NULL CHECK (channel IN ('oral', 'ecrit', 'interprete')),
      proof_document_id bigint,
      witness_sealed bytea,
      given_on date NOT NULL,
      recorded_at timestamptz NOT NULL DEFAULT now(),
      recorded_by_id bigint NOT NULL REFERENCES users,
      recorded_by_label text NOT NULL,
      withdrawn_at timestamptz,
      withdrawn_by_id bigint REFERENCES users,
      withdrawn_by_label text,
      CONSTRAINT uq_consents_owner UNIQUE (id, owner_org_id),
      CONSTRAINT ck_consents_proof CHECK (num_nonnulls(proof_document_id, witness_sealed) >= 1),
      CONSTRAINT ck_consents_withdrawn CHECK (num_nulls(withdrawn_at, withdrawn_by_id, withdrawn_by_label) IN (0, 3)),
      CONSTRAINT fk_consents_proof FOREIGN KEY (proof_document_id, household_id) REFERENCES documents (id, record_id) ON DELETE CASCADE,
      {HOUSEHOLD.format(table="consents")},
      {MEMBER.format(table="consents")}
    )""")
    run("CREATE INDEX ix_consents_household ON consents (household_id, id DESC)")
    run("""
    CREATE TABLE consent_recipients (
      consent_id bigint NOT NULL,
      owner_org_id bigint NOT NULL,
      organisation_id bigint NOT NULL REFERENCES organisations,
      PRIMARY KEY (consent_id, owner_org_id, organisation_id),
      CONSTRAINT fk_consent_recipients_consent FOREIGN KEY (consent_id, owner_org_id) REFERENCES consents (id, owner_org_id)
        ON UPDATE CASCADE ON DELETE CASCADE
    )""")
    live = "withdrawn_at IS NULL AND withdrawn_by_id IS NULL"
    wall("consents", select=OWN, insert=f"{OWN} AND recorded_by_id = {ME} AND {live}", update=f"{OWN} AND withdrawn_at IS NULL",
         update_check=f"{OWN} AND withdrawn_by_id = {ME}")  # fmt: skip
    # What was agreed to never changes; it is withdrawn, once.
    run(f"REVOKE UPDATE ON consents FROM {APPLICATION}")
    run("GRANT UPDATE (withdrawn_at, withdrawn_by_id, withdrawn_by_label) ON consents TO odis_app")
    fresh = "EXISTS (SELECT 1 FROM consents c WHERE c.id = consent_id AND c.recorded_at = now())"
    wall("consent_recipients", select=OWN, insert=f"{OWN} AND {fresh}")


def _consent_functions() -> None:
    definer(
        "consent_covers(household bigint, why text, organisation bigint, class smallint)",
        "boolean",
        """SELECT coalesce(bool_and(EXISTS (
             SELECT 1 FROM public.consents c JOIN public.consent_recipients r ON r.consent_id = c.id
              WHERE c.member_id = m.id AND c.household_id = household AND c.purpose = why AND c.withdrawn_at IS NULL
                AND r.organisation_id = organisation AND c.max_class >= class)), false)
           FROM public.members m WHERE m.household_id = household AND m.until IS NULL AND odis.is_adult(m.link, m.birth_date, m.birth_year)""",
        to="odis_auth",
    )
    definer(
        "consent_stands(household bigint, why text, organisation bigint, class smallint)",
        "boolean",
        """SELECT odis.consent_covers(household, why, organisation, class)
             AND EXISTS (SELECT 1 FROM public.records r WHERE r.id = household AND r.owner_org_id = odis.case_org())""",
    )
    definer(
        "guard_grant_consent()",
        "trigger",
        """
        BEGIN
          IF NEW.revoked_at IS NULL AND NEW.expires_at > now()
             AND EXISTS (SELECT 1 FROM public.purposes p WHERE p.code = NEW.purpose AND p.legal_basis = 'consentement')
             AND NOT odis.consent_covers(NEW.record_id, NEW.purpose, NEW.grantee_org_id, NEW.max_class) THEN
            RAISE insufficient_privilege USING MESSAGE = 'this share rests on the consent of every adult';
          END IF;
          RETURN NULL;
        END""",
        language="plpgsql",
        volatility="VOLATILE",
    )
    # After the row: the wall and the foreign key have spoken first, so that no error tells what somebody else's file agreed to.
    run("""CREATE TRIGGER consent AFTER INSERT OR UPDATE OF level, max_class, purpose, grantee_org_id, expires_at, revoked_at ON grants
        FOR EACH ROW EXECUTE FUNCTION odis.guard_grant_consent()""")
    definer(
        "consent_withdrawn()",
        "trigger",
        """
        BEGIN
          UPDATE public.grants g SET revoked_at = now(), revoked_by_id = NEW.withdrawn_by_id
           WHERE g.record_id = NEW.household_id AND g.purpose = NEW.purpose AND g.revoked_at IS NULL
             AND NOT odis.consent_covers(g.record_id, g.purpose, g.grantee_org_id, g.max_class)
             AND EXISTS (SELECT 1 FROM public.purposes p WHERE p.code = g.purpose AND p.legal_basis = 'consentement');
          RETURN NULL;
        END""",
        language="plpgsql",
        volatility="VOLATILE",
    )
    run("""CREATE TRIGGER withdrawn AFTER UPDATE OF withdrawn_at ON consents FOR EACH ROW WHEN (NEW.withdrawn_at IS NOT NULL)
        EXECUTE FUNCTION odis.consent_withdrawn()""")
    # An adult who arrives agreed to nothing: what rested on the consent of the others closes.
    definer(
        "adult_arrived()",
        "trigger",
        """
        BEGIN
          UPDATE public.grants g SET revoked_at = now(), revoked_by_id = odis.user_id()
           WHERE g.record_id = NEW.household_id AND g.revoked_at IS NULL AND g.expires_at > now()
             AND EXISTS (SELECT 1 FROM public.purposes p WHERE p.code = g.purpose AND p.legal_basis = 'consentement')
             AND NOT odis.consent_covers(g.record_id, g.purpose, g.grantee_org_id, g.max_class);
          RETURN NULL;
        END""",
        language="plpgsql",
        volatility="VOLATILE",
    )
    run("""CREATE TRIGGER consent AFTER INSERT OR UPDATE OF until, link, birth_date, birth_year ON members FOR EACH ROW
        WHEN (NEW.until IS NULL) EXECUTE FUNCTION odis.adult_arrived()""")
    # Somebody turned eighteen in the night: the same, for the task that warns. Then what closed in this very transaction, and whom to tell of it.
    definer(
        "close_uncovered()",
        "TABLE (record_id bigint, owner_org_id bigint)",
        """
        WITH gone AS (
          UPDATE public.grants g SET revoked_at = now() FROM public.purposes p
           WHERE odis.system_name() = 'system:warn-erasures' AND p.code = g.purpose AND p.legal_basis = 'consentement'
             AND g.revoked_at IS NULL AND g.expires_at > now() AND NOT odis.consent_covers(g.record_id, g.purpose, g.grantee_org_id, g.max_class)
          RETURNING g.record_id, g.owner_org_id)
        SELECT DISTINCT gone.record_id, gone.owner_org_id FROM gone ORDER BY 1""",
        volatility="VOLATILE",
        to="odis_worker",
    )
    definer(
        "consent_fallen(household bigint)",
        "TABLE (grant_public_id text, grantee_org_id bigint, purpose text, emails text[])",
        """
        WITH file AS (
          SELECT h.id, h.owner_org_id, h.referent_user_id FROM public.households h WHERE h.id = household
             AND (h.owner_org_id = odis.case_org() OR h.id IN (SELECT odis.shared_editable_records()) OR odis.system_name() = 'system:warn-erasures')),
        people AS (
          SELECT u.id, u.email, u.id = file.referent_user_id AS refers, bool_or(m.role = 'coordinateur') AS leads FROM file
            JOIN public.memberships m ON m.organisation_id = file.owner_org_id AND current_date BETWEEN m.starts_on AND coalesce(m.ends_on, 'infinity'::date)
            JOIN public.users u ON u.id = m.user_id AND u.deactivated_at IS NULL GROUP BY u.id, u.email, file.referent_user_id)
        SELECT g.public_id, g.grantee_org_id, g.purpose,
               (SELECT coalesce(array_agg(p.email ORDER BY p.email), '{}') FROM people p
                 WHERE p.refers IS TRUE OR (p.leads AND NOT EXISTS (SELECT 1 FROM people q WHERE q.refers IS TRUE)))
          FROM file JOIN public.grants g ON g.record_id = file.id AND g.revoked_at = now()
          JOIN public.purposes w ON w.code = g.purpose AND w.legal_basis = 'consentement' ORDER BY g.id""",
    )
    # Whom to tell that a share ended with this consent, in this very transaction: those who coordinate there, else those who follow people.
    definer(
        "consent_contacts(wanted bigint)",
        "TABLE (email text)",
        """
        WITH ended AS (
          SELECT DISTINCT g.grantee_org_id FROM public.consents c JOIN public.grants g ON g.record_id = c.household_id AND g.purpose = c.purpose
           WHERE c.id = wanted AND c.owner_org_id = odis.case_org() AND c.withdrawn_at = now() AND g.revoked_at = now()),
        people AS (
          SELECT m.organisation_id, u.email, bool_or(m.role = 'coordinateur') AS leads FROM public.memberships m JOIN public.users u ON u.id = m.user_id
           WHERE m.organisation_id IN (SELECT grantee_org_id FROM ended) AND u.deactivated_at IS NULL
             AND m.role IN ('coordinateur', 'travailleur_social', 'operateur')
             AND current_date BETWEEN m.starts_on AND coalesce(m.ends_on, 'infinity'::date)
           GROUP BY m.organisation_id, u.email)
        SELECT p.email FROM people p WHERE p.leads OR NOT EXISTS (SELECT 1 FROM people o WHERE o.organisation_id = p.organisation_id AND o.leads)""",
        to="odis_app",
    )


def _requests() -> None:
    run(f"""
    CREATE TABLE rights_requests (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      public_id text NOT NULL CONSTRAINT uq_rights_requests_public_id UNIQUE,
      household_id bigint NOT NULL,
      owner_org_id bigint NOT NULL,
      member_id bigint NOT NULL,
      kind text NOT NULL CHECK (kind IN ('copie', 'rectification', 'effacement', 'opposition', 'limitation')),
      received_on date NOT NULL,
      due_on date NOT NULL,
      details_sealed bytea,
      extended_on date,
      extension_sealed bytea,
      state text NOT NULL DEFAULT 'ouverte' CHECK (state IN ('ouverte', 'acceptee', 'refusee')),
      answer_sealed bytea,
      answered_on date,
      answered_by_label text,
      recorded_at timestamptz NOT NULL DEFAULT now(),
      recorded_by_id bigint NOT NULL REFERENCES users,
      recorded_by_label text NOT NULL,
      CONSTRAINT uq_rights_requests_household UNIQUE (id, household_id),
      CONSTRAINT ck_rights_requests_due CHECK (due_on <= (received_on + interval '3 months')::date AND (extended_on IS NOT NULL OR due_on <= (received_on + interval '1 month')::date)),
      CONSTRAINT ck_rights_requests_extended CHECK ((extended_on IS NULL) = (extension_sealed IS NULL)),
      CONSTRAINT ck_rights_requests_answered CHECK (CASE state WHEN 'ouverte' THEN num_nonnulls(answer_sealed, answered_on, answered_by_label) = 0
                                                     ELSE num_nulls(answer_sealed, answered_on, answered_by_label) = 0 END),
      {HOUSEHOLD.format(table="rights_requests")},
      {MEMBER.format(table="rights_requests")}
    )""")
    run("CREATE INDEX ix_rights_requests_owner ON rights_requests (owner_org_id, state, due_on)")
    run("CREATE INDEX ix_rights_requests_household ON rights_requests (household_id)")
    wall("rights_requests", select=OWN, insert=f"{OWN} AND recorded_by_id = {ME} AND state = 'ouverte' AND extended_on IS NULL",
         update=f"{OWN} AND state = 'ouverte'", update_check=OWN)  # fmt: skip
    run(f"REVOKE UPDATE ON rights_requests FROM {APPLICATION}")
    run(
        "GRANT UPDATE (due_on, extended_on, extension_sealed, state, answer_sealed, answered_on, answered_by_label) ON rights_requests TO odis_app"
    )
    # Who administers an organisation reads no file; it knows how many requests wait, and how many are late.
    definer(
        "requests_waiting()",
        "TABLE (waiting bigint, late bigint)",
        """SELECT count(*), count(*) FILTER (WHERE r.due_on < current_date) FROM public.rights_requests r
           WHERE r.owner_org_id = odis.org() AND r.state = 'ouverte' AND (odis.has_role('admin_organisation') OR odis.has_role('coordinateur'))""",
        to="odis_app",
    )
    run(f"""
    CREATE TABLE data_copies (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      public_id text NOT NULL CONSTRAINT uq_data_copies_public_id UNIQUE,
      request_id bigint NOT NULL,
      household_id bigint NOT NULL,
      owner_org_id bigint NOT NULL,
      member_id bigint NOT NULL,
      with_safety boolean NOT NULL,
      outcome text NOT NULL DEFAULT 'waiting' CHECK (outcome IN ('waiting', 'ready', 'empty')),
      storage_key text NOT NULL DEFAULT '',
      pdf_size int NOT NULL DEFAULT 0,
      json_size int NOT NULL DEFAULT 0,
      author_id bigint NOT NULL REFERENCES users,
      job_id bigint REFERENCES jobs ON DELETE SET NULL,
      created_at timestamptz NOT NULL DEFAULT now(),
      expires_at timestamptz NOT NULL,
      CONSTRAINT ck_data_copies_ready CHECK ((outcome = 'ready') = (storage_key <> '')),
      CONSTRAINT ck_data_copies_expiry CHECK (expires_at <= created_at + interval '48 hours 1 minute'),
      CONSTRAINT fk_data_copies_request FOREIGN KEY (request_id, household_id) REFERENCES rights_requests (id, household_id) ON DELETE CASCADE,
      {HOUSEHOLD.format(table="data_copies")},
      {MEMBER.format(table="data_copies")}
    )""")
    run("CREATE INDEX ix_data_copies_request ON data_copies (request_id, id DESC)")
    mine = f"{OWN} AND author_id = {ME}"
    cleared = "(NOT with_safety OR ((SELECT odis.level()) >= 3 AND (SELECT odis.is_confirmed())))"
    ended = "((SELECT odis.system_name()) IS NOT NULL AND expires_at < now())"
    wall("data_copies", select=f"({mine} AND {cleared} AND expires_at > now()) OR {ended}", insert=f"{mine} AND {cleared} AND outcome = 'waiting'",
         update=f"{mine} AND outcome = 'waiting'", update_check=f"{mine} AND {cleared}", delete=ended)  # fmt: skip
    run(f"REVOKE UPDATE, DELETE ON data_copies FROM {APPLICATION}")
    run("GRANT UPDATE (outcome, storage_key, pdf_size, json_size), DELETE ON data_copies TO odis_worker")
    run("GRANT UPDATE (job_id) ON data_copies TO odis_app")


def _retention() -> None:
    run(f"""
    CREATE TABLE retention_warnings (
      household_id bigint NOT NULL,
      owner_org_id bigint NOT NULL,
      warned_at timestamptz NOT NULL DEFAULT now(),
      erasable_on date NOT NULL,
      PRIMARY KEY (household_id, owner_org_id),
      {HOUSEHOLD.format(table="retention_warnings")}
    )""")
    wall("retention_warnings", select=OWN)
    auth_writes("retention_warnings", "INSERT, DELETE")
    run("""
    CREATE TABLE retention_plans (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      public_id text NOT NULL CONSTRAINT uq_retention_plans_public_id UNIQUE,
      owner_org_id bigint NOT NULL REFERENCES organisations,
      state text NOT NULL DEFAULT 'planned' CHECK (state IN ('planned', 'approved', 'done', 'cancelled')),
      planned_at timestamptz NOT NULL DEFAULT now(),
      planned_by_id bigint NOT NULL REFERENCES users,
      planned_by_label text NOT NULL,
      approved_at timestamptz,
      approved_by_id bigint REFERENCES users,
      approved_by_label text,
      runs_after timestamptz,
      ended_at timestamptz,
      CONSTRAINT uq_retention_plans_owner UNIQUE (id, owner_org_id),
      CONSTRAINT ck_retention_plans_approved CHECK (num_nulls(approved_at, approved_by_id, approved_by_label, runs_after) IN (0, 4)),
      CONSTRAINT ck_retention_plans_state CHECK (CASE WHEN state IN ('approved', 'done') THEN approved_at IS NOT NULL ELSE true END),
      CONSTRAINT ck_retention_plans_second CHECK (approved_by_id IS NULL OR approved_by_id <> planned_by_id OR runs_after >= approved_at + interval '7 days')
    )""")
    run(
        "CREATE UNIQUE INDEX uq_retention_plans_open ON retention_plans (owner_org_id) WHERE state IN ('planned', 'approved')"
    )
    run("""
    CREATE TABLE retention_plan_rows (
      plan_id bigint NOT NULL,
      owner_org_id bigint NOT NULL,
      record_id bigint NOT NULL,
      kind text NOT NULL CHECK (kind IN ('household', 'offer', 'place', 'account', 'trail')),
      number text,
      last_contact_on date NOT NULL,
      blocks text[] NOT NULL DEFAULT '{}',
      state text NOT NULL CHECK (state IN ('due', 'blocked', 'erased', 'kept')),
      ended_at timestamptz,
      PRIMARY KEY (plan_id, kind, record_id),
      CONSTRAINT fk_retention_plan_rows_plan FOREIGN KEY (plan_id, owner_org_id) REFERENCES retention_plans (id, owner_org_id) ON DELETE CASCADE,
      CONSTRAINT ck_retention_plan_rows_erased CHECK (state <> 'erased' OR number IS NULL)
    )""")
    for table in ("retention_plans", "retention_plan_rows"):
        wall(table, select=f"({KEEPERS}) OR (SELECT odis.system_name()) = 'system:run-erasures'")
        auth_writes(table, "INSERT, UPDATE")
    run("""
    CREATE TABLE retired_statistics (
      department_code text NOT NULL,
      dispositif_id bigint NOT NULL REFERENCES dispositifs,
      opened_month date NOT NULL CHECK (extract(day FROM opened_month) = 1),
      last_month date NOT NULL CHECK (extract(day FROM last_month) = 1),
      outcome text NOT NULL,
      households int NOT NULL,
      people int NOT NULL,
      PRIMARY KEY (department_code, dispositif_id, opened_month, last_month, outcome)
    )""")
    # Counts of what is gone. Nobody reads it but functions that count at least ten together: a month of one household is that household.
    wall("retired_statistics", select="false")
    auth_writes("retired_statistics", "INSERT, UPDATE")
    run("""
    CREATE TABLE erased_files (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      folder text NOT NULL CHECK (folder IN ('documents', 'bilans', 'copies')),
      storage_key text NOT NULL
    )""")
    cleaner = "(SELECT odis.system_name()) IS NOT NULL"
    wall("erased_files", select=cleaner, delete=cleaner)
    auth_writes("erased_files", "INSERT")
