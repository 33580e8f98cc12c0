"""What happened to a file: facts, changes, its stage for the State, who it was entrusted to."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Identity, Integer, LargeBinary, SmallInteger
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from odis_app.access import keys
from odis_app.core.crypto import place, unseal
from odis_app.core.db import Base, PublicId
from odis_app.households.enums import (
    HouseholdStatus,
)


class HouseholdFact(Base):
    """A fact from which the stage is computed; never changed."""

    __tablename__ = "household_facts"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    household_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("households.id"))
    owner_org_id: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str]
    happened_on: Mapped[date]
    subject: Mapped[str] = mapped_column(default="")
    data: Mapped[dict[str, Any]] = mapped_column(JSONB)


class HouseholdChange(Base):
    """One saved form: which fields changed, from what to what (sealed values are told as changed, never shown)."""

    __tablename__ = "household_changes"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    household_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("households.id"))
    owner_org_id: Mapped[int] = mapped_column(BigInteger)
    section: Mapped[str]
    version: Mapped[int] = mapped_column(Integer)
    sensitivity: Mapped[int] = mapped_column(SmallInteger)
    changes_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    author_label: Mapped[str]
    author_org_label: Mapped[str]
    at: Mapped[datetime] = mapped_column(server_default="now()")

    @property
    def changes(self) -> list[dict[str, Any]]:
        """``field``, ``label``, ``old`` and ``new`` of each field, in clear."""
        where = changes_place(self.household_id, self.version, self.section)
        found: list[dict[str, Any]] = json.loads(keys.unseal(self.household_id, self.changes_sealed, where))
        return found


def changes_place(household_id: int, version: int, section: str) -> str:
    """Where the changes of a saved form are sealed."""
    return place("household_changes", "changes_sealed", f"{household_id}.{version}.{section}")


class HouseholdTracking(Base):
    """What the State steers by: number, stage, delays, size. No name, no need."""

    __tablename__ = "household_tracking"

    record_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("households.id"), primary_key=True)
    owner_org_id: Mapped[int] = mapped_column(BigInteger)
    public_id: Mapped[str]
    number: Mapped[str]
    department_code: Mapped[str]
    dispositif_id: Mapped[int] = mapped_column(BigInteger)
    size: Mapped[int] = mapped_column(SmallInteger)
    seniority_date: Mapped[date]
    status: Mapped[str]
    status_since: Mapped[date]
    first_proposed_on: Mapped[date | None]
    entered_on: Mapped[date | None]
    exited_on: Mapped[date | None]
    signalled_at: Mapped[datetime | None]

    @property
    def status_label(self) -> str:
        """« À orienter »."""
        return HouseholdStatus.label_of(self.status)


class Assignment(Base):
    """A file entrusted to somebody of the organisation, with a word from who did it; read by that organisation alone, even once the file has left."""

    __tablename__ = "assignments"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    public_id: Mapped[PublicId]
    household_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("households.id"))
    owner_org_id: Mapped[int] = mapped_column(BigInteger)
    by_org_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("organisations.id"))
    by_user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id"))
    by_label: Mapped[str]
    from_label: Mapped[str]
    to_user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id"))
    to_label: Mapped[str]
    word_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    at: Mapped[datetime]

    @property
    def word(self) -> str:
        """The word that came with it, unsealed."""
        return (
            unseal(self.word_sealed, place("assignments", "word", self.public_id)).decode() if self.word_sealed else ""
        )
