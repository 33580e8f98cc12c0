"""Whom « se rattacher » is told to (0015): who follows the file and the DDETS at once, the coordination when nobody reads it over in time.

A try on a file in danger opens nothing and must not be told apart by whoever tried: its mail is written later by the task, never in
their transaction. No function gives an address of somebody else's file to who did not join it this very instant.
"""

from __future__ import annotations

from migrations.walls import definer, drop_definer, run

REVIEW_DAYS = 2
JOB = "odis.system_name() = 'system:joins'"
STANDING = "current_date BETWEEN m.starts_on AND coalesce(m.ends_on, 'infinity'::date) AND u.deactivated_at IS NULL"
DEFINERS = ("join_people(record bigint, why text)", "join_contacts(wanted text)", "joins_due()")


def telling_functions() -> None:
    """Create them."""
    # « told »: the referent, else the coordination, else who works there; « late »: who may read it over; « danger »: the referent and the
    # coordination, without the DDETS, which would learn of the danger.
    definer(
        DEFINERS[0],
        "TABLE (email text)",
        f"""
        WITH file AS (SELECT h.owner_org_id, h.referent_user_id, h.department_code FROM public.households h WHERE h.id = record),
        people AS (
          SELECT u.email, CASE WHEN u.id = f.referent_user_id AND why <> 'late' THEN 1 WHEN bool_or(m.role = 'coordinateur') THEN CASE why WHEN 'told' THEN 2 ELSE 1 END
                               WHEN odis.level_of(array_agg(m.role)) >= 1 THEN 3 END AS place
            FROM file f JOIN public.memberships m ON m.organisation_id = f.owner_org_id JOIN public.users u ON u.id = m.user_id AND {STANDING}
           GROUP BY u.id, u.email, f.referent_user_id)
        SELECT p.email FROM people p WHERE p.place = (SELECT min(place) FROM people)
        UNION
        SELECT u.email FROM file f JOIN public.organisation_areas a ON a.department_code = f.department_code
          JOIN public.organisations o ON o.id = a.organisation_id AND o.kind = 'ddets' AND o.deactivated_at IS NULL
          JOIN public.memberships m ON m.organisation_id = o.id AND m.role = 'ddets' JOIN public.users u ON u.id = m.user_id AND {STANDING}
         WHERE why <> 'danger'""",
        to="odis_auth",
    )
    run("REVOKE EXECUTE ON FUNCTION odis.join_people(bigint, text) FROM odis_app, odis_worker")
    definer(
        DEFINERS[1],
        "TABLE (email text, review text)",
        """
        SELECT p.email, r.public_id FROM public.file_joins j JOIN public.reviews r ON r.kind = 'break_glass' AND r.subject = j.public_id,
               LATERAL odis.join_people(j.record_id, 'told') p
         WHERE j.public_id = wanted AND j.outcome = 'opened' AND j.at = now() AND j.actor_user_id = odis.user_id()
         ORDER BY p.email""",
        to="odis_app",
    )
    # Each is marked as it is given: run twice, the second finds none.
    definer(
        DEFINERS[2],
        "TABLE (what text, public_id text, record_id bigint, emails text[])",
        f"""
        WITH danger AS (
          UPDATE public.file_joins j SET told_at = now() FROM public.households h
           WHERE h.id = j.record_id AND j.outcome = 'danger' AND j.told_at IS NULL AND {JOB} RETURNING h.public_id, j.record_id),
        late AS (
          UPDATE public.reviews r SET reminded_at = now()
           WHERE r.kind = 'break_glass' AND r.decided_at IS NULL AND r.reminded_at IS NULL AND r.asked_at < now() - interval '{REVIEW_DAYS} days' AND {JOB}
          RETURNING r.public_id, r.record_id)
        SELECT 'danger', d.public_id, d.record_id, ARRAY(SELECT p.email FROM odis.join_people(d.record_id, 'danger') p ORDER BY 1) FROM danger d
        UNION ALL
        SELECT 'late', l.public_id, l.record_id, ARRAY(SELECT p.email FROM odis.join_people(l.record_id, 'late') p ORDER BY 1) FROM late l""",
        volatility="VOLATILE",
        to="odis_worker",
    )


def drop_telling() -> None:
    """Undo ``telling_functions``."""
    for signature in reversed(DEFINERS):
        drop_definer(signature)
