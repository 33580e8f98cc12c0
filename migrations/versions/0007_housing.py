"""Housing: offers and their qualification, places, and the days that are taken on each.

Wide scopes (the State, mandated associations) read offers, places and occupancies of their départements; they never read
hosts, exact addresses, nor whose days those are: ``occupancy_households`` is read by those who follow the household, and by
the side of the place for its own places while the file is given to it. A secret location leaves no commune, label nor employment area in the rows that they read (CHECK).
A place is never promised to more people than it holds. Double booking is impossible: EXCLUDE on (place, days) while an
occupancy is not released. The owner is in every key, so that a row forged on a neighbour's place meets its foreign key before it could learn whether that place is taken.
"""

from __future__ import annotations

from migrations.walls import (
    APPLICATION,
    OWN_RECORD,
    auth_writes,
    definer,
    drop_definer,
    mandated,
    open_table,
    run,
    wall,
)

revision = "0007_housing"
down_revision = "0006_structures"

OWN = "owner_org_id = (SELECT odis.housing_org())"
STEERED = "department_code = ANY (ARRAY(SELECT odis.steered_departments()))"
MANDATED = mandated()
# Days are taken under the mandate for their place; a scalar sub-select: an EXISTS would be hashed, which reads every place for one calendar.
MANDATED_PLACE = f"(SELECT {mandated('p.')} FROM places p WHERE p.id = occupancies.place_id)"
# A structure serves the dispositifs of its places.
MANDATED_STRUCTURE = f"(SELECT true FROM places p WHERE p.structure_id = {{id}} AND {mandated('p.')} LIMIT 1)"
# What matching reads, the same on an offer and on a place.
HOME = """
      department_code text NOT NULL,
      commune_code text,
      dispositif_id bigint NOT NULL REFERENCES dispositifs,
      orientation_authority text NOT NULL DEFAULT 'association_mandatee',
      kind text NOT NULL,
      capacity smallint NOT NULL,
      bedrooms smallint,
      max_minors smallint,
      available_from date,
      available_to date,
      wheelchair boolean NOT NULL DEFAULT false,
      ground_floor_or_lift boolean NOT NULL DEFAULT false,
      hosts_women_only boolean NOT NULL DEFAULT false,
      accepts_animals boolean NOT NULL DEFAULT false,
      animals_present boolean NOT NULL DEFAULT false,
      smoking_allowed boolean NOT NULL DEFAULT false,
      accepts_minors boolean NOT NULL DEFAULT false,
      specialised_fvv_teh boolean NOT NULL DEFAULT false,
      women_only_certified boolean NOT NULL DEFAULT false,
      rent numeric(8, 2),
      charges numeric(8, 2),
      min_stay_days smallint,
      max_stay_days smallint,
      renewable boolean NOT NULL DEFAULT false,
      min_child_age smallint,
      accepted_compositions text[] NOT NULL DEFAULT '{}',
      accepted_statuses text[] NOT NULL DEFAULT '{}',
      languages text[] NOT NULL DEFAULT '{}',
      employment_area text,
      validated_until date,
      location_secret boolean NOT NULL DEFAULT false,
      confirmed_at timestamptz NOT NULL DEFAULT now(),
      confirmed_by_label text NOT NULL DEFAULT '',
      created_at timestamptz NOT NULL DEFAULT now(),"""
# « Reste à payer » holds the charges; a minimum age says nothing where no minor is accepted; who is accepted comes from a closed list.
CHECKS = """
      CONSTRAINT ck_{t}_capacity CHECK (capacity BETWEEN 1 AND 60),
      CONSTRAINT ck_{t}_bedrooms CHECK (bedrooms IS NULL OR bedrooms BETWEEN 0 AND 60),
      CONSTRAINT ck_{t}_minors CHECK (max_minors IS NULL OR max_minors >= 0),
      CONSTRAINT ck_{t}_rent CHECK (rent IS NULL OR rent >= 0),
      CONSTRAINT ck_{t}_charges CHECK (charges IS NULL OR (rent IS NOT NULL AND charges BETWEEN 0 AND rent)),
      CONSTRAINT ck_{t}_stay CHECK (min_stay_days BETWEEN 1 AND 3660 AND max_stay_days BETWEEN coalesce(min_stay_days, 1) AND 3660),
      CONSTRAINT ck_{t}_child_age CHECK (min_child_age IS NULL OR (accepts_minors AND min_child_age BETWEEN 0 AND 17)),
      CONSTRAINT ck_{t}_compositions CHECK (accepted_compositions <@ ARRAY['isole_homme', 'isole_femme', 'isole', 'couple_sans_enfant', 'couple_avec_enfants',
        'monoparental', 'groupe_familial_elargi', 'fratrie_majeurs']),
      CONSTRAINT ck_{t}_window CHECK (available_to IS NULL OR available_from IS NULL OR available_to >= available_from)"""


