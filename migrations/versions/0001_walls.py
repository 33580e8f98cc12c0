"""The walls: identity, accounts, organisations, records and grants, audit.

Roles exist already (odis_app.core.services.roles); this runs as odis_migrate, member of odis_owner and odis_auth.
Schema ``private`` is read by definer functions only; schema ``odis`` holds those functions; data live in ``public``.
"""

from __future__ import annotations

from migrations.walls import APPLICATION, NAMES_RECORD, TODAY, auth_writes, definer, open_table, run, wall

revision = "0001_walls"
down_revision = None

SESSION = "sha256(convert_to(current_setting('odis.token', true), 'UTF8'))"
# The kinds of organisations whose people may visit a host (organisations/policy.py says the same).
QUALIFYING = "'association', 'operateur', 'operateur_agir', 'ccas', 'service_social_departemental', 'siao'"
# domain.md: every enrolment, offer, place and structure belongs to one; an administrator may add others.
DISPOSITIFS = (
    ("deplaces_ukraine", "Déplacés d’Ukraine"),
    ("hebergement_citoyen", "Hébergement citoyen"),
    ("mobilite_nationale", "Mobilité nationale"),
    ("reinstallation", "Réinstallation"),
    ("emile", "EMILE"),
    ("agir", "AGIR"),
    ("dna", "Dispositif national d’accueil"),
    ("resorption", "Résorption des bidonvilles"),
)


def upgrade() -> None:
    _schemas()
    _people()
    _sessions()
    _records()
    _identity_functions()
    _audit()
    _set_functions()
    _minting()
    _policies()


def downgrade() -> None:
    run("""DROP TABLE audit_segments, audit_seals, audit_events, grants, records, territory_words, territory_rules, qualifiers, mandates, dispositifs, memberships, organisation_areas,
        organisations, users, instance""")
    run("DROP SCHEMA odis CASCADE")
    run("DROP SCHEMA private CASCADE")


def _schemas() -> None:
    run("CREATE SCHEMA odis AUTHORIZATION odis_auth")
    run("CREATE SCHEMA private AUTHORIZATION odis_auth")
    run(f"GRANT USAGE ON SCHEMA odis TO {APPLICATION}, odis_owner")
    run(f"GRANT USAGE ON SCHEMA public TO {APPLICATION}, odis_public, odis_auth")
    run("CREATE TABLE instance (key text PRIMARY KEY, value jsonb NOT NULL, set_at timestamptz NOT NULL DEFAULT now())")
    open_table("instance")


