"""Orientations with double acceptance, the stays that follow, and what only the household's side may read of them.

An orientation is read by the organisation of the household and by that of the place; by a service of the State only when the
file was given to it in full. The score that led to it and the household's own reasons to refuse (health, danger) live in tables
of their own, so that a host or an operator never reads them; where a household went lives in another, which its own organisation
alone reads, whoever wrote it. Who accepts for whom is checked by a trigger; who gets the place is
decided by the exclusion constraint of ``occupancies``, inside ``odis.confirm_orientation``. Where a territory's rules say so, the DDETS of
the place's département may refuse what is not yet confirmed: it reads a number and a size, never a row of these tables.
"""

from __future__ import annotations

from migrations.walls import APPLICATION, NAMES_RECORD, TODAY, auth_writes, definer, drop_definer, mandated, run, wall

revision = "0008_placements"
down_revision = "0007_housing"

HOUSEHOLD_SIDE = "household_owner_org_id = (SELECT odis.case_org())"
PLACE_SIDE = "place_owner_org_id = (SELECT odis.case_org())"
STATE = (
    "((SELECT odis.org_kind()) IN ('ddets', 'dreets', 'sgar', 'prefecture', 'dihal', 'dgef') "
    "AND household_id = ANY (ARRAY(SELECT odis.shared_full_records())))"
)
PARTIES = f"({HOUSEHOLD_SIDE} OR {PLACE_SIDE})"
REFERRED = "household_id = ANY (ARRAY(SELECT odis.referred_households()))"
ORIENTED = "= ANY (ARRAY(SELECT odis.oriented_households()))"
# The days that a proposal or a stay ``{o}`` holds: found by its own name, on its own place, for its own household.
WHOSE = "h.occupancy_id = c.id AND h.subject = {o}.public_id AND h.household_record_id = {o}.household_id AND c.place_id = {o}.place_id AND c.released_at IS NULL"
# The DDETS of the place's département, where the territory's rules let it refuse. It reads no file: what it needs comes from definer functions.
# A secret place is out of its reach: its number beside a household's would tell where somebody in hiding lives.
STEERED = (
    "(SELECT odis.case_org()) IS NOT NULL AND (SELECT odis.org_kind()) = 'ddets' "
    "AND o.department_code = ANY (ARRAY(SELECT unnest(odis.departments()))) "
    "AND (SELECT NOT hidden.location_secret FROM public.places hidden WHERE hidden.id = o.place_id)"
)
# What it has refused in the very transaction under way: the fact, the stage and the journal of that file follow at once.
VETOED = f"(o.ended_by = 'ddets' AND o.ended_at = now() AND {STEERED})"
STATUS = "set_household_status(household bigint, new_status text, reason text, since date, proposed date, entered date, exited date)"
# The place's side moves the stage of a file together with the fact that it tells, of a proposal or a stay of its own, and to the
# stages that this fact gives alone: it neither archives nor reopens a file, nor says that somebody left whom it never housed.
TOLD = f""" OR (h.id IN (SELECT odis.oriented_households()) AND EXISTS (
              SELECT 1 FROM public.household_facts f
                JOIN public.orientations o ON o.household_id = h.id AND o.public_id = f.subject AND (o.place_owner_org_id = odis.case_org() OR {VETOED})
               WHERE f.household_id = h.id AND f.recorded_at = now() AND odis.fact_leads(f.kind, h.status, new_status, h.id)
                 AND CASE f.kind WHEN 'proposal_ended' THEN o.entered_on IS NULL
                                 WHEN 'confirmed' THEN o.confirmed_at IS NOT NULL
                                 WHEN 'entered' THEN o.confirmed_at IS NOT NULL AND o.entered_on IS NULL
                                 WHEN 'exited' THEN EXISTS (SELECT 1 FROM public.placements p WHERE p.orientation_id = o.id AND p.entered_on IS NOT NULL) END))"""
# (fact, stages before, stages after): what households/status.py can compute from such a fact alone.
LEADS = """('proposal_ended', '{orientation_en_cours}', '{brouillon,complet,a_orienter,orientation_en_cours}'),
           ('proposal_ended', '{place,suivi}', '{place,suivi}'),
           ('confirmed', '{brouillon,complet,a_orienter,orientation_en_cours,sorti}', '{orientation_en_cours}'),
           ('confirmed', '{place,suivi}', '{place,suivi}'),
           ('entered', '{brouillon,complet,a_orienter,orientation_en_cours,place,suivi,sorti}', '{place,suivi}'),
           ('exited', '{place,suivi}', '{brouillon,complet,a_orienter,orientation_en_cours,place,suivi,sorti}')"""
PROPOSED = f"""
               OR (r.kind <> 'household' AND EXISTS (SELECT 1 FROM public.places p WHERE (p.structure_id = r.id OR p.offer_id = r.id OR p.secret_record_id = r.id) AND {mandated("p.")}))
               OR EXISTS (SELECT 1 FROM public.orientations o JOIN public.places p ON p.id = o.place_id
                           WHERE (o.household_id = r.id AND o.place_owner_org_id = odis.case_org())
                              OR (p.record_id = r.id AND o.household_owner_org_id = odis.case_org())
                              OR (o.household_id = r.id AND o.ended_by = 'ddets' AND {STEERED}))"""
