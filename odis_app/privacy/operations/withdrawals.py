"""Rights that were withdrawn since a backup, withdrawn again from the database that it brought back.

Each statement only narrows, says nothing of what the backup never knew, and changes nothing when it runs again: a right that
was withdrawn and given again since the backup is given again by a person.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text

from odis_app.access.enums import Withdrawal as Kind
from odis_app.access.erasures import Erased
from odis_app.accounts.operations.passwords import hash_password
from odis_app.core.db import db

BY = "Restauration d’une sauvegarde"
_OFFICE = """SET ends_on = greatest(starts_on, CAST(:w1 AS date)), end_set_at = :at, end_set_by_label = :by
    WHERE public_id = :w0 AND coalesce(ends_on, 'infinity'::date) > CAST(:w1 AS date)"""
# ``:w0``, ``:w1``… are the words of the line, ``:at`` its instant.
AGAIN = {
    Kind.SHARE: "UPDATE grants SET revoked_at = :at WHERE public_id = :w0 AND revoked_at IS NULL",
    Kind.CONSENT: "UPDATE consents SET withdrawn_at = :at, withdrawn_by_id = recorded_by_id, withdrawn_by_label = :by WHERE public_id = :w0 AND withdrawn_at IS NULL",
    Kind.ROLE: """UPDATE memberships SET starts_on = least(starts_on, CAST(:w3 AS date)), ends_on = CAST(:w3 AS date)
        WHERE user_id = (SELECT id FROM users WHERE public_id = :w0) AND organisation_id = (SELECT id FROM organisations WHERE public_id = :w1)
          AND role = :w2 AND coalesce(ends_on, 'infinity'::date) > CAST(:w3 AS date)""",
    Kind.EXCEPTION: "UPDATE role_exceptions SET withdrawn_at = :at, withdrawn_by_label = :by WHERE public_id = :w0 AND withdrawn_at IS NULL",
    Kind.RESTRICTION: """INSERT INTO role_exceptions (public_id, organisation_id, user_id, permission, gives, motive, author_user_id, author_label, at, expires_at)
        SELECT :w0, o.id, u.id, :w4, false, :by, a.id, a.first_name || ' ' || a.last_name, :at, CAST(:w5 AS timestamptz) FROM organisations o, users u, users a
         WHERE o.public_id = :w1 AND u.public_id = :w2 AND a.public_id = :w3 ON CONFLICT DO NOTHING""",
    Kind.TOTP: "DELETE FROM private.totp WHERE user_id = (SELECT id FROM users WHERE public_id = :w0) AND to_char(confirmed_at AT TIME ZONE 'UTC', 'YYYYMMDDHH24MISSUS') = :w1",
    Kind.PASSKEY: "DELETE FROM private.passkeys WHERE public_id = :w0",
    Kind.CODE: "DELETE FROM private.backup_codes WHERE encode(sha256(code_hash), 'hex') = :w0",
    Kind.PASSWORD: """UPDATE private.credentials SET password_hash = :nobodys, changed_at = now()
        WHERE user_id = (SELECT id FROM users WHERE public_id = :w0) AND password_hash <> :nobodys""",
    Kind.IDENTITY: "DELETE FROM user_identities WHERE user_id = (SELECT id FROM users WHERE public_id = :w0) AND to_char(linked_at AT TIME ZONE 'UTC', 'YYYYMMDDHH24MISSUS') = :w1",
    Kind.LOGIN: "UPDATE users SET deactivated_at = :at WHERE public_id = :w0 AND deactivated_at IS NULL",
    Kind.ORGANISATION: "UPDATE organisations SET deactivated_at = :at WHERE public_id = :w0 AND deactivated_at IS NULL",
    Kind.INVITATION: "UPDATE invitations SET withdrawn_at = :at WHERE public_id = :w0 AND accepted_at IS NULL AND withdrawn_at IS NULL",
    Kind.MANDATE: f"UPDATE mandates {_OFFICE}",
    Kind.QUALIFIER: f"UPDATE qualifiers {_OFFICE}",
    Kind.REFERENT: """UPDATE households SET referent_user_id = NULL, referent_label = '', version = version + 1
        WHERE public_id = :w0 AND referent_user_id = (SELECT id FROM users WHERE public_id = :w1)""",
}  # fmt: skip
# Without its last factor an account has none, and no backup codes either.
_SETTLE = """SELECT odis.factor_settle(u.id) FROM users u WHERE u.second_factor_since IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM private.totp t WHERE t.user_id = u.id AND t.sealed IS NOT NULL) AND NOT EXISTS (SELECT 1 FROM private.passkeys p WHERE p.user_id = u.id)"""


def withdraw_again(lines: Sequence[Erased]) -> Counter[str]:
    """Withdraw what each line says, as the owner; how many of each kind the backup had brought back.

    The former password of whoever changed it, or added a factor, opens nothing any more: all of them get the hash of one drawn here, that
    nobody knows.
    """
    done: Counter[str] = Counter()
    nobodys = hash_password(secrets.token_urlsafe(32))
    for one in lines:
        done[one.kind] += _again(one, nobodys)
    if done[Kind.TOTP] or done[Kind.PASSKEY]:
        db.execute(text(_SETTLE))
    return +done


def _again(one: Erased, nobodys: str) -> int:
    words = {f"w{number}": word for number, word in enumerate(one.key_id.split(" ")[:-1])}
    statement = AGAIN[Kind(one.kind)]
    known: dict[str, Any] = {"at": datetime.fromisoformat(one.at), "by": BY, "nobodys": nobodys, **words}
    used = {name: value for name, value in known.items() if f":{name}" in statement}
    return int(db.execute(text(statement), used).rowcount)  # type: ignore[attr-defined]
