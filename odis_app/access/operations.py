"""Opening and closing records."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, update

from odis_app.access.enums import ShareLevel, SharePurpose
from odis_app.access.models import Grant, Record
from odis_app.audit.operations import record_event
from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.core.identity import Identity

DEFAULT_DAYS = 30
LONGEST_DAYS = 366


def create_record(identity: Identity, *, kind: str, department_code: str, dispositif_id: int | None = None) -> Record:
    """The record of something new, owned by the identity's organisation; flushed, so that its id is known."""
    record = Record(
        kind=kind, owner_org_id=identity.require_org(), department_code=department_code, dispositif_id=dispositif_id
    )
    db.add(record)
    db.flush()
    return record


def share_record(
    identity: Identity,
    *,
    record_id: int,
    owner_org_id: int,
    grantee_org_id: int,
    level: ShareLevel,
    purpose: SharePurpose,
    expires_at: datetime | None = None,
    motive: str = "",
    max_class: int = 1,
    can_edit: bool = False,
) -> Grant:
    """Open a record to another organisation; an active share for the same purpose is replaced. Raises RuleError."""
    now = clock.now()
    expires_at = expires_at or now + timedelta(days=DEFAULT_DAYS)
    if grantee_org_id == owner_org_id:
        raise RuleError("organisation", "Votre organisation lit déjà ce dossier. Choisissez une autre organisation.")
    if not now < expires_at <= now + timedelta(days=LONGEST_DAYS):
        raise RuleError("expires_on", "La fin du partage doit être à venir, dans un an au plus.")
    _revoke(
        identity, Grant.record_id == record_id, Grant.grantee_org_id == grantee_org_id, Grant.purpose == purpose.value
    )
    grant = Grant(
        record_id=record_id, owner_org_id=owner_org_id, grantee_org_id=grantee_org_id, level=level.value, purpose=purpose.value,
        expires_at=expires_at, granted_at=now, motive=motive, max_class=max_class, can_edit=can_edit, granted_by_id=identity.user_id,
    )  # fmt: skip
    db.add(grant)
    db.flush()
    record_event(
        identity, "record:share", record_id=record_id, purpose=purpose.value, summary=f"Partage {level.label.lower()} accordé",
        data={"grantee_org_id": grantee_org_id, "level": level.value, "expires_at": expires_at.isoformat(), "max_class": max_class},
    )  # fmt: skip
    return grant


def revoke_share(identity: Identity, *, grant: Grant) -> None:
    """Close one share at once."""
    if _revoke(identity, Grant.id == grant.id):
        record_event(identity, "record:unshare", record_id=grant.record_id, purpose=grant.purpose, summary="Partage retiré",
                     data={"grantee_org_id": grant.grantee_org_id})  # fmt: skip


def _revoke(identity: Identity, *conditions: object) -> int:
    statement = update(Grant).where(Grant.revoked_at.is_(None), *conditions)  # type: ignore[arg-type]
    result = db.execute(statement.values(revoked_at=func.now(), revoked_by_id=identity.user_id))
    return int(result.rowcount)  # type: ignore[attr-defined]
