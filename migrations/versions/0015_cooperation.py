"""Entrusting, handing over, joining a file; decisions that a second person reads over.

Nothing here is written by hand where two organisations meet: a proposal to hand a file over is the owner's row, every step after it
goes through ``odis.passation_*``, and ownership moves inside ``odis.passation_move``, which no role may call. Composite keys
(ON UPDATE CASCADE) carry the owner to everything that hangs on the file. ``odis.join_file`` is the break-glass: it answers the same
for a wrong number, a wrong date, another département and a file with a mark of danger.
"""

from __future__ import annotations

from importlib import import_module

from migrations.contested import contested_functions, drop_contested
from migrations.joining import drop_telling, telling_functions
from migrations.second_look import drop_second_look, second_look_functions
from migrations.walls import (
    APPLICATION,
    NAMES_RECORD,
    OWN_RECORD,
    TODAY,
    auth_writes,
    definer,
    drop_definer,
    mandated,
    run,
    wall,
)

revision = "0015_cooperation"
down_revision = "0014_second_factor"

OWN = "owner_org_id = (SELECT odis.case_org())"
ME = "(SELECT odis.user_id())"
REFERRED = "{column} = ANY (ARRAY(SELECT odis.referred_households()))"
COORDINATES = "(SELECT odis.has_role('coordinateur'))"
ANSWER_DAYS, READING_DAYS, JOINED_DAYS, TRIES, STAY_DAYS = 30, 60, 7, 3, 400
STANDING = "current_date BETWEEN m.starts_on AND coalesce(m.ends_on, 'infinity'::date)"
ID = "substr(replace(gen_random_uuid()::text, '-', ''), 17)"
# What odis.passation_move, odis.contest and their sisters write, beyond what odis_auth may already (places: 0019).
MOVED = {
    "records": "UPDATE",
    "household_counters": "INSERT, UPDATE",
    "household_identities": "UPDATE",
    "household_administrative": "UPDATE",
    "household_health_needs": "DELETE",
    "member_safety": "DELETE",
    "protection_stories": "DELETE",
    "journal_entries": "UPDATE",
    "journal_revisions": "UPDATE",
    "import_keys": "DELETE",
    "placements": "UPDATE",
    "placement_departures": "INSERT",
    "offers": "UPDATE",
    "offer_events": "INSERT",
}
DEFINERS = {
    "coordinated": "is_coordinated()",
    "assign": "may_assign(owner bigint, referent bigint)",
    "step": "passation_step(wanted bigint, step text, words bytea)",
    "move": "passation_move(wanted bigint)",
    "accept": "passation_accept(wanted bigint, referent bigint, referent_name text)",
    "due": "passations_due()",
    "danger": "is_in_danger(household bigint)",
    "tries": "join_tries()",
    "join": "join_file(new_public_id text, wanted text, born date, why text, words bytea)",
    "ask": "review_ask(what text, on_record bigint, department text, about text, said text, why text)",
    "decide": "review_decide(wanted bigint, answer text, words bytea)",
    "explain": "explain_access(member text, wanted text)",
}


def upgrade() -> None:
    _referents()
    _passations()
    _joins()
    _reviews()
    for table, verbs in MOVED.items():
        auth_writes(table, verbs)
    _move()
    _steps()
    _join_file()
    telling_functions()
    contested_functions()
    second_look_functions()
    _review_functions()
    _explain()
    _walls()
    _packets()
    _names_record(PROPOSED + PASSED)


