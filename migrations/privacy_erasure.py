"""The functions of 0017 that decide when what is kept goes, and make it go: only here, so that nothing else can.

The day of the last contact is read from what happened in the file, never typed. A file is due when its rule's delay has passed
since, when somebody was warned thirty days before and nothing happened after the warning. What blocks it is judged again at
the very moment of the erasure.
"""

from __future__ import annotations

from migrations.walls import TODAY, definer

WORKER = "odis_worker"
RUNNER = "odis.system_name() = 'system:run-erasures'"
KEEPS = "(odis.has_role('coordinateur') OR odis.has_role('admin_organisation') OR odis.has_role('admin_plateforme'))"
# When days taken on a place came to their end, in occupancies ``c``; NULL while they have none.
ENDED = "least(upper(c.during), (c.released_at AT TIME ZONE 'Europe/Paris')::date)"
GONE_ADDRESS = "@compte.invalid"  # of an account that was erased: its row stays, since acts hang on its number
DEFINERS = (
    "last_contact(household bigint)",
    "erasure_blocks(household bigint)",
    "retention_delay(wanted text)",
    "retention_candidates(organisation bigint, wanted text)",
    "retention_warn()",
    "retention_plan(new_public_id text)",
    "retention_decide(wanted text, approves boolean)",
    "erasures_run()",
    "erasures_due(most int)",
    "take_household(household bigint)",
    "take_offer(offer bigint)",
    "take_account(who bigint)",
    "take_trail(head bigint)",
    "take_days(place text, until date)",
    "erase_planned(plan bigint, wanted text, record bigint, really boolean)",
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
        "SELECT make_interval(months => coalesce(r.months, 0), days => coalesce(r.days, 0)) FROM public.retention_rules r WHERE r.code = wanted",
        to="odis_auth",
    )
    # What one organisation keeps past its delay (every kind, or the one that is ``wanted``): files after their warning, offers with their
    # hosts, days taken on places, accounts of people who left it last, the oldest months of its chain of the trail. Who runs the platform has
    # the chain of those who belong to no organisation, and the accounts that never belonged to one.
    definer(
        DEFINERS[3],
        "TABLE (record_id bigint, kind text, number text, last_contact_on date, blocks text[])",
        f"""
        #variable_conflict use_column
        DECLARE
          today date := {TODAY};
          runs boolean := EXISTS (SELECT 1 FROM public.organisations o WHERE o.id = organisation AND o.kind = 'plateforme');
          kept timestamptz := date_trunc('month', now() AT TIME ZONE 'Europe/Paris' - odis.retention_delay('trace')) AT TIME ZONE 'Europe/Paris';
        BEGIN
          IF wanted IS NULL OR wanted = 'household' THEN RETURN QUERY
            SELECT h.id, 'household', h.number, (c.at AT TIME ZONE 'Europe/Paris')::date, odis.erasure_blocks(h.id)
              FROM public.households h CROSS JOIN LATERAL (SELECT odis.last_contact(h.id) AS at) c
              JOIN public.retention_warnings w ON w.household_id = h.id AND w.warned_at > c.at AND w.warned_at <= now() - interval '30 days'
             WHERE h.owner_org_id = organisation AND ((c.at AT TIME ZONE 'Europe/Paris')::date + odis.retention_delay('dossier_menage'))::date <= today;
          END IF;
          IF wanted IS NULL OR wanted = 'offer' THEN RETURN QUERY
            SELECT o.id, 'offer', o.number, e.on_day, array_remove(ARRAY[
                     CASE WHEN EXISTS (SELECT 1 FROM public.orientations x JOIN public.places p ON p.id = x.place_id WHERE p.offer_id = o.id AND x.ended_at IS NULL AND x.entered_on IS NULL) THEN 'proposition' END,
                     CASE WHEN EXISTS (SELECT 1 FROM public.placements x JOIN public.places p ON p.id = x.place_id WHERE p.offer_id = o.id AND x.cancelled_at IS NULL AND x.exited_on IS NULL) THEN 'sejour' END,
                     CASE WHEN EXISTS (SELECT 1 FROM public.orientations x JOIN public.places p ON p.id = x.place_id WHERE p.offer_id = o.id) THEN 'menage' END], NULL)
              FROM public.offers o CROSS JOIN LATERAL (
                   SELECT CASE WHEN o.qualification_status = 'refusee' THEN o.decided_on ELSE greatest(o.received_on, o.decided_on, o.validated_until, o.available_to,
                       (o.visit_planned_at AT TIME ZONE 'Europe/Paris')::date, (SELECT max(v.happened_on) FROM public.offer_events v WHERE v.offer_id = o.id),
                       (SELECT max(coalesce({ENDED}, 'infinity'::date)) FROM public.occupancies c JOIN public.places p ON p.id = c.place_id WHERE p.offer_id = o.id)) END AS on_day) e
             WHERE o.owner_org_id = organisation AND isfinite(e.on_day)
               AND (e.on_day + odis.retention_delay(CASE WHEN o.qualification_status = 'refusee' THEN 'hebergeur_refuse' ELSE 'offre_finie' END))::date <= today;
          END IF;
          IF wanted IS NULL OR wanted = 'place' THEN RETURN QUERY
            SELECT p.id, 'place', p.number, max({ENDED}), '{{}}'::text[] FROM public.occupancies c JOIN public.places p ON p.id = c.place_id
             WHERE p.owner_org_id = organisation AND ({ENDED} + odis.retention_delay('sejour_fini'))::date <= today GROUP BY p.id, p.number;
          END IF;
          IF wanted IS NULL OR wanted = 'account' THEN RETURN QUERY
            SELECT u.id, 'account', u.public_id, e.on_day,
                   CASE WHEN EXISTS (SELECT 1 FROM public.households h WHERE h.referent_user_id = u.id) THEN ARRAY['referent'] ELSE '{{}}' END
              FROM public.users u
              LEFT JOIN LATERAL (SELECT m.organisation_id AS id, coalesce(m.ends_on, 'infinity'::date) AS ends_on FROM public.memberships m
                                  WHERE m.user_id = u.id ORDER BY 2 DESC, m.id DESC LIMIT 1) l ON true
              CROSS JOIN LATERAL (SELECT least((u.deactivated_at AT TIME ZONE 'Europe/Paris')::date, coalesce(l.ends_on, (u.created_at AT TIME ZONE 'Europe/Paris')::date)) AS on_day) e
             WHERE (l.id = organisation OR (l.id IS NULL AND runs)) AND NOT u.is_demo AND u.email NOT LIKE '%{GONE_ADDRESS}' AND isfinite(e.on_day)
               AND (e.on_day + odis.retention_delay('compte_ferme'))::date <= today;
          END IF;
          IF wanted IS NULL OR wanted = 'trail' THEN RETURN QUERY
            SELECT h.position, 'trail', NULL::text, (h.at AT TIME ZONE 'Europe/Paris')::date, '{{}}'::text[]
              FROM unnest(ARRAY[organisation, CASE WHEN runs THEN 0 END]) AS of_chain
              CROSS JOIN LATERAL (
                SELECT s.position, max(a.at) OVER () AS at FROM public.audit_seals s JOIN public.audit_events a ON a.id = s.event_id
                 WHERE s.chain = of_chain AND s.position < coalesce((
                       SELECT min(t.position) FROM public.audit_seals t JOIN public.audit_events b ON b.id = t.event_id WHERE t.chain = of_chain AND b.at >= kept), 9223372036854775807)
                 ORDER BY s.position DESC LIMIT 1) h;
          END IF;
        END""",
        language="plpgsql",
        to="odis_auth",
    )


