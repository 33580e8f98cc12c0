"""Getting in: invitations, access requests, what people accepted, who works here.

A link's secret is drawn by the application from the row's public id and its round; the database keeps its hash alone.
Accounts and roles are made by functions that demand the proof of the application besides the secret: SQL alone makes nobody.
"""

from __future__ import annotations

from migrations.walls import APPLICATION, auth_writes, definer, drop_definer, run, wall

revision = "0012_entrance"
down_revision = "0011_notifications"

WORKER = "odis_worker"
JOB = "(SELECT odis.system_name()) = 'system:entrance'"
ADMIN = "(SELECT odis.has_role('admin_plateforme'))"
RUNS = "organisation_id = (SELECT odis.org()) AND ((SELECT odis.has_role('admin_organisation')) OR (SELECT odis.has_role('admin_plateforme')))"
LEADS = "organisation_id = (SELECT odis.org()) AND (SELECT odis.has_role('coordinateur'))"
TEAM = "ARRAY['travailleur_social', 'qualificateur_offres', 'operateur']"  # what a coordinator takes in
STATE_KINDS = "'ddets', 'dreets', 'sgar', 'prefecture', 'dihal', 'dgef', 'ofii', 'plateforme'"
DECIDES = f"""(organisation_id = (SELECT odis.org()) AND (SELECT odis.has_role('admin_organisation'))) OR {ADMIN}
  OR (organisation_id IS NULL AND new_kind NOT IN ({STATE_KINDS}) AND (SELECT odis.has_role('ddets'))
      AND new_department = ANY (ARRAY(SELECT odis.steered_departments())))"""
LIVE = "i.accepted_at IS NULL AND i.withdrawn_at IS NULL AND i.expires_at > now() AND o.deactivated_at IS NULL"
# The roles that each kind of organisation gives, its administration apart; organisations.policy says the same, a test compares.
ROLES = """CASE kind
  WHEN 'association' THEN ARRAY['travailleur_social', 'coordinateur', 'qualificateur_offres', 'operateur']
  WHEN 'operateur' THEN ARRAY['operateur', 'travailleur_social', 'coordinateur']
  WHEN 'operateur_agir' THEN ARRAY['operateur', 'travailleur_social', 'coordinateur']
  WHEN 'bailleur' THEN ARRAY['bailleur'] WHEN 'entreprise' THEN ARRAY['bailleur'] WHEN 'collectivite' THEN ARRAY['collectivite']
  WHEN 'ddets' THEN ARRAY['ddets'] WHEN 'dreets' THEN ARRAY['ddets'] WHEN 'sgar' THEN ARRAY['ddets'] WHEN 'prefecture' THEN ARRAY['ddets']
  WHEN 'dihal' THEN ARRAY['national'] WHEN 'dgef' THEN ARRAY['national'] WHEN 'plateforme' THEN ARRAY['admin_plateforme']
  WHEN 'france_travail' THEN ARRAY['travailleur_social'] WHEN 'mission_locale' THEN ARRAY['travailleur_social'] WHEN 'ofii' THEN ARRAY['travailleur_social']
  WHEN 'ccas' THEN ARRAY['travailleur_social', 'coordinateur'] WHEN 'siao' THEN ARRAY['travailleur_social', 'coordinateur']
  WHEN 'service_social_departemental' THEN ARRAY['travailleur_social', 'coordinateur'] ELSE ARRAY[]::text[] END || 'admin_organisation'::text"""
DEFINERS = {
    "peek": "invite_peek(hash bytea)",
    "accept": "invite_accept(hash bytea, proof bytea, user_public_id text, first text, last text, new_password_hash text, charter text)",
    "roles": "member_set_roles(who text, wanted text[])",
    "charter": "charter_accept(text_version text)",
    "convention": "convention_accept(text_version text, signed_as text)",
    "suggest": "organisation_suggest(wanted text)",
    "ask": "access_ask(new_public_id text, hash bytea, address text, first text, last text, post text, wanted_org text, org_name text, org_kind text, org_department text, words text)",
    "read": "access_peek(hash bytea)",
    "confirm": "access_confirm(hash bytea)",
    "approve": "access_approve(wanted text, wanted_roles text[], invitation_public_id text, hash bytea, lasts interval, org_public_id text, org_folded text)",
    "approvers": "access_approvers(wanted bigint)",
    "purge": "access_purge()",
}


