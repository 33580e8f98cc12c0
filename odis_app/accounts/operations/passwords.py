"""One's own password: its hash (argon2id), the rules of a new one, its change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import text

from odis_app.accounts.messages import PASSWORD_CHANGED, RESET_REQUEST_PATH
from odis_app.accounts.models import User
from odis_app.accounts.operations.breached import is_known
from odis_app.audit.operations import record_event
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.core.identity import Identity
from odis_app.core.text import fold
from odis_app.notifications.operations import send_mail

if TYPE_CHECKING:
    from odis_app.accounts.operations.sessions import Minter

SHORTEST_PASSWORD = 12
LEAST_OTHERS = 8  # characters that are neither the person's names nor the product's
_hasher = PasswordHasher()
_DECOY = _hasher.hash("no account has this password")  # so that an unknown address costs the same time as a known one


def hash_password(password: str) -> str:
    """argon2id with the library's current parameters."""
    return _hasher.hash(password)


def is_right(stored: str | None, password: str) -> bool:
    """Whether the password is the one of this hash; without a hash (no such account), False after the same time."""
    try:
        _hasher.verify(stored or _DECOY, password)
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


def account_at(minter: Minter, email: str) -> tuple[int, str] | None:
    """(id, hash of the password) of the open account at ``email``. The database wants the application's proof: SQL alone reads no hash."""
    values = {"email": email, "proof": minter.proof(f"login|{email}")}
    row = db.execute(text("SELECT user_id, password_hash FROM odis.auth_login(:email, :proof)"), values).first()
    return (int(row[0]), str(row[1])) if row else None


def is_own_password(minter: Minter, email: str, password: str) -> bool:
    """Whether the account at ``email`` is open and has this password; the same time is spent when there is none."""
    found = account_at(minter, email)
    return is_right(found[1] if found else None, password)


def check_new_password(new: str, *, email: str, name: str, field: str = "new") -> None:
    """The rules of every new password, whoever sets it and where: long, not one's own name, not known to thieves. Raises RuleError on ``field``."""
    if len(new) < SHORTEST_PASSWORD:
        raise RuleError(field, f"Le nouveau mot de passe doit avoir {SHORTEST_PASSWORD} caractères au moins.")
    if new.casefold() in {email.casefold(), name.casefold()}:
        raise RuleError(field, "Choisissez un mot de passe différent de l’actuel, de votre nom et de votre adresse.")
    if _is_mostly_names(new, f"{email.partition('@')[0]} {name} OD&IS"):
        raise RuleError(
            field, "Votre nom, votre adresse ou OD&IS font presque tout ce mot de passe. Ajoutez d’autres mots."
        )
    if is_known(new):
        raise RuleError(
            field,
            "Ce mot de passe est de ceux que l’on essaie en premier pour entrer chez quelqu’un. "
            "Choisissez plutôt quatre mots sans rapport entre eux.",
        )


def check_change(identity: Identity, *, current: str, new: str) -> None:
    """Whether one may replace one's password by ``new``, whatever the present one is. Raises RuleError; the shared demonstration accounts keep theirs."""
    user = db.get_one(User, identity.require_user())
    if user.is_demo:
        raise RuleError("", "Un compte de démonstration garde son mot de passe : d’autres personnes s’en servent.")
    if new == current:
        raise RuleError("new", "Choisissez un mot de passe différent de l’actuel, de votre nom et de votre adresse.")
    check_new_password(new, email=user.email, name=user.name)


def change_password(minter: Minter, identity: Identity, *, current: str, new: str) -> None:
    """Replace one's own password; one's other sessions end. Raises RuleError on ``current`` or ``new``."""
    check_change(identity, current=current, new=new)
    if not is_own_password(minter, identity.email, current):
        raise RuleError("current", "Ce n’est pas votre mot de passe actuel.")
    db.execute(text("SELECT odis.set_own_password(:hash)"), {"hash": hash_password(new)})
    record_event(identity, "account:password", summary="Mot de passe changé")
    send_mail(identity, to=identity.email, template=PASSWORD_CHANGED, context={"link": RESET_REQUEST_PATH})


def _is_mostly_names(password: str, names: str) -> bool:
    whole = fold(password).replace(" ", "")
    rest, parts = whole, {fold(names.partition(" ")[0]).replace(" ", ""), "odis", *fold(names).split()}
    for part in sorted((p for p in parts if len(p) > 2), key=len, reverse=True):
        rest = rest.replace(part, "")
    return rest != whole and len(rest) < LEAST_OTHERS
