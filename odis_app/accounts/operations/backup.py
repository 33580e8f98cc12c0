"""Backup codes: ten, shown once, each good once, kept as keyed hashes. They replace a phone that is lost or flat."""

from __future__ import annotations

import hashlib
import hmac
import secrets

from sqlalchemy import text

from odis_app.accounts.messages import BACKUP_CODE_USED
from odis_app.accounts.operations.factors import SECURITY_PATH, refuse_demo
from odis_app.accounts.operations.sessions import Minter
from odis_app.audit.operations import record_event
from odis_app.core import crypto
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.core.identity import Identity
from odis_app.notifications.operations import send_mail

COUNT, LENGTH = 10, 10
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that handwriting confuses; 49 bits for ten letters


def new_backup_codes(identity: Identity) -> list[str]:
    """Ten codes « abcde-fghjk », to be shown now and never again; the former ones die. Raises RuleError."""
    refuse_demo(identity)
    codes = ["".join(secrets.choice(ALPHABET) for _ in range(LENGTH)) for _ in range(COUNT)]
    hashes = [_hash(identity.require_user(), code) for code in codes]
    if not db.execute(text("SELECT odis.backup_replace(:hashes)"), {"hashes": hashes}).scalar_one():
        raise RuleError(
            "", "Ajoutez d’abord une application de codes ou une clé d’accès : les codes de secours la remplacent."
        )
    record_event(identity, "account:backup_codes", summary="Nouveaux codes de secours")
    return [f"{code[:5]}-{code[5:]}" for code in codes]


def use_backup_code(minter: Minter, *, user_id: int, code: str) -> int | None:
    """How many are left once ``code`` is used up; None when it is not one of this account's, or served already."""
    hashed = _hash(user_id, "".join(c for c in code.casefold() if c in ALPHABET))
    values = {"who": user_id, "hash": hashed, "proof": minter.proof(f"backup-use|{user_id}|{hashed.hex()}")}
    left = db.execute(text("SELECT odis.backup_use(:who, :hash, :proof)"), values).scalar_one()
    return int(left) if left is not None else None


def tell_backup_code_used(identity: Identity, *, left: int) -> None:
    """Write it down and tell the account's own address: if it was somebody else, the person knows at once."""
    record_event(identity, "account:backup_code_used", summary="Code de secours utilisé", data={"left": left})
    send_mail(identity, to=identity.email, template=BACKUP_CODE_USED, context={"left": left, "link": SECURITY_PATH})


def _hash(user_id: int, code: str) -> bytes:
    return hmac.new(crypto.derived_key("backup codes"), f"{user_id}|{code}".encode(), hashlib.sha256).digest()