def _referents() -> None:
    run("""
    CREATE TABLE assignments (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      household_id bigint NOT NULL,
      owner_org_id bigint NOT NULL,
      by_org_id bigint NOT NULL REFERENCES organisations,
      by_user_id bigint NOT NULL REFERENCES users,
      by_label text NOT NULL,
      from_label text NOT NULL,
      to_user_id bigint NOT NULL REFERENCES users,
      to_label text NOT NULL,
      word_sealed bytea,
      public_id text NOT NULL CONSTRAINT uq_assignments_public_id UNIQUE,
      at timestamptz NOT NULL,
      CONSTRAINT fk_assignments_household FOREIGN KEY (household_id, owner_org_id) REFERENCES households (id, owner_org_id)
        ON UPDATE CASCADE ON DELETE CASCADE
    )""")
    run("CREATE INDEX ix_assignments_household ON assignments (household_id, id DESC)")
    run("CREATE INDEX ix_assignments_to ON assignments (to_user_id, at DESC)")
    definer(
        DEFINERS["coordinated"],
        "boolean",
        f"""SELECT EXISTS (SELECT 1 FROM public.memberships m JOIN public.users u ON u.id = m.user_id AND u.deactivated_at IS NULL
             WHERE m.organisation_id = odis.org() AND m.role = 'coordinateur' AND {STANDING})""",
    )
    # The referent reads class 3: nobody takes a file for themselves. A coordinator entrusts it, or the present referent hands it on;
    # where nobody coordinates, any case worker does.
    definer(
        DEFINERS["assign"],
        "boolean",
        "SELECT owner = odis.case_org() AND odis.level() >= 1 AND (odis.has_role('coordinateur') OR referent = odis.user_id() OR NOT odis.is_coordinated()) IS TRUE",
    )
    run(f"""
    CREATE FUNCTION odis.guard_referent() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog SET timezone = 'Europe/Paris' AS $$
    BEGIN
      IF current_user IN ('odis_app', 'odis_worker') AND NEW.referent_user_id IS DISTINCT FROM OLD.referent_user_id AND NOT (
           odis.may_assign(OLD.owner_org_id, OLD.referent_user_id) AND (NEW.referent_user_id IS NULL OR EXISTS (
             SELECT 1 FROM public.memberships m WHERE m.organisation_id = OLD.owner_org_id AND m.user_id = NEW.referent_user_id AND {STANDING}))) THEN
        RAISE insufficient_privilege USING MESSAGE = 'a referent is chosen by the coordination, among colleagues';
      END IF;
      RETURN NEW;
    END $$""")
    run("ALTER FUNCTION odis.guard_referent() OWNER TO odis_auth")
    run("REVOKE ALL ON FUNCTION odis.guard_referent() FROM PUBLIC")
    run(
        "CREATE TRIGGER guard_referent BEFORE UPDATE OF referent_user_id ON households FOR EACH ROW EXECUTE FUNCTION odis.guard_referent()"
    )


def _passations() -> None:
    # ``owner_org_id`` follows the file; ``from_org_id`` is who proposed (of a request: who owns the file now).
    run("""
    CREATE TABLE passations (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      public_id text NOT NULL CONSTRAINT uq_passations_public_id UNIQUE,
      record_id bigint NOT NULL,
      owner_org_id bigint NOT NULL,
      from_org_id bigint NOT NULL REFERENCES organisations,
      to_org_id bigint NOT NULL REFERENCES organisations,
      state text NOT NULL CHECK (state IN ('asked', 'granted', 'declined', 'proposed', 'withdrawn', 'refused', 'accepted', 'moved', 'expired')),
      by_user_id bigint NOT NULL REFERENCES users,
      by_label text NOT NULL,
      by_org_label text NOT NULL,
      at timestamptz NOT NULL,
      reason_sealed bytea NOT NULL,
      summary_sealed bytea,
      due_on date,
      sheet jsonb NOT NULL DEFAULT '{}',
      entry_ids bigint[] NOT NULL DEFAULT '{}',
      document_ids bigint[] NOT NULL DEFAULT '{}',
      with_health boolean NOT NULL DEFAULT false,
      with_safety boolean NOT NULL DEFAULT false,
      phone_before bytea,
      phone_after bytea,
      agdref_before bytea,
      agdref_after bytea,
      answered_by_id bigint REFERENCES users,
      answered_by_label text,
      answered_at timestamptz,
      answer_sealed bytea,
      referent_user_id bigint REFERENCES users,
      referent_label text NOT NULL DEFAULT '',
      former_number text NOT NULL DEFAULT '',
      moved_at timestamptz,
      CONSTRAINT fk_passations_household FOREIGN KEY (record_id, owner_org_id) REFERENCES households (id, owner_org_id)
        ON UPDATE CASCADE ON DELETE CASCADE,
      CONSTRAINT uq_passations_record UNIQUE (id, record_id),
      CONSTRAINT ck_passations_other CHECK (from_org_id <> to_org_id),
      CONSTRAINT ck_passations_due CHECK ((due_on IS NULL) = (state IN ('asked', 'granted', 'declined')) OR state IN ('withdrawn', 'expired')),
      CONSTRAINT ck_passations_moved CHECK ((moved_at IS NOT NULL) = (state = 'moved')),
      CONSTRAINT ck_passations_two_people CHECK (answered_by_id IS NULL OR answered_by_id <> by_user_id OR state = 'withdrawn')
    )""")
    run("CREATE UNIQUE INDEX uq_passations_open ON passations (record_id) WHERE state IN ('proposed', 'accepted')")
    run("CREATE UNIQUE INDEX uq_passations_asked ON passations (record_id, to_org_id) WHERE state = 'asked'")
    run("CREATE INDEX ix_passations_from ON passations (from_org_id, id DESC)")
    run("CREATE INDEX ix_passations_to ON passations (to_org_id, id DESC)")


