"""The functions of 0017 that decide when a file goes, and make it go: only here, so that nothing else can.

The day of the last contact is read from what happened in the file, never typed. A file is due when its rule's delay has passed
since, when somebody was warned thirty days before and nothing happened after the warning. What blocks it is judged again at
the very moment of the erasure.
"""

from __future__ import annotations

from migrations.walls import TODAY, definer

WORKER = "odis_worker"
RUNNER = "odis.system_name() = 'system:run-erasures'"
KEEPS = "(odis.has_role('coordinateur') OR odis.has_role('admin_organisation'))"
DEFINERS = (
    "last_contact(household bigint)",
    "erasure_blocks(household bigint)",
    "retention_delay(wanted text)",
    "retention_candidates(organisation bigint)",
    "retention_warn()",
    "retention_plan(new_public_id text)",
    "retention_decide(wanted text, approves boolean)",
    "erasures_run()",
    "erasures_due(most int)",
    "take_household(household bigint)",
    "erase_planned(plan bigint, record bigint, really boolean)",
    "erase_requested(request bigint)",
)


def erasure_functions() -> None:
    """Create them all; ``DEFINERS`` lists them in the order of creation."""
    _reading()
    _planning()
    _erasing()


def _reading() -> None:
    definer(
        DEFINERS[0],
        "timestamptz",
        """SELECT greatest(h.created_at, h.reviewed_at,
             (SELECT max(c.at) FROM public.household_changes c WHERE c.household_id = h.id),
             (SELECT max(j.created_at) FROM public.journal_entries j WHERE j.record_id = h.id AND j.kind = 'note'),
             (SELECT max(d.created_at) FROM public.documents d WHERE d.record_id = h.id),
             (SELECT max(f.recorded_at) FROM public.household_facts f WHERE f.household_id = h.id),
             (SELECT max(o.proposed_at) FROM public.orientations o WHERE o.household_id = h.id))
           FROM public.households h WHERE h.id = household""",
        to="odis_auth",
    )
    definer(
        DEFINERS[1],
        "text[]",
        """SELECT array_remove(ARRAY[
             CASE WHEN EXISTS (SELECT 1 FROM public.grants g WHERE g.record_id = household AND g.revoked_at IS NULL AND g.expires_at > now()) THEN 'partage' END,
             CASE WHEN EXISTS (SELECT 1 FROM public.orientations o WHERE o.household_id = household AND o.ended_at IS NULL AND o.entered_on IS NULL) THEN 'proposition' END,
             CASE WHEN EXISTS (SELECT 1 FROM public.placements p WHERE p.household_id = household AND p.cancelled_at IS NULL AND p.exited_on IS NULL) THEN 'sejour' END,
             CASE WHEN EXISTS (SELECT 1 FROM public.rights_requests r WHERE r.household_id = household AND r.state = 'ouverte') THEN 'demande' END,
             CASE WHEN EXISTS (SELECT 1 FROM public.limitations l WHERE l.household_id = household AND l.lifted_at IS NULL) THEN 'limitation' END], NULL)""",
        to="odis_auth",
    )
    definer(
        DEFINERS[2],
        "interval",
        "SELECT make_interval(months => r.months) FROM public.retention_rules r WHERE r.code = wanted",
        to="odis_auth",
    )
    # Files and refused offers of one organisation whose delay has passed; a file only after its warning.
    definer(
        DEFINERS[3],
        "TABLE (record_id bigint, kind text, number text, last_contact_on date, blocks text[])",
        """
        SELECT h.id, 'household', h.number, (c.at AT TIME ZONE 'Europe/Paris')::date, odis.erasure_blocks(h.id)
          FROM public.households h CROSS JOIN LATERAL (SELECT odis.last_contact(h.id) AS at) c
          JOIN public.retention_warnings w ON w.household_id = h.id AND w.warned_at > c.at AND w.warned_at <= now() - interval '30 days'
         WHERE h.owner_org_id = organisation AND ((c.at AT TIME ZONE 'Europe/Paris')::date + odis.retention_delay('dossier_menage'))::date <= current_date
        UNION ALL
        SELECT o.id, 'offer', o.number, o.decided_on,
               CASE WHEN EXISTS (SELECT 1 FROM public.orientations x JOIN public.places p ON p.id = x.place_id WHERE p.offer_id = o.id) THEN ARRAY['proposition'] ELSE '{}' END
          FROM public.offers o
         WHERE o.owner_org_id = organisation AND o.qualification_status = 'refusee' AND (o.decided_on + odis.retention_delay('hebergeur_refuse'))::date <= current_date""",
        to="odis_auth",
    )


