"""Mails on their way. What they say and to whom is sealed, and forgotten once they have left."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Identity, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from odis_app.core.db import Base, PublicId
from odis_app.notifications.enums import MailState


class Mail(Base):
    """One mail to one person; ``owner_org_id`` is the organisation of who caused it, none for a visitor or a schedule."""

    __tablename__ = "mails"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    public_id: Mapped[PublicId]
    owner_org_id: Mapped[int | None] = mapped_column(BigInteger)
    template: Mapped[str]
    state: Mapped[str]
    attempts: Mapped[int] = mapped_column(SmallInteger)
    error: Mapped[str]
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    useful_until: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    @property
    def state_label(self) -> str:
        """The French words for its state."""
        return MailState.label_of(self.state)