def _packets() -> None:
    # The bilan that goes with a handover: made by who proposed it, read by who received the file, for as long as the file is theirs.
    run("""ALTER TABLE reports ADD COLUMN passation_id bigint, ADD CONSTRAINT fk_reports_passation FOREIGN KEY (passation_id, record_id)
        REFERENCES passations (id, record_id) ON DELETE CASCADE""")
    run("CREATE INDEX ix_reports_passation ON reports (passation_id) WHERE passation_id IS NOT NULL")
    run(f"GRANT INSERT (passation_id) ON reports TO {APPLICATION}")
    run(f"""CREATE POLICY packets ON reports FOR SELECT TO {APPLICATION} USING (passation_id IS NOT NULL
        AND EXISTS (SELECT 1 FROM records r WHERE r.id = record_id AND r.owner_org_id = (SELECT odis.case_org()))
        AND EXISTS (SELECT 1 FROM passations p WHERE p.id = passation_id AND p.state = 'moved' AND p.to_org_id = (SELECT odis.case_org())))""")


def _joins() -> None:
    # A try that opened nothing keeps no file, except for who follows a file in danger: they are told that somebody tried.
    run("""
    CREATE TABLE file_joins (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      public_id text NOT NULL CONSTRAINT uq_file_joins_public_id UNIQUE,
      record_id bigint,
      owner_org_id bigint,
      grant_id bigint REFERENCES grants ON DELETE SET NULL,
      outcome text NOT NULL CHECK (outcome IN ('opened', 'danger', 'nothing')),
      actor_user_id bigint NOT NULL REFERENCES users,
      actor_org_id bigint NOT NULL REFERENCES organisations,
      actor_label text NOT NULL,
      org_label text NOT NULL,
      reason text NOT NULL,
      words_sealed bytea NOT NULL,
      at timestamptz NOT NULL DEFAULT now(),
      told_at timestamptz,
      CONSTRAINT fk_file_joins_household FOREIGN KEY (record_id, owner_org_id) REFERENCES households (id, owner_org_id)
        ON UPDATE CASCADE ON DELETE CASCADE,
      CONSTRAINT ck_file_joins_named CHECK ((record_id IS NULL) = (outcome = 'nothing') AND (owner_org_id IS NULL) = (record_id IS NULL))
    )""")
    run("CREATE INDEX ix_file_joins_actor ON file_joins (actor_user_id, at DESC)")
    run("CREATE INDEX ix_file_joins_record ON file_joins (record_id, id DESC) WHERE record_id IS NOT NULL")


def _reviews() -> None:
    run("""
    CREATE TABLE reviews (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      public_id text NOT NULL CONSTRAINT uq_reviews_public_id UNIQUE,
      kind text NOT NULL CHECK (kind IN ('break_glass', 'exclusion', 'offer_decision', 'export')),
      owner_org_id bigint NOT NULL REFERENCES organisations,
      record_id bigint,
      department_code text NOT NULL,
      subject text NOT NULL,
      label text NOT NULL,
      reason text NOT NULL DEFAULT '',
      author_user_id bigint NOT NULL REFERENCES users,
      author_label text NOT NULL,
      org_label text NOT NULL,
      asked_at timestamptz NOT NULL DEFAULT now(),
      reminded_at timestamptz,
      decided_at timestamptz,
      decided_by_id bigint REFERENCES users,
      decided_by_label text,
      verdict text CHECK (verdict IN ('confirmed', 'contested')),
      words_sealed bytea,
      effect text NOT NULL DEFAULT '' CHECK (effect IN ('', 'closed', 'returned', 'reopened', 'late')),
      CONSTRAINT fk_reviews_record FOREIGN KEY (record_id, owner_org_id) REFERENCES records (id, owner_org_id) ON UPDATE CASCADE ON DELETE CASCADE,
      CONSTRAINT ck_reviews_decided CHECK (num_nonnulls(decided_at, decided_by_id, decided_by_label, verdict) IN (0, 4)),
      CONSTRAINT ck_reviews_two_people CHECK (decided_by_id <> author_user_id)
    )""")
    run("CREATE INDEX ix_reviews_owner ON reviews (owner_org_id, asked_at) WHERE decided_at IS NULL")
    run("CREATE INDEX ix_reviews_department ON reviews (department_code, asked_at) WHERE decided_at IS NULL")
    run(
        "CREATE INDEX ix_orientations_undone ON orientations (id) WHERE ended_by = 'systeme' AND ended_kind = 'annulee'"
    )
    run("CREATE UNIQUE INDEX uq_reviews_subject ON reviews (kind, subject, owner_org_id) WHERE decided_at IS NULL")


