"""Reading one's own account: where one works, and when one signed in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select, text

from odis_app.accounts.operations import Minter
from odis_app.audit.models import AuditEvent
from odis_app.core.db import db
from odis_app.core.identity import Identity
from odis_app.core.permissions import Role

SIGN_INS = 10


@dataclass(frozen=True, slots=True)
class Workplace:
    """An organisation for which one may act today, and as what."""

    id: int
    public_id: str
    name: str
    roles: str
    is_current: bool


def workplaces(minter: Minter, identity: Identity) -> list[Workplace]:
    """The organisations where one has a role today, in the order in which one joined them."""
    statement = text(
        "SELECT o.id, o.public_id, o.name, w.roles FROM odis.auth_organisations(:who, :proof) WITH ORDINALITY AS w (id, roles, rank) "
        "JOIN organisations o ON o.id = w.id ORDER BY w.rank"
    )
    rows = db.execute(statement, {"who": identity.user_id, "proof": minter.proof(f"organisations|{identity.user_id}")})
    return [Workplace(r.id, r.public_id, r.name, role_labels(r.roles), r.id == identity.org_id) for r in rows]


def role_labels(roles: Sequence[str]) -> str:
    """« Travail social, Qualification des offres », in the order of the list of roles."""
    return ", ".join(role.label for role in Role if role.value in roles)


def last_sign_ins(identity: Identity) -> Sequence[AuditEvent]:
    """One's own last sign-ins, the newest first, as the trail has them."""
    statement = select(AuditEvent).where(
        AuditEvent.actor_user_id == identity.user_id, AuditEvent.action == "session:open"
    )
    return db.execute(statement.order_by(AuditEvent.id.desc()).limit(SIGN_INS)).scalars().all()