def upgrade() -> None:
    _tables()
    for table, verbs in (
        ("users", "INSERT, UPDATE"),
        ("memberships", "INSERT, UPDATE, DELETE"),
        ("organisations", "INSERT, UPDATE"),
    ):
        auth_writes(table, verbs)
    auth_writes("organisation_areas", "INSERT")
    run(
        f"CREATE FUNCTION odis.roles_of_kind(kind text) RETURNS text[] LANGUAGE sql IMMUTABLE SET search_path = pg_catalog AS $$ SELECT {ROLES} $$"
    )
    run("ALTER FUNCTION odis.roles_of_kind(text) OWNER TO odis_auth")
    run("REVOKE ALL ON FUNCTION odis.roles_of_kind(text) FROM PUBLIC")
    run(f"GRANT EXECUTE ON FUNCTION odis.roles_of_kind(text) TO {APPLICATION}, odis_auth")
    _walls()
    _invitations()
    _members()
    _requests()
    _decisions()


def downgrade() -> None:
    for signature in reversed(DEFINERS.values()):
        drop_definer(signature)
    run("DROP TABLE acceptances, invitations, access_requests")
    run("DROP FUNCTION odis.roles_of_kind(text)")
    for table in ("users", "memberships", "organisations", "organisation_areas"):
        run(f"DROP POLICY auth_writes ON {table}")
        run(f"REVOKE INSERT, UPDATE ON {table} FROM odis_auth")


def _tables() -> None:
    run("""
    CREATE TABLE access_requests (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      public_id text NOT NULL CONSTRAINT uq_access_requests_public_id UNIQUE,
      email text NOT NULL,
      first_name text NOT NULL,
      last_name text NOT NULL,
      job text NOT NULL DEFAULT '',
      message text NOT NULL DEFAULT '',
      organisation_id bigint REFERENCES organisations ON DELETE CASCADE,
      new_name text NOT NULL DEFAULT '',
      new_kind text NOT NULL DEFAULT '',
      new_department text NOT NULL DEFAULT '',
      state text NOT NULL DEFAULT 'unconfirmed' CONSTRAINT ck_access_requests_state CHECK (state IN ('unconfirmed', 'waiting', 'approved', 'refused')),
      token_hash bytea NOT NULL CONSTRAINT uq_access_requests_token UNIQUE,
      created_at timestamptz NOT NULL DEFAULT now(),
      confirmed_at timestamptz,
      notices smallint NOT NULL DEFAULT 0,
      decided_at timestamptz,
      decided_by_id bigint REFERENCES users,
      reason text NOT NULL DEFAULT '',
      CONSTRAINT ck_access_requests_where CHECK ((organisation_id IS NOT NULL AND new_name = '')
        OR (organisation_id IS NULL AND new_name <> '' AND new_kind <> '' AND new_department <> '') OR state = 'approved'),
      CONSTRAINT ck_access_requests_decided CHECK ((decided_at IS NOT NULL) = (state IN ('approved', 'refused'))),
      CONSTRAINT ck_access_requests_reason CHECK (state <> 'refused' OR reason <> '')
    )""")
    run("CREATE INDEX ix_access_requests_email ON access_requests (lower(email), created_at)")
    run(
        "CREATE INDEX ix_access_requests_open ON access_requests (organisation_id, new_department) WHERE state = 'waiting'"
    )
    run("""
    CREATE TABLE invitations (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      public_id text NOT NULL CONSTRAINT uq_invitations_public_id UNIQUE,
      organisation_id bigint NOT NULL REFERENCES organisations ON DELETE CASCADE,
      access_request_id bigint CONSTRAINT uq_invitations_request UNIQUE REFERENCES access_requests ON DELETE SET NULL,
      email text NOT NULL,
      roles text[] NOT NULL,
      invited_by_id bigint NOT NULL REFERENCES users,
      round smallint NOT NULL DEFAULT 1,
      token_hash bytea NOT NULL CONSTRAINT uq_invitations_token UNIQUE,
      mail_id text NOT NULL DEFAULT '',
      created_at timestamptz NOT NULL DEFAULT now(),
      sent_at timestamptz NOT NULL DEFAULT now(),
      expires_at timestamptz NOT NULL,
      reminded_at timestamptz,
      accepted_at timestamptz,
      accepted_by_id bigint REFERENCES users,
      withdrawn_at timestamptz,
      withdrawn_by_id bigint REFERENCES users,
      CONSTRAINT ck_invitations_roles CHECK (cardinality(roles) > 0),
      CONSTRAINT ck_invitations_end CHECK (accepted_at IS NULL OR withdrawn_at IS NULL)
    )""")
    run(
        "CREATE UNIQUE INDEX uq_invitations_open ON invitations (organisation_id, lower(email)) WHERE accepted_at IS NULL AND withdrawn_at IS NULL"
    )
    run("""
    CREATE TABLE acceptances (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      user_id bigint NOT NULL REFERENCES users,
      organisation_id bigint REFERENCES organisations ON DELETE CASCADE,
      document text NOT NULL,
      version text NOT NULL,
      signed_as text NOT NULL DEFAULT '',
      accepted_at timestamptz NOT NULL DEFAULT now(),
      CONSTRAINT uq_acceptances UNIQUE NULLS NOT DISTINCT (user_id, organisation_id, document, version),
      CONSTRAINT ck_acceptances_document CHECK ((document = 'charte' AND organisation_id IS NULL)
        OR (document = 'convention' AND organisation_id IS NOT NULL AND signed_as <> ''))
    )""")
    run("CREATE INDEX ix_acceptances_organisation ON acceptances (organisation_id) WHERE organisation_id IS NOT NULL")


