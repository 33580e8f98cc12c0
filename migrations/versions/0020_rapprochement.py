"""« Rapprochement » : two organisations that may follow the same person are told so, by nobody's question and in nobody's words.

``household_marks`` holds keyed fingerprints (the key is derived for this use alone and is never in the database); no role reads them:
a file's own writers replace them, one function compares them, at night, under one task's identity. A pair waits a random time, is
judged again, then each side gets a row that says nothing of the other; names are exchanged inside ``odis.rapprochement_answer``
when both have accepted. docs/adr/0009-rapprochement.md says why.
"""

from __future__ import annotations

from migrations.walls import TODAY, auth_writes, definer, drop_definer, run, wall

revision = "0020_rapprochement"
down_revision = "0019_availability_links"

JOB = "(SELECT odis.system_name()) = 'system:rapprochements'"
OWN = "owner_org_id = (SELECT odis.case_org())"
PARENT = "FOREIGN KEY (household_id, owner_org_id) REFERENCES households (id, owner_org_id) ON UPDATE CASCADE ON DELETE CASCADE"
ANSWER_DAYS = 30
# More bearers than this and a mark names nobody: the phone of a shelter, of a day centre.
MOST_BEARERS = 5
# An organisation that would try people one after the other is told of five a week, and of each ten days later at the latest.
TOLD_A_WEEK = 5
WAIT = "interval '2 days' + random() * interval '8 days'"
HAND = "(h.owner_org_id = odis.case_org() OR h.id IN (SELECT odis.shared_editable_records()))"
# Who answers for a file: its referent, the coordination, or anybody where nobody coordinates.
SPEAKS = "(SELECT odis.level()) >= 1 AND (household_id = ANY (ARRAY(SELECT odis.referred_households())) OR (SELECT odis.has_role('coordinateur')) OR NOT (SELECT odis.is_coordinated()))"
ID = "substr(replace(gen_random_uuid()::text, '-', ''), 17)"
DEFINERS = {
    "mark": "mark_households(ids bigint[], bearers bigint[], kinds text[], marks bytea[])",
    "agree": "files_agree(one bigint, other bigint)",
    "run": "rapprochements_run()",
    "answer": "rapprochement_answer(wanted text, accepts boolean)",
}


def upgrade() -> None:
    _tables()
    _walls()
    _mark()
    _agree()
    _run()
    _answer()


def _tables() -> None:
    run("CREATE INDEX ix_members_birth ON members (owner_org_id, birth_date) WHERE birth_date IS NOT NULL")
    run(f"""
    CREATE TABLE household_marks (
      household_id bigint NOT NULL,
      owner_org_id bigint NOT NULL,
      kind text NOT NULL CHECK (kind IN ('phone', 'agdref', 'person')),
      mark bytea NOT NULL CHECK (octet_length(mark) = 32),
      PRIMARY KEY (household_id, kind, mark),
      CONSTRAINT fk_household_marks_household {PARENT}
    )""")
    run("CREATE INDEX ix_household_marks_mark ON household_marks (mark, kind)")
    run("""
    CREATE TABLE rapprochement_pairs (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      one_id bigint NOT NULL REFERENCES households ON DELETE CASCADE,
      other_id bigint NOT NULL REFERENCES households ON DELETE CASCADE,
      found_at timestamptz NOT NULL DEFAULT now(),
      due_at timestamptz NOT NULL,
      told_at timestamptz,
      CONSTRAINT uq_rapprochement_pairs UNIQUE (one_id, other_id),
      CONSTRAINT ck_rapprochement_pairs_order CHECK (one_id < other_id)
    )""")
    run("CREATE INDEX ix_rapprochement_pairs_other ON rapprochement_pairs (other_id)")
    run(f"""
    CREATE TABLE rapprochements (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      public_id text NOT NULL CONSTRAINT uq_rapprochements_public_id UNIQUE,
      pair_id bigint REFERENCES rapprochement_pairs ON DELETE SET NULL,
      household_id bigint NOT NULL,
      owner_org_id bigint NOT NULL,
      told_at timestamptz NOT NULL DEFAULT now(),
      closes_on date NOT NULL,
      answer text CHECK (answer IN ('accepted', 'refused')),
      answered_at timestamptz,
      answered_by_label text NOT NULL DEFAULT '',
      other_org_label text NOT NULL DEFAULT '',
      other_referent_label text NOT NULL DEFAULT '',
      linked_at timestamptz,
      closed_at timestamptz,
      mailed text NOT NULL DEFAULT '' CHECK (mailed IN ('', 'told', 'linked')),
      CONSTRAINT uq_rapprochements_side UNIQUE (pair_id, household_id),
      CONSTRAINT ck_rapprochements_answer CHECK ((answer IS NULL) = (answered_at IS NULL)),
      CONSTRAINT ck_rapprochements_linked CHECK (linked_at IS NULL OR (answer = 'accepted' AND closed_at IS NULL)),
      CONSTRAINT ck_rapprochements_named CHECK ((other_org_label <> '') = (linked_at IS NOT NULL)),
      CONSTRAINT fk_rapprochements_household {PARENT}
    )""")
    run("CREATE INDEX ix_rapprochements_household ON rapprochements (household_id)")
    run("CREATE INDEX ix_rapprochements_owner ON rapprochements (owner_org_id, told_at DESC)")


