"""What signing in keeps: tries, forgotten passwords, the identities of ProConnect; one's own sessions, seen and closed.

Neither an e-mail address nor a network address is kept: the application gives keyed fingerprints, under a key that the
database has not. A link's secret is kept as its hash, and nothing is done with it without the application's proof.
"""

from __future__ import annotations

from migrations.walls import auth_writes, definer, drop_definer, run, wall

revision = "0013_sign_in"
down_revision = "0012_entrance"

WEB, WORKER = "odis_app", "odis_worker"
SESSION = "sha256(convert_to(current_setting('odis.token', true), 'UTF8'))"
OPEN_TO_RESET = "u.deactivated_at IS NULL AND NOT u.is_demo"
DEFINERS = {
    "take": "attempt_take(what text, who bytea, from_where bytea, with_what bytea, most_who int, most_where int, during interval)",
    "forgive": "attempt_forgive(wanted bigint)",
    "ask": "reset_ask(address text, hash bytea, proof bytea)",
    "peek": "reset_peek(hash bytea)",
    "use": "reset_use(hash bytea, proof bytea, new_password_hash text)",
    "sessions": "own_sessions()",
    "close": "close_own_session(wanted text)",
    "close_others": "close_other_sessions()",
    "find": "identity_find(from_issuer text, wanted text, proof bytea)",
    "link": "identity_link(from_issuer text, wanted text, proof bytea)",
    "unlink": "identity_unlink()",
    "purge": "sign_in_purge()",
}
# What a session may still rest on: an account and an organisation that are open, and every role that it was opened with.
STANDS = """EXISTS (SELECT 1 FROM public.users u, public.organisations o
   WHERE u.id = s.user_id AND o.id = s.org_id AND u.deactivated_at IS NULL AND o.deactivated_at IS NULL
     AND s.roles <@ ARRAY(SELECT m.role FROM public.memberships m WHERE m.user_id = s.user_id AND m.organisation_id = s.org_id
                           AND current_date BETWEEN m.starts_on AND coalesce(m.ends_on, 'infinity'::date)))"""
LEAVING = {
    "users": "UPDATE OF deactivated_at",
    "organisations": "UPDATE OF deactivated_at",
    "memberships": "UPDATE OR DELETE",
}


def upgrade() -> None:
    _tables()
    _attempts()
    _resets()
    _sessions()
    _identities()
    _leaving()
    definer(
        DEFINERS["purge"],
        "bigint",
        """WITH old AS (DELETE FROM private.attempts WHERE at < now() - interval '1 day' RETURNING 1),
                gone AS (DELETE FROM private.password_resets WHERE expires_at < now() - interval '1 day' RETURNING 1)
           SELECT (SELECT count(*) FROM old) + (SELECT count(*) FROM gone)""",
        volatility="VOLATILE",
        to=WORKER,
    )


def downgrade() -> None:
    for table in LEAVING:
        run(f"DROP TRIGGER close_former ON {table}")
    run("DROP FUNCTION odis.close_former()")
    for signature in reversed(DEFINERS.values()):
        drop_definer(signature)
    run("DROP TABLE user_identities, private.attempts, private.password_resets")


def _tables() -> None:
    run("""
    CREATE TABLE private.attempts (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      at timestamptz NOT NULL DEFAULT clock_timestamp(),
      kind text NOT NULL,
      account bytea NOT NULL CHECK (octet_length(account) = 32),
      place bytea NOT NULL CHECK (octet_length(place) = 32),
      browser bytea CHECK (octet_length(browser) = 32)
    )""")
    run("CREATE INDEX ix_attempts_account ON private.attempts (account, kind, at)")
    run("CREATE INDEX ix_attempts_place ON private.attempts (place, kind, at) WHERE browser IS NULL")
    run("CREATE INDEX ix_attempts_at ON private.attempts (at)")
    # A row is written for an address that nobody has, too: its user_id is NULL.
    run("""
    CREATE TABLE private.password_resets (
      token_hash bytea PRIMARY KEY,
      user_id bigint,
      expires_at timestamptz NOT NULL
    )""")
    run("CREATE INDEX ix_password_resets_user ON private.password_resets (user_id)")
    for table in ("attempts", "password_resets"):
        run(f"ALTER TABLE private.{table} OWNER TO odis_auth")
        run(f"REVOKE ALL ON private.{table} FROM PUBLIC")