GRANT_DAYS = 400
LINGERING_DAYS = 30


def upgrade() -> None:
    _orientations()
    _household_side()
    _placements()
    _departures()
    _trigger()
    _signatures()
    _sets()
    _leads()
    _stays()
    _expiry()
    _steering()
    _walls()
    _neighbours()


def _orientations() -> None:
    run("""
    CREATE TABLE orientations (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      public_id text NOT NULL CONSTRAINT uq_orientations_public_id UNIQUE,
      household_id bigint NOT NULL,
      household_owner_org_id bigint NOT NULL,
      place_id bigint NOT NULL,
      place_owner_org_id bigint NOT NULL,
      department_code text NOT NULL,
      dispositif_id bigint NOT NULL REFERENCES dispositifs,
      proposed_at timestamptz NOT NULL,
      proposed_by_label text NOT NULL,
      proposed_org_label text NOT NULL,
      urgent boolean NOT NULL DEFAULT false,
      expires_at timestamptz NOT NULL,
      starts_on date NOT NULL,
      ends_on date,
      need_sheet jsonb NOT NULL,
      place_sheet jsonb NOT NULL,
      message text NOT NULL DEFAULT '',
      seen_at timestamptz,
      household_accepted_at timestamptz,
      household_accepted_by_label text,
      host_accepted_at timestamptz,
      host_accepted_by_label text,
      confirmed_at timestamptz,
      entered_on date,
      ended_at timestamptz,
      ended_kind text CHECK (ended_kind IN ('refusee', 'expiree', 'annulee', 'obsolete')),
      ended_by text CHECK (ended_by IN ('menage', 'hebergeur', 'association', 'ddets', 'systeme')),
      motif text NOT NULL DEFAULT '',
      comment text NOT NULL DEFAULT '',
      admissible boolean,
      CONSTRAINT uq_orientations_parties UNIQUE (id, household_id, household_owner_org_id, place_id, place_owner_org_id),
      CONSTRAINT uq_orientations_household UNIQUE (id, household_id, household_owner_org_id),
      CONSTRAINT fk_orientations_household FOREIGN KEY (household_id, household_owner_org_id)
        REFERENCES households (id, owner_org_id) ON UPDATE CASCADE ON DELETE CASCADE,
      CONSTRAINT fk_orientations_place FOREIGN KEY (place_id, place_owner_org_id, department_code)
        REFERENCES places (id, owner_org_id, department_code) ON UPDATE CASCADE ON DELETE CASCADE,
      CONSTRAINT ck_orientations_days CHECK (ends_on IS NULL OR ends_on > starts_on),
      CONSTRAINT ck_orientations_expiry CHECK (expires_at > proposed_at),
      CONSTRAINT ck_orientations_message CHECK (length(message) <= 1000 AND length(comment) <= 300),
      CONSTRAINT ck_orientations_household_label CHECK ((household_accepted_at IS NULL) = (household_accepted_by_label IS NULL)),
      CONSTRAINT ck_orientations_host_label CHECK ((host_accepted_at IS NULL) = (host_accepted_by_label IS NULL)),
      CONSTRAINT ck_orientations_both CHECK (confirmed_at IS NULL OR (household_accepted_at IS NOT NULL AND host_accepted_at IS NOT NULL)),
      CONSTRAINT ck_orientations_entry CHECK (entered_on IS NULL OR confirmed_at IS NOT NULL),
      CONSTRAINT ck_orientations_end CHECK (num_nonnulls(ended_at, ended_kind, ended_by) IN (0, 3) AND (ended_at IS NOT NULL) = (motif <> '')),
      CONSTRAINT ck_orientations_entered_stays CHECK (entered_on IS NULL OR ended_at IS NULL),
      CONSTRAINT ck_orientations_confirmed_end CHECK (confirmed_at IS NULL OR ended_at IS NULL OR ended_kind = 'annulee'),
      CONSTRAINT ck_orientations_who CHECK (ended_kind IS NULL OR ended_kind NOT IN ('expiree', 'obsolete') OR ended_by = 'systeme'),
      CONSTRAINT ck_orientations_admissible CHECK (admissible IS NULL OR ended_kind IN ('refusee', 'annulee'))
    )""")
    run("CREATE INDEX ix_orientations_household ON orientations (household_id, id DESC)")
    run("CREATE INDEX ix_orientations_sent ON orientations (household_owner_org_id, proposed_at DESC)")
    run("CREATE INDEX ix_orientations_received ON orientations (place_owner_org_id, proposed_at DESC)")
    run("CREATE INDEX ix_orientations_vetoed ON orientations (ended_at) WHERE ended_by = 'ddets'")
    run("CREATE INDEX ix_orientations_place ON orientations (place_id) WHERE ended_at IS NULL")
    run(
        "CREATE INDEX ix_orientations_expiry ON orientations (expires_at) WHERE ended_at IS NULL AND confirmed_at IS NULL"
    )