def _move() -> None:
    # The number is the receiver's: it leaves its place for a moment under a name that no organisation uses.
    definer(
        DEFINERS["move"],
        "boolean",
        f"""
        DECLARE p record; h record; counted int; new_number text;
        BEGIN
          SELECT * INTO p FROM public.passations WHERE id = wanted AND state = 'accepted' AND due_on <= {TODAY} AND owner_org_id = from_org_id FOR UPDATE;
          IF NOT FOUND OR NOT EXISTS (SELECT 1 FROM public.organisations o WHERE o.id = p.to_org_id AND o.deactivated_at IS NULL)
             OR EXISTS (SELECT 1 FROM public.limitations l WHERE l.household_id = p.record_id AND l.lifted_at IS NULL) THEN RETURN false; END IF;
          SELECT * INTO h FROM public.households WHERE id = p.record_id FOR UPDATE;
          UPDATE public.grants SET revoked_at = now(), revoked_by_id = p.answered_by_id
           WHERE record_id = h.id AND grantee_org_id = p.to_org_id AND revoked_at IS NULL;
          IF NOT p.with_safety THEN DELETE FROM public.member_safety WHERE household_id = h.id; END IF;
          IF NOT p.with_health THEN DELETE FROM public.household_health_needs WHERE household_id = h.id; END IF;
          DELETE FROM public.protection_stories WHERE household_id = h.id;
          DELETE FROM public.import_keys WHERE record_id = h.id AND owner_org_id = p.from_org_id;
          INSERT INTO public.household_counters AS c (owner_org_id, department_code, last_number) VALUES (p.to_org_id, h.department_code, 1)
            ON CONFLICT (owner_org_id, department_code) DO UPDATE SET last_number = c.last_number + 1 RETURNING last_number INTO counted;
          new_number := 'M-' || h.department_code || '-' || lpad(counted::text, greatest(4, length(counted::text)), '0');
          UPDATE public.households SET number = '~' || h.id WHERE id = h.id;
          UPDATE public.records SET owner_org_id = p.to_org_id WHERE id = h.id;
          UPDATE public.households SET number = new_number, referent_user_id = p.referent_user_id, referent_label = p.referent_label, version = version + 1
           WHERE id = h.id;
          UPDATE public.household_tracking SET number = new_number WHERE record_id = h.id;
          UPDATE public.household_identities SET phone_index = CASE WHEN phone_index = p.phone_before THEN p.phone_after END WHERE household_id = h.id;
          UPDATE public.household_administrative SET agdref_index = CASE WHEN agdref_index = p.agdref_before THEN p.agdref_after END WHERE household_id = h.id;
          UPDATE public.journal_revisions SET author_org_id = p.to_org_id WHERE record_id = h.id AND author_org_id = p.from_org_id AND entry_id IN (
            SELECT e.id FROM public.journal_entries e WHERE e.id = ANY (p.entry_ids) AND e.record_id = h.id AND e.audience = 'organisation');
          UPDATE public.journal_entries SET author_org_id = p.to_org_id
           WHERE id = ANY (p.entry_ids) AND record_id = h.id AND author_org_id = p.from_org_id AND audience = 'organisation';
          UPDATE public.documents SET uploaded_org_id = p.to_org_id
           WHERE id = ANY (p.document_ids) AND record_id = h.id AND uploaded_org_id = p.from_org_id AND audience = 'organisation';
          UPDATE public.passations SET from_org_id = p.to_org_id WHERE record_id = h.id AND state = 'asked' AND to_org_id <> p.to_org_id;
          UPDATE public.passations SET state = 'granted', answered_at = now() WHERE record_id = h.id AND state = 'asked' AND to_org_id = p.to_org_id;
          INSERT INTO public.grants (public_id, record_id, owner_org_id, grantee_org_id, level, max_class, purpose, motive, granted_by_id, expires_at)
          VALUES ({ID}, h.id, p.to_org_id, p.from_org_id, 'full', 1, 'passation', 'Lecture après la passation', p.answered_by_id, now() + interval '{READING_DAYS} days');
          INSERT INTO public.grants (public_id, record_id, owner_org_id, grantee_org_id, level, max_class, purpose, motive, granted_by_id, expires_at)
          SELECT {ID}, h.id, p.to_org_id, p.from_org_id, 'full', 1, 'orientation', 'Le ménage est hébergé ici', p.answered_by_id, now() + interval '{STAY_DAYS} days'
           WHERE EXISTS (SELECT 1 FROM public.orientations o LEFT JOIN public.placements s ON s.orientation_id = o.id
                          WHERE o.household_id = h.id AND o.place_owner_org_id = p.from_org_id AND o.confirmed_at IS NOT NULL AND o.ended_at IS NULL
                            AND s.exited_on IS NULL);
          UPDATE public.passations SET state = 'moved', moved_at = now(), former_number = h.number WHERE id = p.id;
          RETURN true;
        END""",
        language="plpgsql",
        volatility="VOLATILE",
        to="odis_auth",
    )
    run(f"REVOKE EXECUTE ON FUNCTION odis.passation_move(bigint) FROM {APPLICATION}")