def _people() -> None:
    run("""
    CREATE TABLE users (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      public_id text NOT NULL CONSTRAINT uq_users_public_id UNIQUE,
      email text NOT NULL,
      first_name text NOT NULL,
      last_name text NOT NULL,
      is_demo boolean NOT NULL DEFAULT false,
      charter_version text NOT NULL DEFAULT '',
      second_factor_since timestamptz,
      created_at timestamptz NOT NULL DEFAULT now(),
      deactivated_at timestamptz
    )""")
    run("CREATE UNIQUE INDEX uq_users_email ON users (lower(email))")
    run("""
    CREATE TABLE organisations (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      public_id text NOT NULL CONSTRAINT uq_organisations_public_id UNIQUE,
      name text NOT NULL,
      short_name text NOT NULL,
      folded text NOT NULL,
      kind text NOT NULL,
      department_code text,
      siret text,
      second_factor_from date,
      created_at timestamptz NOT NULL DEFAULT now(),
      activated_at timestamptz,
      deactivated_at timestamptz
    )""")
    run("""
    CREATE TABLE organisation_areas (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      organisation_id bigint NOT NULL REFERENCES organisations ON DELETE CASCADE,
      department_code text NOT NULL,
      CONSTRAINT uq_organisation_areas UNIQUE (organisation_id, department_code)
    )""")
    run("""
    CREATE TABLE memberships (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
      organisation_id bigint NOT NULL REFERENCES organisations ON DELETE CASCADE,
      role text NOT NULL,
      starts_on date NOT NULL DEFAULT (now() AT TIME ZONE 'Europe/Paris')::date,
      ends_on date,
      CONSTRAINT uq_memberships UNIQUE (user_id, organisation_id, role),
      CONSTRAINT ck_memberships_dates CHECK (ends_on IS NULL OR ends_on >= starts_on)
    )""")
    run("CREATE INDEX ix_memberships_organisation ON memberships (organisation_id)")
    run("""
    CREATE TABLE dispositifs (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      code text NOT NULL CONSTRAINT uq_dispositifs_code UNIQUE,
      label text NOT NULL,
      position smallint NOT NULL
    )""")
    for position, (code, label) in enumerate(DISPOSITIFS, 1):
        run(f"INSERT INTO dispositifs (code, label, position) VALUES ('{code}', '{label}', {position})")
    run("""
    CREATE TABLE mandates (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      public_id text NOT NULL DEFAULT substr(replace(gen_random_uuid()::text, '-', ''), 17) CONSTRAINT uq_mandates_public_id UNIQUE,
      organisation_id bigint NOT NULL REFERENCES organisations ON DELETE CASCADE,
      department_code text NOT NULL,
      dispositif_id bigint NOT NULL REFERENCES dispositifs,
      starts_on date NOT NULL,
      ends_on date,
      set_at timestamptz NOT NULL DEFAULT now(),
      set_by_label text NOT NULL DEFAULT '',
      end_set_at timestamptz,
      end_set_by_label text NOT NULL DEFAULT '',
      CONSTRAINT uq_mandates UNIQUE (organisation_id, department_code, dispositif_id, starts_on),
      CONSTRAINT ck_mandates_dates CHECK (ends_on IS NULL OR ends_on >= starts_on)
    )""")
    # Who visits the offers of a département and decides on them. Nobody named: each organisation qualifies its own.
    run("""
    CREATE TABLE qualifiers (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      public_id text NOT NULL DEFAULT substr(replace(gen_random_uuid()::text, '-', ''), 17) CONSTRAINT uq_qualifiers_public_id UNIQUE,
      organisation_id bigint NOT NULL REFERENCES organisations ON DELETE CASCADE,
      department_code text NOT NULL,
      dispositif_id bigint NOT NULL REFERENCES dispositifs,
      starts_on date NOT NULL,
      ends_on date,
      set_at timestamptz NOT NULL DEFAULT now(),
      set_by_label text NOT NULL DEFAULT '',
      end_set_at timestamptz,
      end_set_by_label text NOT NULL DEFAULT '',
      CONSTRAINT uq_qualifiers UNIQUE (organisation_id, department_code, dispositif_id, starts_on),
      CONSTRAINT ck_qualifiers_dates CHECK (ends_on IS NULL OR ends_on >= starts_on)
    )""")
    run("CREATE INDEX ix_qualifiers_department ON qualifiers (department_code, dispositif_id)")
    run("""
    CREATE TABLE territory_words (
      department_code text NOT NULL,
      term text NOT NULL,
      label text NOT NULL CHECK (label <> '' AND length(label) <= 60),
      updated_at timestamptz NOT NULL DEFAULT now(),
      updated_by_label text NOT NULL DEFAULT '',
      PRIMARY KEY (department_code, term)
    )""")
    run("""
    CREATE TABLE territory_rules (
      department_code text PRIMARY KEY,
      first_call_days smallint NOT NULL DEFAULT 5,
      decision_days smallint NOT NULL DEFAULT 15,
      urgent_answer_hours smallint NOT NULL DEFAULT 72,
      standard_answer_days smallint NOT NULL DEFAULT 7,
      proposals_per_household smallint NOT NULL DEFAULT 2,
      proposals_per_place smallint NOT NULL DEFAULT 1,
      attribution text NOT NULL DEFAULT 'association' CHECK (attribution IN ('association', 'association_ddets')),
      updated_at timestamptz NOT NULL DEFAULT now(),
      updated_by_label text NOT NULL DEFAULT '',
      CONSTRAINT ck_territory_rules_positive CHECK (first_call_days > 0 AND decision_days > 0 AND urgent_answer_hours > 0
        AND standard_answer_days > 0 AND proposals_per_household > 0 AND proposals_per_place > 0)
    )""")


def _sessions() -> None:
    run("""
    CREATE TABLE private.credentials (
      user_id bigint PRIMARY KEY,
      password_hash text NOT NULL,
      changed_at timestamptz NOT NULL DEFAULT now()
    )""")
    run("""
    CREATE TABLE private.sessions (
      token_hash bytea PRIMARY KEY,
      public_id text NOT NULL UNIQUE,
      kind text NOT NULL CHECK (kind IN ('user', 'job', 'system')),
      user_id bigint,
      org_id bigint,
      org_kind text,
      roles text[] NOT NULL DEFAULT '{}',
      level smallint NOT NULL DEFAULT -1,
      departments text[] NOT NULL DEFAULT '{}',
      system_name text,
      device text,
      step_up_until timestamptz,
      step_up_tries smallint NOT NULL DEFAULT 0,
      created_at timestamptz NOT NULL DEFAULT now(),
      last_seen_at timestamptz NOT NULL DEFAULT now(),
      idle interval,
      absolute_until timestamptz NOT NULL,
      expires_at timestamptz NOT NULL
    )""")
    run("CREATE INDEX ix_sessions_user ON private.sessions (user_id)")
    run("CREATE INDEX ix_sessions_expires ON private.sessions (expires_at)")
    run("CREATE TABLE private.keys (name text PRIMARY KEY, inner_pad bytea NOT NULL, outer_pad bytea NOT NULL)")
    for table in ("credentials", "sessions", "keys"):
        run(f"ALTER TABLE private.{table} OWNER TO odis_auth")
        run(f"REVOKE ALL ON private.{table} FROM PUBLIC")


