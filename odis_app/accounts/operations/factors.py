"""What protects an account beside its password: which factors it has, and who is told when they change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import text

from odis_app.accounts.messages import FACTOR_CHANGED, FACTOR_RESET
from odis_app.accounts.models import User
from odis_app.accounts.operations.sessions import Minter
from odis_app.audit.operations import record_event
from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.core.identity import Identity
from odis_app.notifications.operations import send_mail

NOTICE = timedelta(days=7)
SECURITY_PATH = "/compte/securite"
IS_DEMO = "Un compte de démonstration se partage : il garde son seul mot de passe."


@dataclass(frozen=True, slots=True)
class Factors:
    """The factors of one's own account; ``totp_since`` None: no application."""

    totp_since: datetime | None
    codes_left: int
    passkeys: int

    @property
    def any(self) -> bool:
        """Whether signing in asks for more than the password."""
        return self.totp_since is not None or self.passkeys > 0


def own_factors() -> Factors:
    """Those of who acts."""
    return Factors(**db.execute(text("SELECT * FROM odis.own_factors()")).mappings().one())


def has_factor(minter: Minter, user_id: int) -> bool:
    """Whether signing in as this person asks for a second factor."""
    values = {"who": user_id, "proof": minter.proof(f"has-factor|{user_id}")}
    return bool(db.execute(text("SELECT odis.has_factor(:who, :proof)"), values).scalar_one())


def refuse_demo(identity: Identity) -> None:
    """Accounts that several people share get no factor of one of them. Raises RuleError."""
    if identity.is_demo:
        raise RuleError("", IS_DEMO)


def changed(identity: Identity, summary: str, told: str) -> None:
    """Write a change of one's factors down, and tell the account's own address."""
    record_event(identity, "account:factor", summary=summary)
    send_mail(identity, to=identity.email, template=FACTOR_CHANGED, context={"told": told, "link": SECURITY_PATH})


def require_factor(identity: Identity, *, since: date | None) -> None:
    """Have every member of one's organisation hold a second factor from a day: today, or a week ahead at least. None: no longer. Raises RuleError."""
    today = clock.today()
    if since is not None and since != today and since < today + NOTICE:
        raise RuleError(
            "since", "Laissez à votre équipe sept jours au moins pour se préparer, ou choisissez « dès aujourd’hui »."
        )
    if not db.execute(text("SELECT odis.second_factor_require(:since)"), {"since": since}).scalar_one():
        raise PermissionError("the administration of an organisation decides, in a confirmed session")
    told = f"Second facteur demandé à partir du {since:%d/%m/%Y}" if since else "Second facteur devenu facultatif"
    record_event(identity, "organisation:security", summary=told)


def reset_factors(identity: Identity, *, member: User) -> None:
    """Somebody lost phone and codes: only their password is left, until they add a factor again. Raises RuleError."""
    if member.second_factor_since is None:
        raise RuleError("", f"{member.name} n’a pas de second facteur : rien n’est changé.")
    if not db.execute(text("SELECT odis.member_reset_factors(:who)"), {"who": member.public_id}).scalar_one():
        raise RuleError(
            "",
            f"{member.name} travaille aussi pour une autre organisation : demandez-le à l’administration de la plateforme.",
        )
    record_event(
        identity,
        "account:factor_reset",
        summary=f"Second facteur de {member.name} retiré",
        data={"user": member.public_id},
    )
    send_mail(identity, to=member.email, template=FACTOR_RESET, context={"by": identity.name, "link": SECURITY_PATH})
