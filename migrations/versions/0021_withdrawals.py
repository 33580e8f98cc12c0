"""What was withdrawn is written down as it is withdrawn, by whatever way: a restored backup does not give it back.

One row of ``erasures`` for each right that narrows (identifiers and the fact; never a name), written in the transaction that narrows it.
The worker copies the rows to the log outside of the database, and ``odis restore`` replays those that the backup does not know.
A row that widens a right is never written: what was withdrawn and given again since the backup is given again by hand.
"""

from __future__ import annotations

from typing import NamedTuple

from migrations.walls import definer, drop_definer, run

revision = "0021_withdrawals"
down_revision = "0020_rapprochement"

ERASURES = "'record', 'account', 'place', 'trail'"
FUNCTION = "withdrawn()"
ONE = "substr(replace(gen_random_uuid()::text, '-', ''), 17)"  # two withdrawals of the same thing are two lines


def _person(column: str) -> str:
    return f"(SELECT u.public_id FROM public.users u WHERE u.id = {column})"


def _organisation(column: str) -> str:
    return f"(SELECT o.public_id FROM public.organisations o WHERE o.id = {column})"


def _instant(column: str) -> str:
    return f"to_char({column} AT TIME ZONE 'UTC', 'YYYYMMDDHH24MISSUS')"


def _ended(column: str) -> str:
    return f"OLD.{column} IS NULL AND NEW.{column} IS NOT NULL"


class Watch(NamedTuple):
    """What is watched: ``event`` on ``table`` when ``when``; the words of the line, NULL for none. ``kind`` is ``access.enums.Withdrawal``."""

    kind: str
    table: str
    event: str
    when: str
    words: tuple[str, ...]


SOONER = "NEW.ends_on < coalesce(OLD.ends_on, 'infinity'::date)"
MEMBER = (_person("OLD.user_id"), _organisation("OLD.organisation_id"), "OLD.role")
WATCHES = (
    Watch("share", "public.grants", "UPDATE OF revoked_at", _ended("revoked_at"), ("NEW.public_id",)),
    Watch("consent", "public.consents", "UPDATE OF withdrawn_at", _ended("withdrawn_at"), ("NEW.public_id",)),
    Watch("role", "public.memberships", "UPDATE OF ends_on", SOONER, (*MEMBER, "NEW.ends_on::text")),
    Watch("role", "public.memberships", "DELETE", "", (*MEMBER, "(current_date - 1)::text")),
    Watch("exception", "public.role_exceptions", "UPDATE OF withdrawn_at", f"OLD.gives AND {_ended('withdrawn_at')}", ("NEW.public_id",)),
    Watch("restriction", "public.role_exceptions", "INSERT", "NOT NEW.gives", (
        "NEW.public_id", _organisation("NEW.organisation_id"), _person("NEW.user_id"), _person("NEW.author_user_id"), "NEW.permission",
        "to_char(NEW.expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')")),
    # sealed again under another key, a secret is the same one: its instant says which it is
    Watch("totp", "private.totp", "UPDATE OF confirmed_at", "OLD.confirmed_at IS NOT NULL AND NEW.confirmed_at IS DISTINCT FROM OLD.confirmed_at",
          (_person("OLD.user_id"), _instant("OLD.confirmed_at"))),
    Watch("totp", "private.totp", "DELETE", "OLD.confirmed_at IS NOT NULL", (_person("OLD.user_id"), _instant("OLD.confirmed_at"))),
    Watch("passkey", "private.passkeys", "DELETE", "", ("OLD.public_id",)),
    Watch("code", "private.backup_codes", "UPDATE OF used_at", _ended("used_at"), ("encode(sha256(NEW.code_hash), 'hex')",)),
    Watch("code", "private.backup_codes", "DELETE", "OLD.used_at IS NULL", ("encode(sha256(OLD.code_hash), 'hex')",)),
    Watch("password", "private.credentials", "UPDATE OF password_hash", "NEW.password_hash <> OLD.password_hash", (_person("NEW.user_id"),)),
    # a factor that was added is lost with the day: the password alone, which was no longer enough, does not open the account again
    Watch("password", "private.totp", "UPDATE OF confirmed_at", "NEW.confirmed_at IS NOT NULL AND NEW.confirmed_at IS DISTINCT FROM OLD.confirmed_at",
          (_person("NEW.user_id"),)),
    Watch("password", "private.passkeys", "INSERT", "", (_person("NEW.user_id"),)),
    Watch("identity", "public.user_identities", "UPDATE OF issuer, subject", "(NEW.issuer, NEW.subject) <> (OLD.issuer, OLD.subject)",
          (_person("OLD.user_id"), _instant("OLD.linked_at"))),
    Watch("identity", "public.user_identities", "DELETE", "", (_person("OLD.user_id"), _instant("OLD.linked_at"))),
    Watch("login", "public.users", "UPDATE OF deactivated_at", _ended("deactivated_at"), ("NEW.public_id",)),
    Watch("organisation", "public.organisations", "UPDATE OF deactivated_at", _ended("deactivated_at"), ("NEW.public_id",)),
    Watch("invitation", "public.invitations", "UPDATE OF accepted_at, withdrawn_at",
          f"({_ended('accepted_at')}) OR ({_ended('withdrawn_at')})", ("NEW.public_id",)),
    Watch("mandate", "public.mandates", "UPDATE OF ends_on", SOONER, ("NEW.public_id", "NEW.ends_on::text")),
    Watch("qualifier", "public.qualifiers", "UPDATE OF ends_on", SOONER, ("NEW.public_id", "NEW.ends_on::text")),
    # who follows a file reads its most sensitive part
    Watch("referent", "public.households", "UPDATE OF referent_user_id", "NEW.referent_user_id IS DISTINCT FROM OLD.referent_user_id",
          ("NEW.public_id", _person("OLD.referent_user_id"))),
)  # fmt: skip
KINDS = tuple(dict.fromkeys(watch.kind for watch in WATCHES))


