"""Writing in the trail."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import text

from odis_app.core.db import current_unit, db
from odis_app.core.identity import Identity


def record_event(
    identity: Identity,
    action: str,
    *,
    record_id: int | None = None,
    sensitivity: int = 0,
    purpose: str = "",
    summary: str = "",
    data: dict[str, Any] | None = None,
) -> int:
    """Append one event to the trail, in the current transaction; the database itself says who acts.

    ``identity`` is not trusted for that: it is there so that no operation forgets that somebody acts.
    ``action`` is ``resource:verb``; ``data`` holds ids and field names, never a person's data. Returns the event's id.
    Raises PermissionError for a record that the identity never could see.
    """
    del identity
    unit = current_unit()
    parameters = {
        "action": action,
        "record": record_id,
        "class": sensitivity,
        "purpose": purpose,
        "summary": summary,
        "data": json.dumps(data or {}),
        "request": unit.request_id,
    }
    statement = text(
        "SELECT odis.audit_append(:action, :record, :class, :purpose, :summary, CAST(:data AS jsonb), :request)"
    )
    event = db.execute(statement, parameters).scalar_one_or_none()
    if event is None:
        raise PermissionError("this record may not be named in the trail by who acts")
    unit.audited = True
    return int(event)