def _steps() -> None:
    label = "(SELECT u.first_name || ' ' || u.last_name FROM public.users u WHERE u.id = odis.user_id())"
    definer(
        DEFINERS["step"],
        "boolean",
        f"""WITH moved AS (
          UPDATE public.passations SET state = step, answered_by_id = odis.user_id(), answered_by_label = {label}, answered_at = now(), answer_sealed = words
           WHERE id = wanted AND odis.level() >= 1 AND CASE step
             WHEN 'withdrawn' THEN (state = 'proposed' AND from_org_id = odis.case_org()) OR (state = 'asked' AND to_org_id = odis.case_org())
             WHEN 'refused' THEN state = 'proposed' AND to_org_id = odis.case_org() AND by_user_id <> odis.user_id()
             WHEN 'declined' THEN state = 'asked' AND owner_org_id = odis.case_org() AND by_user_id <> odis.user_id()
             WHEN 'granted' THEN state = 'asked' AND owner_org_id = odis.case_org() AND by_user_id <> odis.user_id()
             ELSE false END RETURNING 1)
        SELECT EXISTS (SELECT 1 FROM moved)""",
        volatility="VOLATILE",
    )
    # Both parties are checked here: the receiver's own person, somebody else than who proposed, a file that the proposer still owns.
    definer(
        DEFINERS["accept"],
        "text",
        f"""
        DECLARE p record;
        BEGIN
          SELECT * INTO p FROM public.passations
           WHERE id = wanted AND to_org_id = odis.case_org() AND by_user_id <> odis.user_id() AND odis.level() >= 1 AND owner_org_id = from_org_id FOR UPDATE;
          IF NOT FOUND THEN RETURN 'unknown'; END IF;
          IF p.state <> 'proposed' THEN RETURN p.state; END IF;
          IF p.with_safety AND NOT odis.is_confirmed() THEN RETURN 'confirm'; END IF;
          IF EXISTS (SELECT 1 FROM public.limitations l WHERE l.household_id = p.record_id AND l.lifted_at IS NULL) THEN RETURN 'limited'; END IF;
          IF p.at < now() - interval '{ANSWER_DAYS} days' THEN RETURN 'expired'; END IF;
          IF NOT EXISTS (SELECT 1 FROM public.memberships m WHERE m.organisation_id = p.to_org_id AND m.user_id = referent AND {STANDING}) THEN RETURN 'referent'; END IF;
          UPDATE public.passations SET state = 'accepted', answered_by_id = odis.user_id(), answered_by_label = {label}, answered_at = now(),
                 referent_user_id = referent, referent_label = referent_name WHERE id = p.id;
          RETURN CASE WHEN odis.passation_move(p.id) THEN 'moved' ELSE 'accepted' END;
        END""",
        language="plpgsql",
        volatility="VOLATILE",
    )
    # For the nightly task: those whose day has come, and the questions that nobody answered. Run twice, the second finds none.
    definer(
        DEFINERS["due"],
        "TABLE (passation_id bigint, record_id bigint, owner_org_id bigint, former_number text)",
        f"""
        DECLARE due record;
        BEGIN
          IF odis.system_name() IS DISTINCT FROM 'system:passations' THEN RETURN; END IF;
          UPDATE public.passations p SET state = 'expired', answered_at = now() WHERE p.state IN ('asked', 'proposed') AND p.at < now() - interval '{ANSWER_DAYS} days';
          FOR due IN SELECT p.id FROM public.passations p WHERE p.state = 'accepted' AND p.due_on <= {TODAY} ORDER BY p.id LOOP
            IF odis.passation_move(due.id) THEN
              RETURN QUERY SELECT p.id, p.record_id, p.owner_org_id, p.former_number FROM public.passations p WHERE p.id = due.id;
            END IF;
          END LOOP;
        END""",
        language="plpgsql",
        volatility="VOLATILE",
        to="odis_worker",
    )


