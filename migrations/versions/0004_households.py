"""Households: the file, cut by sensitivity class so that a right on a block is a right on rows.

``households`` is what a minimal share shows; ``household_identities``, ``members``, needs and wishes want a full share
(class 1); ``household_health_needs`` class 2; ``member_safety`` class 3; ``protection_stories`` class 4 (closed by default).
``household_tracking`` is what the State steers by: stage, delays, size, no name. Every child row carries the owner, so that
nothing can be hung on a neighbour's file; ownership moves by cascade.
"""

from __future__ import annotations

from migrations.walls import OWN_RECORD, auth_writes, definer, drop_definer, run, wall

revision = "0004_households"
down_revision = "0003_jobs"

OWN = "owner_org_id = (SELECT odis.case_org())"
FULL = "household_id = ANY (ARRAY(SELECT odis.shared_full_records()))"
EDIT = f"{OWN} OR household_id = ANY (ARRAY(SELECT odis.shared_editable_records()))"
CONFIRMED = "(SELECT odis.is_confirmed())"
REFERRED = "household_id = ANY (ARRAY(SELECT odis.referred_households()))"
PARENT = """CONSTRAINT fk_{table}_household FOREIGN KEY (household_id, owner_org_id)
        REFERENCES households (id, owner_org_id) ON UPDATE CASCADE ON DELETE CASCADE"""


def upgrade() -> None:
    _file()
    _people()
    _needs()
    _protected()
    _facts()
    _functions()
    _walls()


def _child(table: str, columns: str) -> None:
    # Keys hold the owner too: somebody who pretends to own a neighbour's file always meets the foreign key, never a « already there »
    run(
        f"CREATE TABLE {table} (household_id bigint NOT NULL, owner_org_id bigint NOT NULL, {columns}, {PARENT.format(table=table)})"
    )


def _file() -> None:
    run("""
    CREATE TABLE household_counters (
      owner_org_id bigint NOT NULL REFERENCES organisations,
      department_code text NOT NULL,
      last_number int NOT NULL,
      PRIMARY KEY (owner_org_id, department_code)
    )""")
    run("""
    CREATE TABLE households (
      id bigint PRIMARY KEY,
      owner_org_id bigint NOT NULL,
      public_id text NOT NULL CONSTRAINT uq_households_public_id UNIQUE,
      number text COLLATE "C" NOT NULL,
      department_code text NOT NULL,
      dispositif_id bigint NOT NULL REFERENCES dispositifs,
      initials text NOT NULL,
      composition_kind text NOT NULL,
      size smallint NOT NULL,
      adults smallint NOT NULL,
      minors smallint NOT NULL,
      minors_under_2 smallint NOT NULL DEFAULT 0,
      boys_12_plus smallint NOT NULL DEFAULT 0,
      girls_12_plus smallint NOT NULL DEFAULT 0,
      couples smallint NOT NULL DEFAULT 0,
      priority smallint NOT NULL DEFAULT 0,
      seniority_date date NOT NULL,
      referent_user_id bigint REFERENCES users,
      referent_label text NOT NULL DEFAULT '',
      status text NOT NULL DEFAULT 'brouillon',
      status_reason text NOT NULL DEFAULT '',
      status_since date NOT NULL,
      reviewed_at timestamptz NOT NULL DEFAULT now(),
      reviewed_by_label text NOT NULL DEFAULT '',
      version int NOT NULL DEFAULT 1,
      created_at timestamptz NOT NULL DEFAULT now(),
      CONSTRAINT uq_households_owner UNIQUE (id, owner_org_id),
      CONSTRAINT uq_households_number UNIQUE (owner_org_id, number),
      CONSTRAINT fk_households_record FOREIGN KEY (id, owner_org_id) REFERENCES records (id, owner_org_id) ON UPDATE CASCADE ON DELETE CASCADE,
      CONSTRAINT ck_households_size CHECK (size = adults + minors AND adults >= 0 AND minors >= 0 AND size BETWEEN 1 AND 60),
      CONSTRAINT ck_households_minors CHECK (minors >= minors_under_2 + boys_12_plus + girls_12_plus),
      CONSTRAINT ck_households_couples CHECK (couples * 2 <= adults),
      CONSTRAINT ck_households_priority CHECK (priority BETWEEN 0 AND 3)
    )""")
    run("CREATE INDEX ix_households_list ON households (owner_org_id, priority DESC, seniority_date, id)")
    run("CREATE INDEX ix_households_status ON households (owner_org_id, status)")
    run("CREATE INDEX ix_households_reviewed ON households (owner_org_id, reviewed_at)")
    run("CREATE INDEX ix_households_referent ON households (referent_user_id)")
    _child(
        "household_identities",
        "name text NOT NULL, folded text NOT NULL, phone_sealed bytea, phone_index bytea, languages text[] NOT NULL DEFAULT '{}', "
        "accommodation_mode text, accommodation_note_sealed bytea, PRIMARY KEY (household_id, owner_org_id)",
    )
    run("CREATE INDEX ix_household_identities_name ON household_identities (owner_org_id, folded)")
    run("CREATE INDEX ix_household_identities_phone ON household_identities (owner_org_id, phone_index)")
    _child(
        "household_administrative",
        "protection_status text NOT NULL DEFAULT 'non_renseigne', procedure text, title_kind text, title_valid_until date, decision_date date, "
        "arrived_on date, arrival_route text, cir_signed_on date, agdref_sealed bytea, agdref_index bytea, ofii_number_sealed bytea, "
        "si_siao_number_sealed bytea, domiciliation_sealed bytea, "
        "si_siao_state text CHECK (si_siao_state IN ('creee', 'transmise', 'a_completer', 'a_mettre_a_jour', 'orientee', 'admise', 'refusee', 'annulee')), "
        "si_siao_on date, si_siao_asked_on date, "
        "housing_right text CHECK (housing_right IN ('recours', 'dalo', 'daho', 'rejet')), housing_right_on date, PRIMARY KEY (household_id, owner_org_id)",
    )
    run("CREATE INDEX ix_household_administrative_agdref ON household_administrative (owner_org_id, agdref_index)")
    run("CREATE INDEX ix_household_administrative_title ON household_administrative (owner_org_id, title_valid_until)")
    _child("household_tokens", 'token text COLLATE "C" NOT NULL, PRIMARY KEY (household_id, owner_org_id, token)')
    run("CREATE INDEX ix_household_tokens_search ON household_tokens (owner_org_id, token)")
    run("CREATE INDEX ix_household_tokens_token ON household_tokens (token)")


