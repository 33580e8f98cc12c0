"""Options and exceptions to roles: one permission more or less for one colleague, with its author, its motive and its end.

They change what the application lets a person do; the walls of the database read roles alone, and are never widened.
"""

from __future__ import annotations

from migrations.walls import APPLICATION, auth_writes, definer, drop_definer, run, wall

revision = "0018_exceptions"
down_revision = "0017_privacy"

ADMIN = "organisation_id = (SELECT odis.org()) AND (SELECT odis.has_role('admin_organisation'))"
STANDING = """SELECT coalesce(array_agg(CASE WHEN e.gives THEN '+' ELSE '-' END || e.permission ORDER BY e.id), '{}') FROM public.role_exceptions e
     WHERE e.user_id = who AND e.organisation_id = organisation AND e.withdrawn_at IS NULL AND e.expires_at > now()"""


def upgrade() -> None:
    run("""
    CREATE TABLE role_exceptions (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      public_id text NOT NULL CONSTRAINT uq_role_exceptions_public_id UNIQUE,
      organisation_id bigint NOT NULL REFERENCES organisations ON DELETE CASCADE,
      user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
      permission text NOT NULL CHECK (permission ~ '^[a-z_]+:[a-z_]+$'),
      gives boolean NOT NULL,
      motive text NOT NULL CHECK (motive <> '' AND length(motive) <= 300),
      author_user_id bigint NOT NULL REFERENCES users,
      author_label text NOT NULL,
      at timestamptz NOT NULL DEFAULT now(),
      expires_at timestamptz NOT NULL,
      withdrawn_at timestamptz,
      withdrawn_by_label text,
      CONSTRAINT ck_role_exceptions_other CHECK (user_id <> author_user_id),
      CONSTRAINT ck_role_exceptions_end CHECK (expires_at > at AND expires_at <= at + interval '366 days'),
      CONSTRAINT ck_role_exceptions_withdrawn CHECK ((withdrawn_at IS NULL) = (withdrawn_by_label IS NULL))
    )""")
    run("CREATE INDEX ix_role_exceptions_user ON role_exceptions (user_id, organisation_id) WHERE withdrawn_at IS NULL")
    mine = "user_id = (SELECT odis.user_id()) AND organisation_id = (SELECT odis.org())"
    by_me = "author_user_id = (SELECT odis.user_id()) AND user_id = ANY (ARRAY(SELECT odis.colleagues()))"
    wall(
        "role_exceptions",
        select=f"({ADMIN}) OR ({mine})",
        insert=f"{ADMIN} AND {by_me}",
        update=f"{ADMIN} AND user_id <> (SELECT odis.user_id())",
        update_check=ADMIN,
    )
    auth_writes("role_exceptions", "DELETE")
    run(f"REVOKE UPDATE ON role_exceptions FROM {APPLICATION}")
    run(f"GRANT UPDATE (withdrawn_at, withdrawn_by_label) ON role_exceptions TO {APPLICATION}")
    _exceptions_of(STANDING)
    _taken()


def _exceptions_of(body: str) -> None:
    run(f"""CREATE OR REPLACE FUNCTION odis.exceptions_of(who bigint, organisation bigint) RETURNS text[] LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $body${body}$body$""")


def _taken() -> None:
    """Whom an exception takes a permission from, among the organisations that read a record, for « qui peut lire ceci »; named at home alone."""
    definer(
        "readings_taken(record bigint)",
        "TABLE (organisation_id bigint, user_id bigint, name text, roles text[], permission text, until timestamptz)",
        """
        WITH readers AS (
          SELECT r.owner_org_id AS id FROM public.records r WHERE r.id = record
          UNION SELECT g.grantee_org_id FROM public.grants g WHERE g.record_id = record AND g.revoked_at IS NULL AND g.expires_at > now()),
        people AS (
          SELECT m.organisation_id, m.user_id, array_agg(m.role ORDER BY m.role) AS roles FROM public.memberships m
           WHERE m.organisation_id IN (SELECT id FROM readers) AND current_date BETWEEN m.starts_on AND coalesce(m.ends_on, 'infinity'::date)
           GROUP BY m.organisation_id, m.user_id)
        SELECT p.organisation_id, CASE WHEN p.organisation_id = odis.org() THEN u.id END,
               CASE WHEN p.organisation_id = odis.org() THEN u.first_name || ' ' || u.last_name ELSE '' END, p.roles, e.permission, max(e.expires_at)
          FROM public.role_exceptions e JOIN people p ON p.user_id = e.user_id AND p.organisation_id = e.organisation_id
          JOIN public.users u ON u.id = e.user_id AND u.deactivated_at IS NULL
         WHERE NOT e.gives AND e.withdrawn_at IS NULL AND e.expires_at > now() AND odis.org() IN (SELECT id FROM readers)
         GROUP BY p.organisation_id, u.id, u.first_name, u.last_name, p.roles, e.permission ORDER BY u.last_name, u.id""",
        to="odis_app",
    )


def downgrade() -> None:
    drop_definer("readings_taken(record bigint)")
    _exceptions_of("SELECT '{}'::text[]")
    run("DROP TABLE role_exceptions")