def _household_side() -> None:
    """Read by the household's organisation alone: a score may tell of care, a refusal of danger."""
    parent = """CONSTRAINT fk_{table}_orientation FOREIGN KEY (orientation_id, household_id, household_owner_org_id)
        REFERENCES orientations (id, household_id, household_owner_org_id) ON UPDATE CASCADE ON DELETE CASCADE"""
    # The owner is part of the key: a neighbour's row answers as one that does not exist.
    keys = "orientation_id bigint, household_id bigint NOT NULL, household_owner_org_id bigint, PRIMARY KEY (orientation_id, household_owner_org_id)"
    run(f"""CREATE TABLE orientation_choices ({keys}, score jsonb NOT NULL DEFAULT '{{}}', override_motif_sealed bytea,
        {parent.format(table="orientation_choices")})""")
    run(f"""CREATE TABLE orientation_refusals ({keys}, motif text NOT NULL, comment_sealed bytea,
        sensitivity smallint NOT NULL CHECK (sensitivity BETWEEN 1 AND 3), {parent.format(table="orientation_refusals")})""")


def _placements() -> None:
    run("""
    CREATE TABLE placements (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      public_id text NOT NULL CONSTRAINT uq_placements_public_id UNIQUE,
      orientation_id bigint NOT NULL CONSTRAINT uq_placements_orientation UNIQUE,
      household_id bigint NOT NULL,
      household_owner_org_id bigint NOT NULL,
      place_id bigint NOT NULL,
      place_owner_org_id bigint NOT NULL,
      title text NOT NULL DEFAULT '',
      title_since date,
      planned_on date NOT NULL,
      entered_on date,
      entered_by_label text NOT NULL DEFAULT '',
      ends_on date,
      extensions smallint NOT NULL DEFAULT 0 CHECK (extensions >= 0),
      cancelled_at timestamptz,
      exited_on date,
      exit_reason text,
      exit_outcome text CHECK (exit_outcome IN ('positive', 'neutre', 'negative')),
      exit_asked jsonb,
      exit_asked_by_id bigint REFERENCES users,
      exit_confirmed_by_id bigint REFERENCES users,
      exit_by_label text NOT NULL DEFAULT '',
      review_due boolean NOT NULL DEFAULT false,
      created_at timestamptz NOT NULL,
      CONSTRAINT uq_placements_parties UNIQUE (id, household_id, household_owner_org_id, place_owner_org_id),
      CONSTRAINT fk_placements_orientation FOREIGN KEY (orientation_id, household_id, household_owner_org_id, place_id, place_owner_org_id)
        REFERENCES orientations (id, household_id, household_owner_org_id, place_id, place_owner_org_id) ON UPDATE CASCADE ON DELETE CASCADE,
      CONSTRAINT ck_placements_title CHECK ((title = '') = (title_since IS NULL)),
      CONSTRAINT ck_placements_days CHECK (ends_on IS NULL OR ends_on > coalesce(entered_on, planned_on)),
      CONSTRAINT ck_placements_cancelled CHECK (cancelled_at IS NULL OR entered_on IS NULL),
      CONSTRAINT ck_placements_exit CHECK (num_nonnulls(exited_on, exit_reason, exit_outcome) IN (0, 3)),
      CONSTRAINT ck_placements_order CHECK (exited_on IS NULL OR (entered_on IS NOT NULL AND exited_on >= entered_on)),
      CONSTRAINT ck_placements_asked CHECK ((exit_asked IS NULL) OR (exit_asked_by_id IS NOT NULL AND exited_on IS NULL)),
      CONSTRAINT ck_placements_signatures CHECK (exit_confirmed_by_id IS NULL OR (exit_asked_by_id IS NOT NULL AND exit_confirmed_by_id <> exit_asked_by_id)),
      CONSTRAINT ck_placements_two_people CHECK (exit_reason IS DISTINCT FROM 'exclusion_reglement' OR review_due
        OR (exit_asked_by_id IS NOT NULL AND exit_confirmed_by_id IS NOT NULL AND exit_asked_by_id <> exit_confirmed_by_id))
    )""")
    run("CREATE INDEX ix_placements_household ON placements (household_id, id DESC)")
    run("CREATE INDEX ix_placements_sent ON placements (household_owner_org_id, planned_on DESC)")
    run("CREATE INDEX ix_placements_received ON placements (place_owner_org_id, planned_on DESC)")
    run("CREATE INDEX ix_placements_place ON placements (place_id)")


def _departures() -> None:
    """For where, and in what circumstances: a former host may be whom the household flees. Added to, never changed; the last line holds."""
    run("""
    CREATE TABLE placement_departures (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      placement_id bigint NOT NULL,
      household_id bigint NOT NULL,
      household_owner_org_id bigint NOT NULL,
      place_owner_org_id bigint NOT NULL,
      destination_commune_code_sealed bytea,
      comment_sealed bytea,
      CONSTRAINT fk_placement_departures_placement FOREIGN KEY (placement_id, household_id, household_owner_org_id, place_owner_org_id)
        REFERENCES placements (id, household_id, household_owner_org_id, place_owner_org_id) ON UPDATE CASCADE ON DELETE CASCADE
    )""")
    run("CREATE INDEX ix_placement_departures_placement ON placement_departures (placement_id, id DESC)")


