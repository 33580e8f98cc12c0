"""Second factors (one-time codes, passkeys, backup codes) and stepping up.

Everything lives in schema ``private``, behind definer functions. What would let somebody pass as another (a secret read, a
code accepted, a session confirmed) asks for the application's proof, so that SQL alone opens nothing. Between the password
and the second factor there is no session at all, only a row of ``private.verifications`` that no identity function knows.
"""

from __future__ import annotations

from migrations.walls import definer, drop_definer, run

revision = "0014_second_factor"
down_revision = "0013_sign_in"

WEB = "odis_app"
SESSION = "sha256(convert_to(current_setting('odis.token', true), 'UTF8'))"
TABLES = ("totp", "backup_codes", "passkeys", "verifications", "challenges")
LIVE = "v.token_hash = hash AND v.expires_at > now() AND v.tries < 5"
OPEN = "u.deactivated_at IS NULL"
DEFINERS = {
    "owner": "factor_owner()",
    "settle": "factor_settle(who bigint)",
    "own": "own_factors()",
    "has": "has_factor(who bigint, proof bytea)",
    "totp_begin": "totp_begin(fresh bytea)",
    "totp_candidate": "totp_candidate(proof bytea)",
    "totp_confirm": "totp_confirm(step bigint, proof bytea)",
    "totp_remove": "totp_remove()",
    "totp_of": "totp_of(who bigint, proof bytea)",
    "totp_use": "totp_use(who bigint, step bigint, proof bytea)",
    "backup_replace": "backup_replace(hashes bytea[])",
    "backup_use": "backup_use(who bigint, hash bytea, proof bytea)",
    "passkey_add": "passkey_add(new_public_id text, credential bytea, key bytea, count bigint, label text, ways text[], proof bytea)",
    "passkeys": "own_passkeys()",
    "passkey_remove": "passkey_remove(wanted text)",
    "passkey_find": "passkey_find(credential bytea)",
    "passkeys_of": "passkeys_of(who bigint, proof bytea)",
    "passkey_use": "passkey_use(credential bytea, count bigint, proof bytea)",
    "challenge_put": "challenge_put(hash bytea, why text, fresh bytea)",
    "challenge_take": "challenge_take(hash bytea, why text)",
    "open": "verification_open(hash bytea, who bigint, proof bytea)",
    "peek": "verification_peek(hash bytea)",
    "try": "verification_try(hash bytea)",
    "close": "verification_close(hash bytea)",
    "confirm_try": "confirm_try()",
    "confirm": "confirm_session(new_hash bytea, proof bytea)",
    "require": "second_factor_require(wanted date)",
    "reset": "member_reset_factors(who text)",
}


def upgrade() -> None:
    _tables()
    _owner()
    _totp()
    _backup_codes()
    _passkeys()
    _verifications()
    _confirmation()
    _organisation()


def downgrade() -> None:
    for signature in reversed(DEFINERS.values()):
        drop_definer(signature)
    run(f"DROP TABLE {', '.join(f'private.{table}' for table in TABLES)}")


def _tables() -> None:
    # ``candidate`` is a secret that was shown and not confirmed yet: the one in force keeps working meanwhile.
    run("""
    CREATE TABLE private.totp (
      user_id bigint PRIMARY KEY,
      sealed bytea,
      last_step bigint NOT NULL DEFAULT 0,
      confirmed_at timestamptz,
      candidate bytea,
      candidate_at timestamptz,
      CONSTRAINT ck_totp_confirmed CHECK ((sealed IS NULL) = (confirmed_at IS NULL))
    )""")
    run("""
    CREATE TABLE private.backup_codes (
      user_id bigint NOT NULL,
      code_hash bytea NOT NULL CHECK (octet_length(code_hash) = 32),
      used_at timestamptz,
      PRIMARY KEY (user_id, code_hash)
    )""")
    run("""
    CREATE TABLE private.passkeys (
      credential_id bytea PRIMARY KEY,
      public_id text NOT NULL UNIQUE,
      user_id bigint NOT NULL,
      public_key bytea NOT NULL,
      sign_count bigint NOT NULL,
      name text NOT NULL CHECK (length(name) BETWEEN 1 AND 60),
      transports text[] NOT NULL DEFAULT '{}',
      created_at timestamptz NOT NULL DEFAULT now(),
      last_used_at timestamptz
    )""")
    run("CREATE INDEX ix_passkeys_user ON private.passkeys (user_id)")
    # Somebody who gave a good password, or who is about to show a passkey (user_id is NULL): it opens nothing.
    run("""
    CREATE TABLE private.verifications (
      token_hash bytea PRIMARY KEY,
      user_id bigint,
      tries smallint NOT NULL DEFAULT 0,
      expires_at timestamptz NOT NULL
    )""")
    run("""
    CREATE TABLE private.challenges (
      holder bytea PRIMARY KEY,
      purpose text NOT NULL CHECK (purpose IN ('register', 'confirm', 'sign_in')),
      challenge bytea NOT NULL CHECK (octet_length(challenge) >= 32),
      expires_at timestamptz NOT NULL
    )""")
    for table in TABLES:
        run(f"ALTER TABLE private.{table} OWNER TO odis_auth")
        run(f"REVOKE ALL ON private.{table} FROM PUBLIC")