def _attempts() -> None:
    # Counted before it is known whether it succeeds, one at a time: a burst of simultaneous tries is counted as what it is.
    # A browser that this account knows (with_what) has a counter of its own, which strangers cannot fill.
    definer(
        DEFINERS["take"],
        "TABLE (attempt bigint, seconds int, is_place boolean)",
        """
        DECLARE since timestamptz; first_who timestamptz; first_where timestamptz;
        BEGIN
          PERFORM pg_advisory_xact_lock(13, hashtext(what || encode(who, 'hex')));
          IF with_what IS NULL THEN PERFORM pg_advisory_xact_lock(14, hashtext(what || encode(from_where, 'hex'))); END IF;
          since := clock_timestamp() - during;
          SELECT a.at INTO first_who FROM private.attempts a WHERE a.account = who AND a.kind = what AND a.at > since
             AND a.browser IS NOT DISTINCT FROM with_what ORDER BY a.at DESC OFFSET most_who - 1 LIMIT 1;
          IF with_what IS NULL THEN
            SELECT a.at INTO first_where FROM private.attempts a WHERE a.place = from_where AND a.kind = what AND a.at > since
               AND a.browser IS NULL ORDER BY a.at DESC OFFSET most_where - 1 LIMIT 1;
          END IF;
          IF first_who IS NOT NULL OR first_where IS NOT NULL THEN
            RETURN QUERY SELECT NULL::bigint, ceil(extract(epoch FROM greatest(first_who, first_where) - since))::int, first_where IS NOT NULL;
            RETURN;
          END IF;
          RETURN QUERY INSERT INTO private.attempts AS a (kind, account, place, browser) VALUES (what, who, from_where, with_what)
            RETURNING a.id, 0, false;
        END""",
        language="plpgsql",
        volatility="VOLATILE",
        to=WEB,
    )
    definer(
        DEFINERS["forgive"], "void", "DELETE FROM private.attempts WHERE id = wanted", volatility="VOLATILE", to=WEB
    )


def _resets() -> None:
    definer(
        DEFINERS["ask"],
        "boolean",
        f"""
        DECLARE known bigint;
        BEGIN
          IF proof IS DISTINCT FROM odis.mac(concat_ws('|', 'reset-ask', encode(hash, 'hex'), address)) THEN RETURN false; END IF;
          SELECT u.id INTO known FROM public.users u JOIN private.credentials c ON c.user_id = u.id WHERE lower(u.email) = lower(address) AND {OPEN_TO_RESET};
          INSERT INTO private.password_resets (token_hash, user_id, expires_at) VALUES (hash, known, now() + interval '1 hour');
          RETURN known IS NOT NULL;
        END""",
        language="plpgsql",
        volatility="VOLATILE",
        to=WEB,
    )
    definer(
        DEFINERS["peek"],
        "TABLE (email text, first_name text, last_name text)",
        f"""SELECT u.email, u.first_name, u.last_name FROM private.password_resets r JOIN public.users u ON u.id = r.user_id
             WHERE r.token_hash = hash AND r.expires_at > now() AND {OPEN_TO_RESET}""",
        to=WEB,
    )
    definer(
        DEFINERS["use"],
        "bigint",
        f"""
        DECLARE who bigint;
        BEGIN
          IF proof IS DISTINCT FROM odis.mac('reset|' || encode(hash, 'hex')) THEN RETURN NULL; END IF;
          SELECT r.user_id INTO who FROM private.password_resets r JOIN public.users u ON u.id = r.user_id
           WHERE r.token_hash = hash AND r.expires_at > now() AND {OPEN_TO_RESET} FOR UPDATE OF r;
          IF NOT FOUND THEN RETURN NULL; END IF;
          UPDATE private.credentials SET password_hash = new_password_hash, changed_at = now() WHERE user_id = who;
          DELETE FROM private.sessions WHERE user_id = who;
          DELETE FROM private.verifications WHERE user_id = who;  -- of 0014: who knew the former password and waits for a code
          DELETE FROM private.password_resets WHERE user_id = who;
          RETURN who;
        END""",
        language="plpgsql",
        volatility="VOLATILE",
        to=WEB,
    )