def _records() -> None:
    run("""
    CREATE TABLE records (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      kind text NOT NULL CHECK (kind IN ('household', 'structure', 'offer', 'place', 'site')),
      owner_org_id bigint NOT NULL REFERENCES organisations,
      department_code text NOT NULL,
      dispositif_id bigint REFERENCES dispositifs,
      created_at timestamptz NOT NULL DEFAULT now(),
      CONSTRAINT uq_records_owner UNIQUE (id, owner_org_id)
    )""")
    run("CREATE INDEX ix_records_owner ON records (owner_org_id, kind)")
    run("CREATE INDEX ix_records_department ON records (department_code, kind)")
    run("""
    CREATE TABLE grants (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      public_id text NOT NULL CONSTRAINT uq_grants_public_id UNIQUE,
      record_id bigint NOT NULL,
      owner_org_id bigint NOT NULL,
      grantee_org_id bigint NOT NULL REFERENCES organisations,
      level text NOT NULL CHECK (level IN ('minimal', 'full')),
      max_class smallint NOT NULL DEFAULT 1 CHECK (max_class BETWEEN 0 AND 2),
      purpose text NOT NULL,
      motive text NOT NULL DEFAULT '',
      can_edit boolean NOT NULL DEFAULT false,
      granted_by_id bigint REFERENCES users,
      granted_at timestamptz NOT NULL DEFAULT now(),
      expires_at timestamptz NOT NULL,
      revoked_at timestamptz,
      revoked_by_id bigint REFERENCES users,
      CONSTRAINT fk_grants_record FOREIGN KEY (record_id, owner_org_id) REFERENCES records (id, owner_org_id) ON UPDATE CASCADE ON DELETE CASCADE,
      CONSTRAINT ck_grants_expiry CHECK (expires_at > granted_at),
      CONSTRAINT ck_grants_other CHECK (grantee_org_id <> owner_org_id OR revoked_at IS NOT NULL)
    )""")
    run("CREATE INDEX ix_grants_grantee ON grants (grantee_org_id, record_id) WHERE revoked_at IS NULL")
    run("CREATE INDEX ix_grants_record ON grants (record_id)")


def _identity_functions() -> None:
    for name, kind, column in (
        ("org()", "bigint", "org_id"),
        ("user_id()", "bigint", "user_id"),
        ("level()", "smallint", "level"),
        ("org_kind()", "text", "org_kind"),
        ("departments()", "text[]", "departments"),
        ("roles()", "text[]", "roles"),
        ("system_name()", "text", "system_name"),
        ("step_up_until()", "timestamptz", "step_up_until"),
    ):
        definer(
            name, kind, f"SELECT {column} FROM private.sessions WHERE token_hash = {SESSION} AND expires_at > now()"
        )
    definer(
        "case_org()",
        "bigint",
        f"SELECT org_id FROM private.sessions WHERE token_hash = {SESSION} AND expires_at > now() AND level >= 0",
    )
    # Class 3 is read by a person who has just proved who they are, once more, and by a job that such a person asked for; the
    # installation's own tasks have no such gesture.
    definer(
        "is_confirmed()",
        "boolean",
        f"SELECT coalesce((SELECT kind = 'system' OR coalesce(step_up_until > now(), false) FROM private.sessions WHERE token_hash = {SESSION} AND expires_at > now()), false)",
    )
    definer(
        "has_role(wanted text)",
        "boolean",
        f"SELECT coalesce((SELECT wanted = ANY (roles) FROM private.sessions WHERE token_hash = {SESSION} AND expires_at > now()), false)",
    )
    definer(
        "class2_is_open()",
        "boolean",
        "SELECT coalesce((SELECT (value ->> 'open')::boolean AND coalesce((value ->> 'until')::date >= current_date, true) "
        "FROM public.instance WHERE key = 'class2'), false)",
    )
    # The highest sensitivity class that a bundle of roles may read; -1: no case content at all (practice §2.15).
    run("""
    CREATE FUNCTION odis.level_of(roles text[]) RETURNS smallint LANGUAGE sql IMMUTABLE SET search_path = pg_catalog AS $$
      SELECT coalesce(max(CASE r
        WHEN 'coordinateur' THEN 3 WHEN 'travailleur_social' THEN 2
        WHEN 'operateur' THEN 1 WHEN 'ddets' THEN 1 ELSE -1 END), -1)::smallint FROM unnest(roles) AS r $$""")
    run("ALTER FUNCTION odis.level_of(text[]) OWNER TO odis_auth")
    run("REVOKE ALL ON FUNCTION odis.level_of(text[]) FROM PUBLIC")


