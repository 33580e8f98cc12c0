"""Many rows in one statement, as an import writes them: by the same role, under the same walls and constraints as one by one."""

from __future__ import annotations

import json
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, Table, Text, cast, func, insert, literal, literal_column, select, text
from sqlalchemy import Row as SqlRow

from odis_app.access import keys
from odis_app.access.models import Record, RecordKey
from odis_app.core.db import Base, current_unit, db
from odis_app.core.identity import Identity

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Event:
    """One event of the trail to append: as ``audit.operations.record_event`` takes it."""

    action: str
    record_id: int
    summary: str
    data: Mapping[str, Any] = field(default_factory=dict)
    sensitivity: int = 0


def insert_rows(model: type[Base], rows: Sequence[Values], *, returning: Sequence[str] = ()) -> Sequence[SqlRow[Any]]:
    """Insert ``rows`` (column → value) in one statement; answers the ``returning`` columns, in no promised order.

    A column that a row does not give has the model's default, else is empty; one that no row gives has the database's own.
    The rows travel as one JSON text, which the database reads by the types of the table itself: COPY knows no row security.
    """
    table = model.__table__
    if not rows or not isinstance(table, Table):
        return []
    defaults = {c.name: c.default for c in table.columns if c.default is not None}
    wanted = set(defaults).union(*rows)
    names = [column.name for column in table.columns if column.name in wanted]
    filled = [row if row.keys() == wanted else _filled(row, names, defaults) for row in rows]
    payload = literal(json.dumps(filled, default=_plain, ensure_ascii=False, separators=(",", ":")), Text())
    source = func.json_populate_recordset(literal_column(f"NULL::{table.name}"), cast(payload, JSON)).table_valued(
        *names
    )
    statement = insert(table).from_select(names, select(*(source.c[name] for name in names)), include_defaults=False)
    if not returning:
        db.execute(statement)
        return []
    return db.execute(statement.returning(*(table.c[name] for name in returning))).all()


def _filled(row: Values, names: Sequence[str], defaults: Mapping[str, Any]) -> Values:
    return {name: row[name] if name in row else _default(defaults.get(name)) for name in names}


def _default(default: Any) -> Any:
    if default is None:
        return None
    return default.arg(None) if default.is_callable else default.arg


def _plain(value: object) -> str:
    """The text that PostgreSQL reads back as the same value."""
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"no row holds a {type(value).__name__}")


def create_records(identity: Identity, kind: str, homes: Sequence[tuple[str, int]]) -> list[int]:
    """The ids of new records of ``kind``, one per (département, dispositif), in order: as ``access.operations.create_record``."""
    org_id = identity.require_org()
    rows = [
        {"kind": kind, "owner_org_id": org_id, "department_code": code, "dispositif_id": dispositif}
        for code, dispositif in homes
    ]
    free: dict[tuple[str, int], deque[int]] = defaultdict(deque)
    written = sorted(map(tuple, insert_rows(Record, rows, returning=("id", "department_code", "dispositif_id"))))
    for record_id, code, dispositif in written:
        free[code, dispositif].append(record_id)
    insert_rows(RecordKey, keys.create([record_id for record_id, _code, _dispositif in written], org_id))
    return [free[home].popleft() for home in homes]


def append_events(events: Sequence[Event]) -> None:
    """Append the events to the trail, in order; the database itself says who acts.

    Raises PermissionError when one names a record that who acts never could see.
    """
    if not events:
        return
    written = db.execute(
        text(
            "SELECT odis.audit_append_many(CAST(:actions AS text[]), CAST(:records AS bigint[]), CAST(:classes AS smallint[]), "
            "CAST(:summaries AS text[]), CAST(:data AS jsonb[]), :request)"
        ),
        {
            "actions": [event.action for event in events],
            "records": [event.record_id for event in events],
            "classes": [event.sensitivity for event in events],
            "summaries": [event.summary for event in events],
            "data": [json.dumps(event.data) for event in events],
            "request": current_unit().request_id,
        },
    ).scalar_one()
    if written != len(events):
        raise PermissionError("these records may not be named in the trail by who acts")
