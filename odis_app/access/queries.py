"""Reading shares; the row wall shows a grant to the organisation that gave it and to the one that received it."""

from __future__ import annotations

from sqlalchemy import func, select, text

from odis_app.access.models import Grant
from odis_app.core.db import asked_once, db
from odis_app.core.identity import Identity


def active_grants(record_id: int) -> list[Grant]:
    """The shares of a record that stand now, newest first."""
    statement = select(Grant).where(
        Grant.record_id == record_id, Grant.revoked_at.is_(None), Grant.expires_at > func.now()
    )
    return list(db.execute(statement.order_by(Grant.granted_at.desc())).scalars())


def grant(public_id: str) -> Grant | None:
    """The share at this address, whatever its state."""
    return db.execute(select(Grant).where(Grant.public_id == public_id)).scalar_one_or_none()


def received_grants(identity: Identity, record_id: int) -> list[Grant]:
    """The active shares through which the identity's organisation reads a record that it does not own."""
    return [g for g in active_grants(record_id) if g.grantee_org_id == identity.org_id]


@asked_once
def class2_is_open() -> bool:
    """Whether this installation collects class 2 at all (HDS hosting recorded by an administrator)."""
    return bool(db.execute(text("SELECT odis.class2_is_open()")).scalar_one())
