"""Proving who one is once more: it opens for ten minutes what is read or done under a renewed proof only."""

from __future__ import annotations

from sqlalchemy import text

from odis_app.accounts.operations.backup import tell_backup_code_used
from odis_app.accounts.operations.passwords import is_own_password
from odis_app.accounts.operations.sessions import Minter
from odis_app.accounts.operations.totp import CODE_REFUSED
from odis_app.accounts.operations.verification import is_right_code
from odis_app.audit.operations import record_event
from odis_app.core.db import db, token_hash
from odis_app.core.errors import RuleError
from odis_app.core.identity import Identity
from odis_app.core.ids import new_token


def count_confirmation() -> bool:
    """Count one answer, in a unit of its own, before it is judged; False when it was one too many: the session is closed."""
    return bool(db.execute(text("SELECT odis.confirm_try()")).scalar_one())


def record_refused_confirmation(identity: Identity) -> None:
    """Write it down: whoever sits at an open session is perhaps not its owner."""
    record_event(identity, "session:refuse", summary="Confirmation d’identité refusée")


def confirm_by_password(minter: Minter, identity: Identity, *, password: str) -> str:
    """The session's new token. Raises RuleError on ``password``; an account with a second factor confirms by that one."""
    if identity.has_factor or not is_own_password(minter, identity.email, password):
        raise RuleError("password", "Ce n’est pas votre mot de passe. Écrivez celui qui ouvre votre compte.")
    return confirm(minter, identity, by="mot de passe")


def confirm_by_code(minter: Minter, identity: Identity, *, code: str) -> str:
    """The session's new token. Raises RuleError on ``code``."""
    right, left = is_right_code(minter, user_id=identity.require_user(), code=code)
    if not right:
        raise RuleError("code", CODE_REFUSED)
    if left is not None:
        tell_backup_code_used(identity, left=left)
    return confirm(minter, identity, by="code")


def confirm(minter: Minter, identity: Identity, *, by: str) -> str:
    """Confirm the session for ten minutes and change its token; the last thing that a unit of work does. Returns the raw token."""
    record_event(identity, "session:confirm", summary=f"Identité confirmée ({by})")
    token = new_token()
    hashed = token_hash(token)
    proof = minter.proof(f"confirm|{hashed.hex()}|{identity.require_user()}")
    if not db.execute(
        text("SELECT odis.confirm_session(:hash, :proof)"), {"hash": hashed, "proof": proof}
    ).scalar_one():
        raise PermissionError("this session ended meanwhile")
    return token
