"""What a contested decision undoes (0015), in the very transaction of the second person's answer.

An offer goes back to « visite faite »: it is decided again by somebody, and until then it is neither matched nor proposed. A stay that
an exclusion closed is open again, unless the place or the household found something else since. What the files themselves must
hear (a fact, a line of their journal) is told by the round that ends proposals: who contests reads no file.
"""

from __future__ import annotations

from migrations.walls import definer, drop_definer

WHOSE = "h.subject = {o}.public_id AND h.household_record_id = {o}.household_id AND c.id = h.occupancy_id AND c.place_id = {o}.place_id"
STAY_DAYS = 400
DEFINERS = (
    "offer_undone(review bigint)",
    "stay_undone(review bigint)",
    "contest(review bigint)",
    "contested_due()",
    "contested_contacts(wanted bigint)",
)


def contested_functions() -> None:
    """Create them; ``odis.review_decide`` calls ``odis.contest``."""
    _offers()
    _stays()
    definer(
        DEFINERS[2],
        "text",
        """
        DECLARE r record; done text := '';
        BEGIN
          SELECT * INTO r FROM public.reviews WHERE id = review AND verdict = 'contested' AND decided_at = now() AND decided_by_id = odis.user_id();
          IF NOT FOUND THEN RETURN ''; END IF;
          IF r.kind = 'break_glass' THEN
            UPDATE public.grants g SET revoked_at = now(), revoked_by_id = odis.user_id() FROM public.file_joins j
             WHERE j.public_id = r.subject AND g.id = j.grant_id AND g.revoked_at IS NULL;
            done := 'closed';
          ELSIF r.kind = 'offer_decision' THEN done := odis.offer_undone(r.id);
          ELSIF r.kind = 'exclusion' THEN done := odis.stay_undone(r.id);
          END IF;
          UPDATE public.reviews SET effect = done WHERE id = r.id;
          RETURN done;
        END""",
        language="plpgsql",
        volatility="VOLATILE",
        to="odis_auth",
    )
    _telling()


def drop_contested() -> None:
    """Undo ``contested_functions``."""
    for signature in reversed(DEFINERS):
        drop_definer(signature)


def _offers() -> None:
    # A decision taken since by somebody else stands: it was not the one that was read over.
    definer(
        DEFINERS[0],
        "text",
        f"""
        DECLARE r record; o record;
        BEGIN
          SELECT * INTO r FROM public.reviews WHERE id = review;
          SELECT * INTO o FROM public.offers WHERE public_id = r.subject AND owner_org_id = r.owner_org_id FOR UPDATE;
          IF NOT FOUND OR o.validated_until IS NULL OR coalesce((
               SELECT (e.data ->> 'author')::bigint FROM public.offer_events e WHERE e.offer_id = o.id AND e.kind = 'decision' ORDER BY e.id DESC LIMIT 1), r.author_user_id)
             <> r.author_user_id THEN RETURN 'late'; END IF;
          INSERT INTO public.offer_events (offer_id, owner_org_id, kind, happened_on, recorded_at, author_label)
          VALUES (o.id, o.owner_org_id, 'contestee', (now() AT TIME ZONE 'Europe/Paris')::date, now(), r.decided_by_label);
          UPDATE public.offers SET decided_on = NULL, validated_until = NULL,
                 status_motif = CASE WHEN qualification_status = 'validee' THEN '' ELSE status_motif END,
                 qualification_status = CASE WHEN qualification_status = 'validee' THEN 'visite_faite' ELSE qualification_status END WHERE id = o.id;
          UPDATE public.places SET validated_until = NULL, closed_on = coalesce(closed_on, (now() AT TIME ZONE 'Europe/Paris')::date) WHERE offer_id = o.id;
          WITH withdrawn AS (
            UPDATE public.orientations x SET ended_at = now(), ended_kind = 'annulee', ended_by = 'systeme', motif = 'place_retiree'
              FROM public.places p WHERE p.offer_id = o.id AND x.place_id = p.id AND x.ended_at IS NULL AND x.confirmed_at IS NULL
            RETURNING x.public_id, x.household_id, x.place_id)
          UPDATE public.occupancies c SET released_at = now() FROM withdrawn, public.occupancy_households h
           WHERE {WHOSE.format(o="withdrawn")} AND c.released_at IS NULL;
          RETURN 'returned';
        END""",
        language="plpgsql",
        volatility="VOLATILE",
        to="odis_auth",
    )