def _owner() -> None:
    # Whose factors may be changed now: the person's own, in a session confirmed less than ten minutes ago.
    definer(
        DEFINERS["owner"],
        "bigint",
        f"""SELECT s.user_id FROM private.sessions s JOIN public.users u ON u.id = s.user_id
             WHERE s.token_hash = {SESSION} AND s.expires_at > now() AND s.kind = 'user' AND s.step_up_until > now() AND NOT u.is_demo""",
        to="odis_auth",
    )
    # Without its last factor an account has no backup codes any more.
    definer(
        DEFINERS["settle"],
        "void",
        """
        DECLARE has boolean := EXISTS (SELECT 1 FROM private.totp t WHERE t.user_id = who AND t.sealed IS NOT NULL)
                            OR EXISTS (SELECT 1 FROM private.passkeys p WHERE p.user_id = who);
        BEGIN
          UPDATE public.users u SET second_factor_since = CASE WHEN has THEN coalesce(u.second_factor_since, now()) END WHERE u.id = who;
          IF NOT has THEN DELETE FROM private.backup_codes b WHERE b.user_id = who; END IF;
        END""",
        language="plpgsql",
        volatility="VOLATILE",
        to="odis_auth",
    )
    definer(
        DEFINERS["own"],
        "TABLE (totp_since timestamptz, codes_left int, passkeys int)",
        """SELECT (SELECT t.confirmed_at FROM private.totp t WHERE t.user_id = odis.user_id() AND t.sealed IS NOT NULL),
                  (SELECT count(*)::int FROM private.backup_codes b WHERE b.user_id = odis.user_id() AND b.used_at IS NULL),
                  (SELECT count(*)::int FROM private.passkeys p WHERE p.user_id = odis.user_id())""",
        to=WEB,
    )
    definer(
        DEFINERS["has"],
        "boolean",
        """SELECT proof = odis.mac('has-factor|' || who) AND EXISTS (SELECT 1 FROM public.users u WHERE u.id = who AND u.second_factor_since IS NOT NULL)""",
        to=WEB,
    )