def upgrade() -> None:
    """The kinds, the function that writes a line, one trigger for each way that a right narrows."""
    _kinds(", ".join((ERASURES, *(f"'{kind}'" for kind in KINDS))))
    branches = "\n".join(
        f"WHEN {number} THEN words := ARRAY[{', '.join(watch.words)}];" for number, watch in enumerate(WATCHES)
    )
    definer(
        FUNCTION,
        "trigger",
        f"""
        DECLARE words text[];
        BEGIN
          CASE TG_ARGV[1]::int {branches} END CASE;
          -- nobody to name: what hung on an account or an organisation that goes goes with it
          IF array_position(words, NULL::text) IS NULL THEN
            INSERT INTO public.erasures (kind, record_id, key_id) VALUES (TG_ARGV[0], 0, array_to_string(words || {ONE}, ' '));
          END IF;
          RETURN NULL;
        END""",
        language="plpgsql",
        volatility="VOLATILE",
        to="odis_auth",
    )
    run("REVOKE EXECUTE ON FUNCTION odis.withdrawn() FROM odis_app, odis_worker")
    for number, watch in enumerate(WATCHES):
        condition = f"WHEN ({watch.when}) " if watch.when else ""
        run(
            f"CREATE TRIGGER withdrawn_{number} AFTER {watch.event} ON {watch.table} FOR EACH ROW {condition}EXECUTE FUNCTION odis.withdrawn('{watch.kind}', '{number}')"
        )


def _kinds(listed: str) -> None:
    run("ALTER TABLE erasures DROP CONSTRAINT ck_erasures_kind")
    run(f"ALTER TABLE erasures ADD CONSTRAINT ck_erasures_kind CHECK (kind IN ({listed}))")


def downgrade() -> None:
    """The lines of withdrawals go: the former version would not know them."""
    for number, watch in enumerate(WATCHES):
        run(f"DROP TRIGGER withdrawn_{number} ON {watch.table}")
    drop_definer(FUNCTION)
    run(f"DELETE FROM erasures WHERE kind NOT IN ({ERASURES})")
    _kinds(ERASURES)
