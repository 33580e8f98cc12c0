"""One right of each kind, given before a backup and withdrawn after it: whether each stands can be asked of any database."""

from __future__ import annotations

from typing import Any

import psycopg

from odis_app.access.enums import Withdrawal as Kind

_GIVE = """
INSERT INTO organisations (public_id, name, short_name, folded, kind, activated_at) VALUES
  ('retrait-org', 'Association Retirée', 'Retirée', 'retiree', 'association', now()), ('retrait-ferme', 'Association Fermée', 'Fermée', 'fermee', 'association', now());
INSERT INTO users (public_id, email, first_name, last_name) SELECT 'retrait-' || n, n || '@retrait.odis.example', n, 'Fictif'
  FROM unnest(ARRAY['admin', 'mari', 'ferme', 'referent', 'suivant']) n;
INSERT INTO memberships (user_id, organisation_id, role) SELECT u.id, o.id, r FROM users u, organisations o, unnest(ARRAY['travailleur_social', 'coordinateur']) r
  WHERE o.public_id = 'retrait-org' AND u.public_id = 'retrait-mari';
INSERT INTO private.credentials (user_id, password_hash) SELECT id, 'hier' FROM users WHERE public_id IN ('retrait-mari', 'retrait-admin', 'retrait-suivant');
INSERT INTO private.totp (user_id, sealed, confirmed_at) SELECT id, 'xx', now() FROM users WHERE public_id = 'retrait-mari';
INSERT INTO private.passkeys (credential_id, public_id, user_id, public_key, sign_count, name)
  SELECT 'volée', 'retrait-cle', id, 'x', 0, 'Téléphone volé' FROM users WHERE public_id = 'retrait-mari';
INSERT INTO private.backup_codes (user_id, code_hash) SELECT id, sha256(n) FROM users, unnest(ARRAY['un'::bytea, 'deux']) n WHERE public_id = 'retrait-admin';
UPDATE users SET second_factor_since = now() WHERE public_id IN ('retrait-mari', 'retrait-admin');
INSERT INTO private.totp (user_id, sealed, confirmed_at) SELECT id, 'xx', now() FROM users WHERE public_id = 'retrait-admin';
INSERT INTO private.password_resets (token_hash, user_id, expires_at) SELECT 'lien', id, now() + interval '1 hour' FROM users WHERE public_id = 'retrait-mari';
INSERT INTO user_identities (user_id, issuer, subject) SELECT id, 'https://fictif.example', 'mari' FROM users WHERE public_id = 'retrait-mari';
INSERT INTO invitations (public_id, organisation_id, email, roles, invited_by_id, token_hash, expires_at)
  SELECT 'retrait-' || n, o.id, n || '@retrait.odis.example', ARRAY['coordinateur'], u.id, sha256(n::bytea), now() + interval '8 days'
    FROM organisations o, users u, unnest(ARRAY['retiree', 'restee']) n WHERE o.public_id = 'retrait-org' AND u.public_id = 'retrait-admin';
INSERT INTO role_exceptions (public_id, organisation_id, user_id, permission, gives, motive, author_user_id, author_label, expires_at)
  SELECT 'retrait-plus', o.id, u.id, 'household:export', true, 'Essai', a.id, 'Admin Fictif', now() + interval '30 days'
    FROM organisations o, users u, users a WHERE o.public_id = 'retrait-org' AND u.public_id = 'retrait-mari' AND a.public_id = 'retrait-admin';
INSERT INTO mandates (public_id, organisation_id, department_code, dispositif_id, starts_on)
  SELECT 'retrait-mandat', o.id, '44', d.id, current_date - 30 FROM organisations o, dispositifs d WHERE o.public_id = 'retrait-org' AND d.position = 1;
INSERT INTO qualifiers (public_id, organisation_id, department_code, dispositif_id, starts_on)
  SELECT 'retrait-qualif', o.id, '44', d.id, current_date - 30 FROM organisations o, dispositifs d WHERE o.public_id = 'retrait-org' AND d.position = 1;
UPDATE households SET referent_user_id = (SELECT id FROM users WHERE public_id = 'retrait-referent') WHERE id = (SELECT max(id) FROM households);
INSERT INTO grants (public_id, record_id, owner_org_id, grantee_org_id, level, purpose, expires_at)
  SELECT 'retrait-partage', h.id, h.owner_org_id, o.id, 'full', 'accompagnement', now() + interval '30 days'
    FROM households h, organisations o WHERE h.id = (SELECT max(id) FROM households) AND o.public_id = 'retrait-org';
INSERT INTO consents (public_id, household_id, owner_org_id, member_id, purpose, max_class, language, channel, witness_sealed, given_on, recorded_by_id, recorded_by_label)
  SELECT 'retrait-accord', h.id, h.owner_org_id, m.id, 'photos', 1, 'fr', 'oral', 'xx', current_date, u.id, 'Mari Fictif'
    FROM households h, users u, LATERAL (SELECT id FROM members WHERE household_id = h.id LIMIT 1) m
   WHERE h.id = (SELECT max(id) FROM households) AND u.public_id = 'retrait-mari'
"""
_WITHDRAW = """
UPDATE grants SET revoked_at = now() WHERE public_id = 'retrait-partage';
UPDATE consents SET withdrawn_at = now(), withdrawn_by_id = recorded_by_id, withdrawn_by_label = 'Mari Fictif' WHERE public_id = 'retrait-accord';
UPDATE memberships SET starts_on = current_date - 1, ends_on = current_date - 1 WHERE role = 'coordinateur' AND user_id = (SELECT id FROM users WHERE public_id = 'retrait-mari');
UPDATE role_exceptions SET withdrawn_at = now(), withdrawn_by_label = 'Admin Fictif' WHERE public_id = 'retrait-plus';
INSERT INTO role_exceptions (public_id, organisation_id, user_id, permission, gives, motive, author_user_id, author_label, expires_at)
  SELECT 'retrait-moins', organisation_id, user_id, 'household:read', false, 'Essai', author_user_id, author_label, now() + interval '30 days'
    FROM role_exceptions WHERE public_id = 'retrait-plus';
DELETE FROM private.totp WHERE user_id = (SELECT id FROM users WHERE public_id = 'retrait-mari');
DELETE FROM private.passkeys WHERE public_id = 'retrait-cle';
UPDATE private.backup_codes SET used_at = now() WHERE code_hash = sha256('un');
UPDATE private.credentials SET password_hash = 'aujourdhui' WHERE user_id = (SELECT id FROM users WHERE public_id = 'retrait-mari');
INSERT INTO private.passkeys (credential_id, public_id, user_id, public_key, sign_count, name)
  SELECT 'neuve', 'retrait-neuve', id, 'x', 0, 'Ajoutée depuis' FROM users WHERE public_id = 'retrait-suivant';
DELETE FROM user_identities WHERE subject = 'mari';
UPDATE users SET deactivated_at = now() WHERE public_id = 'retrait-ferme';
UPDATE organisations SET deactivated_at = now() WHERE public_id = 'retrait-ferme';
UPDATE invitations SET withdrawn_at = now() WHERE public_id = 'retrait-retiree';
UPDATE mandates SET ends_on = current_date WHERE public_id = 'retrait-mandat';
UPDATE qualifiers SET ends_on = current_date WHERE public_id = 'retrait-qualif';
UPDATE households SET referent_user_id = (SELECT id FROM users WHERE public_id = 'retrait-suivant') WHERE id = (SELECT max(id) FROM households);
-- given and withdrawn since the backup: it never knew them
INSERT INTO users (public_id, email, first_name, last_name) VALUES ('retrait-neuf', 'neuf@retrait.odis.example', 'Neuf', 'Fictif');
UPDATE users SET deactivated_at = now() WHERE public_id = 'retrait-neuf'
"""
_STANDS = {
    Kind.SHARE: "SELECT 1 FROM grants WHERE public_id = 'retrait-partage' AND revoked_at IS NULL",
    Kind.CONSENT: "SELECT 1 FROM consents WHERE public_id = 'retrait-accord' AND withdrawn_at IS NULL",
    Kind.ROLE: "SELECT 1 FROM memberships WHERE role = 'coordinateur' AND coalesce(ends_on, 'infinity') >= current_date AND user_id = {mari}",
    Kind.EXCEPTION: "SELECT 1 FROM role_exceptions WHERE public_id = 'retrait-plus' AND withdrawn_at IS NULL",
    Kind.RESTRICTION: "SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM role_exceptions WHERE permission = 'household:read' AND NOT gives AND expires_at > now() AND user_id = {mari})",
    Kind.TOTP: "SELECT 1 FROM private.totp WHERE user_id = {mari}",
    Kind.PASSKEY: "SELECT 1 FROM private.passkeys WHERE public_id = 'retrait-cle'",
    Kind.CODE: "SELECT 1 FROM private.backup_codes WHERE code_hash = sha256('un') AND used_at IS NULL",
    Kind.PASSWORD: "SELECT 1 FROM private.credentials WHERE password_hash = 'hier' AND user_id = {mari}",
    Kind.IDENTITY: "SELECT 1 FROM user_identities WHERE subject = 'mari'",
    Kind.LOGIN: "SELECT 1 FROM users WHERE public_id = 'retrait-ferme' AND deactivated_at IS NULL",
    Kind.ORGANISATION: "SELECT 1 FROM organisations WHERE public_id = 'retrait-ferme' AND deactivated_at IS NULL",
    Kind.INVITATION: "SELECT 1 FROM invitations WHERE public_id = 'retrait-retiree' AND withdrawn_at IS NULL",
    Kind.MANDATE: "SELECT 1 FROM mandates WHERE public_id = 'retrait-mandat' AND ends_on IS NULL",
    Kind.QUALIFIER: "SELECT 1 FROM qualifiers WHERE public_id = 'retrait-qualif' AND ends_on IS NULL",
    Kind.REFERENT: "SELECT 1 FROM households WHERE referent_user_id = (SELECT id FROM users WHERE public_id = 'retrait-referent')",
}
MARI = "(SELECT id FROM users WHERE public_id = 'retrait-mari')"
# What a session or a link opens, of whoever it is; what the former password does, of who added a passkey since.
_OPEN = """SELECT (SELECT count(*) FROM private.sessions WHERE kind = 'user') + (SELECT count(*) FROM private.password_resets)
  + (SELECT count(*) FROM invitations WHERE accepted_at IS NULL AND withdrawn_at IS NULL AND expires_at > now())
  + (SELECT count(*) FROM availability_links WHERE used_at IS NULL AND expires_at > now())
  + (SELECT count(*) FROM private.credentials WHERE password_hash = 'hier' AND user_id = (SELECT id FROM users WHERE public_id = 'retrait-suivant'))"""