def _walls() -> None:
    takes_in = f"({RUNS}) OR ({LEADS} AND roles <@ {TEAM})"
    fresh = "accepted_at IS NULL AND withdrawn_at IS NULL"
    wall(
        "invitations",
        select=f"({RUNS}) OR ({LEADS}) OR {JOB}",
        insert=f"({takes_in}) AND invited_by_id = (SELECT odis.user_id()) AND roles <@ odis.roles_of_kind((SELECT odis.org_kind())) AND access_request_id IS NULL AND {fresh}",
        update=f"(({takes_in}) OR {JOB}) AND {fresh}",
        update_check=f"({takes_in}) OR {JOB}",
    )
    run(f"REVOKE UPDATE ON invitations FROM {APPLICATION}")
    run(
        f"GRANT UPDATE (round, token_hash, mail_id, sent_at, expires_at, reminded_at, withdrawn_at, withdrawn_by_id) ON invitations TO {APPLICATION}"
    )
    auth_writes("invitations", "INSERT, UPDATE, DELETE")
    wall(
        "access_requests",
        select=f"({DECIDES}) AND state <> 'unconfirmed' OR {JOB}",
        update=f"(({DECIDES}) OR {JOB}) AND state = 'waiting'",
        update_check=f"({DECIDES}) OR {JOB}",
    )
    run(f"REVOKE UPDATE ON access_requests FROM {APPLICATION}")
    run(f"GRANT UPDATE (state, notices, decided_at, decided_by_id, reason) ON access_requests TO {APPLICATION}")
    auth_writes("access_requests", "INSERT, UPDATE, DELETE")
    wall("acceptances", select="user_id = (SELECT odis.user_id()) OR organisation_id = (SELECT odis.org())")
    auth_writes("acceptances", "INSERT, DELETE")