def upgrade() -> None:
    _offers()
    _offer_parts()
    _places()
    _occupancies()
    _functions()
    _safety()
    _walls()
    _changes()


def _offers() -> None:
    run(f"""
    CREATE TABLE offers (
      id bigint PRIMARY KEY,
      owner_org_id bigint NOT NULL,
      public_id text NOT NULL CONSTRAINT uq_offers_public_id UNIQUE,
      number text NOT NULL,
      provider_kind text NOT NULL CHECK (provider_kind IN ('particulier', 'personne_morale')),
      units smallint NOT NULL DEFAULT 1 CHECK (units BETWEEN 1 AND 200),
      qualities jsonb NOT NULL DEFAULT '{{}}',
      qualification_status text NOT NULL DEFAULT 'recue',
      status_motif text NOT NULL DEFAULT '',
      risk_flag boolean NOT NULL DEFAULT false,
      received_on date NOT NULL,
      called_on date,
      visit_planned_at timestamptz,
      visited_on date,
      decided_on date,
      version int NOT NULL DEFAULT 1,{HOME}
      CONSTRAINT uq_offers_owner UNIQUE (id, owner_org_id),
      CONSTRAINT uq_offers_number UNIQUE (owner_org_id, number),
      CONSTRAINT fk_offers_record FOREIGN KEY (id, owner_org_id) REFERENCES records (id, owner_org_id) ON UPDATE CASCADE ON DELETE CASCADE,
      CONSTRAINT ck_offers_risk CHECK (NOT risk_flag OR qualification_status <> 'validee'),
      CONSTRAINT ck_offers_qualities CHECK (NOT jsonb_path_exists(qualities, '$.rooms[*] ? (@.m2 < 9 || @.single < 0 || @.double < 0 || @.cot < 0)')
        AND NOT jsonb_path_exists(qualities, '$.keyvalue() ? (@.key like_regex "_minutes$" && (@.value < 0 || @.value > 180))')),
      CONSTRAINT ck_offers_rooms CHECK (coalesce(jsonb_array_length(qualities -> 'rooms'), 0) <= coalesce(bedrooms, 60)),
      CONSTRAINT ck_offers_secret CHECK (NOT location_secret OR (commune_code IS NULL AND employment_area IS NULL)),
      CONSTRAINT ck_offers_validated CHECK (qualification_status <> 'validee' OR (visited_on IS NOT NULL AND decided_on IS NOT NULL AND validated_until IS NOT NULL)),
      CONSTRAINT ck_offers_refused CHECK (qualification_status <> 'refusee' OR (decided_on IS NOT NULL AND status_motif <> '')),{CHECKS.format(t="offers")}
    )""")
    run("CREATE INDEX ix_offers_owner ON offers (owner_org_id, qualification_status, received_on)")
    run("CREATE INDEX ix_offers_department ON offers (department_code, qualification_status, received_on)")


def _offer_child(table: str, columns: str) -> None:
    run(
        f"CREATE TABLE {table} (offer_id bigint NOT NULL, owner_org_id bigint NOT NULL, {columns}, "
        f"CONSTRAINT fk_{table}_offer FOREIGN KEY (offer_id, owner_org_id) REFERENCES offers (id, owner_org_id) ON UPDATE CASCADE ON DELETE CASCADE)"
    )


