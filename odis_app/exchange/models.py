"""Imports, their lines, and what an organisation's earlier files are known by. People's data are sealed, and go with the draft."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Identity, LargeBinary, SmallInteger
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, deferred, mapped_column
from sqlalchemy.sql import func

from odis_app.core.crypto import place, seal, unseal
from odis_app.core.db import Base, PublicId
from odis_app.exchange.enums import ImportState


class Import(Base):
    """One file on its way in. ``about`` (sealed) has its name, sheets, headers and notes; ``mapping`` only keys of columns.

    ``source`` is the sealed file, kept only while another of its sheets may still be chosen.
    """

    __tablename__ = "imports"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    public_id: Mapped[PublicId]
    owner_org_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("organisations.id"))
    author_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id"))
    author_label: Mapped[str]
    kind: Mapped[str]
    state: Mapped[str] = mapped_column(default=ImportState.DRAFT.value)
    about_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    source_sealed: Mapped[bytes | None] = deferred(mapped_column(LargeBinary))
    headers_fingerprint: Mapped[str]
    mapping: Mapped[list[str | None]] = mapped_column(JSONB)
    lines: Mapped[int]
    creates: Mapped[int] = mapped_column(default=0)
    updates: Mapped[int] = mapped_column(default=0)
    unchanged: Mapped[int] = mapped_column(default=0)
    errors: Mapped[int] = mapped_column(default=0)
    warnings: Mapped[int] = mapped_column(default=0)
    aside: Mapped[int] = mapped_column(default=0)
    kept: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    checked_at: Mapped[datetime | None]
    expires_at: Mapped[datetime]
    commit_event_id: Mapped[int | None] = mapped_column(BigInteger)
    committed_at: Mapped[datetime | None]
    undone_at: Mapped[datetime | None]
    job_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("jobs.id"))

    @property
    def about(self) -> dict[str, Any]:
        """``filename``, ``sheet``, ``sheets``, ``headers``, ``header_row``, ``notes``."""
        found: dict[str, Any] = json.loads(unseal(self.about_sealed, place("imports", "about_sealed", self.public_id)))
        return found

    def describe(self, about: dict[str, Any]) -> None:
        """Seal what the file is. The public id must be set."""
        self.about_sealed = seal(json.dumps(about), place("imports", "about_sealed", self.public_id))

    @property
    def status(self) -> ImportState:
        """The state, as an enumeration."""
        return ImportState(self.state)

    @property
    def to_write(self) -> int:
        """Lines that recording would create or update."""
        return self.creates + self.updates


class ImportRow(Base):
    """One line of a file. While it is a draft: its cells and findings, sealed. Once recorded: the record, and how to undo."""

    __tablename__ = "import_rows"

    import_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    owner_org_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    cells_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    findings_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    action: Mapped[str | None]
    errors: Mapped[int] = mapped_column(SmallInteger, default=0)
    warnings: Mapped[int] = mapped_column(SmallInteger, default=0)
    is_aside: Mapped[bool] = mapped_column(default=False)
    record_id: Mapped[int | None] = mapped_column(BigInteger)
    undo_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)


class ImportKey(Base):
    """What a record was called in the organisation's files (``key``) and what the last file said of it (``content``): fingerprints only."""

    __tablename__ = "import_keys"

    owner_org_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("organisations.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)
    record_id: Mapped[int] = mapped_column(BigInteger)


class ImportMapping(Base):
    """The columns chosen last time for files with these headers."""

    __tablename__ = "import_mappings"

    owner_org_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("organisations.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    headers_fingerprint: Mapped[str] = mapped_column(primary_key=True)
    mapping: Mapped[list[str | None]] = mapped_column(JSONB)
    saved_at: Mapped[datetime] = mapped_column(server_default=func.now())