def _join_file() -> None:
    # Unknown closes as well: an adult whom nobody asked, and a household lodged where the address is secret.
    definer(
        DEFINERS["danger"],
        "boolean",
        """SELECT EXISTS (
             SELECT 1 FROM public.members m LEFT JOIN public.member_safety s ON s.member_id = m.id
              WHERE m.household_id = household AND m.until IS NULL
                AND (s.fvv_teh OR s.women_hosts_only OR s.lgbt_safe OR s.excluded_departments <> '{}'
                     OR (s.member_id IS NULL AND odis.is_adult(m.link, m.birth_date, m.birth_year))))
           OR EXISTS (
             SELECT 1 FROM public.occupancy_households k JOIN public.occupancies c ON c.id = k.occupancy_id JOIN public.places p ON p.id = c.place_id
              WHERE k.household_record_id = household AND c.released_at IS NULL AND p.location_secret)""",
        to="odis_auth",
    )
    run(f"REVOKE EXECUTE ON FUNCTION odis.is_in_danger(bigint) FROM {APPLICATION}")
    definer(
        DEFINERS["tries"],
        "bigint",
        f"""SELECT count(*) FROM public.file_joins j WHERE j.actor_user_id = odis.user_id()
             AND (j.at AT TIME ZONE 'Europe/Paris')::date = {TODAY}""",
    )
    definer(
        DEFINERS["join"],
        "bigint",
        f"""
        DECLARE me bigint := odis.user_id(); mine bigint := odis.case_org(); who text; org text; files bigint[]; h record; given bigint; dangerous boolean;
        BEGIN
          IF me IS NULL OR mine IS NULL OR odis.level() < 2 OR NOT odis.is_confirmed() THEN RETURN NULL; END IF;
          PERFORM pg_advisory_xact_lock(hashtext('join_file'), hashtext(me::text));
          IF odis.join_tries() >= {TRIES} THEN RETURN NULL; END IF;
          SELECT u.first_name || ' ' || u.last_name INTO who FROM public.users u WHERE u.id = me;
          SELECT o.name INTO org FROM public.organisations o WHERE o.id = mine;
          files := ARRAY(
            SELECT x.id FROM public.households x JOIN public.members m ON m.household_id = x.id AND m.until IS NULL AND m.link = 'demandeur_principal'
             WHERE x.number = upper(btrim(wanted)) AND m.birth_date = born AND x.owner_org_id <> mine
               AND ({mandated("x.")}
                    OR (odis.has_role('coordinateur') AND x.department_code = ANY (odis.departments()))));
          IF cardinality(files) <> 1 THEN
            INSERT INTO public.file_joins (public_id, outcome, actor_user_id, actor_org_id, actor_label, org_label, reason, words_sealed)
            VALUES (new_public_id, 'nothing', me, mine, who, org, why, words);
            RETURN NULL;
          END IF;
          SELECT x.* INTO h FROM public.households x WHERE x.id = files[1];
          dangerous := odis.is_in_danger(h.id);
          IF NOT dangerous THEN
            UPDATE public.grants SET revoked_at = now(), revoked_by_id = me
             WHERE record_id = h.id AND grantee_org_id = mine AND purpose = 'urgence' AND revoked_at IS NULL;
            INSERT INTO public.grants (public_id, record_id, owner_org_id, grantee_org_id, level, max_class, purpose, motive, granted_by_id, expires_at)
            VALUES ({ID}, h.id, h.owner_org_id, mine, 'full', 1, 'urgence', '', me, now() + interval '{JOINED_DAYS} days') RETURNING id INTO given;
            INSERT INTO public.reviews (public_id, kind, owner_org_id, record_id, department_code, subject, label, reason, author_user_id, author_label, org_label)
            VALUES ({ID}, 'break_glass', h.owner_org_id, h.id, h.department_code, new_public_id, h.number, why, me, who, org);
          END IF;
          INSERT INTO public.file_joins (public_id, record_id, owner_org_id, grant_id, outcome, actor_user_id, actor_org_id, actor_label, org_label, reason, words_sealed)
          VALUES (new_public_id, h.id, h.owner_org_id, given, CASE WHEN dangerous THEN 'danger' ELSE 'opened' END, me, mine, who, org, why, words);
          RETURN CASE WHEN dangerous THEN NULL ELSE h.id END;
        END""",
        language="plpgsql",
        volatility="VOLATILE",
    )