def _offer_parts() -> None:
    _offer_child(
        "offer_hosts",
        "name_sealed bytea NOT NULL, name_index bytea[] NOT NULL, siret_sealed bytea, phone_sealed bytea, phone_index bytea, "
        "email_sealed bytea, email_index bytea, note_sealed bytea, living_sealed bytea, PRIMARY KEY (offer_id, owner_org_id)",
    )
    run("CREATE INDEX ix_offer_hosts_phone ON offer_hosts (owner_org_id, phone_index)")
    run("CREATE INDEX ix_offer_hosts_email ON offer_hosts (owner_org_id, email_index)")
    _offer_child(
        "offer_addresses",
        "commune_code_sealed bytea, address_sealed bytea, ban_id_sealed bytea, PRIMARY KEY (offer_id, owner_org_id)",
    )
    _offer_child(
        "offer_events",
        "id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "
        "public_id text NOT NULL DEFAULT substr(md5(gen_random_uuid()::text), 1, 16) CONSTRAINT uq_offer_events_public_id UNIQUE, kind text NOT NULL, happened_on date NOT NULL, data jsonb NOT NULL DEFAULT '{}' CONSTRAINT ck_offer_events_data CHECK (NOT data ?| ARRAY['note', 'missing'] AND (kind = 'decision' OR NOT data ? 'motif')), "
        "note_sealed bytea, recorded_at timestamptz NOT NULL DEFAULT now(), author_label text NOT NULL",
    )
    run("CREATE INDEX ix_offer_events_offer ON offer_events (offer_id, id)")


def _places() -> None:
    run(f"""
    CREATE TABLE places (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      public_id text NOT NULL CONSTRAINT uq_places_public_id UNIQUE,
      number text NOT NULL,
      owner_org_id bigint NOT NULL REFERENCES organisations,
      structure_id bigint,
      offer_id bigint,
      secret_record_id bigint,
      record_id bigint NOT NULL GENERATED ALWAYS AS (coalesce(structure_id, offer_id, secret_record_id)) STORED,
      label text NOT NULL DEFAULT '',
      opened_on date,
      closed_on date,{HOME}
      CONSTRAINT uq_places_owner UNIQUE (id, owner_org_id, department_code),
      CONSTRAINT uq_places_record UNIQUE (id, owner_org_id, record_id),
      CONSTRAINT uq_places_number UNIQUE (owner_org_id, number),
      CONSTRAINT uq_places_secret_record UNIQUE (secret_record_id, owner_org_id),
      CONSTRAINT ck_places_parent CHECK (num_nonnulls(structure_id, offer_id, secret_record_id) = 1),
      CONSTRAINT ck_places_untied CHECK (secret_record_id IS NULL OR location_secret),
      CONSTRAINT ck_places_secret CHECK (NOT location_secret OR (commune_code IS NULL AND employment_area IS NULL AND label = '')),
      CONSTRAINT ck_places_dates CHECK (closed_on IS NULL OR opened_on IS NULL OR closed_on >= opened_on),
      CONSTRAINT fk_places_structure FOREIGN KEY (structure_id, owner_org_id) REFERENCES structures (id, owner_org_id) ON UPDATE CASCADE ON DELETE CASCADE,
      CONSTRAINT fk_places_secret_record FOREIGN KEY (secret_record_id, owner_org_id) REFERENCES records (id, owner_org_id) ON UPDATE CASCADE ON DELETE CASCADE,
      CONSTRAINT fk_places_offer FOREIGN KEY (offer_id, owner_org_id) REFERENCES offers (id, owner_org_id) ON UPDATE CASCADE ON DELETE CASCADE,{CHECKS.format(t="places")}
    )""")
    run("CREATE INDEX ix_places_fresh ON places (owner_org_id, confirmed_at, id)")
    run("CREATE INDEX ix_places_department ON places (department_code, dispositif_id, capacity)")
    run("CREATE INDEX ix_places_structure ON places (structure_id) WHERE structure_id IS NOT NULL")
    run("CREATE INDEX ix_places_offer ON places (offer_id) WHERE offer_id IS NOT NULL")
    run("""
    CREATE TABLE place_addresses (
      place_id bigint NOT NULL,
      owner_org_id bigint NOT NULL,
      record_id bigint NOT NULL,
      structure_id bigint,
      label_sealed bytea,
      label_index bytea[],
      commune_code_sealed bytea,
      address_sealed bytea,
      ban_id_sealed bytea,
      PRIMARY KEY (place_id, owner_org_id),
      CONSTRAINT ck_place_addresses_label CHECK ((label_sealed IS NULL) = (label_index IS NULL)),
      CONSTRAINT fk_place_addresses_structure FOREIGN KEY (structure_id, owner_org_id) REFERENCES structures (id, owner_org_id) ON UPDATE CASCADE,
      CONSTRAINT fk_place_addresses_place FOREIGN KEY (place_id, owner_org_id, record_id) REFERENCES places (id, owner_org_id, record_id)
        ON UPDATE CASCADE ON DELETE CASCADE
    )""")
    run("CREATE INDEX ix_place_addresses_structure ON place_addresses (structure_id) WHERE structure_id IS NOT NULL")
    _untied()


