"""Closing one's sessions from another browser."""

from __future__ import annotations

from sqlalchemy import text

from odis_app.audit.operations import record_event
from odis_app.core.db import db
from odis_app.core.identity import Identity


def close_own_session(identity: Identity, *, public_id: str) -> bool:
    """End another of one's sessions, at once; False when it is not one of them, or has ended."""
    closed = bool(db.execute(text("SELECT odis.close_own_session(:wanted)"), {"wanted": public_id}).scalar_one())
    if closed:
        record_event(identity, "session:revoke", summary="Session fermée depuis un autre navigateur")
    return closed


def close_other_sessions(identity: Identity) -> int:
    """End all one's sessions but the present one; how many."""
    closed = int(db.execute(text("SELECT odis.close_other_sessions()")).scalar_one())
    record_event(identity, "session:revoke", summary="Autres sessions fermées", data={"closed": closed})
    return closed