def _review_functions() -> None:
    # Asked in one's own name, on what one's organisation owns; the database says who.
    definer(
        DEFINERS["ask"],
        "text",
        f"""INSERT INTO public.reviews (public_id, kind, owner_org_id, record_id, department_code, subject, label, reason, author_user_id, author_label, org_label)
           SELECT {ID}, what, odis.org(), on_record, department, about, said, why, u.id, u.first_name || ' ' || u.last_name, o.name
             FROM public.users u, public.organisations o
            WHERE u.id = odis.user_id() AND o.id = odis.org() AND what IN ('exclusion', 'offer_decision', 'export')
              AND (on_record IS NULL OR EXISTS (SELECT 1 FROM public.records r WHERE r.id = on_record AND r.owner_org_id = odis.org()))
           ON CONFLICT DO NOTHING RETURNING public_id""",
        volatility="VOLATILE",
    )
    definer(
        DEFINERS["decide"],
        "boolean",
        """
        DECLARE r record;
        BEGIN
          SELECT * INTO r FROM public.reviews WHERE id = wanted AND decided_at IS NULL AND author_user_id <> odis.user_id() FOR UPDATE;
          IF NOT FOUND OR answer NOT IN ('confirmed', 'contested') THEN RETURN false; END IF;
          IF NOT ((r.owner_org_id = odis.org() AND CASE r.kind
                WHEN 'break_glass' THEN odis.has_role('coordinateur') OR (odis.level() >= 1 AND NOT odis.is_coordinated())
                WHEN 'offer_decision' THEN odis.has_role('coordinateur') OR odis.has_role('qualificateur_offres')
                ELSE odis.level() >= 1 END)
              OR (r.kind IN ('exclusion', 'offer_decision') AND r.department_code IN (SELECT odis.steered_departments()))) THEN RETURN false; END IF;
          UPDATE public.reviews SET decided_at = now(), decided_by_id = odis.user_id(), verdict = answer, words_sealed = words,
                 decided_by_label = (SELECT u.first_name || ' ' || u.last_name FROM public.users u WHERE u.id = odis.user_id()) WHERE id = r.id;
          IF answer = 'contested' THEN PERFORM odis.contest(r.id); ELSE PERFORM odis.offer_confirmed(r.id); END IF;
          -- the later review of an exclusion is its second signature
          IF r.kind = 'exclusion' AND answer = 'confirmed' THEN
            UPDATE public.placements SET review_due = false, exit_confirmed_by_id = odis.user_id()
             WHERE public_id = r.subject AND review_due AND exit_asked_by_id <> odis.user_id();
          END IF;
          RETURN true;
        END""",
        language="plpgsql",
        volatility="VOLATILE",
    )


def _explain() -> None:
    # For an administrator of an organisation, who reads no file: why one of its people does not see one. A file that was never the
    # organisation's, nor given to it, answers as one that does not exist.
    definer(
        DEFINERS["explain"],
        "TABLE (owned boolean, roles text[], level smallint, referent boolean, department text, grant_level text, max_class smallint, "
        "ended_at timestamptz, standing boolean, class2 boolean)",
        f"""
        SELECT h.owner_org_id = odis.org(), who.roles, odis.level_of(who.roles), h.referent_user_id IS NOT DISTINCT FROM who.id AND h.owner_org_id = odis.org(),
               h.department_code, g.level, g.max_class, coalesce(g.revoked_at, g.expires_at), g.revoked_at IS NULL AND g.expires_at > now(), odis.class2_is_open()
          FROM (SELECT u.id, array_agg(m.role ORDER BY m.role) FILTER (WHERE {STANDING} AND u.deactivated_at IS NULL) AS roles
                  FROM public.users u JOIN public.memberships m ON m.user_id = u.id AND m.organisation_id = odis.org()
                 WHERE u.public_id = member AND odis.has_role('admin_organisation') GROUP BY u.id) AS who
          JOIN public.households h ON h.number = upper(btrim(wanted))
          LEFT JOIN LATERAL (SELECT s.* FROM public.grants s WHERE s.record_id = h.id AND s.grantee_org_id = odis.org()
                              ORDER BY (s.revoked_at IS NULL AND s.expires_at > now()) DESC, s.level, s.max_class DESC, coalesce(s.revoked_at, s.expires_at) DESC LIMIT 1) g ON true
         WHERE h.owner_org_id = odis.org() OR g.id IS NOT NULL
         ORDER BY 1 DESC, h.id""",
    )


