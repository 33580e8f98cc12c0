"""Reading mails: their states for who caused them, the outgoing mailbox of a demonstration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, text

from odis_app.core import crypto
from odis_app.core.db import db
from odis_app.notifications.messages import KINDS, MailKind
from odis_app.notifications.models import Mail
from odis_app.notifications.sealing import opened

SHOWN = 100


@dataclass(frozen=True, slots=True)
class Kept:
    """One mail of the demonstration's mailbox."""

    public_id: str
    kind: MailKind
    to: str
    context: dict[str, Any]
    created_at: datetime


def states_of(public_ids: Sequence[str]) -> dict[str, Mail]:
    """The mails of one's own organisation among these, by public id."""
    if not public_ids:
        return {}
    return {m.public_id: m for m in db.execute(select(Mail).where(Mail.public_id.in_(public_ids))).scalars()}


def mailbox() -> list[Kept]:
    """The last hundred mails of a demonstration, the newest first; on any other installation the database gives none."""
    found = []
    for row in db.execute(text("SELECT * FROM odis.mail_mailbox(:most)"), {"most": SHOWN}):
        kind = KINDS.get(row.template)
        try:
            to, context = opened(row.public_id, row.sealed)
        except crypto.UnreadableError:
            continue  # kept under a key that this installation no longer has
        if kind is not None:
            found.append(Kept(row.public_id, kind, to, context, row.created_at))
    return found