def _stays() -> None:
    # The exclusion constraint of the days decides whether the place is still free, as it does for anybody.
    definer(
        DEFINERS[1],
        "text",
        f"""
        DECLARE r record; s record;
        BEGIN
          SELECT * INTO r FROM public.reviews WHERE id = review;
          SELECT p.* INTO s FROM public.placements p WHERE p.public_id = r.subject AND p.exited_on IS NOT NULL AND p.exit_reason = 'exclusion_reglement' FOR UPDATE;
          IF NOT FOUND THEN RETURN 'late'; END IF;
          IF s.ends_on <= (now() AT TIME ZONE 'Europe/Paris')::date
             OR EXISTS (SELECT 1 FROM public.places p WHERE p.id = s.place_id AND p.closed_on <= (now() AT TIME ZONE 'Europe/Paris')::date)
             OR EXISTS (SELECT 1 FROM public.placements x WHERE x.household_id = s.household_id AND x.id <> s.id AND x.cancelled_at IS NULL AND x.exited_on IS NULL) THEN
            RETURN 'late';
          END IF;
          PERFORM odis.release_expired(s.place_id);
          BEGIN
            UPDATE public.occupancies c SET released_at = NULL, during = daterange(s.entered_on, s.ends_on)
              FROM public.orientations o, public.occupancy_households h
             WHERE o.id = s.orientation_id AND {WHOSE.format(o="o")} AND c.kind = 'stay';
            IF NOT FOUND THEN RETURN 'late'; END IF;
          EXCEPTION WHEN exclusion_violation THEN RETURN 'late';
          END;
          UPDATE public.placements SET exited_on = NULL, exit_reason = NULL, exit_outcome = NULL, exit_by_label = '', review_due = false WHERE id = s.id;
          UPDATE public.placements SET exit_asked_by_id = NULL WHERE id = s.id;
          INSERT INTO public.placement_departures (placement_id, household_id, household_owner_org_id, place_owner_org_id)
          VALUES (s.id, s.household_id, s.household_owner_org_id, s.place_owner_org_id);
          UPDATE public.grants SET expires_at = greatest(expires_at, now() + interval '{STAY_DAYS} days')
           WHERE record_id = s.household_id AND grantee_org_id = s.place_owner_org_id AND purpose = 'orientation' AND revoked_at IS NULL AND expires_at > now();
          IF NOT FOUND AND s.place_owner_org_id <> s.household_owner_org_id THEN
            INSERT INTO public.grants (public_id, record_id, owner_org_id, grantee_org_id, level, max_class, purpose, motive, granted_by_id, expires_at)
            VALUES (substr(replace(gen_random_uuid()::text, '-', ''), 17), s.household_id, s.household_owner_org_id, s.place_owner_org_id, 'full', 1, 'orientation',
                    'Exclusion contestée : le ménage est hébergé ici', r.decided_by_id, now() + interval '{STAY_DAYS} days');
          END IF;
          RETURN 'reopened';
        END""",
        language="plpgsql",
        volatility="VOLATILE",
        to="odis_auth",
    )


def _telling() -> None:
    # For the round that ends proposals: what was undone and that the file was not yet told.
    definer(
        DEFINERS[3],
        "TABLE (what text, orientation_public_id text, household_id bigint, household_owner_org_id bigint, place_number text)",
        """
        SELECT 'withdrawn', o.public_id, o.household_id, o.household_owner_org_id, o.place_sheet ->> 'number' FROM public.orientations o
         WHERE odis.system_name() = 'system:expire-orientations' AND o.ended_by = 'systeme' AND o.ended_kind = 'annulee'
           AND NOT EXISTS (SELECT 1 FROM public.household_facts f WHERE f.household_id = o.household_id AND f.kind = 'proposal_ended' AND f.subject = o.public_id)
        UNION ALL
        SELECT 'reopened', o.public_id, o.household_id, o.household_owner_org_id, o.place_sheet ->> 'number'
          FROM public.reviews r JOIN public.placements p ON p.public_id = r.subject JOIN public.orientations o ON o.id = p.orientation_id
         WHERE odis.system_name() = 'system:expire-orientations' AND r.kind = 'exclusion' AND r.effect = 'reopened'
           AND NOT EXISTS (SELECT 1 FROM public.household_facts f WHERE f.household_id = o.household_id AND f.kind = 'exit_undone' AND f.subject = o.public_id
                            AND f.recorded_at >= r.decided_at)
        ORDER BY 2""",
        to="odis_worker",
    )
    # Whom to write to, in this very transaction: who decided, and who follows the households that it touches (else who coordinates).
    definer(
        DEFINERS[4],
        "TABLE (email text, is_author boolean)",
        """
        WITH r AS (SELECT * FROM public.reviews WHERE id = wanted AND verdict = 'contested' AND decided_at = now() AND decided_by_id = odis.user_id()),
        files AS (
          SELECT h.owner_org_id, h.referent_user_id FROM r JOIN public.offers f ON r.kind = 'offer_decision' AND f.public_id = r.subject AND r.effect = 'returned'
            JOIN public.places p ON p.offer_id = f.id JOIN public.orientations o ON o.place_id = p.id
            JOIN public.households h ON h.id = o.household_id LEFT JOIN public.placements s ON s.orientation_id = o.id
           WHERE o.ended_at = now() OR (o.confirmed_at IS NOT NULL AND o.ended_at IS NULL AND s.exited_on IS NULL)
          UNION
          SELECT h.owner_org_id, h.referent_user_id FROM r JOIN public.placements s ON r.kind = 'exclusion' AND s.public_id = r.subject
            JOIN public.households h ON h.id = s.household_id WHERE r.effect = 'reopened'),
        people AS (
          SELECT u.id, u.email, m.organisation_id, bool_or(m.role = 'coordinateur') AS leads FROM public.memberships m JOIN public.users u ON u.id = m.user_id
           WHERE u.deactivated_at IS NULL AND current_date BETWEEN m.starts_on AND coalesce(m.ends_on, 'infinity'::date)
             AND m.organisation_id IN (SELECT owner_org_id FROM files) GROUP BY u.id, u.email, m.organisation_id)
        SELECT u.email, true FROM r JOIN public.users u ON u.id = r.author_user_id AND u.deactivated_at IS NULL
        UNION
        SELECT p.email, false FROM files f JOIN people p ON p.organisation_id = f.owner_org_id
         WHERE p.id NOT IN (SELECT author_user_id FROM r) AND p.id <> odis.user_id()
           AND (p.id = f.referent_user_id OR (p.leads AND NOT EXISTS (SELECT 1 FROM people q WHERE q.id = f.referent_user_id AND q.organisation_id = f.owner_org_id)))""",
        to="odis_app",
    )
