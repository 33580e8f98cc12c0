"""The spine: what people share is a record; a grant opens it to another organisation."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Identity, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from odis_app.core.db import Base, PublicId


class Record(Base):
    """A household, structure, offer or site, as far as rights go. Its key is theirs."""

    __tablename__ = "records"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    kind: Mapped[str]
    owner_org_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("organisations.id"))
    department_code: Mapped[str]
    dispositif_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("dispositifs.id"))


class Grant(Base):
    """One organisation opens one record to another, for a purpose and until a date."""

    __tablename__ = "grants"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    public_id: Mapped[PublicId]
    record_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("records.id"))
    owner_org_id: Mapped[int] = mapped_column(BigInteger)
    grantee_org_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("organisations.id"))
    level: Mapped[str]
    max_class: Mapped[int] = mapped_column(SmallInteger, default=1)
    purpose: Mapped[str]
    motive: Mapped[str] = mapped_column(default="")
    can_edit: Mapped[bool] = mapped_column(default=False)
    granted_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    granted_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    revoked_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
