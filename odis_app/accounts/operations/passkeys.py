"""Passkeys (WebAuthn): what a browser, a phone or a security key signs, for this address only.

A challenge is kept by the database for one holder (a session, or a verification before it), one purpose, five minutes, and
is taken once. The unlocking gesture (finger, face, PIN) is always asked for, so that a passkey alone is two factors.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import text
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from odis_app.accounts.operations.factors import changed, refuse_demo
from odis_app.accounts.operations.sessions import Minter
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.core.identity import Identity
from odis_app.core.ids import new_public_id

REGISTER, CONFIRM, SIGN_IN = "register", "confirm", "sign_in"
REFUSED = "Cette clé d’accès n’a pas été reconnue. Réessayez, ou employez un code."
NOT_ADDED = "La clé d’accès n’a pas été ajoutée. Réessayez, ou choisissez une application de codes."
LONGEST_NAME = 60
_WAYS = {way.value for way in AuthenticatorTransport}
REQUIRED = UserVerificationRequirement.REQUIRED


@dataclass(frozen=True, slots=True)
class Site:
    """The one address for which keys sign; ``rp_id`` is its host name."""

    origin: str

    @property
    def rp_id(self) -> str:
        """« odis.example »."""
        return urlsplit(self.origin).hostname or ""


def registration_options(site: Site, identity: Identity, holder: bytes) -> str:
    """What the browser is asked to create a key for (JSON)."""
    known = db.execute(text("SELECT credential_id, transports FROM odis.own_passkeys()")).all()
    options = generate_registration_options(
        rp_id=site.rp_id,
        rp_name="OD&IS",
        user_id=identity.user_public_id.encode(),
        user_name=identity.email,
        user_display_name=identity.name,
        challenge=_challenge(holder, REGISTER),
        exclude_credentials=[_descriptor(row.credential_id, row.transports) for row in known],
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.PREFERRED, user_verification=REQUIRED
        ),
    )
    return options_to_json(options)


def add_passkey(site: Site, minter: Minter, identity: Identity, *, holder: bytes, name: str, answer: str) -> None:
    """Keep the public half of a new key. Raises RuleError."""
    refuse_demo(identity)
    challenge, found = _taken(holder, REGISTER), _read(answer)
    if challenge is None or found is None:
        raise RuleError("", NOT_ADDED)
    try:
        made = verify_registration_response(
            credential=found,
            expected_challenge=challenge,
            expected_rp_id=site.rp_id,
            expected_origin=site.origin,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError) as error:
        raise RuleError("", NOT_ADDED) from error
    label = name.strip()[:LONGEST_NAME] or "Clé d’accès"
    proof = minter.proof(f"passkey-add|{identity.require_user()}|{made.credential_id.hex()}")
    values = {
        "public_id": new_public_id(), "credential": made.credential_id, "key": made.credential_public_key, "count": made.sign_count,
        "name": label, "ways": _ways(found), "proof": proof,
    }  # fmt: skip
    statement = text("SELECT odis.passkey_add(:public_id, :credential, :key, :count, :name, :ways, :proof)")
    if not db.execute(statement, values).scalar_one():
        raise RuleError("", "Cette clé d’accès est déjà connue.")
    changed(identity, "Clé d’accès ajoutée", f"La clé d’accès « {label} » ouvre maintenant votre compte.")


def remove_passkey(identity: Identity, *, public_id: str) -> str | None:
    """The name of the key that is no longer known; None when there was none. Raises RuleError."""
    refuse_demo(identity)
    name: str | None = db.execute(text("SELECT odis.passkey_remove(:wanted)"), {"wanted": public_id}).scalar_one()
    if name is not None:
        changed(identity, "Clé d’accès retirée", f"La clé d’accès « {name} » n’ouvre plus votre compte.")
    return name


def authentication_options(site: Site, minter: Minter, holder: bytes, purpose: str, *, user_id: int | None) -> str:
    """What the browser is asked to sign (JSON): with one of the keys of ``user_id``, or with any key that it has for us."""
    known = []
    if user_id is not None:
        values = {"who": user_id, "proof": minter.proof(f"passkeys-of|{user_id}")}
        known = list(db.execute(text("SELECT * FROM odis.passkeys_of(:who, :proof)"), values))
    options = generate_authentication_options(
        rp_id=site.rp_id,
        challenge=_challenge(holder, purpose),
        allow_credentials=[_descriptor(row.credential_id, row.transports) for row in known],
        user_verification=REQUIRED,
    )
    return options_to_json(options)


def signer(site: Site, minter: Minter, *, holder: bytes, purpose: str, answer: str) -> int | None:
    """The id of whose key signed the holder's challenge; None for anything else. The challenge is used up either way."""
    challenge, found = _taken(holder, purpose), _read(answer)
    if challenge is None or found is None:
        return None
    try:
        credential = base64url_to_bytes(str(found["rawId"]))
        row = db.execute(text("SELECT * FROM odis.passkey_find(:credential)"), {"credential": credential}).first()
        if row is None:
            return None
        checked = verify_authentication_response(
            credential=found,
            expected_challenge=challenge,
            expected_rp_id=site.rp_id,
            expected_origin=site.origin,
            credential_public_key=row.public_key,
            credential_current_sign_count=row.sign_count,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError):
        return None
    count = checked.new_sign_count
    proof = minter.proof(f"passkey-use|{credential.hex()}|{count}")
    values = {"credential": credential, "count": count, "proof": proof}
    used = db.execute(text("SELECT odis.passkey_use(:credential, :count, :proof)"), values).scalar_one()
    return int(row.user_id) if used else None


def _challenge(holder: bytes, purpose: str) -> bytes:
    fresh = secrets.token_bytes(32)
    values = {"hash": holder, "why": purpose, "fresh": fresh}
    db.execute(text("SELECT odis.challenge_put(:hash, :why, :fresh)"), values)
    return fresh


def _taken(holder: bytes, purpose: str) -> bytes | None:
    values = {"hash": holder, "why": purpose}
    found = db.execute(text("SELECT odis.challenge_take(:hash, :why)"), values).scalar_one_or_none()
    return bytes(found) if found is not None else None


def _read(answer: str) -> dict[str, Any] | None:
    try:
        found = json.loads(answer)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _ways(found: dict[str, Any]) -> list[str]:
    response = found.get("response")
    said = response.get("transports") if isinstance(response, dict) else None
    return [way for way in said if way in _WAYS] if isinstance(said, list) else []


def _descriptor(credential: bytes, ways: list[str]) -> PublicKeyCredentialDescriptor:
    return PublicKeyCredentialDescriptor(
        id=credential, transports=[AuthenticatorTransport(way) for way in ways] or None
    )