def _invitations() -> None:
    definer(
        DEFINERS["peek"],
        "TABLE (public_id text, organisation_id bigint, email text, roles text[], inviter text, organisation text, expires_at timestamptz, has_account boolean)",
        f"""SELECT i.public_id, i.organisation_id, i.email, i.roles, u.first_name || ' ' || u.last_name, o.name, i.expires_at,
                   EXISTS (SELECT 1 FROM public.users known WHERE lower(known.email) = lower(i.email))
              FROM public.invitations i JOIN public.organisations o ON o.id = i.organisation_id JOIN public.users u ON u.id = i.invited_by_id
             WHERE i.token_hash = hash AND {LIVE}""",
        to="odis_app",
    )
    definer(
        DEFINERS["accept"],
        "bigint",
        f"""
        DECLARE invited record; person record; who bigint;
        BEGIN
          IF proof IS DISTINCT FROM odis.mac('accept|' || encode(hash, 'hex')) THEN RETURN NULL; END IF;
          SELECT i.id, i.email, i.roles, i.organisation_id, o.kind INTO invited
            FROM public.invitations i JOIN public.organisations o ON o.id = i.organisation_id WHERE i.token_hash = hash AND {LIVE} FOR UPDATE OF i;
          IF NOT FOUND THEN RETURN NULL; END IF;
          SELECT u.id, u.deactivated_at INTO person FROM public.users u WHERE lower(u.email) = lower(invited.email);
          IF FOUND THEN
            IF person.deactivated_at IS NOT NULL OR new_password_hash IS NOT NULL THEN RETURN NULL; END IF;
            who := person.id;
          ELSE
            IF new_password_hash IS NULL THEN RETURN NULL; END IF;
            INSERT INTO public.users (public_id, email, first_name, last_name) VALUES (user_public_id, invited.email, first, last) RETURNING id INTO who;
            INSERT INTO private.credentials (user_id, password_hash) VALUES (who, new_password_hash);
          END IF;
          INSERT INTO public.memberships AS m (user_id, organisation_id, role)
            SELECT who, invited.organisation_id, r FROM unnest(invited.roles) AS r WHERE r = ANY (odis.roles_of_kind(invited.kind))
            ON CONFLICT (user_id, organisation_id, role) DO UPDATE SET ends_on = NULL, starts_on = least(m.starts_on, current_date);
          INSERT INTO public.acceptances (user_id, document, version) VALUES (who, 'charte', charter) ON CONFLICT DO NOTHING;
          UPDATE public.users SET charter_version = charter WHERE id = who;
          UPDATE public.invitations SET accepted_at = now(), accepted_by_id = who WHERE id = invited.id;
          RETURN who;
        END""",
        language="plpgsql",
        volatility="VOLATILE",
        to="odis_app",
    )


def _members() -> None:
    definer(
        DEFINERS["roles"],
        "boolean",
        """
        DECLARE target bigint; here bigint := odis.org();
        BEGIN
          -- whoever administers changes the others' roles, never their own; an empty list ends them all
          IF NOT (odis.has_role('admin_organisation') OR odis.has_role('admin_plateforme')) THEN RETURN false; END IF;
          SELECT u.id INTO target FROM public.users u WHERE u.public_id = who AND u.id IS DISTINCT FROM odis.user_id()
             AND EXISTS (SELECT 1 FROM public.memberships m WHERE m.user_id = u.id AND m.organisation_id = here
                          AND current_date BETWEEN m.starts_on AND coalesce(m.ends_on, 'infinity'::date));
          IF NOT FOUND OR NOT wanted <@ odis.roles_of_kind(odis.org_kind()) THEN RETURN false; END IF;
          UPDATE public.memberships m SET starts_on = least(m.starts_on, current_date - 1), ends_on = current_date - 1
           WHERE m.user_id = target AND m.organisation_id = here AND m.role <> ALL (wanted)
             AND current_date BETWEEN m.starts_on AND coalesce(m.ends_on, 'infinity'::date);
          INSERT INTO public.memberships AS m (user_id, organisation_id, role) SELECT target, here, r FROM unnest(wanted) AS r
            ON CONFLICT (user_id, organisation_id, role) DO UPDATE SET ends_on = NULL, starts_on = least(m.starts_on, current_date);
          DELETE FROM private.sessions s WHERE s.user_id = target AND s.org_id = here;
          RETURN true;
        END""",
        language="plpgsql",
        volatility="VOLATILE",
        to="odis_app",
    )
    definer(
        DEFINERS["charter"],
        "void",
        """WITH written AS (INSERT INTO public.acceptances (user_id, document, version)
             SELECT odis.user_id(), 'charte', text_version WHERE odis.user_id() IS NOT NULL ON CONFLICT DO NOTHING)
           UPDATE public.users SET charter_version = text_version WHERE id = odis.user_id()""",
        volatility="VOLATILE",
        to="odis_app",
    )
    definer(
        DEFINERS["convention"],
        "boolean",
        """
        BEGIN
          IF NOT odis.has_role('admin_organisation') OR odis.user_id() IS NULL THEN RETURN false; END IF;
          INSERT INTO public.acceptances (user_id, organisation_id, document, version, signed_as)
            VALUES (odis.user_id(), odis.org(), 'convention', text_version, signed_as) ON CONFLICT DO NOTHING;
          UPDATE public.organisations SET activated_at = coalesce(activated_at, now()) WHERE id = odis.org();
          RETURN true;
        END""",
        language="plpgsql",
        volatility="VOLATILE",
        to="odis_app",
    )