def _people() -> None:
    _child(
        "members",
        "id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, public_id text NOT NULL CONSTRAINT uq_members_public_id UNIQUE, link text NOT NULL, "
        "first_name text NOT NULL, last_name text NOT NULL, sex text NOT NULL, birth_date date, birth_year smallint, "
        "nationality text CHECK (nationality ~ '^[A-Z]{3}$'), family_situation text, french_level text, french_written text, education_level text, "
        "mobility text, rome_code text CHECK (rome_code ~ '^[A-N][0-9]{4}$'), target_job text NOT NULL DEFAULT '', situation text, situation_note_sealed bytea, present_in_france boolean NOT NULL DEFAULT true, "
        "since date NOT NULL, until date, until_reason text, "
        "CONSTRAINT uq_members_household UNIQUE (id, household_id), "
        "CONSTRAINT ck_members_sex CHECK (sex IN ('f', 'm', 'x')), CONSTRAINT ck_members_dates CHECK (until IS NULL OR until >= since), "
        "CONSTRAINT ck_members_birth CHECK (birth_date IS NULL OR birth_year IS NULL OR birth_year = extract(year FROM birth_date))",
    )
    run("CREATE INDEX ix_members_household ON members (household_id)")
    run(
        "CREATE UNIQUE INDEX uq_members_principal ON members (household_id, owner_org_id) WHERE link = 'demandeur_principal' AND until IS NULL"
    )
    _child(
        "member_languages",
        "member_id bigint NOT NULL, language text NOT NULL, spoken text NOT NULL CHECK (spoken IN ('maternelle', 'courant', 'moyen', 'notions')), "
        "written text CHECK (written IN ('lit_ecrit', 'lit', 'non')), PRIMARY KEY (household_id, owner_org_id, member_id, language), "
        "CONSTRAINT fk_member_languages_member FOREIGN KEY (member_id, household_id) REFERENCES members (id, household_id) ON DELETE CASCADE",
    )
    run("CREATE INDEX ix_member_languages_member ON member_languages (member_id)")
    _child(
        "household_versions",
        "version int NOT NULL, event text NOT NULL, happened_on date NOT NULL, note_sealed bytea, recorded_at timestamptz NOT NULL DEFAULT now(), "
        "recorded_by_label text NOT NULL, PRIMARY KEY (household_id, owner_org_id, version)",
    )