def _minting() -> None:
    """Sessions are minted by definer functions that check a MAC: SQL alone, injected or not, cannot make an identity."""
    definer(
        "mac(message text)",
        "bytea",
        """SELECT sha256(outer_pad || sha256(inner_pad || convert_to(message, 'UTF8')))
           FROM private.keys WHERE name = 'identity'""",
        to="odis_auth",
    )
    run("REVOKE EXECUTE ON FUNCTION odis.mac(text) FROM odis_app, odis_worker")
    definer(
        "auth_login(address text, proof bytea)",
        "TABLE (user_id bigint, password_hash text)",
        """SELECT u.id, c.password_hash FROM public.users u JOIN private.credentials c ON c.user_id = u.id
           WHERE lower(u.email) = lower(address) AND u.deactivated_at IS NULL AND proof = odis.mac('login|' || address)""",
        to="odis_app",
    )
    definer(
        "auth_organisations(who bigint, proof bytea)",
        "TABLE (organisation_id bigint, roles text[])",
        """SELECT m.organisation_id, array_agg(m.role ORDER BY m.role) FROM public.memberships m
           JOIN public.organisations o ON o.id = m.organisation_id
           WHERE m.user_id = who AND proof = odis.mac('organisations|' || who) AND o.deactivated_at IS NULL
             AND current_date BETWEEN m.starts_on AND coalesce(m.ends_on, 'infinity'::date)
           GROUP BY m.organisation_id ORDER BY min(m.id)""",
        to="odis_app",
    )
    definer(
        "grant_mint(hash bytea, session_public_id text, who bigint, organisation bigint, device text, idle_minutes int, absolute_minutes int, proof bytea)",
        "boolean",
        """
        DECLARE org record; ends timestamptz;
        BEGIN
          IF proof IS DISTINCT FROM odis.mac(concat_ws('|', 'session', encode(hash, 'hex'), who, organisation, idle_minutes, absolute_minutes)) THEN
            RETURN false;
          END IF;
          -- until somebody has accepted its convention, an organisation has administrators only (domain.md)
          SELECT o.kind, o.department_code,
                 coalesce(array_agg(DISTINCT m.role) FILTER (WHERE o.activated_at IS NOT NULL OR m.role = 'admin_organisation'), '{}') AS roles,
                 array(SELECT a.department_code FROM public.organisation_areas a WHERE a.organisation_id = o.id ORDER BY 1) AS areas, min(m.ends_on) AS last_day
            INTO org FROM public.organisations o JOIN public.memberships m ON m.organisation_id = o.id
           WHERE o.id = organisation AND m.user_id = who AND o.deactivated_at IS NULL
             AND current_date BETWEEN m.starts_on AND coalesce(m.ends_on, 'infinity'::date)
           GROUP BY o.id;
          IF NOT FOUND THEN RETURN false; END IF;
          -- never longer than the role that it opens with
          ends := least(now() + make_interval(mins => absolute_minutes), (org.last_day + 1)::timestamptz);
          INSERT INTO private.sessions (token_hash, public_id, kind, user_id, org_id, org_kind, roles, level, departments, device, idle, absolute_until, expires_at)
          VALUES (hash, session_public_id, 'user', who, organisation, org.kind, org.roles, odis.level_of(org.roles), org.areas, left(device, 200),
                  make_interval(mins => idle_minutes), ends, least(now() + make_interval(mins => idle_minutes), ends));
          RETURN true;
        END""",
        language="plpgsql",
        volatility="VOLATILE",
        to="odis_app",
    )
    # What an administrator added to somebody's roles or took from them (0018): « +household:create », « -household:share ».
    definer("exceptions_of(who bigint, organisation bigint)", "text[]", "SELECT '{}'::text[]", to="odis_auth")
    run(f"REVOKE EXECUTE ON FUNCTION odis.exceptions_of(bigint, bigint) FROM {APPLICATION}")
    definer(
        "open_unit(token text, read_only boolean)",
        "TABLE (session_public_id text, kind text, user_id bigint, user_public_id text, first_name text, last_name text, email text, charter_version text, is_demo boolean, "
        "has_factor boolean, factor_from date, "
        "org_id bigint, org_public_id text, org_name text, org_short_name text, org_kind text, org_department text, org_is_active boolean, class2_is_open boolean, roles text[], level smallint, "
        "departments text[], system_name text, step_up_until timestamptz, last_seen_at timestamptz, exceptions text[])",
        f"""
        BEGIN
          PERFORM set_config('odis.token', coalesce(token, ''), true);
          IF read_only THEN PERFORM set_config('transaction_read_only', 'on', true); END IF;
          RETURN QUERY SELECT s.public_id, s.kind, s.user_id, u.public_id, u.first_name, u.last_name, u.email, u.charter_version, u.is_demo,
            u.second_factor_since IS NOT NULL, o.second_factor_from, s.org_id, o.public_id, o.name, o.short_name,
            s.org_kind, o.department_code, o.activated_at IS NOT NULL, odis.class2_is_open(), s.roles, s.level, s.departments, s.system_name, s.step_up_until, s.last_seen_at,
            odis.exceptions_of(s.user_id, s.org_id)
            FROM private.sessions s LEFT JOIN public.users u ON u.id = s.user_id LEFT JOIN public.organisations o ON o.id = s.org_id
           WHERE s.token_hash = {SESSION} AND s.expires_at > now();
        END""",
        language="plpgsql",
        volatility="VOLATILE",
    )
    definer(
        "touch_session()",
        "void",
        f"UPDATE private.sessions SET last_seen_at = now(), expires_at = least(absolute_until, now() + idle) WHERE token_hash = {SESSION} AND expires_at > now() AND idle IS NOT NULL",
        volatility="VOLATILE",
        to="odis_app",
    )
    definer(
        "close_session()",
        "void",
        f"DELETE FROM private.sessions WHERE token_hash = {SESSION}",
        volatility="VOLATILE",
        to="odis_app",
    )
    definer(
        "set_own_password(new_hash text)",
        "void",
        f"""
        -- whoever else was signed in as this person no longer is
        WITH closed AS (DELETE FROM private.sessions WHERE user_id = odis.user_id() AND kind = 'user' AND token_hash <> {SESSION})
        UPDATE private.credentials SET password_hash = new_hash, changed_at = now() WHERE user_id = odis.user_id()""",
        volatility="VOLATILE",
        to="odis_app",
    )
    definer(
        "mint_job_token(hash bytea, session_public_id text, minutes int)",
        "boolean",
        f"""
        WITH author AS (SELECT * FROM private.sessions WHERE token_hash = {SESSION} AND expires_at > now() AND kind IN ('user', 'job'))
        -- confirmed for its whole life when its author is as they ask, never otherwise: a stolen session has jobs as blind as itself
        , minted AS (INSERT INTO private.sessions (token_hash, public_id, kind, user_id, org_id, org_kind, roles, level, departments, step_up_until, absolute_until, expires_at)
          SELECT hash, session_public_id, 'job', user_id, org_id, org_kind, roles, level, departments, CASE WHEN step_up_until > now() THEN ends END, ends, ends
            FROM (SELECT *, least(now() + make_interval(mins => least(minutes, 1440)), CASE kind WHEN 'job' THEN absolute_until END) AS ends FROM author) AS a
          RETURNING 1)
        SELECT EXISTS (SELECT 1 FROM minted)""",
        volatility="VOLATILE",
    )
    definer(
        "job_rights()",
        "boolean",
        f"""
        -- rights are read again when a job runs: every role that the token was minted with must still stand
        SELECT EXISTS (SELECT 1 FROM private.sessions s JOIN public.users u ON u.id = s.user_id JOIN public.organisations o ON o.id = s.org_id
          WHERE s.token_hash = {SESSION} AND s.expires_at > now() AND u.deactivated_at IS NULL AND o.deactivated_at IS NULL
            AND s.roles <@ ARRAY(SELECT m.role FROM public.memberships m WHERE m.user_id = s.user_id AND m.organisation_id = s.org_id
                                  AND current_date BETWEEN m.starts_on AND coalesce(m.ends_on, 'infinity'::date)))""",
    )
    definer(
        "mint_system_token(hash bytea, session_public_id text, task text, minutes int)",
        "void",
        """INSERT INTO private.sessions (token_hash, public_id, kind, system_name, absolute_until, expires_at)
           VALUES (hash, session_public_id, 'system', task, now() + make_interval(mins => minutes), now() + make_interval(mins => minutes))""",
        volatility="VOLATILE",
        to="odis_worker",
    )
    definer(
        "purge_sessions()",
        "bigint",
        "WITH gone AS (DELETE FROM private.sessions WHERE expires_at < now() - interval '1 hour' RETURNING 1) SELECT count(*) FROM gone",
        volatility="VOLATILE",
        to="odis_worker",
    )


