"""One-time codes of an application on a phone (TOTP, RFC 6238): six digits, thirty seconds, one step of clock skew, once each."""

from __future__ import annotations

import hmac

import pyotp
from sqlalchemy import text

from odis_app.accounts.operations.factors import changed, refuse_demo
from odis_app.accounts.operations.sessions import Minter
from odis_app.core import clock
from odis_app.core.crypto import place, seal, unseal
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.core.identity import Identity

STEP_SECONDS = 30
ISSUER = "OD&IS"
CODE_REFUSED = "Ce code n’est pas le bon, ou il a déjà servi. Attendez le suivant dans votre application, ou prenez un code de secours."
REFUSED = "Ce code n’est pas le bon, ou il a déjà servi. Attendez le suivant dans votre application, puis écrivez-le."


class ReplayedError(RuleError):
    """The code was right, and it had served."""


def begin_totp(identity: Identity) -> None:
    """Draw a new secret for one's own account; it counts once a code proves that the phone has it. Raises RuleError."""
    refuse_demo(identity)
    sealed = seal(pyotp.random_base32(), _place(identity.require_user()))
    if not db.execute(text("SELECT odis.totp_begin(:sealed)"), {"sealed": sealed}).scalar_one():
        raise PermissionError("a session confirmed less than ten minutes ago is needed")


def totp_candidate(minter: Minter, identity: Identity) -> str | None:
    """The secret shown and not confirmed yet (base 32, 32 characters); None when there is none, or after 30 minutes."""
    who = identity.require_user()
    sealed = db.execute(
        text("SELECT odis.totp_candidate(:proof)"), {"proof": minter.proof(f"totp-candidate|{who}")}
    ).scalar_one()
    return unseal(sealed, _place(who)).decode() if sealed is not None else None


def totp_address(secret: str, identity: Identity) -> str:
    """What the QR code says: ``otpauth://totp/…``."""
    return pyotp.TOTP(secret).provisioning_uri(name=identity.email, issuer_name=ISSUER)


def confirm_totp(minter: Minter, identity: Identity, *, code: str) -> None:
    """The phone has the secret: it replaces the former one. Raises RuleError on ``code``."""
    refuse_demo(identity)
    secret, who = totp_candidate(minter, identity), identity.require_user()
    step = matching_step(secret, code) if secret else None
    if step is None:
        raise RuleError("code", REFUSED)
    values = {"step": step, "proof": minter.proof(f"totp-confirm|{who}|{step}")}
    if not db.execute(text("SELECT odis.totp_confirm(:step, :proof)"), values).scalar_one():
        raise PermissionError("a session confirmed less than ten minutes ago is needed")
    changed(identity, "Application de codes ajoutée", "Une application de codes protège maintenant votre compte.")


def remove_totp(identity: Identity) -> None:
    """Forget the application; without another factor the backup codes go too."""
    refuse_demo(identity)
    if db.execute(text("SELECT odis.totp_remove()")).scalar_one():
        changed(identity, "Application de codes retirée", "L’application de codes ne protège plus votre compte.")


def is_right_totp(minter: Minter, *, user_id: int, code: str) -> bool:
    """Whether ``code`` is that of now (or of the step before or after): it is used up by being right. Raises ReplayedError when it had served."""
    sealed = db.execute(
        text("SELECT odis.totp_of(:who, :proof)"), {"who": user_id, "proof": minter.proof(f"totp-of|{user_id}")}
    ).scalar_one()
    step = matching_step(unseal(sealed, _place(user_id)).decode(), code) if sealed is not None else None
    if step is None:
        return False
    values = {"who": user_id, "step": step, "proof": minter.proof(f"totp-use|{user_id}|{step}")}
    if not db.execute(text("SELECT odis.totp_use(:who, :step, :proof)"), values).scalar_one():
        raise ReplayedError("code", CODE_REFUSED)
    return True


def matching_step(secret: str, code: str) -> int | None:
    """The step (30 s since 1970) whose code is ``code``, among the present one and its two neighbours; the newest first."""
    digits = "".join(code.split())
    now = int(clock.now().timestamp()) // STEP_SECONDS
    totp = pyotp.TOTP(secret)
    for step in (now + 1, now, now - 1):
        if hmac.compare_digest(totp.at(step * STEP_SECONDS).encode(), digits.encode()):
            return step
    return None


def _place(user_id: int) -> str:
    return place("private.totp", "secret", user_id)