def _trigger() -> None:
    # Runs as the caller: a definer function (odis_auth) may end an orientation by itself, a person only on their own side.
    run("""
    CREATE FUNCTION odis.guard_orientation() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
    BEGIN
      IF OLD.ended_at IS NOT NULL AND (NEW.ended_at, NEW.ended_kind, NEW.ended_by, NEW.motif, NEW.comment, NEW.seen_at, NEW.household_accepted_at, NEW.host_accepted_at)
           IS DISTINCT FROM (OLD.ended_at, OLD.ended_kind, OLD.ended_by, OLD.motif, OLD.comment, OLD.seen_at, OLD.household_accepted_at, OLD.host_accepted_at) THEN
        RAISE insufficient_privilege USING MESSAGE = 'an orientation that ended does not change';
      END IF;
      IF (NEW.household_accepted_at, NEW.household_accepted_by_label) IS DISTINCT FROM (OLD.household_accepted_at, OLD.household_accepted_by_label) THEN
        IF OLD.household_accepted_at IS NOT NULL OR NEW.household_owner_org_id IS DISTINCT FROM odis.case_org() THEN
          RAISE insufficient_privilege USING MESSAGE = 'only the side of the household accepts for it, once';
        END IF;
      END IF;
      IF (NEW.host_accepted_at, NEW.host_accepted_by_label) IS DISTINCT FROM (OLD.host_accepted_at, OLD.host_accepted_by_label) THEN
        IF OLD.host_accepted_at IS NOT NULL OR NEW.place_owner_org_id IS DISTINCT FROM odis.case_org() THEN
          RAISE insufficient_privilege USING MESSAGE = 'only the side of the place accepts for it, once';
        END IF;
      END IF;
      IF NEW.ended_by IS DISTINCT FROM OLD.ended_by AND current_user <> 'odis_auth' THEN
        IF NOT (CASE NEW.ended_by
             WHEN 'menage' THEN NEW.household_owner_org_id = odis.case_org()
             WHEN 'association' THEN NEW.household_owner_org_id = odis.case_org()
             WHEN 'hebergeur' THEN NEW.place_owner_org_id = odis.case_org()
             WHEN 'systeme' THEN NEW.ended_kind IN ('obsolete', 'expiree')
             ELSE false END) THEN
          RAISE insufficient_privilege USING MESSAGE = 'an orientation is ended from one''s own side';
        END IF;
      END IF;
      RETURN NEW;
    END $$""")
    run("ALTER FUNCTION odis.guard_orientation() OWNER TO odis_auth")
    run("REVOKE ALL ON FUNCTION odis.guard_orientation() FROM PUBLIC")
    run("""CREATE TRIGGER guard BEFORE UPDATE OF seen_at, household_accepted_at, household_accepted_by_label, host_accepted_at, host_accepted_by_label,
        ended_at, ended_kind, ended_by, motif, comment ON orientations FOR EACH ROW EXECUTE FUNCTION odis.guard_orientation()""")


def _signatures() -> None:
    # An exclusion is asked and confirmed by two people: who is written is who acts, once; a request is withdrawn as long as it is one.
    # A later review stands in for the second person only where there is none (domain.md).
    run("""
    CREATE FUNCTION odis.guard_signatures() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog SET timezone = 'Europe/Paris' AS $$
    DECLARE asked bigint; confirmed bigint; review boolean := false;
    BEGIN
      IF TG_OP = 'UPDATE' THEN
        asked := OLD.exit_asked_by_id;
        confirmed := OLD.exit_confirmed_by_id;
        review := OLD.review_due;
        IF asked IS NOT NULL AND NEW.exit_asked_by_id IS DISTINCT FROM asked
           AND (NEW.exit_asked_by_id IS NOT NULL OR OLD.exited_on IS NOT NULL OR NEW.exited_on IS NOT NULL) THEN
          RAISE insufficient_privilege USING MESSAGE = 'who asked for an exclusion does not change';
        END IF;
      END IF;
      IF NEW.exit_asked_by_id IS DISTINCT FROM asked AND NEW.exit_asked_by_id IS DISTINCT FROM odis.user_id() AND NEW.exit_asked_by_id IS NOT NULL THEN
        RAISE insufficient_privilege USING MESSAGE = 'one asks under one''s own name';
      END IF;
      IF NEW.exit_confirmed_by_id IS DISTINCT FROM confirmed
         AND (confirmed IS NOT NULL OR asked IS NULL OR NEW.exit_confirmed_by_id IS DISTINCT FROM odis.user_id()) THEN
        RAISE insufficient_privilege USING MESSAGE = 'one confirms under one''s own name, once, what somebody else asked';
      END IF;
      IF NEW.review_due AND NOT review AND EXISTS (
           SELECT 1 FROM public.memberships m JOIN public.users u ON u.id = m.user_id
            WHERE m.organisation_id = odis.org() AND m.user_id <> odis.user_id() AND u.deactivated_at IS NULL
              AND current_date BETWEEN m.starts_on AND coalesce(m.ends_on, 'infinity'::date)) THEN
        RAISE insufficient_privilege USING MESSAGE = 'a colleague confirms: no later review';
      END IF;
      RETURN NEW;
    END $$""")
    run("ALTER FUNCTION odis.guard_signatures() OWNER TO odis_auth")
    run("REVOKE ALL ON FUNCTION odis.guard_signatures() FROM PUBLIC")
    run("""CREATE TRIGGER guard_signatures BEFORE INSERT OR UPDATE OF exit_asked_by_id, exit_confirmed_by_id, review_due ON placements
        FOR EACH ROW EXECUTE FUNCTION odis.guard_signatures()""")