def _untied() -> None:
    """The secret place of a structure that everybody knows has a record of its own: its structure stands beside its address, behind the same wall.

    Told at the end of the transaction, since a structure and its places become secret, or cease to be, together.
    """
    tied = "FROM public.places p JOIN public.structures s ON s.id = p.structure_id WHERE p.location_secret AND NOT s.location_secret AND"
    for table, column, when in (
        ("places", "p.id", "INSERT OR UPDATE OF structure_id, location_secret ON places"),
        ("structures", "s.id", "UPDATE OF location_secret ON structures"),
    ):
        name = f"odis.keep_untied_of_{table}()"
        run(f"""
        CREATE FUNCTION {name} RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
        BEGIN
          IF EXISTS (SELECT 1 {tied} {column} = NEW.id) THEN
            RAISE check_violation USING CONSTRAINT = 'ck_places_untied', MESSAGE = 'a secret place is not tied to a structure that is known';
          END IF;
          RETURN NULL;
        END $$""")
        run(f"ALTER FUNCTION {name} OWNER TO odis_auth")
        run(f"REVOKE ALL ON FUNCTION {name} FROM PUBLIC")
        condition = (
            "NEW.location_secret AND NEW.structure_id IS NOT NULL" if table == "places" else "NOT NEW.location_secret"
        )
        run(
            f"CREATE CONSTRAINT TRIGGER keep_untied AFTER {when} DEFERRABLE INITIALLY DEFERRED FOR EACH ROW "
            f"WHEN ({condition}) EXECUTE FUNCTION {name}"
        )


def _occupancies() -> None:
    run("""
    CREATE TABLE occupancies (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      public_id text NOT NULL CONSTRAINT uq_occupancies_public_id UNIQUE,
      place_id bigint NOT NULL,
      owner_org_id bigint NOT NULL,
      department_code text NOT NULL,
      during daterange NOT NULL,
      kind text NOT NULL CHECK (kind IN ('reservation', 'stay', 'unavailable')),
      motif text NOT NULL DEFAULT '',
      followed boolean NOT NULL DEFAULT false,
      expires_at timestamptz,
      released_at timestamptz,
      created_at timestamptz NOT NULL DEFAULT now(),
      CONSTRAINT fk_occupancies_place FOREIGN KEY (place_id, owner_org_id, department_code)
        REFERENCES places (id, owner_org_id, department_code) ON UPDATE CASCADE ON DELETE CASCADE,
      CONSTRAINT uq_occupancies_owner UNIQUE (id, owner_org_id, followed),
      CONSTRAINT ck_occupancies_days CHECK (NOT isempty(during) AND NOT lower_inf(during)),
      CONSTRAINT ck_occupancies_motif CHECK ((kind = 'unavailable') = (motif <> '')),
      CONSTRAINT ck_occupancies_expiry CHECK ((kind = 'reservation') = (expires_at IS NOT NULL)),
      CONSTRAINT ck_occupancies_followed CHECK (kind <> 'unavailable' OR NOT followed),
      CONSTRAINT ex_occupancies_once EXCLUDE USING gist (int8range(place_id, place_id, '[]') WITH &&,
        int8range(owner_org_id, owner_org_id, '[]') WITH &&, during WITH &&) WHERE (released_at IS NULL)
    )""")
    run("CREATE INDEX ix_occupancies_place ON occupancies (place_id) WHERE released_at IS NULL")
    run("CREATE INDEX ix_occupancies_history ON occupancies (place_id, id DESC)")
    run(
        "CREATE INDEX ix_occupancies_expiry ON occupancies (expires_at) WHERE kind = 'reservation' AND released_at IS NULL"
    )
    # Whose days they are, apart: who once had a share and kept the number of a file does not follow the household to its place.
    run("""
    CREATE TABLE occupancy_households (
      occupancy_id bigint PRIMARY KEY,
      owner_org_id bigint NOT NULL,
      followed boolean NOT NULL DEFAULT true CHECK (followed),
      subject text NOT NULL CHECK (subject <> ''),
      household_record_id bigint NOT NULL,
      household_owner_org_id bigint NOT NULL,
      CONSTRAINT fk_occupancy_households_occupancy FOREIGN KEY (occupancy_id, owner_org_id, followed)
        REFERENCES occupancies (id, owner_org_id, followed) ON UPDATE CASCADE ON DELETE CASCADE,
      CONSTRAINT fk_occupancy_households_household FOREIGN KEY (household_record_id, household_owner_org_id)
        REFERENCES records (id, owner_org_id) ON UPDATE CASCADE ON DELETE CASCADE
    )""")
    run("CREATE INDEX ix_occupancy_households_household ON occupancy_households (household_record_id)")
    run("CREATE INDEX ix_occupancy_households_owner ON occupancy_households (household_owner_org_id)")
    run("CREATE INDEX ix_occupancy_households_subject ON occupancy_households (subject)")