# What nobody withdrew: the account's other role, the other person's password and other code.
_KEPT = f"""SELECT (SELECT count(*) FROM memberships WHERE role = 'travailleur_social' AND ends_on IS NULL AND user_id = {MARI})
  + (SELECT count(*) FROM private.credentials WHERE password_hash = 'hier' AND user_id = (SELECT id FROM users WHERE public_id = 'retrait-admin'))
  + (SELECT count(*) FROM private.backup_codes WHERE code_hash = sha256('deux') AND used_at IS NULL)
  + (SELECT count(*) FROM users WHERE public_id = 'retrait-admin' AND second_factor_since IS NOT NULL)"""
KEPT = 4


def give(connection: psycopg.Connection[Any]) -> None:
    """One right of each kind, as a superuser."""
    connection.execute(_GIVE)


def withdraw(connection: psycopg.Connection[Any]) -> None:
    """Each of them withdrawn, as a superuser."""
    connection.execute(_WITHDRAW)


def close(connection: psycopg.Connection[Any]) -> None:
    """The links that ``give`` left open: the other tests of this installation compare what a restoration leaves as it was."""
    connection.execute("DELETE FROM private.password_resets")
    connection.execute("UPDATE invitations SET withdrawn_at = now() WHERE public_id = 'retrait-restee'")


def standing(connection: psycopg.Connection[Any]) -> set[Kind]:
    """The kinds whose right still stands."""
    return {kind for kind in Kind if connection.execute(_STANDS[kind].format(mari=MARI)).fetchone()}


def opened(connection: psycopg.Connection[Any]) -> int:
    """How many sessions and links open something."""
    return int(connection.execute(_OPEN).fetchall()[0][0])


def kept(connection: psycopg.Connection[Any]) -> int:
    """How many of the ``KEPT`` rights that nobody withdrew are there."""
    return int(connection.execute(_KEPT).fetchall()[0][0])