def _sets() -> None:
    # Files that an act moves without any share: those oriented towards an operator, until the end of the proposal or of the stay; that of the
    # proposal which the DDETS has just refused.
    definer(
        "oriented_households()",
        "SETOF bigint",
        f"""SELECT o.household_id FROM public.orientations o LEFT JOIN public.placements p ON p.orientation_id = o.id
            WHERE o.place_owner_org_id = (SELECT odis.case_org()) AND o.ended_at IS NULL AND p.exited_on IS NULL
           UNION ALL SELECT o.household_id FROM public.orientations o WHERE {VETOED}""",
    )
    # How many proposals stand on a place during some days, for whoever may propose it; says nothing of whom.
    definer(
        "active_proposals(place bigint, days daterange)",
        "bigint",
        f"""SELECT count(*) FROM public.orientations o JOIN public.places p ON p.id = o.place_id
            WHERE o.place_id = place AND o.ended_at IS NULL AND (o.confirmed_at IS NOT NULL OR o.expires_at > now())
              AND daterange(o.starts_on, o.ends_on) && days
              AND (o.place_owner_org_id = odis.case_org() OR {mandated("p.")})""",
    )


def _leads() -> None:
    # A file that was closed by an exit is closed again when what was proposed since falls; an archived one stays archived.
    definer(
        "fact_leads(fact text, stage text, next_stage text, household bigint)",
        "boolean",
        f"""SELECT (stage = 'archive' AND next_stage = 'archive')
             OR EXISTS (SELECT 1 FROM (VALUES {LEADS}) AS l (kind, before, after)
                         WHERE l.kind = fact AND stage = ANY (l.before::text[]) AND next_stage = ANY (l.after::text[]))
             OR (fact = 'proposal_ended' AND stage = 'orientation_en_cours' AND next_stage = 'sorti' AND coalesce((
                  SELECT f.kind = 'exited' AND (f.data ->> 'waits_again') IS DISTINCT FROM 'true' FROM public.household_facts f
                   WHERE f.household_id = household AND f.kind IN ('entered', 'exited', 'reopened') AND f.recorded_at < now() ORDER BY f.id DESC LIMIT 1), false))""",
        to="odis_auth",
    )


def _stays() -> None:
    definer(
        "confirm_orientation(orientation bigint)",
        "text",
        f"""
        DECLARE o record; me bigint := odis.case_org(); taken int;
        BEGIN
          SELECT * INTO o FROM public.orientations WHERE id = orientation AND (household_owner_org_id = me OR place_owner_org_id = me) FOR UPDATE;
          IF NOT FOUND THEN RETURN 'unknown'; END IF;
          IF o.ended_at IS NOT NULL THEN RETURN 'ended'; END IF;
          IF o.confirmed_at IS NOT NULL THEN RETURN 'confirmed'; END IF;
          IF o.household_accepted_at IS NULL OR o.host_accepted_at IS NULL THEN RETURN 'waiting'; END IF;
          IF o.expires_at <= clock_timestamp() THEN RETURN 'expired'; END IF;
          PERFORM odis.release_expired(o.place_id);
          UPDATE public.occupancies c SET kind = 'stay', expires_at = NULL FROM public.occupancy_households h
           WHERE {WHOSE.format(o="o")} AND c.kind = 'reservation';
          GET DIAGNOSTICS taken = ROW_COUNT;
          IF taken = 0 THEN
            WITH c AS (
              INSERT INTO public.occupancies (public_id, place_id, owner_org_id, department_code, during, kind, followed)
              VALUES (substr(replace(gen_random_uuid()::text, '-', ''), 17), o.place_id, o.place_owner_org_id, o.department_code, daterange(o.starts_on, o.ends_on), 'stay', true)
              RETURNING id)
            INSERT INTO public.occupancy_households (occupancy_id, owner_org_id, subject, household_record_id, household_owner_org_id)
            SELECT c.id, o.place_owner_org_id, o.public_id, o.household_id, o.household_owner_org_id FROM c;
          END IF;
          UPDATE public.orientations SET confirmed_at = now() WHERE id = o.id;
          WITH others AS (
            UPDATE public.orientations SET ended_at = now(), ended_kind = 'obsolete', ended_by = 'systeme', motif = 'autre_proposition_confirmee'
             WHERE household_id = o.household_id AND id <> o.id AND ended_at IS NULL AND confirmed_at IS NULL RETURNING public_id, place_id, household_id)
          UPDATE public.occupancies c SET released_at = now() FROM others, public.occupancy_households h WHERE {WHOSE.format(o="others")};
          IF o.place_owner_org_id <> o.household_owner_org_id THEN
            UPDATE public.grants SET revoked_at = now(), revoked_by_id = odis.user_id()
             WHERE record_id = o.household_id AND grantee_org_id = o.place_owner_org_id AND purpose = 'orientation' AND revoked_at IS NULL;
            INSERT INTO public.grants (public_id, record_id, owner_org_id, grantee_org_id, level, max_class, purpose, motive, granted_by_id, expires_at)
            VALUES (substr(replace(gen_random_uuid()::text, '-', ''), 17), o.household_id, o.household_owner_org_id, o.place_owner_org_id, 'full', 1, 'orientation',
                    'Les deux accords sont donnés', odis.user_id(), now() + interval '{GRANT_DAYS} days');
          END IF;
          RETURN 'confirmed';
        END""",
        language="plpgsql",
        volatility="VOLATILE",
    )
    # Other days for a stay: within those agreed on by either side, beyond them by the side of the place alone.
    definer(
        "fit_stay(orientation bigint, days daterange)",
        "boolean",
        f"""WITH mine AS (SELECT * FROM public.orientations WHERE id = orientation AND confirmed_at IS NOT NULL AND ended_at IS NULL
                           AND (household_owner_org_id = odis.case_org() OR place_owner_org_id = odis.case_org())),
                moved AS (UPDATE public.occupancies c SET during = days FROM mine, public.occupancy_households h
                           WHERE {WHOSE.format(o="mine")} AND c.kind = 'stay'
                             AND (days <@ c.during OR mine.place_owner_org_id = odis.case_org()) RETURNING 1)
           SELECT EXISTS (SELECT 1 FROM moved)""",
        volatility="VOLATILE",
    )
    # The place is free again once the orientation has ended or the household has left; the file closes to the place's side.
    definer(
        "end_stay(orientation bigint)",
        "boolean",
        f"""
        DECLARE o record; me bigint := odis.case_org();
        BEGIN
          SELECT s.*, p.exited_on INTO o FROM public.orientations s LEFT JOIN public.placements p ON p.orientation_id = s.id
           WHERE s.id = orientation AND (s.household_owner_org_id = me OR s.place_owner_org_id = me) AND (s.ended_at IS NOT NULL OR p.exited_on IS NOT NULL);
          IF NOT FOUND THEN RETURN false; END IF;
          UPDATE public.occupancies c SET released_at = now(),
                 during = CASE WHEN o.exited_on > lower(during) THEN daterange(lower(during), o.exited_on) ELSE during END
            FROM public.occupancy_households h WHERE {WHOSE.format(o="o")};
          UPDATE public.grants g SET expires_at = least(g.expires_at, CASE WHEN o.exited_on IS NULL THEN g.expires_at ELSE now() + interval '{LINGERING_DAYS} days' END),
                 revoked_at = CASE WHEN o.exited_on IS NULL THEN now() END
           WHERE o.confirmed_at IS NOT NULL AND g.record_id = o.household_id AND g.grantee_org_id = o.place_owner_org_id AND g.purpose = 'orientation'
             AND g.revoked_at IS NULL
             AND NOT EXISTS (SELECT 1 FROM public.orientations x LEFT JOIN public.placements y ON y.orientation_id = x.id
                              WHERE x.household_id = o.household_id AND x.place_owner_org_id = o.place_owner_org_id AND x.id <> o.id
                                AND x.confirmed_at IS NOT NULL AND x.ended_at IS NULL AND y.exited_on IS NULL);
          RETURN true;
        END""",
        language="plpgsql",
        volatility="VOLATILE",
    )