def _functions() -> None:
    # An address opens to the organisation of the household once the stay is agreed on, and closes when it is released.
    agreed = """FROM public.occupancy_households h JOIN public.occupancies o ON o.id = h.occupancy_id JOIN public.places p ON p.id = o.place_id
           WHERE o.kind = 'stay' AND o.released_at IS NULL AND h.household_owner_org_id = (SELECT odis.case_org())"""
    definer("opened_places()", "SETOF bigint", f"SELECT DISTINCT o.place_id {agreed}")
    definer("opened_offers()", "SETOF bigint", f"SELECT DISTINCT p.offer_id {agreed} AND p.offer_id IS NOT NULL")
    definer("opened_records()", "SETOF bigint", f"SELECT DISTINCT p.record_id {agreed}")  # whose keys go with them
    definer(
        "own_stays()",
        "SETOF bigint",
        "SELECT h.occupancy_id FROM public.occupancy_households h WHERE h.household_owner_org_id = (SELECT odis.case_org())",
    )
    # Files given in full to follow the household. A share that came with a place says nothing of the next one: its host may be whom they flee.
    definer(
        "followed_records()",
        "SETOF bigint",
        """SELECT g.record_id FROM public.grants g WHERE g.grantee_org_id = (SELECT odis.case_org()) AND g.revoked_at IS NULL AND g.expires_at > now()
             AND g.level = 'full' AND g.purpose <> 'orientation'""",
    )
    # The one door by which a household takes days of a place: one of one's own, on a place of one's own or where one is mandated.
    definer(
        "book_place(place bigint, days daterange, until timestamptz, proposal text, household bigint, new_public_id text)",
        "bigint",
        f"""
        DECLARE booked bigint;
        BEGIN
          INSERT INTO public.occupancies (public_id, place_id, owner_org_id, department_code, during, kind, followed, expires_at, created_at)
          SELECT new_public_id, p.id, p.owner_org_id, p.department_code, days, 'reservation', true, until, clock_timestamp() FROM public.places p
           WHERE p.id = place AND (p.owner_org_id = odis.housing_org() OR {mandated("p.")})
             AND EXISTS (SELECT 1 FROM public.records r WHERE r.id = household AND r.kind = 'household' AND r.owner_org_id = odis.case_org())
             FOR SHARE OF p
          RETURNING id INTO booked;
          IF booked IS NULL THEN RAISE insufficient_privilege USING MESSAGE = 'a place is booked for a household of one''s own, where one may'; END IF;
          IF (SELECT h.size > p.capacity FROM public.households h, public.places p WHERE h.id = household AND p.id = place) THEN
            RAISE check_violation USING CONSTRAINT = 'ck_places_people', MESSAGE = 'more people than the place may hold';
          END IF;
          INSERT INTO public.occupancy_households (occupancy_id, owner_org_id, subject, household_record_id, household_owner_org_id)
          SELECT id, owner_org_id, proposal, household, odis.case_org() FROM public.occupancies WHERE id = booked;
          RETURN booked;
        END""",
        language="plpgsql",
        volatility="VOLATILE",
    )
    # Who is promised a place keeps it: it does not become too small for them. A family that grows there is recorded, never refused.
    run("""
    CREATE FUNCTION odis.keep_capacity() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    BEGIN
      IF EXISTS (SELECT 1 FROM public.occupancies o JOIN public.occupancy_households s ON s.occupancy_id = o.id
                   JOIN public.households h ON h.id = s.household_record_id
                  WHERE o.place_id = NEW.id AND o.released_at IS NULL AND (o.expires_at IS NULL OR o.expires_at > now())
                    AND (upper_inf(o.during) OR upper(o.during) > (now() AT TIME ZONE 'Europe/Paris')::date) AND h.size > NEW.capacity) THEN
        RAISE check_violation USING CONSTRAINT = 'ck_places_people', MESSAGE = 'more people than the place may hold';
      END IF;
      RETURN NEW;
    END $$""")
    run("ALTER FUNCTION odis.keep_capacity() OWNER TO odis_auth")
    run("REVOKE ALL ON FUNCTION odis.keep_capacity() FROM PUBLIC")
    run(
        "CREATE TRIGGER keep_capacity BEFORE UPDATE OF capacity ON places FOR EACH ROW WHEN (NEW.capacity < OLD.capacity) "
        "EXECUTE FUNCTION odis.keep_capacity()"
    )
    # A reservation whose answer did not come frees its place; of every place (NULL), or of one, just before it is taken.
    definer(
        "release_expired(place bigint)",
        "bigint",
        """WITH gone AS (UPDATE public.occupancies SET released_at = now()
             WHERE kind = 'reservation' AND released_at IS NULL AND expires_at <= now() AND (place IS NULL OR place_id = place)
             RETURNING owner_org_id)
           SELECT count(*) FROM gone WHERE owner_org_id = odis.housing_org() OR odis.system_name() IS NOT NULL""",
        volatility="VOLATILE",
    )