def _planning() -> None:
    # Each night: warnings that a contact made void go, files that will be due in thirty days are warned of, to their referent or who coordinates.
    definer(
        DEFINERS[4],
        "TABLE (email text, files bigint)",
        f"""
        WITH contact AS MATERIALIZED (SELECT h.id, h.owner_org_id, h.referent_user_id, odis.last_contact(h.id) AS at FROM public.households h WHERE odis.system_name() IS NOT NULL),
        void AS (DELETE FROM public.retention_warnings w USING contact c WHERE w.household_id = c.id AND w.warned_at <= c.at RETURNING w.household_id),
        warned AS (
          INSERT INTO public.retention_warnings (household_id, owner_org_id, erasable_on)
          SELECT c.id, c.owner_org_id, greatest(((c.at AT TIME ZONE 'Europe/Paris')::date + odis.retention_delay('dossier_menage'))::date, {TODAY} + 30) FROM contact c
           WHERE ((c.at AT TIME ZONE 'Europe/Paris')::date + odis.retention_delay('dossier_menage'))::date <= {TODAY} + 30
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
             AND EXISTS (SELECT 1 FROM odis.retention_candidates(odis.org(), NULL))
          ON CONFLICT DO NOTHING RETURNING id, owner_org_id),
        listed AS (
          INSERT INTO public.retention_plan_rows (plan_id, owner_org_id, record_id, kind, number, last_contact_on, blocks, state)
          SELECT made.id, made.owner_org_id, c.record_id, c.kind, c.number, c.last_contact_on, c.blocks, CASE WHEN c.blocks = '{{}}' THEN 'due' ELSE 'blocked' END
            FROM made CROSS JOIN LATERAL odis.retention_candidates(made.owner_org_id, NULL) c RETURNING 1)
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
             WHERE m.organisation_id = p.owner_org_id AND m.user_id <> me.id AND m.role IN ('coordinateur', 'admin_organisation', 'admin_plateforme')
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
                 coalesce((SELECT f.data ->> 'outcome' FROM public.household_facts f WHERE f.household_id = h.id AND f.kind = 'exited' AND f.happened_on = t.exited_on
                            ORDER BY f.id DESC LIMIT 1), h.status), 1, h.size
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
        "void",
        """
        BEGIN
          INSERT INTO public.erased_files (folder, storage_key) SELECT 'documents', d.storage_key FROM public.documents d WHERE d.record_id = offer;
          DELETE FROM public.import_keys k WHERE k.record_id = offer;
          UPDATE public.import_rows r SET cells_sealed = NULL, findings_sealed = NULL, undo_sealed = NULL WHERE r.record_id = offer;
          DELETE FROM public.records r WHERE r.id = offer;
        END""",
        language="plpgsql",
        volatility="VOLATILE",
        to="odis_auth",
    )
    # The number stays, since acts hang on it, with neither name nor address nor way in; who wrote an act stays written on the act, for as long as it.
    definer(
        DEFINERS[11],
        "void",
        f"""
        BEGIN
          DELETE FROM private.credentials WHERE user_id = who;
          DELETE FROM private.totp WHERE user_id = who;
          DELETE FROM private.backup_codes WHERE user_id = who;
          DELETE FROM private.passkeys WHERE user_id = who;
          DELETE FROM private.verifications WHERE user_id = who;
          DELETE FROM private.password_resets WHERE user_id = who;
          DELETE FROM private.sessions WHERE user_id = who;
          DELETE FROM public.user_identities WHERE user_id = who;
          DELETE FROM public.acceptances WHERE user_id = who AND organisation_id IS NULL;
          DELETE FROM public.role_exceptions WHERE user_id = who;
          DELETE FROM public.availability_links WHERE user_id = who;
          DELETE FROM public.memberships WHERE user_id = who;
          UPDATE public.users SET email = public_id || '{GONE_ADDRESS}', first_name = 'Compte', last_name = 'effacé', charter_version = '', second_factor_since = NULL,
                 deactivated_at = coalesce(deactivated_at, now()) WHERE id = who;
        END""",
        language="plpgsql",
        volatility="VOLATILE",
        to="odis_auth",
    )
    # A segment leaves whole, once the worker has signed what it ends with (``audit_segments``): the trigger of the trail lets nothing else go.
    definer(
        DEFINERS[12],
        "void",
        """
        DECLARE of_chain bigint;
        BEGIN
          SELECT s.chain INTO STRICT of_chain FROM public.audit_segments s WHERE s.position = head;
          DELETE FROM public.audit_events a USING public.audit_seals s WHERE s.event_id = a.id AND s.chain = of_chain AND s.position <= head;
          DELETE FROM public.audit_seals s WHERE s.chain = of_chain AND s.position <= head;
        END""",
        language="plpgsql",
        volatility="VOLATILE",
        to="odis_auth",
    )
    # The days of a place up to one, again: after a restoration only.
    definer(
        DEFINERS[13],
        "bigint",
        f"""WITH gone AS (DELETE FROM public.occupancies c USING public.places p WHERE p.id = c.place_id AND p.public_id = place AND {ENDED} <= until RETURNING 1)
            SELECT count(*) FROM gone""",
        volatility="VOLATILE",
        to="odis_auth",
    )
    definer(
        DEFINERS[14],
        "boolean",
        f"""
        DECLARE line record; still record;
        BEGIN
          SELECT r.*, p.owner_org_id AS organisation INTO line FROM public.retention_plan_rows r JOIN public.retention_plans p ON p.id = r.plan_id
           WHERE r.plan_id = plan AND r.kind = wanted AND r.record_id = record AND r.state = 'due' AND p.state = 'approved' AND p.runs_after <= now()
             AND {RUNNER} AND odis.erasures_run() FOR UPDATE OF r;
          IF NOT FOUND THEN RETURN false; END IF;
          SELECT c.* INTO still FROM odis.retention_candidates(line.organisation, wanted) c WHERE c.record_id = record AND c.blocks = '{{}}';
          IF NOT FOUND THEN
            UPDATE public.retention_plan_rows r SET state = 'kept', ended_at = now() WHERE r.plan_id = plan AND r.kind = wanted AND r.record_id = record;
            RETURN false;
          END IF;
          IF NOT really THEN RETURN true; END IF;
          -- The key of a record says its own erasure (shred_key); of the rest, what a restored backup would need to lose again: an account by
          -- its identifier, the days of a place up to the last one that goes, a segment of the trail by the digest that it ends with.
          INSERT INTO public.erasures (kind, record_id, key_id)
          SELECT wanted, record, k.id FROM (
            SELECT u.public_id AS id FROM public.users u WHERE wanted = 'account' AND u.id = record
            UNION ALL SELECT p.public_id || ' ' || max({ENDED}) FROM public.occupancies c JOIN public.places p ON p.id = c.place_id
             WHERE wanted = 'place' AND p.id = record AND ({ENDED} + odis.retention_delay('sejour_fini'))::date <= {TODAY} GROUP BY p.public_id
            UNION ALL SELECT encode(s.digest, 'hex') FROM public.audit_seals s WHERE wanted = 'trail' AND s.position = record) k
          ON CONFLICT DO NOTHING;
          CASE wanted
            WHEN 'household' THEN PERFORM odis.take_household(record);
            WHEN 'offer' THEN PERFORM odis.take_offer(record);
            WHEN 'account' THEN PERFORM odis.take_account(record);
            WHEN 'trail' THEN PERFORM odis.take_trail(record);
            WHEN 'place' THEN DELETE FROM public.occupancies c
              WHERE c.place_id = record AND ({ENDED} + odis.retention_delay('sejour_fini'))::date <= {TODAY};
          END CASE;
          UPDATE public.retention_plan_rows r SET state = 'erased', number = NULL, ended_at = now() WHERE r.kind = wanted AND r.record_id = record
             AND (r.plan_id = plan OR wanted IN ('household', 'offer'));
          RETURN true;
        END""",
        language="plpgsql",
        volatility="VOLATILE",
        to=WORKER,
    )
    # Every adult of the file asked for it and was answered yes; nothing is under way.
    definer(
        DEFINERS[15],
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
          UPDATE public.retention_plan_rows r SET state = 'erased', number = NULL, blocks = '{}', ended_at = now() WHERE r.kind = 'household' AND r.record_id = asked.household_id;
          RETURN 'erased';
        END""",
        language="plpgsql",
        volatility="VOLATILE",
        to="odis_app",
    )