def _walls() -> None:
    wall("household_marks", select="false")
    auth_writes("household_marks", "INSERT, DELETE")
    wall("rapprochement_pairs", select="false")
    auth_writes("rapprochement_pairs", "INSERT, UPDATE, DELETE")
    wall("rapprochements", select=f"{OWN} AND {SPEAKS}")
    auth_writes("rapprochements", "INSERT, UPDATE")


def _mark() -> None:
    """The marks of some files, replaced; of a file that the caller may not write, nothing moves and nothing is said."""
    definer(
        DEFINERS["mark"],
        "void",
        f"""
        BEGIN
          DELETE FROM public.household_marks m USING public.households h WHERE h.id = m.household_id AND h.id = ANY (ids) AND {HAND};
          INSERT INTO public.household_marks (household_id, owner_org_id, kind, mark)
          SELECT h.id, h.owner_org_id, v.kind, v.mark FROM unnest(bearers, kinds, marks) AS v (id, kind, mark)
            JOIN public.households h ON h.id = v.id AND h.id = ANY (ids) AND {HAND} ON CONFLICT DO NOTHING;
        END""",
        language="plpgsql",
        volatility="VOLATILE",
    )


def _agree() -> None:
    """Whether two files may be told of each other, now: the same foreigner's number, or two marks; neither in danger, nor unasked."""
    definer(
        DEFINERS["agree"],
        "boolean",
        f"""
        SELECT EXISTS (
          SELECT 1 FROM public.household_marks a JOIN public.household_marks b ON b.household_id = other AND b.kind = a.kind AND b.mark = a.mark
           WHERE a.household_id = one
             AND (SELECT count(*) FROM public.household_marks c WHERE c.kind = a.kind AND c.mark = a.mark) <= {MOST_BEARERS}
          HAVING bool_or(a.kind = 'agdref') OR count(*) >= 2)
        AND (SELECT count(*) = 2 AND count(DISTINCT h.owner_org_id) = 2 AND bool_and(h.status <> 'archive') FROM public.households h WHERE h.id IN (one, other))
        AND NOT odis.is_in_danger(one) AND NOT odis.is_in_danger(other)
        AND NOT EXISTS (SELECT 1 FROM public.limitations l WHERE l.household_id IN (one, other) AND l.lifted_at IS NULL)
        AND NOT EXISTS (
          SELECT 1 FROM public.grants g JOIN public.households h ON h.id IN (one, other) AND h.id <> g.record_id AND h.owner_org_id = g.grantee_org_id
           WHERE g.record_id IN (one, other) AND g.revoked_at IS NULL AND g.expires_at > now())""",
        to="odis_auth",
    )
    run("REVOKE EXECUTE ON FUNCTION odis.files_agree(bigint, bigint) FROM odis_app, odis_worker")