def _safety() -> None:
    """H08, H12 and H17 behind one door: which rule failed is never said, and what is not known excludes (security.md 1)."""
    adult = "odis.is_adult(m.link, m.birth_date, m.birth_year)"
    facts = f"""SELECT m.household_id, bool_and(s.member_id IS NOT NULL OR NOT {adult}) AND bool_or({adult}) AS known,
                       coalesce(bool_or(s.women_hosts_only), false) AS women, coalesce(bool_or(s.fvv_teh), false) AS hunted
                  FROM public.members m LEFT JOIN public.member_safety s ON s.member_id = m.id
                 WHERE m.until IS NULL"""
    compatible = """f.known AND (NOT f.women OR p.hosts_women_only IS TRUE OR p.women_only_certified IS TRUE)
             AND (NOT f.hunted OR p.specialised_fvv_teh IS TRUE OR p.women_only_certified IS TRUE)
             AND NOT EXISTS (SELECT 1 FROM public.member_safety e JOIN public.members x ON x.id = e.member_id
                              WHERE e.household_id = f.household_id AND x.until IS NULL AND p.department_code = ANY (e.excluded_departments))"""
    # one's own files, and level 2: two places that differ by one certificate would tell a class-1 partner who is hunted
    mine = "(h.owner_org_id = (SELECT odis.case_org()) AND (SELECT odis.level()) >= 2)"
    reachable = f"(p.owner_org_id = (SELECT odis.housing_org()) OR {mandated('p.')})"
    places = f"""SELECT p.id FROM public.households h JOIN ({facts} AND m.household_id = household GROUP BY m.household_id) f ON f.household_id = h.id
              CROSS JOIN public.places p
             WHERE h.id = household AND {mine} AND {reachable} AND {compatible}"""
    definer("safety_compatible(household bigint)", "SETOF bigint", places)
    # A shortlist asks of one place of each kind, not of the 110,000 of a département.
    definer(
        "safety_compatible_among(household bigint, candidates bigint[])",
        "SETOF bigint",
        f"{places} AND p.id = ANY (candidates)",
    )
    definer(
        "safety_compatible_households(place bigint)",
        "SETOF bigint",
        f"""SELECT h.id FROM public.places p CROSS JOIN public.households h
              CROSS JOIN LATERAL ({facts} AND m.household_id = h.id GROUP BY m.household_id) f
             WHERE p.id = place AND {mine} AND {reachable} AND {compatible}""",
    )


