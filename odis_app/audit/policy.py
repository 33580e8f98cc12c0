"""Who reads the trail: oneself, and for an organisation who answers for it."""

from __future__ import annotations

from sqlalchemy import Select, select

from odis_app.audit.models import AuditEvent
from odis_app.core.identity import Identity
from odis_app.core.permissions import EVERYONE, Role, permission

TRAIL_OWN = permission("audit:read_own", "Lire le journal de ses propres accès", roles=EVERYONE)
TRAIL_ORGANISATION = permission(
    "audit:read_organisation",
    "Lire le journal des accès de son organisation",
    roles={Role.COORDINATEUR, Role.ADMIN_ORGANISATION},
)
UNTOLD_FROM = 3  # the very existence of a class-3 act is protected


def visible_own_events(identity: Identity) -> Select[AuditEvent]:
    """What I did, for whichever organisation."""
    return select(AuditEvent).where(AuditEvent.actor_user_id == identity.user_id)


def visible_organisation_events(identity: Identity) -> Select[AuditEvent]:
    """What my organisation's people did; acts of class 3 and above are left out."""
    return select(AuditEvent).where(AuditEvent.actor_org_id == identity.org_id, AuditEvent.sensitivity < UNTOLD_FROM)
