"""The shared journal. What people write is sealed; who wrote, when and for whom is not."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Identity, Integer, LargeBinary
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql import func
from sqlalchemy.types import Text

from odis_app.access import keys
from odis_app.core.crypto import place
from odis_app.core.db import Base, PublicId


class JournalEntry(Base):
    """One entry on a record: a note that someone wrote, or what the file itself tells."""

    __tablename__ = "journal_entries"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    public_id: Mapped[PublicId]
    record_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("records.id"))
    owner_org_id: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str]
    audience: Mapped[str]
    author_user_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    author_org_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("organisations.id"))
    author_label: Mapped[str]
    org_label: Mapped[str]
    body_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    medium: Mapped[str | None]
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    happened_at: Mapped[datetime]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    edited_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(Integer, default=1)
    moderated_at: Mapped[datetime | None]
    moderated_by_label: Mapped[str | None]
    moderation_reason_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)

    @property
    def body(self) -> str:
        """The text, in clear; empty once moderated."""
        return keys.unseal(self.record_id, self.body_sealed, body_place(self.public_id)).decode()

    @property
    def moderation_reason(self) -> str:
        """Why the text was hidden; empty when it was not."""
        if self.moderation_reason_sealed is None:
            return ""
        return keys.unseal(self.record_id, self.moderation_reason_sealed, reason_place(self.public_id)).decode()


class JournalReader(Base):
    """A person chosen to read an entry."""

    __tablename__ = "journal_readers"

    entry_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("journal_entries.id"), primary_key=True)
    record_id: Mapped[int] = mapped_column(BigInteger)
    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id"), primary_key=True)
    label: Mapped[str]


class JournalAttachment(Base):
    """A document attached to an entry; the document has its own wall."""

    __tablename__ = "journal_attachments"

    entry_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("journal_entries.id"), primary_key=True)
    record_id: Mapped[int] = mapped_column(BigInteger)
    document_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("documents.id"), primary_key=True)


class JournalRevision(Base):
    """What an entry said before an edit or a moderation."""

    __tablename__ = "journal_revisions"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    entry_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("journal_entries.id"))
    record_id: Mapped[int] = mapped_column(BigInteger)
    owner_org_id: Mapped[int] = mapped_column(BigInteger)
    author_org_id: Mapped[int] = mapped_column(BigInteger)
    version: Mapped[int] = mapped_column(Integer)
    body_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    replaced_at: Mapped[datetime] = mapped_column(server_default=func.now())
    replaced_by_label: Mapped[str]

    def body_for(self, entry: JournalEntry) -> str:
        """The text it had, in clear; ``entry`` is the one it belongs to."""
        return keys.unseal(self.record_id, self.body_sealed, revision_place(entry.public_id, self.version)).decode()


def body_place(public_id: str) -> str:
    """Where the text of an entry is sealed."""
    return place("journal_entries", "body_sealed", public_id)


def reason_place(public_id: str) -> str:
    """Where the reason of a moderation is sealed."""
    return place("journal_entries", "moderation_reason_sealed", public_id)


def revision_place(public_id: str, version: int) -> str:
    """Where a former text is sealed."""
    return place("journal_revisions", "body_sealed", f"{public_id}/{version}")