def _audit() -> None:
    run("""
    CREATE TABLE audit_events (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      at timestamptz NOT NULL DEFAULT clock_timestamp(),
      action text NOT NULL,
      actor_kind text NOT NULL,
      actor_user_id bigint,
      actor_org_id bigint,
      actor_label text NOT NULL,
      actor_roles text[] NOT NULL DEFAULT '{}',
      org_label text NOT NULL DEFAULT '',
      record_id bigint,
      record_owner_org_id bigint,
      sensitivity smallint NOT NULL DEFAULT 0,
      purpose text NOT NULL DEFAULT '',
      summary text NOT NULL DEFAULT '',
      data jsonb NOT NULL DEFAULT '{}',
      request_id text NOT NULL DEFAULT ''
    )""")
    run("CREATE INDEX ix_audit_record ON audit_events (record_id, id DESC) WHERE record_id IS NOT NULL")
    run("CREATE INDEX ix_audit_actor ON audit_events (actor_user_id, id DESC)")
    run("CREATE INDEX ix_audit_org ON audit_events (actor_org_id, id DESC)")
    # A row goes with a whole segment that the erasures ended and signed, never before six months: by the definer function of 0017, and it alone.
    run("""
    CREATE FUNCTION odis.refuse_change() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
    DECLARE of_seal bigint;
    BEGIN
      IF TG_OP = 'DELETE' AND current_user = 'odis_auth' THEN
        of_seal := CASE TG_TABLE_NAME WHEN 'audit_seals' THEN (to_jsonb(OLD) ->> 'position')::bigint
                   ELSE (SELECT s.position FROM public.audit_seals s WHERE s.event_id = (to_jsonb(OLD) ->> 'id')::bigint) END;
        IF coalesce((to_jsonb(OLD) ->> 'at')::timestamptz < now() - interval '6 months', true) AND EXISTS (
             SELECT 1 FROM public.audit_seals s JOIN public.audit_segments g ON g.chain = s.chain AND s.position <= g.position WHERE s.position = of_seal) THEN
          RETURN OLD;
        END IF;
      END IF;
      RAISE EXCEPTION 'the audit trail is append-only';
    END $$""")
    run("ALTER FUNCTION odis.refuse_change() OWNER TO odis_auth")
    run("REVOKE ALL ON FUNCTION odis.refuse_change() FROM PUBLIC")
    run(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit_events FOR EACH ROW EXECUTE FUNCTION odis.refuse_change()"
    )
    run(
        "CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON audit_events FOR EACH STATEMENT EXECUTE FUNCTION odis.refuse_change()"
    )
    # The seal of each event: a chain per organisation (0: nobody's), written by the sealing job alone and never changed.
    run("""
    CREATE TABLE audit_seals (
      position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      event_id bigint NOT NULL UNIQUE,
      chain bigint NOT NULL,
      digest bytea NOT NULL CHECK (octet_length(digest) = 32),
      sealed_at timestamptz NOT NULL DEFAULT clock_timestamp()
    )""")
    run("CREATE INDEX ix_audit_seals_chain ON audit_seals (chain, position DESC)")
    # What a segment that is gone ended with: the seal that the next event follows, signed with the key of the trail.
    run("""
    CREATE TABLE audit_segments (
      position bigint PRIMARY KEY,
      chain bigint NOT NULL,
      digest bytea NOT NULL CHECK (octet_length(digest) = 32),
      events bigint NOT NULL CHECK (events > 0),
      ended_at timestamptz NOT NULL DEFAULT now(),
      proof bytea NOT NULL CHECK (octet_length(proof) = 32)
    )""")
    run(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit_seals FOR EACH ROW EXECUTE FUNCTION odis.refuse_change()"
    )
    run(
        "CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON audit_seals FOR EACH STATEMENT EXECUTE FUNCTION odis.refuse_change()"
    )
    run(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit_segments FOR EACH ROW EXECUTE FUNCTION odis.refuse_change()"
    )
    run(
        "CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON audit_segments FOR EACH STATEMENT EXECUTE FUNCTION odis.refuse_change()"
    )