def _needs() -> None:
    _child(
        "household_needs",
        "kind text NOT NULL, level smallint NOT NULL CHECK (level BETWEEN 0 AND 2), detail_sealed bytea, source text NOT NULL DEFAULT '', "
        "noted_on date NOT NULL, PRIMARY KEY (household_id, owner_org_id, kind)",
    )
    _child(
        "household_requests",
        "need_from date, min_days int, max_rent numeric(8, 2), wheelchair boolean NOT NULL DEFAULT false, ground_floor_or_lift boolean NOT NULL DEFAULT false, "
        "animals boolean NOT NULL DEFAULT false, animals_note text NOT NULL DEFAULT '', smoking text NOT NULL DEFAULT 'none' CHECK (smoking IN ('none', 'smoker', 'cannot_stand')), "
        "employment_area text, diet text[] NOT NULL DEFAULT '{}', life_project_sealed bytea, wishes_exclusive boolean NOT NULL DEFAULT false, PRIMARY KEY (household_id, owner_org_id), "
        "CONSTRAINT ck_household_requests_days CHECK (min_days IS NULL OR min_days BETWEEN 1 AND 3660), CONSTRAINT ck_household_requests_rent CHECK (max_rent IS NULL OR max_rent >= 0)",
    )
    run("CREATE INDEX ix_household_requests_need ON household_requests (owner_org_id, need_from)")
    _child(
        "household_wishes",
        "rank smallint NOT NULL CHECK (rank BETWEEN 1 AND 20), department_code text NOT NULL, PRIMARY KEY (household_id, owner_org_id, rank), CONSTRAINT uq_household_wishes UNIQUE (household_id, owner_org_id, department_code)",
    )
    _child(
        "household_enrolments",
        "dispositif_id bigint NOT NULL REFERENCES dispositifs, starts_on date NOT NULL, ends_on date, lead text NOT NULL DEFAULT '', "
        "PRIMARY KEY (household_id, owner_org_id, dispositif_id, starts_on), CONSTRAINT ck_household_enrolments_dates CHECK (ends_on >= starts_on)",
    )
    run(
        "CREATE UNIQUE INDEX uq_household_enrolments_open ON household_enrolments (household_id, owner_org_id, dispositif_id) WHERE ends_on IS NULL"
    )
    _child(
        "household_resources",
        "kind text NOT NULL, amount numeric(8, 2) CHECK (amount >= 0), noted_on date NOT NULL, PRIMARY KEY (household_id, owner_org_id, kind)",
    )


def _protected() -> None:
    _child(
        "household_health_needs",
        "kind text NOT NULL, level smallint NOT NULL CHECK (level BETWEEN 0 AND 2), max_minutes smallint, detail_sealed bytea, noted_on date NOT NULL, "
        "PRIMARY KEY (household_id, owner_org_id, kind)",
    )
    _child(
        "member_safety",
        "member_id bigint NOT NULL, fvv_teh boolean NOT NULL, women_hosts_only boolean NOT NULL, lgbt_safe boolean NOT NULL DEFAULT false, "
        "excluded_departments text[] NOT NULL DEFAULT '{}', contact_sealed bytea, note_sealed bytea, assessed_on date NOT NULL, "
        "assessed_by_label_sealed bytea NOT NULL, PRIMARY KEY (member_id, owner_org_id), "
        "CONSTRAINT fk_member_safety_member FOREIGN KEY (member_id, household_id) REFERENCES members (id, household_id) ON DELETE CASCADE",
    )
    run("CREATE INDEX ix_member_safety_household ON member_safety (household_id)")
    _child(
        "protection_stories",
        "member_id bigint NOT NULL, story_sealed bytea NOT NULL, recorded_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (member_id, owner_org_id), "
        "CONSTRAINT fk_protection_stories_member FOREIGN KEY (member_id, household_id) REFERENCES members (id, household_id) ON DELETE CASCADE",
    )


