"""Between the password and the second factor: a verification, which opens nothing and lasts ten minutes and five tries."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text

from odis_app.accounts.operations.backup import use_backup_code
from odis_app.accounts.operations.factors import has_factor
from odis_app.accounts.operations.sessions import REFUSED, Minter, known_person, open_session
from odis_app.accounts.operations.totp import is_right_totp
from odis_app.audit.operations import record_event
from odis_app.core.db import db, token_hash
from odis_app.core.errors import RuleError
from odis_app.core.identity import ANONYMOUS
from odis_app.core.ids import new_token

DIGITS = 6
SPENT = "Trop d’essais, ou trop de temps passé. Recommencez par votre mot de passe."


@dataclass(frozen=True, slots=True)
class Entry:
    """What a good password opens: a session's raw token or, when the account has a second factor, a verification's."""

    token: str
    needs_factor: bool = False


@dataclass(frozen=True, slots=True)
class Verification:
    """Who is expected, and what they may show. Without ``user_id``: whoever shows a passkey."""

    user_id: int | None
    email: str | None
    has_totp: bool
    codes_left: int
    passkeys: int


def enter(minter: Minter, *, user_id: int, device: str, organisation_id: int | None = None) -> Entry | None:
    """Let in somebody whose password (or another first proof) is right; None when they work nowhere. Every way in ends here."""
    if has_factor(minter, user_id):
        return Entry(open_verification(minter, user_id=user_id), needs_factor=True)
    token = open_session(minter, user_id=user_id, device=device, organisation_id=organisation_id)
    return Entry(token) if token else None


def sign_in(minter: Minter, *, email: str, password: str, device: str) -> Entry:
    """What address and password open. Raises RuleError with the same sentence whatever is wrong."""
    entry = enter(minter, user_id=known_person(minter, email=email, password=password), device=device)
    if entry is None:
        raise RuleError("", REFUSED)
    return entry


def open_verification(minter: Minter, *, user_id: int | None) -> str:
    """The raw token of a new verification; of nobody yet, for a passkey."""
    token = new_token()
    hashed = token_hash(token)
    parts = ["verification", hashed.hex(), *([str(user_id)] if user_id is not None else [])]
    values = {"hash": hashed, "who": user_id, "proof": minter.proof("|".join(parts))}
    if not db.execute(text("SELECT odis.verification_open(:hash, :who, :proof)"), values).scalar_one():
        raise PermissionError("the installation's identity key does not match its database")
    return token


def verification(token: str | None) -> Verification | None:
    """The one that the browser holds, while it lives."""
    if not token:
        return None
    row = (
        db.execute(text("SELECT * FROM odis.verification_peek(:hash)"), {"hash": token_hash(token)}).mappings().first()
    )
    return Verification(**row) if row else None


def count_try(token: str) -> bool:
    """Count one answer, in a unit of its own, before it is judged; False when there were five, or ten minutes have passed."""
    return bool(db.execute(text("SELECT odis.verification_try(:hash)"), {"hash": token_hash(token)}).scalar_one())


def is_right_code(minter: Minter, *, user_id: int, code: str) -> tuple[bool, int | None]:
    """(whether the code is right, how many backup codes are left when it was one). Right, it is used up. Raises ReplayedError."""
    typed = "".join(code.split())
    if typed.isdecimal() and len(typed) == DIGITS:
        return is_right_totp(minter, user_id=user_id, code=typed), None
    left = use_backup_code(minter, user_id=user_id, code=typed)
    return left is not None, left


def finish(minter: Minter, *, token: str, user_id: int, device: str) -> str | None:
    """End the verification and open the session; its raw token, None when another request ended it or the person works nowhere."""
    if not db.execute(text("SELECT odis.verification_close(:hash)"), {"hash": token_hash(token)}).scalar_one():
        return None
    return open_session(minter, user_id=user_id, device=device)


def record_refused_code() -> None:
    """Write a refused code down, as a refused password: neither the code nor whose account it was."""
    record_event(ANONYMOUS, "session:refuse", summary="Code de vérification refusé")