def _expiry() -> None:
    # For the scheduled task alone; rows that somebody is answering right now wait for the next round.
    definer(
        "expire_orientations()",
        "TABLE (orientation_id bigint, orientation_public_id text, household_id bigint, household_owner_org_id bigint, place_number text, ended_kind text)",
        f"""
        WITH due AS (
          SELECT o.id, CASE WHEN o.expires_at <= now() THEN 'expiree' ELSE 'obsolete' END AS kind FROM public.orientations o
           WHERE o.ended_at IS NULL AND o.confirmed_at IS NULL
             AND (o.expires_at <= now() OR EXISTS (
               SELECT 1 FROM public.occupancies c WHERE c.place_id = o.place_id AND c.kind = 'stay' AND c.released_at IS NULL
                  AND c.during && daterange(o.starts_on, o.ends_on)
                  AND NOT EXISTS (SELECT 1 FROM public.occupancy_households h WHERE h.occupancy_id = c.id AND h.subject = o.public_id)))
           ORDER BY o.id FOR UPDATE OF o SKIP LOCKED
        ), gone AS (
          UPDATE public.orientations o SET ended_at = now(), ended_kind = due.kind, ended_by = 'systeme',
                 motif = CASE due.kind WHEN 'expiree' THEN 'sans_reponse' ELSE 'place_attribuee' END
            FROM due WHERE o.id = due.id RETURNING o.*
        ), freed AS (
          UPDATE public.occupancies c SET released_at = now() FROM gone, public.occupancy_households h WHERE {WHOSE.format(o="gone")}
        )
        SELECT gone.id, gone.public_id, gone.household_id, gone.household_owner_org_id, gone.place_sheet ->> 'number', gone.ended_kind FROM gone ORDER BY gone.id""",
        volatility="VOLATILE",
        to="odis_worker",
    )


