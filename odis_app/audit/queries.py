"""Reading the trail; the row wall decides which events a person may see."""

from __future__ import annotations

from sqlalchemy import Select, func, select

from odis_app.audit.models import AuditEvent
from odis_app.core.db import db


def events_of_record(record_id: int, *, reads_only: bool = False, max_class: int = 2) -> Select[AuditEvent]:
    """The events of one record, newest first. Reads above ``max_class`` are left out: their very existence is protected."""
    statement = select(AuditEvent).where(AuditEvent.record_id == record_id, AuditEvent.sensitivity <= max_class)
    if reads_only:
        statement = statement.where(AuditEvent.action.like("%:read"))
    return statement.order_by(AuditEvent.id.desc())


def read_counts(record_id: int, *, days: int = 30) -> tuple[int, int]:
    """(reads, distinct readers) of a record over the last ``days`` days, class 3 and above left out."""
    row = db.execute(
        select(func.count(), func.count(func.distinct(AuditEvent.actor_user_id))).where(
            AuditEvent.record_id == record_id,
            AuditEvent.action.like("%:read"),
            AuditEvent.sensitivity <= 2,
            AuditEvent.at > func.now() - func.make_interval(0, 0, 0, days),
        )
    ).one()
    return int(row[0]), int(row[1])
