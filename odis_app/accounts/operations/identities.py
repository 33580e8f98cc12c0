"""An account and the identity that a provider vouches for: tied once, by somebody who has just proved both."""

from __future__ import annotations

from sqlalchemy import text

from odis_app.accounts.messages import IDENTITY_LINKED, RESET_REQUEST_PATH
from odis_app.accounts.operations.passwords import account_at
from odis_app.accounts.operations.sessions import Minter
from odis_app.audit.operations import record_event
from odis_app.core.db import db
from odis_app.core.identity import Identity
from odis_app.notifications.operations import send_mail


def linked_user(minter: Minter, *, issuer: str, subject: str) -> int | None:
    """The id of the account that this identity opens, or None."""
    values = {"issuer": issuer, "subject": subject, "proof": minter.proof(f"identity|{issuer}|{subject}")}
    found = db.execute(text("SELECT odis.identity_find(:issuer, :subject, :proof)"), values).scalar_one()
    return None if found is None else int(found)


def has_account(minter: Minter, email: str) -> bool:
    """Whether somebody signs in with this address. Only told to who proved that the address is theirs."""
    return account_at(minter, email) is not None


def link_identity(minter: Minter, identity: Identity, *, issuer: str, subject: str) -> bool:
    """Tie the present account to this identity; False when it opens another account, or this one is of the demonstration."""
    proof = minter.proof(f"identity-link|{identity.require_user()}|{issuer}|{subject}")
    values = {"issuer": issuer, "subject": subject, "proof": proof}
    tied = bool(db.execute(text("SELECT odis.identity_link(:issuer, :subject, :proof)"), values).scalar_one())
    if tied:
        record_event(identity, "account:link", summary="Compte relié à ProConnect")
        send_mail(identity, to=identity.email, template=IDENTITY_LINKED, context={"link": RESET_REQUEST_PATH})
    return tied


def unlink_identity(identity: Identity) -> bool:
    """Untie it: from now on ProConnect opens nothing here. False when nothing was tied."""
    untied = bool(db.execute(text("SELECT odis.identity_unlink()")).scalar_one())
    if untied:
        record_event(identity, "account:unlink", summary="Compte délié de ProConnect")
    return untied


def is_linked(identity: Identity) -> bool:
    """Whether the present account is tied to an identity."""
    mine = text("SELECT 1 FROM user_identities WHERE user_id = :me")
    return db.execute(mine, {"me": identity.user_id}).first() is not None
