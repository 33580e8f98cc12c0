"""Bilans asked for and what came of them (migrations/versions/0010_reports.py says who reads them)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, FetchedValue, ForeignKey, Identity, Integer, LargeBinary
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from odis_app.core import clock
from odis_app.core.db import Base, PublicId
from odis_app.pilotage.period import Period
from odis_app.reports.enums import ReportKind, ReportOutcome


class Report(Base):
    """One bilan. Its files are sealed in the documents' folder; ``figures`` holds its sentences and no person."""

    __tablename__ = "reports"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    public_id: Mapped[PublicId]
    kind: Mapped[str]
    record_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("records.id"))
    passation_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("passations.id"))
    department_code: Mapped[str | None]
    whole_territory: Mapped[bool] = mapped_column(default=False)
    since: Mapped[date]
    until: Mapped[date]
    title: Mapped[str]
    owner_org_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("organisations.id"))
    author_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id"))
    author_label: Mapped[str]
    job_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("jobs.id"))
    outcome: Mapped[str] = mapped_column(default=ReportOutcome.WAITING.value)
    figures: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    faults: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    storage_key: Mapped[str] = mapped_column(default="")
    pdf_size: Mapped[int] = mapped_column(Integer, default=0)
    xlsx_size: Mapped[int] = mapped_column(Integer, default=0)
    pdf_sha256: Mapped[bytes | None] = mapped_column(LargeBinary)
    xlsx_sha256: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]
    generated_at: Mapped[datetime | None]
    expires_at: Mapped[datetime]

    @property
    def period(self) -> Period:
        """The days it tells of."""
        return Period(self.since, self.until)

    @property
    def is_ready(self) -> bool:
        """Its files can be downloaded."""
        return self.outcome == ReportOutcome.READY.value

    @property
    def is_household(self) -> bool:
        """It tells of one file."""
        return self.kind == ReportKind.HOUSEHOLD.value


class ListExport(Base):
    """A list (files, offers, places) that leaves as an encrypted archive: its author's alone, for two days; the archive's password is shown once."""

    __tablename__ = "list_exports"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    public_id: Mapped[PublicId]
    owner_org_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("organisations.id"))
    author_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id"))
    author_label: Mapped[str]
    kind: Mapped[str]
    filters_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    password_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    lines: Mapped[int] = mapped_column(Integer)
    lines_48h: Mapped[int] = mapped_column(Integer, server_default=FetchedValue())
    job_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("jobs.id"))
    outcome: Mapped[str] = mapped_column(default=ReportOutcome.WAITING.value)
    storage_key: Mapped[str] = mapped_column(default="")
    size: Mapped[int] = mapped_column(Integer, default=0)
    created_at: Mapped[datetime]
    generated_at: Mapped[datetime | None]
    expires_at: Mapped[datetime]

    @property
    def is_ready(self) -> bool:
        """The archive is there."""
        return self.outcome == ReportOutcome.READY.value

    @property
    def is_expired(self) -> bool:
        """Its two days are over: nothing of it may be had any more, even before the purge passes."""
        return self.expires_at <= clock.now()