def _totp() -> None:
    definer(
        DEFINERS["totp_begin"],
        "boolean",
        """WITH begun AS (
             INSERT INTO private.totp AS t (user_id, candidate, candidate_at) SELECT o, fresh, now() FROM odis.factor_owner() AS o WHERE o IS NOT NULL
             ON CONFLICT (user_id) DO UPDATE SET candidate = fresh, candidate_at = now() RETURNING 1)
           SELECT EXISTS (SELECT 1 FROM begun)""",
        volatility="VOLATILE",
        to=WEB,
    )
    definer(
        DEFINERS["totp_candidate"],
        "bytea",
        """SELECT t.candidate FROM private.totp t WHERE t.user_id = odis.factor_owner() AND t.candidate_at > now() - interval '30 minutes'
              AND proof = odis.mac('totp-candidate|' || t.user_id)""",
        to=WEB,
    )
    definer(
        DEFINERS["totp_confirm"],
        "boolean",
        """
        DECLARE me bigint := odis.factor_owner();
        BEGIN
          IF proof IS DISTINCT FROM odis.mac(concat_ws('|', 'totp-confirm', me, step)) THEN RETURN false; END IF;
          UPDATE private.totp t SET sealed = t.candidate, confirmed_at = now(), last_step = step, candidate = NULL, candidate_at = NULL
           WHERE t.user_id = me AND t.candidate IS NOT NULL;
          IF NOT FOUND THEN RETURN false; END IF;
          PERFORM odis.factor_settle(me);
          RETURN true;
        END""",
        language="plpgsql",
        volatility="VOLATILE",
        to=WEB,
    )
    definer(
        DEFINERS["totp_remove"],
        "boolean",
        """
        DECLARE me bigint := odis.factor_owner();
        BEGIN
          DELETE FROM private.totp t WHERE t.user_id = me;
          IF NOT FOUND THEN RETURN false; END IF;
          PERFORM odis.factor_settle(me);
          RETURN true;
        END""",
        language="plpgsql",
        volatility="VOLATILE",
        to=WEB,
    )
    definer(
        DEFINERS["totp_of"],
        "bytea",
        "SELECT t.sealed FROM private.totp t WHERE t.user_id = who AND proof = odis.mac('totp-of|' || who)",
        to=WEB,
    )
    # The step of the code is compared and kept in one statement: two requests with the same code, one passes.
    definer(
        DEFINERS["totp_use"],
        "boolean",
        """WITH used AS (
             UPDATE private.totp t SET last_step = step WHERE t.user_id = who AND t.sealed IS NOT NULL AND t.last_step < step
                AND proof = odis.mac(concat_ws('|', 'totp-use', who, step)) RETURNING 1)
           SELECT EXISTS (SELECT 1 FROM used)""",
        volatility="VOLATILE",
        to=WEB,
    )


def _backup_codes() -> None:
    definer(
        DEFINERS["backup_replace"],
        "boolean",
        """
        DECLARE me bigint := odis.factor_owner();
        BEGIN
          IF NOT EXISTS (SELECT 1 FROM public.users u WHERE u.id = me AND u.second_factor_since IS NOT NULL) THEN RETURN false; END IF;
          DELETE FROM private.backup_codes b WHERE b.user_id = me;
          INSERT INTO private.backup_codes (user_id, code_hash) SELECT me, unnest(hashes);
          RETURN true;
        END""",
        language="plpgsql",
        volatility="VOLATILE",
        to=WEB,
    )
    definer(
        DEFINERS["backup_use"],
        "int",
        """
        BEGIN
          IF proof IS DISTINCT FROM odis.mac(concat_ws('|', 'backup-use', who, encode(hash, 'hex'))) THEN RETURN NULL; END IF;
          UPDATE private.backup_codes b SET used_at = now() WHERE b.user_id = who AND b.code_hash = hash AND b.used_at IS NULL;
          IF NOT FOUND THEN RETURN NULL; END IF;
          RETURN (SELECT count(*) FROM private.backup_codes b WHERE b.user_id = who AND b.used_at IS NULL);
        END""",
        language="plpgsql",
        volatility="VOLATILE",
        to=WEB,
    )


