"""Signing in and out, one's organisation. Sessions live in the database, minted under a proof that only the application can compute."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

from sqlalchemy import text

from odis_app.accounts.operations.passwords import account_at, is_right
from odis_app.audit.operations import record_event
from odis_app.core.db import db, token_hash
from odis_app.core.errors import RuleError
from odis_app.core.identity import ANONYMOUS, Identity
from odis_app.core.ids import new_public_id, new_token

IDLE_MINUTES = 30
ABSOLUTE_MINUTES = 12 * 60
REFUSED = "Adresse e-mail ou mot de passe incorrect. Vérifiez les deux, ou choisissez un autre mot de passe par « Mot de passe oublié »."


@dataclass(frozen=True, slots=True)
class Minter:
    """Computes the proofs that ``odis.grant_mint`` demands; holds the installation's identity key (hexadecimal)."""

    identity_key: str

    def proof(self, message: str) -> bytes:
        """HMAC-SHA256 of ``message``, as the database computes it."""
        return hmac.new(bytes.fromhex(self.identity_key), message.encode(), hashlib.sha256).digest()


def known_person(minter: Minter, *, email: str, password: str) -> int:
    """The id of whom this address and password are. Raises RuleError with the same sentence whatever is wrong."""
    found = account_at(minter, email)
    right = is_right(found[1] if found else None, password)
    if found is None or not right:
        raise RuleError("", REFUSED)
    return found[0]


def open_session(
    minter: Minter,
    *,
    user_id: int,
    device: str,
    organisation_id: int | None = None,
    idle: int = IDLE_MINUTES,
    absolute: int = ABSOLUTE_MINUTES,
) -> str | None:
    """A new session for ``user_id`` in one of their organisations (the first one by default); None when they have none."""
    if organisation_id is None:
        found = db.execute(
            text("SELECT organisation_id FROM odis.auth_organisations(:who, :proof)"),
            {"who": user_id, "proof": minter.proof(f"organisations|{user_id}")},
        ).first()
        if found is None:
            return None
        organisation_id = int(found[0])
    token = new_token()
    hashed = token_hash(token)
    minted = db.execute(
        text("SELECT odis.grant_mint(:hash, :public_id, :who, :org, :device, :idle, :absolute, :proof)"),
        {
            "hash": hashed,
            "public_id": new_public_id(),
            "who": user_id,
            "org": organisation_id,
            "device": device,
            "idle": idle,
            "absolute": absolute,
            "proof": minter.proof(f"session|{hashed.hex()}|{user_id}|{organisation_id}|{idle}|{absolute}"),
        },
    ).scalar_one()
    return token if minted else None


def record_sign_in(identity: Identity) -> None:
    """Write the sign-in down, under the session just opened."""
    record_event(identity, "session:open", summary="Connexion")


def record_failed_sign_in() -> None:
    """Write a failed sign-in down: neither the address nor whether it exists."""
    record_event(ANONYMOUS, "session:refuse", summary="Connexion refusée")


def sign_out(identity: Identity) -> None:
    """End the present session: its token is worth nothing from now on."""
    record_event(identity, "session:close", summary="Déconnexion")
    db.execute(text("SELECT odis.close_session()"))


def switch_organisation(minter: Minter, identity: Identity, *, organisation_id: int, device: str) -> str:
    """Close the present session and open one for another organisation of the same person; its raw token. Raises RuleError."""
    token = open_session(minter, user_id=identity.require_user(), device=device, organisation_id=organisation_id)
    if token is None:
        raise RuleError(
            "", "Vous n’avez plus de rôle dans cette organisation. Demandez à son administrateur de vous y inscrire."
        )
    sign_out(identity)
    return token