def _facts() -> None:
    _child(
        "household_facts",
        "id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, kind text NOT NULL, happened_on date NOT NULL, subject text NOT NULL DEFAULT '', "
        "data jsonb NOT NULL DEFAULT '{}', recorded_at timestamptz NOT NULL DEFAULT now()",
    )
    run("CREATE INDEX ix_household_facts_household ON household_facts (household_id, id)")
    _child(
        "household_changes",
        "id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, section text NOT NULL, version int NOT NULL, sensitivity smallint NOT NULL, changes_sealed bytea NOT NULL, "
        "author_label text NOT NULL, author_org_label text NOT NULL, at timestamptz NOT NULL DEFAULT now()",
    )
    run("CREATE INDEX ix_household_changes_household ON household_changes (household_id, id DESC)")
    run("""
    CREATE TABLE household_tracking (
      record_id bigint PRIMARY KEY,
      owner_org_id bigint NOT NULL,
      public_id text NOT NULL,
      number text NOT NULL,
      department_code text NOT NULL,
      dispositif_id bigint NOT NULL,
      size smallint NOT NULL,
      seniority_date date NOT NULL,
      status text NOT NULL,
      status_since date NOT NULL,
      first_proposed_on date,
      entered_on date,
      exited_on date,
      signalled_at timestamptz,
      CONSTRAINT fk_household_tracking_household FOREIGN KEY (record_id, owner_org_id) REFERENCES households (id, owner_org_id) ON UPDATE CASCADE ON DELETE CASCADE
    )""")
    run("CREATE INDEX ix_household_tracking_department ON household_tracking (department_code, status)")
    run("CREATE INDEX ix_household_tracking_owner ON household_tracking (owner_org_id, status)")


def _functions() -> None:
    definer(
        "shared_editable_records()",
        "SETOF bigint",
        "SELECT g.record_id FROM public.grants g WHERE g.grantee_org_id = (SELECT odis.case_org()) AND g.revoked_at IS NULL AND g.expires_at > now() "
        "AND g.level = 'full' AND g.can_edit",
    )
    definer(
        "referred_households()",
        "SETOF bigint",
        "SELECT h.id FROM public.households h WHERE h.referent_user_id = (SELECT odis.user_id()) AND h.owner_org_id = (SELECT odis.case_org())",
    )
    # Files just opened, with the stage that their own organisation gave them: they come under the eyes of the State all at once.
    definer(
        "track_opened(files bigint[])",
        "bigint",
        """
        WITH tracked AS (
          INSERT INTO public.household_tracking (record_id, owner_org_id, public_id, number, department_code, dispositif_id, size, seniority_date, status, status_since)
          SELECT h.id, h.owner_org_id, h.public_id, h.number, h.department_code, h.dispositif_id, h.size, h.seniority_date, h.status, h.status_since
            FROM public.households h WHERE h.id = ANY (files) AND h.owner_org_id = (SELECT odis.case_org())
          ON CONFLICT (record_id) DO NOTHING RETURNING 1)
        SELECT count(*) FROM tracked""",
        volatility="VOLATILE",
    )
    # The one door through which a partner's act (an operator accepting) moves the stage of a file that it does not own.
    definer(
        "set_household_status(household bigint, new_status text, reason text, since date, proposed date, entered date, exited date)",
        "boolean",
        """
        WITH allowed AS (
          SELECT h.id FROM public.households h WHERE h.id = household
            AND (h.owner_org_id = odis.case_org() OR h.id IN (SELECT odis.shared_editable_records()) OR odis.system_name() IS NOT NULL)
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
        SELECT EXISTS (SELECT 1 FROM tracked)""",
        volatility="VOLATILE",
    )
    # An adult: by age when it is known, else by the link.
    definer(
        "is_adult(link text, birth_date date, birth_year smallint)",
        "boolean",
        """SELECT CASE WHEN birth_date IS NOT NULL THEN birth_date <= current_date - interval '18 years'
                       WHEN birth_year IS NOT NULL THEN birth_year <= extract(year FROM current_date) - 18
                       ELSE link <> 'enfant_mineur' END""",
    )
    # Whether the safety question was asked for every adult present; says nothing of the answers.
    definer(
        "safety_is_assessed(household bigint)",
        "boolean",
        """SELECT NOT EXISTS (
             SELECT 1 FROM public.members m LEFT JOIN public.member_safety s ON s.member_id = m.id
             WHERE m.household_id = household AND m.until IS NULL AND s.member_id IS NULL
               AND odis.is_adult(m.link, m.birth_date, m.birth_year))
           AND EXISTS (SELECT 1 FROM public.households h WHERE h.id = household
                         AND (h.owner_org_id = odis.case_org() OR h.id IN (SELECT odis.shared_editable_records())))""",
    )
    definer(
        "safety_answered(household bigint)",
        "SETOF bigint",
        """SELECT s.member_id FROM public.member_safety s JOIN public.households h ON h.id = s.household_id
            WHERE s.household_id = household AND (h.owner_org_id = odis.case_org() OR h.id IN (SELECT odis.shared_editable_records()))""",
    )
    definer(
        "mark_signalled(household bigint)",
        "void",
        "UPDATE public.household_tracking SET signalled_at = now() WHERE record_id = household AND owner_org_id = odis.case_org()",
        volatility="VOLATILE",
    )


