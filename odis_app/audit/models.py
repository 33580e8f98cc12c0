"""The append-only trail."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Identity, LargeBinary, SmallInteger, Text, func
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from odis_app.core.db import Base


class AuditEvent(Base):
    """One read of a record, one write, one sign-in. Written by ``odis.audit_append`` only; never changed."""

    __tablename__ = "audit_events"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    at: Mapped[datetime]
    action: Mapped[str]
    actor_kind: Mapped[str]
    actor_user_id: Mapped[int | None] = mapped_column(BigInteger)
    actor_org_id: Mapped[int | None] = mapped_column(BigInteger)
    actor_roles: Mapped[list[str]] = mapped_column(ARRAY(Text))
    actor_label: Mapped[str]
    org_label: Mapped[str]
    record_id: Mapped[int | None] = mapped_column(BigInteger)
    record_owner_org_id: Mapped[int | None] = mapped_column(BigInteger)
    sensitivity: Mapped[int] = mapped_column(SmallInteger)
    purpose: Mapped[str]
    summary: Mapped[str]
    data: Mapped[dict[str, Any]] = mapped_column(JSONB)
    request_id: Mapped[str]


class AuditSegment(Base):
    """The end of the oldest events of a chain, which are gone: what the next one follows, signed. Never changed."""

    __tablename__ = "audit_segments"

    position: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    chain: Mapped[int] = mapped_column(BigInteger)
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    events: Mapped[int] = mapped_column(BigInteger)
    ended_at: Mapped[datetime] = mapped_column(server_default=func.now())
    proof: Mapped[bytes] = mapped_column(LargeBinary)


class AuditSeal(Base):
    """The link of one event in the chain of its organisation (``chain``: the actor's, 0 when there is none). Never changed."""

    __tablename__ = "audit_seals"

    position: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    event_id: Mapped[int] = mapped_column(BigInteger)
    chain: Mapped[int] = mapped_column(BigInteger)
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
