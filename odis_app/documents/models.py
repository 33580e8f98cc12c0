"""Files hung on a record; their bytes are sealed in the store, their names in the row."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Identity, LargeBinary, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql import func

from odis_app.access import keys
from odis_app.core.crypto import place
from odis_app.core.db import Base, PublicId
from odis_app.documents.enums import DocumentState, MediaType


class Document(Base):
    """One file. ``sha256`` is that of the sealed bytes: it checks the store and tells nothing of the content."""

    __tablename__ = "documents"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    public_id: Mapped[PublicId]
    record_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("records.id"))
    owner_org_id: Mapped[int] = mapped_column(BigInteger)
    uploaded_org_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("organisations.id"))
    uploaded_by_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id"))
    uploaded_by_label: Mapped[str]
    org_label: Mapped[str]
    name_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    media_type: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    storage_key: Mapped[str]
    sensitivity: Mapped[int] = mapped_column(SmallInteger, default=1)
    audience: Mapped[str]
    state: Mapped[str] = mapped_column(default=DocumentState.QUARANTINE.value)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    deleted_at: Mapped[datetime | None]

    @property
    def name(self) -> str:
        """The name it was given, in clear."""
        return keys.unseal(self.record_id, self.name_sealed, place("documents", "name_sealed", self.public_id)).decode()

    @property
    def kind_label(self) -> str:
        """« PDF », « image JPEG »."""
        return MediaType.label_of(self.media_type)

    @property
    def is_clean(self) -> bool:
        """May be downloaded."""
        return self.state == DocumentState.CLEAN.value

    @property
    def state_label(self) -> str:
        """« En attente d’analyse »."""
        return DocumentState.label_of(self.state)