def _steering() -> None:
    """Where the rules give the DDETS a say: the proposals of its département without a name, its refusal, and whom to tell of it."""
    ruled = f"{STEERED} AND EXISTS (SELECT 1 FROM public.territory_rules t WHERE t.department_code = o.department_code AND t.attribution = 'association_ddets')"
    definer(
        "steered_orientations()",
        "TABLE (id bigint, public_id text, household_id bigint, place_id bigint, department_code text, household_number text, size int, dispositif text, "
        "place_number text, place_kind text, proposed_at timestamptz, proposed_org_label text, urgent boolean, expires_at timestamptz, starts_on date, "
        "ends_on date, household_accepted_at timestamptz, host_accepted_at timestamptz, ended_at timestamptz, motif text, comment text)",
        f"""SELECT o.id, o.public_id, o.household_id, o.place_id, o.department_code, h.number, (o.need_sheet ->> 'size')::int, d.label,
                   o.place_sheet ->> 'number', o.place_sheet ->> 'kind', o.proposed_at, o.proposed_org_label, o.urgent, o.expires_at, o.starts_on,
                   o.ends_on, o.household_accepted_at, o.host_accepted_at, o.ended_at, o.motif, o.comment
              FROM public.orientations o JOIN public.households h ON h.id = o.household_id JOIN public.dispositifs d ON d.id = o.dispositif_id
             WHERE (o.ended_at IS NULL AND o.confirmed_at IS NULL AND o.expires_at > now() AND {ruled}) OR (o.ended_by = 'ddets' AND {STEERED})""",
    )
    definer(
        "steer_refuse(wanted text, why text, words text)",
        "TABLE (household_id bigint, household_owner_org_id bigint, place_number text)",
        f"""
        WITH gone AS (
          UPDATE public.orientations o SET ended_at = now(), ended_kind = 'refusee', ended_by = 'ddets', motif = why, comment = words
           WHERE o.public_id = wanted AND o.ended_at IS NULL AND o.confirmed_at IS NULL AND o.expires_at > now() AND {ruled} RETURNING o.*
        ), freed AS (
          UPDATE public.occupancies c SET released_at = now() FROM gone, public.occupancy_households h WHERE {WHOSE.format(o="gone")}
        )
        SELECT gone.household_id, gone.household_owner_org_id, gone.place_sheet ->> 'number' FROM gone""",
        volatility="VOLATILE",
    )
    # The referent and the coordination on the household's side; who keeps the places on the other. Addresses leave in that transaction alone.
    definer(
        "steer_contacts(wanted text)",
        "TABLE (email text)",
        f"""SELECT DISTINCT u.email FROM public.orientations o JOIN public.households h ON h.id = o.household_id
              JOIN public.memberships m ON m.organisation_id IN (o.household_owner_org_id, o.place_owner_org_id)
               AND current_date BETWEEN m.starts_on AND coalesce(m.ends_on, 'infinity'::date)
              JOIN public.users u ON u.id = m.user_id AND u.deactivated_at IS NULL
             WHERE o.public_id = wanted AND {VETOED}
               AND ((m.organisation_id = o.household_owner_org_id AND (m.role = 'coordinateur' OR u.id = h.referent_user_id))
                 OR (m.organisation_id = o.place_owner_org_id AND m.role IN ('operateur', 'coordinateur', 'qualificateur_offres')))""",
    )


def _walls() -> None:
    # A place for which one is not mandated is refused before its key is looked at: no existence is told. The dispositif is the place's own.
    reachable = f"""(SELECT {mandated("p.")} OR p.owner_org_id = (SELECT odis.case_org())
                       FROM places p WHERE p.id = orientations.place_id AND p.dispositif_id = orientations.dispositif_id)"""
    fresh = "household_accepted_at IS NULL AND host_accepted_at IS NULL AND confirmed_at IS NULL AND ended_at IS NULL AND entered_on IS NULL"
    # A place that is not validated, or whose validation waits for its second look (0015), is proposed to nobody.
    validated = f"EXISTS (SELECT 1 FROM places p WHERE p.id = place_id AND p.validated_until >= {TODAY})"
    # A household is proposed the places of the dispositifs to which it is registered today, whichever is its file's own (adr/0010).
    registered = f"""EXISTS (SELECT 1 FROM household_enrolments e WHERE e.household_id = orientations.household_id
        AND e.dispositif_id = orientations.dispositif_id AND {TODAY} BETWEEN e.starts_on AND coalesce(e.ends_on, 'infinity'::date))"""
    wall(
        "orientations",
        select=f"{PARTIES} OR {STATE}",
        insert=f"{HOUSEHOLD_SIDE} AND {reachable} AND {fresh} AND {validated} AND {registered}",
        update=PARTIES,
        update_check=PARTIES,
    )
    run(f"REVOKE UPDATE ON orientations FROM {APPLICATION}")
    run(f"""GRANT UPDATE (seen_at, household_accepted_at, household_accepted_by_label, host_accepted_at, host_accepted_by_label, entered_on,
        ended_at, ended_kind, ended_by, motif, comment, admissible) ON orientations TO {APPLICATION}""")
    auth_writes("orientations", "UPDATE")
    working = f"{HOUSEHOLD_SIDE} AND (SELECT odis.level()) >= 2"
    wall("orientation_choices", select=working, insert=HOUSEHOLD_SIDE)
    class2 = "(sensitivity <> 2 OR (SELECT odis.class2_is_open()))"
    seen = f"{HOUSEHOLD_SIDE} AND {class2} AND (sensitivity <= (SELECT odis.level()) OR {REFERRED}) AND (sensitivity <= 2 OR (SELECT odis.is_confirmed()))"
    wall("orientation_refusals", select=seen, insert=f"{HOUSEHOLD_SIDE} AND {class2}")
    agreed = "EXISTS (SELECT 1 FROM orientations o WHERE o.id = orientation_id AND o.confirmed_at IS NOT NULL AND o.ended_at IS NULL)"
    wall(
        "placements",
        select=f"{PARTIES} OR {STATE}",
        insert=f"{PARTIES} AND {agreed}",
        update=PARTIES,
        update_check=PARTIES,
    )
    run(f"REVOKE UPDATE ON placements FROM {APPLICATION}")
    run(f"""GRANT UPDATE (title, title_since, entered_on, entered_by_label, ends_on, extensions, cancelled_at, exited_on, exit_reason, exit_outcome,
        exit_asked, exit_asked_by_id, exit_confirmed_by_id, exit_by_label, review_due) ON placements TO {APPLICATION}""")
    wall("placement_departures", select=HOUSEHOLD_SIDE, insert=PARTIES)