def _run() -> None:
    """The night: new pairs, those whose time has come told on both sides at once, the unanswered closed; whom a mail goes to."""
    definer(
        DEFINERS["run"],
        "TABLE (public_id text, household_id bigint, what text, emails text[])",
        f"""
        DECLARE pair record;
        BEGIN
          IF ({JOB}) IS NOT TRUE THEN RETURN; END IF;
          INSERT INTO public.rapprochement_pairs (one_id, other_id, due_at)
          SELECT f.one, f.other, now() + {WAIT} FROM (
            SELECT DISTINCT a.household_id AS one, b.household_id AS other
              FROM public.household_marks a JOIN public.household_marks b
                ON b.mark = a.mark AND b.kind = a.kind AND b.household_id > a.household_id AND b.owner_org_id <> a.owner_org_id
             WHERE a.kind <> 'phone' AND (SELECT count(*) FROM public.household_marks c WHERE c.kind = a.kind AND c.mark = a.mark) <= {MOST_BEARERS}) f
           WHERE NOT EXISTS (SELECT 1 FROM public.rapprochement_pairs p WHERE p.one_id = f.one AND p.other_id = f.other) AND odis.files_agree(f.one, f.other)
              ON CONFLICT DO NOTHING;
          FOR pair IN SELECT p.* FROM public.rapprochement_pairs p WHERE p.told_at IS NULL AND p.due_at <= now() ORDER BY p.due_at, p.id FOR UPDATE LOOP
            IF NOT odis.files_agree(pair.one_id, pair.other_id) THEN
              DELETE FROM public.rapprochement_pairs p WHERE p.id = pair.id;
            ELSIF NOT EXISTS (
                SELECT 1 FROM public.rapprochements r JOIN public.households h ON h.id IN (pair.one_id, pair.other_id) AND h.owner_org_id = r.owner_org_id
                 WHERE r.told_at > now() - interval '7 days' GROUP BY r.owner_org_id HAVING count(*) >= {TOLD_A_WEEK}) THEN
              INSERT INTO public.rapprochements (public_id, pair_id, household_id, owner_org_id, closes_on)
              SELECT {ID}, pair.id, h.id, h.owner_org_id, {TODAY} + {ANSWER_DAYS} FROM public.households h WHERE h.id IN (pair.one_id, pair.other_id) ORDER BY random();
              UPDATE public.rapprochement_pairs p SET told_at = now() WHERE p.id = pair.id;
            END IF;
          END LOOP;
          UPDATE public.rapprochements r SET closed_at = now() WHERE r.closed_at IS NULL AND r.linked_at IS NULL AND r.closes_on < {TODAY};
          RETURN QUERY
          UPDATE public.rapprochements r SET mailed = CASE WHEN r.linked_at IS NULL THEN 'told' ELSE 'linked' END
            FROM public.households h
           WHERE h.id = r.household_id AND r.closed_at IS NULL AND (r.mailed = '' OR (r.linked_at IS NOT NULL AND r.mailed <> 'linked'))
          RETURNING r.public_id, r.household_id, r.mailed, ARRAY(
            SELECT DISTINCT u.email FROM public.memberships m JOIN public.users u ON u.id = m.user_id AND u.deactivated_at IS NULL
             WHERE m.organisation_id = r.owner_org_id AND current_date BETWEEN m.starts_on AND coalesce(m.ends_on, 'infinity'::date)
               AND (u.id = h.referent_user_id OR (h.referent_user_id IS NULL AND m.role = 'coordinateur')));
        END""",
        language="plpgsql",
        volatility="VOLATILE",
        to="odis_worker",
    )


def _answer() -> None:
    """One side's answer. « linked » says the other's name to both; a refusal closes one's own side and moves nothing on the other."""
    speaks = SPEAKS.replace("household_id", "r.household_id")
    definer(
        DEFINERS["answer"],
        "text",
        f"""
        DECLARE mine public.rapprochements; theirs public.rapprochements; who text;
        BEGIN
          SELECT r.* INTO mine FROM public.rapprochements r WHERE r.public_id = wanted AND r.owner_org_id = (SELECT odis.case_org()) AND {speaks};
          IF NOT FOUND THEN RETURN NULL; END IF;
          PERFORM 1 FROM public.rapprochement_pairs p WHERE p.id = mine.pair_id FOR UPDATE;
          SELECT r.* INTO mine FROM public.rapprochements r WHERE r.id = mine.id FOR UPDATE;
          IF mine.answer IS NOT NULL OR mine.closed_at IS NOT NULL OR mine.closes_on < {TODAY} THEN RETURN NULL; END IF;
          SELECT u.first_name || ' ' || u.last_name INTO who FROM public.users u WHERE u.id = odis.user_id();
          UPDATE public.rapprochements r SET answer = CASE WHEN accepts THEN 'accepted' ELSE 'refused' END, answered_at = now(), answered_by_label = who,
                 closed_at = CASE WHEN accepts THEN NULL ELSE now() END WHERE r.id = mine.id;
          IF NOT accepts THEN RETURN 'refused'; END IF;
          SELECT r.* INTO theirs FROM public.rapprochements r WHERE r.pair_id = mine.pair_id AND r.id <> mine.id;
          IF theirs.answer IS DISTINCT FROM 'accepted' OR theirs.closed_at IS NOT NULL OR odis.is_in_danger(mine.household_id) OR odis.is_in_danger(theirs.household_id)
             OR EXISTS (SELECT 1 FROM public.limitations l WHERE l.household_id IN (mine.household_id, theirs.household_id) AND l.lifted_at IS NULL) THEN
            RETURN 'accepted';
          END IF;
          UPDATE public.rapprochements r SET linked_at = now(), other_org_label = o.name, other_referent_label = h.referent_label,
                 mailed = CASE WHEN r.id = mine.id THEN 'linked' ELSE r.mailed END
            FROM public.households h JOIN public.organisations o ON o.id = h.owner_org_id
           WHERE r.id IN (mine.id, theirs.id) AND h.id = CASE WHEN r.id = mine.id THEN theirs.household_id ELSE mine.household_id END;
          RETURN 'linked';
        END""",
        language="plpgsql",
        volatility="VOLATILE",
        to="odis_app",
    )


def downgrade() -> None:
    for signature in reversed(DEFINERS.values()):
        drop_definer(signature)
    run("DROP TABLE rapprochements, rapprochement_pairs, household_marks")
    run("DROP INDEX ix_members_birth")