def _set_functions() -> None:
    active = (
        "g.grantee_org_id = (SELECT odis.org()) AND odis.level() >= 0 AND g.revoked_at IS NULL AND g.expires_at > now()"
    )
    definer("shared_records()", "SETOF bigint", f"SELECT g.record_id FROM public.grants g WHERE {active}")
    definer(
        "shared_full_records()",
        "SETOF bigint",
        f"SELECT g.record_id FROM public.grants g WHERE {active} AND g.level = 'full'",
    )
    definer(
        "shared_class2_records()",
        "SETOF bigint",
        f"SELECT g.record_id FROM public.grants g WHERE {active} AND g.level = 'full' AND g.max_class >= 2 AND odis.level() >= 2",
    )
    # A mandate is for one dispositif in one département, its first and last days included, as days are counted in Paris (adr/0010).
    definer(
        "mandates_in_force()",
        "TABLE (department_code text, dispositif_id bigint)",
        """SELECT m.department_code, m.dispositif_id FROM public.mandates m
           WHERE m.organisation_id = (SELECT odis.case_org())
             AND (now() AT TIME ZONE 'Europe/Paris')::date BETWEEN m.starts_on AND coalesce(m.ends_on, 'infinity'::date)""",
    )
    # State services steer their départements: structures, places, offers, aggregates. Never people (security.md 5).
    definer(
        "steered_departments()",
        "SETOF text",
        f"SELECT unnest(departments) FROM private.sessions WHERE token_hash = {SESSION} AND expires_at > now() "
        "AND org_kind IN ('ddets', 'dreets', 'sgar', 'prefecture')",
    )
    # Whom to tell that a mandate was set or ended: in that transaction alone, for whoever steers the département.
    definer(
        "mandate_contacts(wanted text)",
        "TABLE (email text)",
        """SELECT DISTINCT u.email FROM public.mandates d JOIN public.memberships m ON m.organisation_id = d.organisation_id
              JOIN public.users u ON u.id = m.user_id AND u.deactivated_at IS NULL
             WHERE d.public_id = wanted AND now() IN (d.set_at, d.end_set_at) AND d.department_code IN (SELECT odis.steered_departments())
               AND m.role IN ('coordinateur', 'admin_organisation') AND current_date BETWEEN m.starts_on AND coalesce(m.ends_on, 'infinity'::date)""",
    )
    named = """EXISTS (SELECT 1 FROM public.qualifiers q WHERE q.department_code = department AND q.dispositif_id = scheme
             AND current_date BETWEEN q.starts_on AND coalesce(q.ends_on, 'infinity'::date){more})"""
    definer(
        "may_qualify(department text, scheme bigint)",
        "boolean",
        f"SELECT NOT {named.format(more='')} OR {named.format(more=' AND q.organisation_id = odis.org()')}",
    )
    definer(
        "qualifier_contacts(wanted text)",
        "TABLE (email text)",
        """SELECT DISTINCT u.email FROM public.qualifiers d JOIN public.memberships m ON m.organisation_id = d.organisation_id
              JOIN public.users u ON u.id = m.user_id AND u.deactivated_at IS NULL
             WHERE d.public_id = wanted AND now() IN (d.set_at, d.end_set_at) AND d.department_code IN (SELECT odis.steered_departments())
               AND m.role IN ('coordinateur', 'qualificateur_offres', 'admin_organisation')
               AND current_date BETWEEN m.starts_on AND coalesce(m.ends_on, 'infinity'::date)""",
    )
    definer(
        "colleagues()",
        "SETOF bigint",
        "SELECT m.user_id FROM public.memberships m WHERE m.organisation_id = (SELECT odis.org())",
    )
    definer("names_record(record bigint)", "boolean", NAMES_RECORD.format(more=""))
    definer(
        "audit_append(what text, on_record bigint, class smallint, why text, sentence text, details jsonb, request text)",
        "bigint",
        f"""
        INSERT INTO public.audit_events (action, actor_kind, actor_user_id, actor_org_id, actor_roles, actor_label, org_label, record_id, record_owner_org_id,
                                         sensitivity, purpose, summary, data, request_id)
        SELECT what, coalesce(s.kind, 'anonymous'), s.user_id, s.org_id, coalesce(s.roles, '{{}}'),
               coalesce(u.first_name || ' ' || u.last_name, s.system_name, 'inconnu'), coalesce(o.name, ''),
               on_record, (SELECT r.owner_org_id FROM public.records r WHERE r.id = on_record), coalesce(class, 0), coalesce(why, ''), coalesce(sentence, ''),
               coalesce(details, '{{}}'), coalesce(request, '')
          FROM (SELECT 1) AS always
          LEFT JOIN private.sessions s ON s.token_hash = {SESSION} AND s.expires_at > now()
          LEFT JOIN public.users u ON u.id = s.user_id LEFT JOIN public.organisations o ON o.id = s.org_id
         WHERE on_record IS NULL OR odis.names_record(on_record)
        RETURNING id""",
        volatility="VOLATILE",
    )