def _passkeys() -> None:
    definer(
        DEFINERS["passkey_add"],
        "boolean",
        """
        DECLARE me bigint := odis.factor_owner();
        BEGIN
          IF me IS NULL OR proof IS DISTINCT FROM odis.mac(concat_ws('|', 'passkey-add', me, encode(credential, 'hex'))) THEN RETURN false; END IF;
          INSERT INTO private.passkeys (credential_id, public_id, user_id, public_key, sign_count, name, transports)
            VALUES (credential, new_public_id, me, key, count, label, ways) ON CONFLICT DO NOTHING;
          IF NOT FOUND THEN RETURN false; END IF;
          PERFORM odis.factor_settle(me);
          RETURN true;
        END""",
        language="plpgsql",
        volatility="VOLATILE",
        to=WEB,
    )
    definer(
        DEFINERS["passkeys"],
        "TABLE (public_id text, name text, credential_id bytea, transports text[], created_at timestamptz, last_used_at timestamptz)",
        """SELECT p.public_id, p.name, p.credential_id, p.transports, p.created_at, p.last_used_at FROM private.passkeys p
            WHERE p.user_id = odis.user_id() ORDER BY p.created_at""",
        to=WEB,
    )
    definer(
        DEFINERS["passkey_remove"],
        "text",
        """
        DECLARE me bigint := odis.factor_owner(); gone text;
        BEGIN
          DELETE FROM private.passkeys p WHERE p.user_id = me AND p.public_id = wanted RETURNING p.name INTO gone;
          IF FOUND THEN PERFORM odis.factor_settle(me); END IF;
          RETURN gone;
        END""",
        language="plpgsql",
        volatility="VOLATILE",
        to=WEB,
    )
    definer(
        DEFINERS["passkey_find"],
        "TABLE (user_id bigint, public_key bytea, sign_count bigint)",
        f"""SELECT p.user_id, p.public_key, p.sign_count FROM private.passkeys p JOIN public.users u ON u.id = p.user_id
             WHERE p.credential_id = credential AND {OPEN}""",
        to=WEB,
    )
    definer(
        DEFINERS["passkeys_of"],
        "TABLE (credential_id bytea, transports text[])",
        "SELECT p.credential_id, p.transports FROM private.passkeys p WHERE p.user_id = who AND proof = odis.mac('passkeys-of|' || who)",
        to=WEB,
    )
    # A counter that goes back tells of a copied key: refused. Keys kept by a phone's account always say 0.
    definer(
        DEFINERS["passkey_use"],
        "boolean",
        """WITH used AS (
             UPDATE private.passkeys p SET sign_count = count, last_used_at = now()
              WHERE p.credential_id = credential AND (count > p.sign_count OR (count = 0 AND p.sign_count = 0))
                AND proof = odis.mac(concat_ws('|', 'passkey-use', encode(credential, 'hex'), count)) RETURNING 1)
           SELECT EXISTS (SELECT 1 FROM used)""",
        volatility="VOLATILE",
        to=WEB,
    )
    # One challenge per holder (a session or a verification), for one purpose, five minutes, taken once.
    definer(
        DEFINERS["challenge_put"],
        "void",
        """WITH old AS (DELETE FROM private.challenges c WHERE c.expires_at < now())
           INSERT INTO private.challenges AS c (holder, purpose, challenge, expires_at) VALUES (hash, why, fresh, now() + interval '5 minutes')
           ON CONFLICT (holder) DO UPDATE SET purpose = why, challenge = fresh, expires_at = now() + interval '5 minutes'""",
        volatility="VOLATILE",
        to=WEB,
    )
    definer(
        DEFINERS["challenge_take"],
        "bytea",
        """WITH taken AS (DELETE FROM private.challenges c WHERE c.holder = hash AND c.purpose = why RETURNING c.challenge, c.expires_at)
           SELECT challenge FROM taken WHERE expires_at > now()""",
        volatility="VOLATILE",
        to=WEB,
    )


def _verifications() -> None:
    definer(
        DEFINERS["open"],
        "boolean",
        """
        BEGIN
          IF proof IS DISTINCT FROM odis.mac(concat_ws('|', 'verification', encode(hash, 'hex'), who)) THEN RETURN false; END IF;
          DELETE FROM private.verifications v WHERE v.expires_at < now();
          INSERT INTO private.verifications (token_hash, user_id, expires_at) VALUES (hash, who, now() + interval '10 minutes');
          RETURN true;
        END""",
        language="plpgsql",
        volatility="VOLATILE",
        to=WEB,
    )
    definer(
        DEFINERS["peek"],
        "TABLE (user_id bigint, email text, has_totp boolean, codes_left int, passkeys int)",
        f"""SELECT u.id, u.email, EXISTS (SELECT 1 FROM private.totp t WHERE t.user_id = u.id AND t.sealed IS NOT NULL),
                   (SELECT count(*)::int FROM private.backup_codes b WHERE b.user_id = u.id AND b.used_at IS NULL),
                   (SELECT count(*)::int FROM private.passkeys p WHERE p.user_id = u.id)
              FROM private.verifications v LEFT JOIN public.users u ON u.id = v.user_id AND {OPEN} WHERE {LIVE} AND (v.user_id IS NULL OR u.id IS NOT NULL)""",
        to=WEB,
    )
    definer(
        DEFINERS["try"],
        "boolean",
        f"WITH tried AS (UPDATE private.verifications v SET tries = v.tries + 1 WHERE {LIVE} RETURNING 1) SELECT EXISTS (SELECT 1 FROM tried)",
        volatility="VOLATILE",
        to=WEB,
    )
    # True once: the same verification never opens two sessions.
    definer(
        DEFINERS["close"],
        "boolean",
        "WITH gone AS (DELETE FROM private.verifications v WHERE v.token_hash = hash RETURNING 1) SELECT EXISTS (SELECT 1 FROM gone)",
        volatility="VOLATILE",
        to=WEB,
    )