def _requests() -> None:
    definer(
        DEFINERS["suggest"],
        "TABLE (public_id text, name text, kind text, department_code text)",
        """SELECT o.public_id, o.name, o.kind, o.department_code FROM public.organisations o
            WHERE length(wanted) >= 3 AND position(wanted IN o.folded) > 0 AND o.kind <> 'plateforme'
              AND o.activated_at IS NOT NULL AND o.deactivated_at IS NULL
            ORDER BY position(wanted IN o.folded), o.folded LIMIT 10""",
        to="odis_app",
    )
    definer(
        DEFINERS["ask"],
        "boolean",
        """WITH place AS (
             SELECT o.id FROM public.organisations o WHERE o.public_id = wanted_org AND o.kind <> 'plateforme' AND o.activated_at IS NOT NULL
                AND o.deactivated_at IS NULL),
           asked AS (
             INSERT INTO public.access_requests (public_id, token_hash, email, first_name, last_name, job, message, organisation_id, new_name, new_kind, new_department)
             SELECT new_public_id, hash, address, first, last, post, words, (SELECT id FROM place), org_name, org_kind, org_department
              WHERE ((org_name = '' AND EXISTS (SELECT 1 FROM place)) OR (org_name <> '' AND wanted_org = '' AND org_kind <> 'plateforme'))
                -- a stranger cannot fill somebody's mailbox, nor the approver's list
                AND (SELECT count(*) FROM public.access_requests r WHERE lower(r.email) = lower(address) AND r.created_at > now() - interval '1 day') < 3
                AND NOT EXISTS (SELECT 1 FROM public.access_requests r WHERE lower(r.email) = lower(address) AND r.state = 'waiting'
                                   AND r.organisation_id IS NOT DISTINCT FROM (SELECT id FROM place))
             RETURNING 1)
           SELECT EXISTS (SELECT 1 FROM asked)""",
        volatility="VOLATILE",
        to="odis_app",
    )
    definer(
        DEFINERS["read"],
        "TABLE (first_name text, organisation text, is_confirmed boolean)",
        """SELECT r.first_name, coalesce(o.name, r.new_name), r.state <> 'unconfirmed'
             FROM public.access_requests r LEFT JOIN public.organisations o ON o.id = r.organisation_id
            WHERE r.token_hash = hash AND r.state IN ('unconfirmed', 'waiting') AND (r.state = 'waiting' OR r.created_at > now() - interval '2 days')""",
        to="odis_app",
    )
    definer(
        DEFINERS["confirm"],
        "boolean",
        """WITH confirmed AS (
             UPDATE public.access_requests r SET state = 'waiting', confirmed_at = now()
              WHERE r.token_hash = hash AND r.state = 'unconfirmed' AND r.created_at > now() - interval '2 days' RETURNING 1)
           SELECT EXISTS (SELECT 1 FROM confirmed)""",
        volatility="VOLATILE",
        to="odis_app",
    )