def _sessions() -> None:
    mine = "s.user_id = odis.user_id() AND s.kind = 'user' AND s.expires_at > now()"
    definer(
        DEFINERS["sessions"],
        "TABLE (public_id text, device text, organisation text, created_at timestamptz, last_seen_at timestamptz, idle interval, "
        "absolute_until timestamptz, is_current boolean)",
        f"""SELECT s.public_id, coalesce(s.device, ''), o.name, s.created_at, s.last_seen_at, s.idle, s.absolute_until, s.token_hash = {SESSION}
             FROM private.sessions s JOIN public.organisations o ON o.id = s.org_id WHERE {mine} ORDER BY s.last_seen_at DESC""",
        to=WEB,
    )
    definer(
        DEFINERS["close"],
        "boolean",
        f"""WITH gone AS (DELETE FROM private.sessions s WHERE {mine} AND s.public_id = wanted AND s.token_hash <> {SESSION} RETURNING 1)
           SELECT EXISTS (SELECT 1 FROM gone)""",
        volatility="VOLATILE",
        to=WEB,
    )
    definer(
        DEFINERS["close_others"],
        "bigint",
        f"""WITH gone AS (DELETE FROM private.sessions s WHERE {mine} AND s.token_hash <> {SESSION} RETURNING 1) SELECT count(*) FROM gone""",
        volatility="VOLATILE",
        to=WEB,
    )


def _identities() -> None:
    run("""
    CREATE TABLE user_identities (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      user_id bigint NOT NULL CONSTRAINT uq_user_identities_user UNIQUE REFERENCES users ON DELETE CASCADE,
      issuer text NOT NULL,
      subject text NOT NULL,
      linked_at timestamptz NOT NULL DEFAULT now(),
      used_at timestamptz,
      CONSTRAINT uq_user_identities_subject UNIQUE (issuer, subject)
    )""")
    wall("user_identities", select="user_id = (SELECT odis.user_id())")
    auth_writes("user_identities", "INSERT, UPDATE, DELETE")
    definer(
        DEFINERS["find"],
        "bigint",
        """WITH used AS (
             UPDATE public.user_identities i SET used_at = now() FROM public.users u
              WHERE i.issuer = from_issuer AND i.subject = wanted AND u.id = i.user_id AND u.deactivated_at IS NULL
                AND proof = odis.mac(concat_ws('|', 'identity', from_issuer, wanted)) RETURNING i.user_id)
           SELECT (SELECT user_id FROM used)""",
        volatility="VOLATILE",
        to=WEB,
    )
    # The account of the present session: whoever ties has just proved both. An identity opens one account, an account has one.
    definer(
        DEFINERS["link"],
        "boolean",
        """
        DECLARE me bigint := odis.user_id();
        BEGIN
          IF me IS NULL OR proof IS DISTINCT FROM odis.mac(concat_ws('|', 'identity-link', me, from_issuer, wanted)) THEN RETURN false; END IF;
          IF EXISTS (SELECT 1 FROM public.users u WHERE u.id = me AND u.is_demo) THEN RETURN false; END IF;
          IF EXISTS (SELECT 1 FROM public.user_identities i WHERE i.issuer = from_issuer AND i.subject = wanted AND i.user_id <> me) THEN RETURN false; END IF;
          INSERT INTO public.user_identities (user_id, issuer, subject) VALUES (me, from_issuer, wanted)
            ON CONFLICT (user_id) DO UPDATE SET issuer = from_issuer, subject = wanted, linked_at = now();
          RETURN true;
        END""",
        language="plpgsql",
        volatility="VOLATILE",
        to=WEB,
    )
    definer(
        DEFINERS["unlink"],
        "boolean",
        "WITH gone AS (DELETE FROM public.user_identities WHERE user_id = odis.user_id() RETURNING 1) SELECT EXISTS (SELECT 1 FROM gone)",
        volatility="VOLATILE",
        to=WEB,
    )


def _leaving() -> None:
    """However somebody leaves, whatever they had opened closes in the same transaction, with the tokens of their jobs."""
    run(f"""CREATE FUNCTION odis.close_former() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'Europe/Paris' AS $$
    BEGIN
      DELETE FROM private.sessions s WHERE s.user_id IS NOT NULL AND NOT {STANDS};
      RETURN NULL;
    END $$""")
    run("ALTER FUNCTION odis.close_former() OWNER TO odis_auth")
    run("REVOKE ALL ON FUNCTION odis.close_former() FROM PUBLIC")
    for table, when in LEAVING.items():
        run(
            f"CREATE TRIGGER close_former AFTER {when} ON {table} FOR EACH STATEMENT EXECUTE FUNCTION odis.close_former()"
        )