def _confirmation() -> None:
    # Five wrong answers end the session: whoever found it open does not try passwords on it.
    definer(
        DEFINERS["confirm_try"],
        "boolean",
        f"""
        DECLARE made smallint;
        BEGIN
          UPDATE private.sessions s SET step_up_tries = s.step_up_tries + 1
           WHERE s.token_hash = {SESSION} AND s.kind = 'user' AND s.expires_at > now() RETURNING s.step_up_tries INTO made;
          IF made IS NULL THEN RETURN false; END IF;
          IF made > 5 THEN DELETE FROM private.sessions s WHERE s.token_hash = {SESSION}; RETURN false; END IF;
          RETURN true;
        END""",
        language="plpgsql",
        volatility="VOLATILE",
        to=WEB,
    )
    definer(
        DEFINERS["confirm"],
        "boolean",
        f"""WITH confirmed AS (
              UPDATE private.sessions s SET token_hash = new_hash, step_up_until = now() + interval '10 minutes', step_up_tries = 0
               WHERE s.token_hash = {SESSION} AND s.kind = 'user' AND s.expires_at > now()
                 AND proof = odis.mac(concat_ws('|', 'confirm', encode(new_hash, 'hex'), s.user_id)) RETURNING 1)
            SELECT EXISTS (SELECT 1 FROM confirmed)""",
        volatility="VOLATILE",
        to=WEB,
    )


def _organisation() -> None:
    definer(
        DEFINERS["require"],
        "boolean",
        """
        DECLARE today date := (now() AT TIME ZONE 'Europe/Paris')::date;
        BEGIN
          IF NOT odis.has_role('admin_organisation') OR NOT odis.is_confirmed() OR (wanted <> today AND wanted < today + 7) THEN RETURN false; END IF;
          UPDATE public.organisations o SET second_factor_from = wanted WHERE o.id = odis.org();
          RETURN true;
        END""",
        language="plpgsql",
        volatility="VOLATILE",
        to=WEB,
    )
    # A colleague lost phone and codes. Somebody who also works elsewhere is not this organisation's alone: the platform does it.
    definer(
        DEFINERS["reset"],
        "boolean",
        """
        DECLARE target bigint;
        BEGIN
          IF NOT odis.is_confirmed() OR NOT (odis.has_role('admin_organisation') OR odis.has_role('admin_plateforme')) THEN RETURN false; END IF;
          SELECT u.id INTO target FROM public.users u WHERE u.public_id = who AND u.id IS DISTINCT FROM odis.user_id() AND u.second_factor_since IS NOT NULL
             AND EXISTS (SELECT 1 FROM public.memberships m WHERE m.user_id = u.id AND m.organisation_id = odis.org())
             AND (odis.has_role('admin_plateforme') OR NOT EXISTS (
               SELECT 1 FROM public.memberships m WHERE m.user_id = u.id AND m.organisation_id <> odis.org()
                  AND current_date <= coalesce(m.ends_on, 'infinity'::date)));
          IF NOT FOUND THEN RETURN false; END IF;
          DELETE FROM private.totp t WHERE t.user_id = target;
          DELETE FROM private.passkeys p WHERE p.user_id = target;
          DELETE FROM private.sessions s WHERE s.user_id = target;
          PERFORM odis.factor_settle(target);
          RETURN true;
        END""",
        language="plpgsql",
        volatility="VOLATILE",
        to=WEB,
    )