def _decisions() -> None:
    decides = DECIDES.replace("organisation_id", "r.organisation_id").replace("new_", "r.new_")
    definer(
        DEFINERS["approve"],
        "text",
        f"""
        DECLARE asked record; org_kind text; org_name text;
        BEGIN
          SELECT r.* INTO asked FROM public.access_requests r WHERE r.public_id = wanted AND r.state = 'waiting' AND odis.user_id() IS NOT NULL
             AND ({decides}) FOR UPDATE;
          IF NOT FOUND THEN RETURN NULL; END IF;
          IF asked.organisation_id IS NULL THEN
            INSERT INTO public.organisations (public_id, name, short_name, folded, kind, department_code)
              VALUES (org_public_id, asked.new_name, left(asked.new_name, 40), org_folded, asked.new_kind, asked.new_department)
              RETURNING id INTO asked.organisation_id;
            INSERT INTO public.organisation_areas (organisation_id, department_code) VALUES (asked.organisation_id, asked.new_department);
          END IF;
          SELECT o.kind, o.name INTO org_kind, org_name FROM public.organisations o WHERE o.id = asked.organisation_id AND o.deactivated_at IS NULL;
          IF NOT FOUND OR cardinality(wanted_roles) = 0 OR NOT wanted_roles <@ odis.roles_of_kind(org_kind) THEN
            RAISE EXCEPTION 'roles do not fit this organisation';
          END IF;
          UPDATE public.invitations i SET withdrawn_at = now(), withdrawn_by_id = odis.user_id()
           WHERE i.organisation_id = asked.organisation_id AND lower(i.email) = lower(asked.email) AND i.accepted_at IS NULL AND i.withdrawn_at IS NULL;
          INSERT INTO public.invitations (public_id, organisation_id, access_request_id, email, roles, invited_by_id, token_hash, expires_at)
            VALUES (invitation_public_id, asked.organisation_id, asked.id, asked.email, wanted_roles, odis.user_id(), hash, now() + lasts);
          UPDATE public.access_requests r SET state = 'approved', decided_at = now(), decided_by_id = odis.user_id(), organisation_id = asked.organisation_id
           WHERE r.id = asked.id;
          RETURN org_name;
        END""",
        language="plpgsql",
        volatility="VOLATILE",
        to="odis_app",
    )
    # Who is told that somebody waits: those who run the organisation; where it has nobody, or is new, the platform and the DDETS.
    definer(
        DEFINERS["approvers"],
        "SETOF text",
        f"""WITH asked AS (SELECT r.* FROM public.access_requests r WHERE r.id = wanted AND r.state = 'waiting'),
           present AS (
             SELECT u.email, m.role, m.organisation_id, o.kind, o.id AS org FROM public.users u JOIN public.memberships m ON m.user_id = u.id
               JOIN public.organisations o ON o.id = m.organisation_id
              WHERE u.deactivated_at IS NULL AND o.deactivated_at IS NULL
                AND current_date BETWEEN m.starts_on AND coalesce(m.ends_on, 'infinity'::date)),
           own AS (SELECT p.email FROM present p, asked WHERE p.role = 'admin_organisation' AND p.organisation_id = asked.organisation_id),
           state AS (
             SELECT p.email FROM present p, asked WHERE asked.organisation_id IS NULL AND asked.new_kind NOT IN ({STATE_KINDS}) AND p.role = 'ddets'
                AND p.kind = 'ddets' AND EXISTS (SELECT 1 FROM public.organisation_areas a WHERE a.organisation_id = p.org AND a.department_code = asked.new_department)),
           platform AS (SELECT p.email FROM present p, asked WHERE p.role = 'admin_plateforme' AND NOT EXISTS (SELECT 1 FROM own))
           SELECT email FROM own UNION SELECT email FROM state UNION SELECT email FROM platform""",
        to=WORKER,
    )
    definer(
        DEFINERS["purge"],
        "bigint",
        """WITH old AS (
             DELETE FROM public.invitations i WHERE coalesce(i.accepted_at, i.withdrawn_at, i.expires_at) < now() - interval '90 days' RETURNING 1),
           gone AS (
             DELETE FROM public.access_requests r
              WHERE (r.state = 'unconfirmed' AND r.created_at < now() - interval '2 days') OR r.decided_at < now() - interval '90 days' RETURNING 1)
           SELECT (SELECT count(*) FROM old) + (SELECT count(*) FROM gone)""",
        volatility="VOLATILE",
        to=WORKER,
    )