def _walls() -> None:
    theirs = f"{OWN} AND by_org_id = (SELECT odis.case_org())"  # words said among colleagues stay among them when the file leaves
    wall("assignments", select=theirs, insert=f"{theirs} AND by_user_id = {ME}")
    to_me, from_me = "to_org_id = (SELECT odis.case_org())", "from_org_id = (SELECT odis.case_org())"
    fresh = f"at > now() - interval '{ANSWER_DAYS} days'"
    referred = REFERRED.format(column="record_id")
    proposes = (
        f"{OWN} AND {OWN_RECORD.format(record='record_id')} AND {from_me} AND state = 'proposed' AND (NOT with_health OR (SELECT odis.level()) >= 2) "
        f"AND (NOT with_safety OR ((SELECT odis.is_confirmed()) AND ((SELECT odis.level()) >= 3 OR {referred})))"
    )
    asks = (
        f"{to_me} AND state = 'asked' AND from_org_id = owner_org_id AND record_id = ANY (ARRAY(SELECT odis.shared_records())) "
        "AND (SELECT odis.org_kind()) NOT IN ('ddets', 'dreets', 'sgar', 'prefecture', 'dihal', 'dgef')"
    )
    wall(
        "passations",
        select=f"({from_me} AND (state <> 'moved' OR moved_at > now() - interval '{READING_DAYS} days')) "
        f"OR ({to_me} AND (state IN ('accepted', 'moved', 'asked', 'granted', 'declined') OR (state = 'proposed' AND {fresh})))",
        insert=f"by_user_id = {ME} AND (SELECT odis.level()) >= 1 AND (({proposes}) OR ({asks}))",
        update=f"{OWN} AND {from_me} AND state IN ('proposed', 'accepted')",
        update_check=f"{OWN} AND {from_me}",
    )
    run(f"REVOKE UPDATE ON passations FROM {APPLICATION}")
    run(f"GRANT UPDATE (phone_before, phone_after, agdref_before, agdref_after) ON passations TO {APPLICATION}")
    auth_writes("passations", "UPDATE")
    wall(
        "file_joins",
        select=f"({OWN} AND ((SELECT odis.level()) >= 3 OR {referred})) OR (actor_user_id = {ME} AND outcome = 'opened')",
    )
    auth_writes("file_joins", "INSERT, UPDATE")
    wall(
        "reviews",
        select="(owner_org_id = (SELECT odis.org()) AND ((SELECT odis.level()) >= 0 OR (kind = 'offer_decision' AND (SELECT odis.has_role('qualificateur_offres'))))) "
        "OR department_code = ANY (ARRAY(SELECT odis.steered_departments()))",
    )
    auth_writes("reviews", "INSERT, UPDATE")


# Who was offered a file, who has joined one and who asked for one may be named in its trail.
PASSED = """
               OR EXISTS (SELECT 1 FROM public.passations q WHERE q.record_id = r.id AND (q.to_org_id = odis.case_org() OR q.from_org_id = odis.case_org()))
               OR EXISTS (SELECT 1 FROM public.reviews w WHERE w.record_id = r.id AND w.department_code IN (SELECT odis.steered_departments()))"""
PROPOSED: str = import_module("migrations.versions.0008_placements").PROPOSED


def _names_record(more: str) -> None:
    run(f"""CREATE OR REPLACE FUNCTION odis.names_record(record bigint) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $body${NAMES_RECORD.format(more=more)}$body$""")


def downgrade() -> None:
    _names_record(PROPOSED)
    run("DROP POLICY packets ON reports")
    run("ALTER TABLE reports DROP COLUMN passation_id")
    run("DROP TRIGGER guard_referent ON households")
    run("DROP FUNCTION odis.guard_referent()")
    for table, verbs in MOVED.items():
        run(f"DROP POLICY auth_writes ON {table}")
        run(f"REVOKE {verbs} ON {table} FROM odis_auth")
    for signature in reversed(DEFINERS.values()):
        drop_definer(signature)
    drop_second_look()
    drop_contested()
    drop_telling()
    run("DROP INDEX ix_orientations_undone")
    run("DROP TABLE reviews, file_joins, passations, assignments")