def _neighbours() -> None:
    """What lower tables gain: the facts of a file oriented towards one's organisation, and the stage that follows from them."""
    acts = "kind IN ('proposal_ended', 'confirmed', 'entered', 'exited')"
    run(f"CREATE POLICY oriented_reads ON household_facts FOR SELECT TO {APPLICATION} USING (household_id {ORIENTED})")
    run(
        f"CREATE POLICY oriented_inserts ON household_facts FOR INSERT TO {APPLICATION} WITH CHECK (household_id {ORIENTED} AND {acts})"
    )
    system = "(SELECT odis.system_name()) IS NOT NULL AND kind IN ('proposal_ended', 'exit_undone')"
    run(f"CREATE POLICY system_inserts ON household_facts FOR INSERT TO {APPLICATION} WITH CHECK ({system})")
    # The journal of the file hears of the operator's answer, given before any share and never read back by it.
    told = f"kind = 'system' AND audience = 'partenaires' AND author_org_id = (SELECT odis.case_org()) AND record_id {ORIENTED}"
    run(f"CREATE POLICY oriented_inserts ON journal_entries FOR INSERT TO {APPLICATION} WITH CHECK ({told})")
    auth_writes("grants", "INSERT, UPDATE")
    _set_household_status(TOLD)
    _names_record(PROPOSED)


def _names_record(more: str) -> None:
    """As 0001 wrote it, with the two sides of a proposal, whatever became of it."""
    run(f"""CREATE OR REPLACE FUNCTION odis.names_record(record bigint) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $body${NAMES_RECORD.format(more=more)}$body$""")


def _set_household_status(oriented: str) -> None:
    """As 0004 wrote it, with the files oriented towards the caller's organisation."""
    run(f"""
    CREATE OR REPLACE FUNCTION odis.{STATUS} RETURNS boolean LANGUAGE sql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $body$
        WITH allowed AS (
          SELECT h.id FROM public.households h WHERE h.id = household
            AND (h.owner_org_id = odis.case_org() OR h.id IN (SELECT odis.shared_editable_records()) OR odis.system_name() IS NOT NULL{oriented})
        ), moved AS (
          UPDATE public.households h SET status = new_status, status_reason = reason, status_since = since FROM allowed WHERE h.id = allowed.id RETURNING h.*
        ), tracked AS (
          INSERT INTO public.household_tracking AS t (record_id, owner_org_id, public_id, number, department_code, dispositif_id, size, seniority_date,
                                                      status, status_since, first_proposed_on, entered_on, exited_on)
          SELECT id, owner_org_id, public_id, number, department_code, dispositif_id, size, seniority_date, status, status_since, proposed, entered, exited
            FROM moved
          ON CONFLICT (record_id) DO UPDATE SET department_code = excluded.department_code, dispositif_id = excluded.dispositif_id, size = excluded.size,
            seniority_date = excluded.seniority_date, status = excluded.status, status_since = excluded.status_since,
            first_proposed_on = excluded.first_proposed_on, entered_on = excluded.entered_on, exited_on = excluded.exited_on
          RETURNING 1)
        SELECT EXISTS (SELECT 1 FROM tracked)$body$""")


def downgrade() -> None:
    _names_record("")
    _set_household_status("")
    run("DROP POLICY auth_writes ON grants")
    run("REVOKE INSERT, UPDATE ON grants FROM odis_auth")
    for table, policy in (
        ("journal_entries", "oriented_inserts"),
        ("household_facts", "system_inserts"),
        ("household_facts", "oriented_inserts"),
        ("household_facts", "oriented_reads"),
    ):
        run(f"DROP POLICY {policy} ON {table}")
    for signature in (
        "steer_contacts(wanted text)",
        "steer_refuse(wanted text, why text, words text)",
        "steered_orientations()",
        "expire_orientations()",
        "end_stay(orientation bigint)",
        "fit_stay(orientation bigint, days daterange)",
        "confirm_orientation(orientation bigint)",
        "active_proposals(place bigint, days daterange)",
        "oriented_households()",
        "fact_leads(fact text, stage text, next_stage text, household bigint)",
    ):
        drop_definer(signature)
    run("DROP TABLE placement_departures, placements, orientation_refusals, orientation_choices, orientations")
    run("DROP FUNCTION odis.guard_orientation()")
    run("DROP FUNCTION odis.guard_signatures()")