def _planning() -> None:
    # Each night: warnings that a contact made void go, files that will be due in thirty days are warned of, to their referent or who coordinates.
    definer(
        DEFINERS[4],
        "TABLE (email text, files bigint)",
        """
        WITH contact AS MATERIALIZED (SELECT h.id, h.owner_org_id, h.referent_user_id, odis.last_contact(h.id) AS at FROM public.households h WHERE odis.system_name() IS NOT NULL),
        void AS (DELETE FROM public.retention_warnings w USING contact c WHERE w.household_id = c.id AND w.warned_at <= c.at RETURNING w.household_id),
        warned AS (
          INSERT INTO public.retention_warnings (household_id, owner_org_id, erasable_on)
          SELECT c.id, c.owner_org_id, greatest(((c.at AT TIME ZONE 'Europe/Paris')::date + odis.retention_delay('dossier_menage'))::date, current_date + 30) FROM contact c
           WHERE ((c.at AT TIME ZONE 'Europe/Paris')::date + odis.retention_delay('dossier_menage'))::date <= current_date + 30
             AND NOT EXISTS (SELECT 1 FROM public.retention_warnings w WHERE w.household_id = c.id AND w.warned_at > c.at)
             AND c.id NOT IN (SELECT household_id FROM void)
          RETURNING household_id, owner_org_id)
        SELECT u.email, count(DISTINCT w.household_id) FROM warned w JOIN contact c ON c.id = w.household_id
          JOIN public.memberships m ON m.organisation_id = w.owner_org_id AND current_date BETWEEN m.starts_on AND coalesce(m.ends_on, 'infinity'::date)
          JOIN public.users u ON u.id = m.user_id AND u.deactivated_at IS NULL
         WHERE m.user_id = c.referent_user_id OR (m.role = 'coordinateur' AND NOT EXISTS (
                 SELECT 1 FROM public.memberships r WHERE r.user_id = c.referent_user_id AND r.organisation_id = w.owner_org_id
                    AND current_date BETWEEN r.starts_on AND coalesce(r.ends_on, 'infinity'::date)))
         GROUP BY u.email""",
        volatility="VOLATILE",
        to=WORKER,
    )
    definer(
        DEFINERS[5],
        "boolean",
        f"""
        WITH made AS (
          INSERT INTO public.retention_plans (public_id, owner_org_id, planned_by_id, planned_by_label)
          SELECT new_public_id, odis.org(), u.id, u.first_name || ' ' || u.last_name FROM public.users u WHERE u.id = odis.user_id() AND {KEEPS}
             AND EXISTS (SELECT 1 FROM odis.retention_candidates(odis.org()))
          ON CONFLICT DO NOTHING RETURNING id, owner_org_id),
        listed AS (
          INSERT INTO public.retention_plan_rows (plan_id, owner_org_id, record_id, kind, number, last_contact_on, blocks, state)
          SELECT made.id, made.owner_org_id, c.record_id, c.kind, c.number, c.last_contact_on, c.blocks, CASE WHEN c.blocks = '{{}}' THEN 'due' ELSE 'blocked' END
            FROM made CROSS JOIN LATERAL odis.retention_candidates(made.owner_org_id) c RETURNING 1)
        SELECT EXISTS (SELECT 1 FROM listed)""",
        volatility="VOLATILE",
        to="odis_app",
    )
    # By a second person; alone, one waits seven days and may still cancel.
    definer(
        DEFINERS[6],
        "text",
        f"""
        DECLARE p record; me record; others boolean;
        BEGIN
          IF NOT {KEEPS} THEN RETURN 'refused'; END IF;
          SELECT * INTO p FROM public.retention_plans WHERE public_id = wanted AND owner_org_id = odis.org() FOR UPDATE;
          IF NOT FOUND OR p.state NOT IN ('planned', 'approved') THEN RETURN 'refused'; END IF;
          IF NOT approves THEN
            UPDATE public.retention_plans SET state = 'cancelled', ended_at = now() WHERE id = p.id;
            RETURN 'cancelled';
          END IF;
          IF p.state = 'approved' THEN RETURN 'refused'; END IF;
          SELECT u.id, u.first_name || ' ' || u.last_name AS label INTO me FROM public.users u WHERE u.id = odis.user_id();
          SELECT EXISTS (SELECT 1 FROM public.memberships m JOIN public.users u ON u.id = m.user_id
             WHERE m.organisation_id = p.owner_org_id AND m.user_id <> me.id AND m.role IN ('coordinateur', 'admin_organisation')
               AND u.deactivated_at IS NULL AND current_date BETWEEN m.starts_on AND coalesce(m.ends_on, 'infinity'::date)) INTO others;
          IF p.planned_by_id = me.id AND others THEN RETURN 'second'; END IF;
          UPDATE public.retention_plans SET state = 'approved', approved_at = now(), approved_by_id = me.id, approved_by_label = me.label,
                 runs_after = now() + CASE WHEN p.planned_by_id = me.id THEN interval '7 days' ELSE interval '0' END WHERE id = p.id;
          RETURN CASE WHEN p.planned_by_id = me.id THEN 'deferred' ELSE 'approved' END;
        END""",
        language="plpgsql",
        volatility="VOLATILE",
        to="odis_app",
    )
    definer(
        DEFINERS[7],
        "boolean",
        "SELECT coalesce((SELECT (value ->> 'running')::boolean FROM public.instance WHERE key = 'erasures'), true)",
    )
    # What the round takes next, nothing when it is stopped; plans with nothing left are closed.
    definer(
        DEFINERS[8],
        "TABLE (plan_id bigint, plan_public_id text, record_id bigint, kind text)",
        f"""
        WITH ended AS (
          UPDATE public.retention_plans p SET state = 'done', ended_at = now() WHERE {RUNNER} AND p.state = 'approved'
             AND NOT EXISTS (SELECT 1 FROM public.retention_plan_rows r WHERE r.plan_id = p.id AND r.state = 'due'))
        SELECT p.id, p.public_id, r.record_id, r.kind FROM public.retention_plans p JOIN public.retention_plan_rows r ON r.plan_id = p.id
         WHERE {RUNNER} AND odis.erasures_run() AND p.state = 'approved' AND p.runs_after <= now() AND r.state = 'due' ORDER BY p.id, r.record_id LIMIT most""",
        volatility="VOLATILE",
        to=WORKER,
    )