def _policies() -> None:
    admin = "(SELECT odis.has_role('admin_plateforme'))"
    signed_in = "(SELECT odis.user_id()) IS NOT NULL OR (SELECT odis.system_name()) IS NOT NULL"
    definer_sets = "id = ANY (ARRAY(SELECT odis.colleagues()))"
    wall(
        "users",
        select=f"id = (SELECT odis.user_id()) OR {definer_sets} OR {admin}",
        insert=admin,
        update=f"id = (SELECT odis.user_id()) OR {admin}",
    )
    # Nobody gives themselves a second factor by a plain UPDATE, nor becomes an account of the demonstration.
    run(f"REVOKE UPDATE ON users FROM {APPLICATION}")
    run(f"GRANT UPDATE (email, first_name, last_name, deactivated_at) ON users TO {APPLICATION}")
    wall("organisations", select=signed_in, insert=admin, update=admin)
    wall("organisation_areas", select=signed_in, insert=admin, update=admin, delete=admin)
    wall(
        "memberships",
        select=f"organisation_id = (SELECT odis.org()) OR user_id = (SELECT odis.user_id()) OR {admin}",
        insert=admin,
        update=admin,
        delete=admin,
    )
    # An administrator of an organisation changes the others' roles by member_set_roles (0012) alone: not even an old role of its own comes back by hand.
    run(f"REVOKE UPDATE ON memberships FROM {APPLICATION}")
    run(f"GRANT UPDATE (starts_on, ends_on) ON memberships TO {APPLICATION}")
    open_table("dispositifs")
    steers = "department_code = ANY (ARRAY(SELECT odis.steered_departments()))"
    # An association that works there, and no other; what is past is never rewritten: a mandate still open or to come gets an end, of today at the earliest.
    # Who qualifies offers may also be an operator or a social service: whoever has people to visit.
    for table, kinds in (("mandates", "'association'"), ("qualifiers", QUALIFYING)):
        works_there = (
            f"EXISTS (SELECT 1 FROM organisations o JOIN organisation_areas a ON a.organisation_id = o.id WHERE o.id = {table}.organisation_id "
            f"AND o.kind IN ({kinds}) AND o.deactivated_at IS NULL AND a.department_code = {table}.department_code)"
        )
        wall(
            table,
            select=signed_in,
            insert=f"({admin} OR {steers}) AND {works_there}",
            update=f"({admin} OR {steers}) AND (ends_on IS NULL OR ends_on >= {TODAY})",
            update_check=f"({admin} OR {steers}) AND ends_on >= {TODAY}",
        )
        run(f"REVOKE UPDATE ON {table} FROM {APPLICATION}")
        run(f"GRANT UPDATE (ends_on, end_set_at, end_set_by_label) ON {table} TO {APPLICATION}")
    said_by = f"{admin} OR {steers}"
    wall("territory_words", select=signed_in, insert=said_by, update=said_by, delete=said_by)
    wall("territory_rules", select=signed_in, insert=f"{admin} OR {steers}", update=f"{admin} OR {steers}")
    own_case = "owner_org_id = (SELECT odis.org()) AND (kind <> 'household' OR (SELECT odis.level()) >= 0)"
    shared = "id = ANY (ARRAY(SELECT odis.shared_records()))"
    # No wide scope: what a mandate or the State's steering opens of a structure or an offer is said by its own wall (a refused offer is nobody else's).
    wall("records", select=f"({own_case}) OR {shared}", insert=own_case)
    owner = "owner_org_id = (SELECT odis.case_org())"
    wall("grants", select=f"{owner} OR grantee_org_id = (SELECT odis.case_org())", insert=owner, update=owner)
    wall(
        "audit_events",
        select="actor_user_id = (SELECT odis.user_id()) OR (record_owner_org_id = (SELECT odis.case_org()) AND (sensitivity <= 2 OR (SELECT odis.level()) >= 3)) "
        "OR (actor_org_id = (SELECT odis.org()) AND sensitivity <= 2 AND (SELECT odis.has_role('coordinateur') OR odis.has_role('admin_organisation')))",
    )
    auth_writes("audit_events", "INSERT, DELETE")
    sealing, erasing = (f"(SELECT odis.system_name()) = 'system:{name}'" for name in ("seal-audit", "run-erasures"))
    run(f"CREATE POLICY sealing ON audit_events FOR SELECT TO odis_worker USING ({sealing})")
    wall("audit_seals", select=f"{sealing} OR {erasing}", insert=sealing)
    auth_writes("audit_seals", "DELETE")
    wall("audit_segments", select=f"{sealing} OR {erasing}", insert=erasing)
    run("REVOKE INSERT ON audit_seals, audit_segments FROM odis_app")