def _walls() -> None:
    validated = "qualification_status = 'validee'"
    ddets = "(SELECT odis.org_kind()) = 'ddets'"
    shared = "id = ANY (ARRAY(SELECT odis.shared_records()))"
    wall(
        "offers",
        select=f"{OWN} OR ({STEERED} AND ({validated} OR {ddets})) OR ({MANDATED} AND {validated}) OR {shared}",
        insert=f"{OWN} AND {OWN_RECORD.format(record='offers.id')}",
        update=OWN,
    )
    wall("offer_hosts", select=OWN, insert=OWN, update=OWN)
    wall(
        "offer_addresses",
        select=f"{OWN} OR offer_id = ANY (ARRAY(SELECT odis.opened_offers()))",
        insert=OWN,
        update=OWN,
    )
    # Where the DDETS named who qualifies, nobody else visits nor decides (domain.md): neither in the history nor on the offer itself.
    named = (
        "(SELECT odis.may_qualify(o.department_code, o.dispositif_id) FROM offers o WHERE o.id = offer_events.offer_id)"
    )
    wall(
        "offer_events",
        select=OWN,
        insert=f"{OWN} AND (kind NOT IN ('visite_planifiee', 'visite_faite', 'garde_fous', 'decision') OR {named})",
    )
    _photo_walls()
    _keep_qualification()
    opened = "IN (SELECT odis.opened_places())"  # hashed: a list of a whole territory asks it of each place
    # A record of one's own and of nothing else: hung on a household's, the place would open its key.
    alone = (
        "(secret_record_id IS NULL OR (SELECT r.kind = 'place' FROM records r WHERE r.id = places.secret_record_id))"
    )
    wall(
        "places",
        select=f"{OWN} OR {STEERED} OR {MANDATED} OR id {opened}",
        insert=f"{OWN} AND {alone}",
        update=OWN,
    )
    wall("place_addresses", select=f"{OWN} OR place_id {opened}", insert=OWN, update=OWN)
    for table, column, more in (
        ("structures", "id", ""),
        ("structure_addresses", "structure_id", "NOT location_secret AND "),
        ("structure_contacts", "structure_id", "NOT location_secret AND "),
    ):
        opens = MANDATED_STRUCTURE.format(id=f"{table}.{column}")
        run(f"CREATE POLICY mandated_reads ON {table} FOR SELECT TO {APPLICATION} USING ({more}{opens})")
    # Days are taken for a household by ``book_place`` alone. A mandated association may undo what it booked; only the owner of the place writes the rest.
    own_stay = "id IN (SELECT odis.own_stays())"
    writes = f"{OWN} OR (kind = 'reservation' AND {own_stay} AND {MANDATED_PLACE})"
    wall(
        "occupancies",
        select=f"{OWN} OR {STEERED} OR {own_stay} OR {MANDATED_PLACE}",
        insert=f"{OWN} AND NOT followed",
        update=writes,
        update_check=writes,
    )
    # Whose household it is never changes: an update may not probe other people's files, nor fail when a share has ended.
    run("REVOKE UPDATE ON occupancies FROM odis_app, odis_worker")
    run("GRANT UPDATE (during, kind, expires_at, released_at) ON occupancies TO odis_app, odis_worker")
    auth_writes("occupancies", "INSERT, UPDATE, DELETE")
    followed = "household_record_id = ANY (ARRAY(SELECT odis.followed_records()))"
    given = "owner_org_id = (SELECT odis.case_org()) AND household_record_id = ANY (ARRAY(SELECT odis.shared_full_records()))"
    wall(
        "occupancy_households",
        select=f"household_owner_org_id = (SELECT odis.case_org()) OR {followed} OR ({given})",
    )
    auth_writes("occupancy_households", "INSERT")


def _keep_qualification() -> None:
    run("""
    CREATE FUNCTION odis.keep_qualification() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    BEGIN
      IF NOT odis.may_qualify(NEW.department_code, NEW.dispositif_id) THEN
        RAISE insufficient_privilege USING MESSAGE = 'somebody else was named to qualify the offers of this departement';
      END IF;
      RETURN NEW;
    END $$""")
    run("ALTER FUNCTION odis.keep_qualification() OWNER TO odis_auth")
    run("REVOKE ALL ON FUNCTION odis.keep_qualification() FROM PUBLIC")
    moved = " OR ".join(
        f"(NEW.{day} IS NOT NULL AND NEW.{day} IS DISTINCT FROM OLD.{day})"
        for day in ("visited_on", "decided_on", "validated_until")
    )
    for verb, when in (
        ("INSERT", "NEW.visited_on IS NOT NULL OR NEW.decided_on IS NOT NULL OR NEW.validated_until IS NOT NULL"),
        ("UPDATE", f"{moved} OR (NEW.dispositif_id <> OLD.dispositif_id AND NEW.decided_on IS NOT NULL)"),
    ):
        run(
            f"CREATE TRIGGER keep_qualification_{verb.lower()} BEFORE {verb} ON offers FOR EACH ROW WHEN ({when}) "
            "EXECUTE FUNCTION odis.keep_qualification()"
        )


