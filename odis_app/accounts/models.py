"""People who sign in. Their password hash lives in schema ``private``, out of the application's reach."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Identity
from sqlalchemy.orm import Mapped, mapped_column

from odis_app.core.db import Base, PublicId


class User(Base):
    """One person, whatever the number of organisations they work for."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    public_id: Mapped[PublicId]
    email: Mapped[str]
    first_name: Mapped[str]
    last_name: Mapped[str]
    is_demo: Mapped[bool] = mapped_column(default=False)
    charter_version: Mapped[str] = mapped_column(default="")
    second_factor_since: Mapped[datetime | None]
    created_at: Mapped[datetime | None]
    deactivated_at: Mapped[datetime | None]

    @property
    def name(self) -> str:
        """« Camille Fictive »."""
        return f"{self.first_name} {self.last_name}"

    @property
    def short_name(self) -> str:
        """« Camille F. », for dense tables."""
        return f"{self.first_name} {self.last_name[:1]}."
