"""Reading one's own account: where one works, when one signed in, and where one still is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select, text

from odis_app.accounts.devices import device_label
from odis_app.audit.models import AuditEvent
from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.identity import Identity
from odis_app.core.permissions import Role

if TYPE_CHECKING:  # reads stand below operations
    from odis_app.accounts.operations import Minter

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


@dataclass(frozen=True, slots=True)
class Passkey:
    """One passkey of one's own account."""

    public_id: str
    name: str
    credential_id: bytes
    transports: tuple[str, ...]
    created_at: datetime
    last_used_at: datetime | None


def own_passkeys() -> list[Passkey]:
    """Those of who acts, the oldest first."""
    rows = db.execute(text("SELECT * FROM odis.own_passkeys()")).mappings()
    return [Passkey(**{**row, "transports": tuple(row["transports"])}) for row in rows]


@dataclass(frozen=True, slots=True)
class OwnSession:
    """One open session: ``device`` as people say it, ``place`` the network that it was opened from, ``ends_at`` when nothing more is done there, ``absolute_until`` whatever is done."""

    public_id: str
    device: str
    place: str
    organisation: str
    created_at: datetime
    last_seen_at: datetime
    ends_at: datetime
    absolute_until: datetime
    is_current: bool


def own_sessions(identity: Identity) -> list[OwnSession]:
    """The present one first, then the latest used."""
    del identity  # the database knows whose session this is
    found = [_session(**row) for row in db.execute(text("SELECT * FROM odis.own_sessions()")).mappings()]
    return sorted(found, key=lambda one: not one.is_current)


def _session(
    *, public_id: str, device: str, organisation: str, created_at: datetime, last_seen_at: datetime,
    idle: timedelta, absolute_until: datetime, is_current: bool,
) -> OwnSession:  # fmt: skip
    browser, _, place = device.partition("\n")
    seen = clock.now() if is_current else last_seen_at
    ends_at = min(seen + idle, absolute_until)
    return OwnSession(
        public_id, device_label(browser), place, organisation, created_at, seen, ends_at, absolute_until, is_current
    )