def _erasing() -> None:
    definer(
        DEFINERS[9],
        "void",
        """
        BEGIN
          INSERT INTO public.retired_statistics AS s (department_code, dispositif_id, opened_month, last_month, outcome, households, people)
          SELECT h.department_code, h.dispositif_id, date_trunc('month', h.created_at)::date, date_trunc('month', odis.last_contact(h.id))::date,
                 coalesce(t.exit_outcome, h.status), 1, h.size
            FROM public.households h LEFT JOIN public.household_tracking t ON t.record_id = h.id WHERE h.id = household
          ON CONFLICT (department_code, dispositif_id, opened_month, last_month, outcome)
          DO UPDATE SET households = s.households + 1, people = s.people + excluded.people;
          INSERT INTO public.erased_files (folder, storage_key)
          SELECT 'documents', d.storage_key FROM public.documents d WHERE d.record_id = household
          UNION ALL SELECT 'bilans', r.storage_key || f FROM public.reports r, unnest(ARRAY['pdf', 'xlsx']) f WHERE r.record_id = household AND r.storage_key <> ''
          UNION ALL SELECT 'copies', c.storage_key || f FROM public.data_copies c, unnest(ARRAY['pdf', 'json']) f WHERE c.household_id = household AND c.storage_key <> '';
          UPDATE public.jobs j SET label = 'Dossier effacé', result = '{}' WHERE j.id IN (
            SELECT r.job_id FROM public.reports r WHERE r.record_id = household UNION SELECT c.job_id FROM public.data_copies c WHERE c.household_id = household);
          UPDATE public.import_rows r SET cells_sealed = NULL, findings_sealed = NULL, undo_sealed = NULL WHERE r.record_id = household;
          DELETE FROM public.import_keys k WHERE k.record_id = household;
          DELETE FROM public.records r WHERE r.id = household;
        END""",
        language="plpgsql",
        volatility="VOLATILE",
        to="odis_auth",
    )
    definer(
        DEFINERS[10],
        "boolean",
        f"""
        DECLARE line record; still record;
        BEGIN
          SELECT r.*, p.owner_org_id AS organisation INTO line FROM public.retention_plan_rows r JOIN public.retention_plans p ON p.id = r.plan_id
           WHERE r.plan_id = plan AND r.record_id = record AND r.state = 'due' AND p.state = 'approved' AND p.runs_after <= now()
             AND {RUNNER} AND odis.erasures_run() FOR UPDATE OF r;
          IF NOT FOUND THEN RETURN false; END IF;
          SELECT c.* INTO still FROM odis.retention_candidates(line.organisation) c WHERE c.record_id = record AND c.kind = line.kind AND c.blocks = '{{}}';
          IF NOT FOUND THEN
            UPDATE public.retention_plan_rows r SET state = 'kept', ended_at = now() WHERE r.plan_id = plan AND r.record_id = record;
            RETURN false;
          END IF;
          IF NOT really THEN RETURN true; END IF;
          IF line.kind = 'household' THEN PERFORM odis.take_household(record);
          ELSE
            INSERT INTO public.erased_files (folder, storage_key) SELECT 'documents', d.storage_key FROM public.documents d WHERE d.record_id = record;
            DELETE FROM public.import_keys k WHERE k.record_id = record;
            UPDATE public.import_rows r SET cells_sealed = NULL, findings_sealed = NULL, undo_sealed = NULL WHERE r.record_id = record;
            DELETE FROM public.records r WHERE r.id = record;
          END IF;
          UPDATE public.retention_plan_rows r SET state = 'erased', number = NULL, ended_at = now() WHERE r.record_id = record;
          RETURN true;
        END""",
        language="plpgsql",
        volatility="VOLATILE",
        to=WORKER,
    )
    # Every adult of the file asked for it and was answered yes; nothing is under way.
    definer(
        DEFINERS[11],
        "text",
        """
        DECLARE asked record; blocks text[];
        BEGIN
          SELECT r.* INTO asked FROM public.rights_requests r WHERE r.id = request AND r.owner_org_id = odis.case_org() AND r.kind = 'effacement'
             AND r.state = 'acceptee' AND odis.has_role('coordinateur');
          IF NOT FOUND THEN RETURN 'refused'; END IF;
          PERFORM 1 FROM public.households h WHERE h.id = asked.household_id FOR UPDATE;
          IF EXISTS (SELECT 1 FROM public.members m WHERE m.household_id = asked.household_id AND m.until IS NULL AND odis.is_adult(m.link, m.birth_date, m.birth_year)
                AND NOT EXISTS (SELECT 1 FROM public.rights_requests o WHERE o.member_id = m.id AND o.kind = 'effacement' AND o.state = 'acceptee')) THEN
            RETURN 'adults';
          END IF;
          blocks := odis.erasure_blocks(asked.household_id);
          IF blocks <> '{}' THEN RETURN array_to_string(blocks, ' '); END IF;
          PERFORM odis.take_household(asked.household_id);
          UPDATE public.retention_plan_rows r SET state = 'erased', number = NULL, blocks = '{}', ended_at = now() WHERE r.record_id = asked.household_id;
          RETURN 'erased';
        END""",
        language="plpgsql",
        volatility="VOLATILE",
        to="odis_app",
    )