def _walls() -> None:
    class2 = "(SELECT odis.class2_is_open())"
    level2 = "(SELECT odis.level()) >= 2"
    system = "(SELECT odis.system_name()) IS NOT NULL"
    wall("household_counters", select=OWN, insert=OWN, update=OWN)
    own_id = "id = ANY (ARRAY(SELECT odis.shared_records()))"
    wall(
        "households",
        select=f"{OWN} OR {own_id}",
        insert=f"{OWN} AND {OWN_RECORD.format(record='households.id')}",
        update=f"{OWN} OR id = ANY (ARRAY(SELECT odis.shared_editable_records()))",
        update_check=f"{OWN} OR id = ANY (ARRAY(SELECT odis.shared_editable_records()))",
    )
    auth_writes("households", "UPDATE")
    for table in (
        "household_identities",
        "household_administrative",
        "household_needs",
        "household_requests",
        "household_wishes",
        "household_enrolments",
        "household_resources",
        "members",
        "member_languages",
    ):
        wall(table, select=f"{OWN} OR {FULL}", insert=EDIT, update=EDIT, delete=EDIT)
    for table in ("household_tokens", "household_versions"):
        wall(table, select=f"{OWN} OR {FULL}", insert=EDIT, update=EDIT, delete=EDIT)
    own2 = f"{OWN} AND {level2} AND {class2}"
    wall(
        "household_health_needs",
        select=f"({own2}) OR (household_id = ANY (ARRAY(SELECT odis.shared_class2_records())) AND {class2})",
        insert=own2,
        update=own2,
        delete=own2,
    )
    own3 = f"{OWN} AND ((SELECT odis.level()) >= 3 OR {REFERRED})"
    # Written by who may read it; read (and so changed) by a person who has just proved who they are once more.
    wall("member_safety", select=f"{own3} AND {CONFIRMED}", insert=own3, update=own3, delete=own3)
    own4 = f"{OWN} AND {REFERRED} AND coalesce((SELECT (value ->> 'open')::boolean FROM instance WHERE key = 'class4'), false)"
    wall("protection_stories", select=f"{own4} AND {CONFIRMED}", insert=own4, update=own4, delete=own4)
    shared = "household_id = ANY (ARRAY(SELECT odis.shared_records()))"
    editing = "household_id = ANY (ARRAY(SELECT odis.shared_editable_records()))"
    wall(
        "household_facts",
        select=f"{OWN} OR {shared} OR {system}",
        insert=f"{OWN} OR {editing}",
    )
    seen = f"({OWN} AND sensitivity <= greatest((SELECT odis.level()), 1) AND (sensitivity <> 2 OR {class2})) OR ({OWN} AND {REFERRED}) OR ({FULL} AND sensitivity <= 1)"
    wall("household_changes", select=seen, insert=EDIT)
    steered = "department_code = ANY (ARRAY(SELECT odis.steered_departments()))"
    wall(
        "household_tracking",
        select=f"{OWN} OR record_id = ANY (ARRAY(SELECT odis.shared_records())) OR {steered} OR {system}",
    )
    auth_writes("household_tracking", "INSERT, UPDATE")


def downgrade() -> None:
    drop_definer("mark_signalled(household bigint)")
    drop_definer("safety_answered(household bigint)")
    drop_definer("safety_is_assessed(household bigint)")
    drop_definer("is_adult(link text, birth_date date, birth_year smallint)")
    drop_definer(
        "set_household_status(household bigint, new_status text, reason text, since date, proposed date, entered date, exited date)"
    )
    run("""DROP TABLE household_tracking, household_changes, household_facts, protection_stories, member_safety, household_health_needs,
        household_resources, household_enrolments, member_languages, household_wishes, household_requests, household_needs, household_versions, members, household_tokens, household_administrative,
        household_identities, households, household_counters""")
    drop_definer("track_opened(files bigint[])")
    drop_definer("referred_households()")
    drop_definer("shared_editable_records()")