def _changes() -> None:
    """The number of the last transaction that touched each place or its occupancies: a key and a number, of nobody.

    Matching keeps the places that it loaded and asks here whether any changed; numbers are compared with the oldest
    transaction running at loading time, so that no commit is missed.
    """
    run(
        "CREATE TABLE place_changes (place_id bigint PRIMARY KEY REFERENCES places ON DELETE CASCADE, changed_by xid8 NOT NULL)"
    )
    run("CREATE INDEX ix_place_changes_by ON place_changes (changed_by)")
    open_table("place_changes")
    run("REVOKE SELECT ON place_changes FROM odis_public")  # which homes move is nobody else's
    run("GRANT INSERT, UPDATE ON place_changes TO odis_auth")
    for table, column in (("places", "id"), ("occupancies", "place_id")):
        run(f"""
        CREATE FUNCTION odis.note_change_of_{table}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
        BEGIN
          INSERT INTO public.place_changes (place_id, changed_by) VALUES (NEW.{column}, pg_current_xact_id())
          ON CONFLICT (place_id) DO UPDATE SET changed_by = excluded.changed_by;
          RETURN NULL;
        END $$""")
        run(f"ALTER FUNCTION odis.note_change_of_{table}() OWNER TO odis_auth")
        run(f"REVOKE ALL ON FUNCTION odis.note_change_of_{table}() FROM PUBLIC")
        run(
            f"CREATE TRIGGER note_change AFTER INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION odis.note_change_of_{table}()"
        )


def _photo_walls() -> None:
    """The photos of an offer are the documents of its record: its own organisation alone, whose qualifiers hold no file of a household."""
    # A scalar sub-select: an EXISTS would be hashed, which reads every offer for the few documents of one file.
    photo = f"{OWN} AND uploaded_org_id = owner_org_id AND sensitivity < 2 AND (SELECT true FROM offers o WHERE o.id = documents.record_id)"
    qualifies = "((SELECT odis.has_role('coordinateur')) OR (SELECT odis.has_role('qualificateur_offres')))"
    by_me = "uploaded_by_id = (SELECT odis.user_id())"
    run(f"CREATE POLICY photo_reads ON documents FOR SELECT TO {APPLICATION} USING ({photo})")
    run(
        f"CREATE POLICY photo_inserts ON documents FOR INSERT TO {APPLICATION} WITH CHECK ({photo} AND {qualifies} AND {by_me})"
    )
    run(f"CREATE POLICY photo_updates ON documents FOR UPDATE TO {APPLICATION} USING ({photo} AND {qualifies})")
    # What lets people put a document in a file of their organisation does not let them put one on its offers.
    of_household = "(SELECT r.kind FROM records r WHERE r.id = documents.record_id) = 'household'"
    run(
        f"CREATE POLICY photo_limits ON documents AS RESTRICTIVE FOR INSERT TO {APPLICATION} "
        f"WITH CHECK ({of_household} OR ({photo} AND {qualifies} AND {by_me}))"
    )


def downgrade() -> None:
    for name in ("photo_reads", "photo_inserts", "photo_updates", "photo_limits"):
        run(f"DROP POLICY {name} ON documents")
    for table in ("structures", "structure_addresses", "structure_contacts"):
        run(f"DROP POLICY mandated_reads ON {table}")
    drop_definer("safety_compatible_households(place bigint)")
    drop_definer("safety_compatible_among(household bigint, candidates bigint[])")
    drop_definer("safety_compatible(household bigint)")
    drop_definer("release_expired(place bigint)")
    run(
        "DROP TABLE place_changes, occupancy_households, occupancies, place_addresses, places, offer_events, offer_addresses, offer_hosts, offers"
    )
    drop_definer("opened_records()")
    drop_definer("opened_offers()")
    drop_definer("opened_places()")
    drop_definer("own_stays()")
    drop_definer("followed_records()")
    drop_definer(
        "book_place(place bigint, days daterange, until timestamptz, proposal text, household bigint, new_public_id text)"
    )
    for table in ("places", "occupancies"):
        run(f"DROP FUNCTION odis.note_change_of_{table}()")
    run("DROP TRIGGER keep_untied ON structures")
    run("DROP FUNCTION odis.keep_untied_of_places()")
    run("DROP FUNCTION odis.keep_untied_of_structures()")
    run("DROP FUNCTION odis.keep_capacity()")
    run("DROP FUNCTION odis.keep_qualification()")
