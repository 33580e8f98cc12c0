"""Structures: what anyone with a right on the département reads, and apart, where it really is and whom to call there."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Identity, Integer, LargeBinary, SmallInteger, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from odis_app.access.keys import SealedText
from odis_app.core import clock
from odis_app.core.db import Base, PublicId
from odis_app.structures.enums import Building, ClosingReason, Public, StructureFact, StructureKind

POSITIONS = (1, 2, 3)  # contacts, in the order of calling


class HousingCounter(Base):
    """Numbers offers (O), places (P) and structures (S) per organisation and département: P-53-012."""

    __tablename__ = "housing_counters"

    owner_org_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    series: Mapped[str] = mapped_column(primary_key=True)
    department_code: Mapped[str] = mapped_column(primary_key=True)
    last_number: Mapped[int] = mapped_column(Integer)


class Structure(Base):
    """A reception structure. Its key is its record's; a secret one shows its number for name, no commune and no public code."""

    __tablename__ = "structures"

    id: Mapped[int] = mapped_column(BigInteger, ForeignKey("records.id"), primary_key=True)
    owner_org_id: Mapped[int] = mapped_column(BigInteger)
    public_id: Mapped[PublicId]
    number: Mapped[str]
    name: Mapped[str]
    kind: Mapped[str]
    department_code: Mapped[str]
    commune_code: Mapped[str | None]
    location_secret: Mapped[bool] = mapped_column(default=False)
    capacity_authorised: Mapped[int | None] = mapped_column(SmallInteger)
    public: Mapped[str] = mapped_column(default="")
    building: Mapped[str] = mapped_column(default="")
    finess_codes: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    dna_codes: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    opened_on: Mapped[date | None]
    authorised_from: Mapped[date | None]
    authorised_to: Mapped[date | None]
    convention_from: Mapped[date | None]
    convention_to: Mapped[date | None]
    closed_on: Mapped[date | None]
    closing_reason: Mapped[str] = mapped_column(default="")
    version: Mapped[int] = mapped_column(Integer, default=1)
    created_at: Mapped[datetime]

    @property
    def record_id(self) -> int:
        """Its key is its record's."""
        return self.id

    @property
    def kind_label(self) -> str:
        """« CADA »."""
        return StructureKind.label_of(self.kind)

    @property
    def public_label(self) -> str:
        """« Tout public »; empty when not said."""
        return Public.label_of(self.public)

    @property
    def building_label(self) -> str:
        """« Diffus »; empty when not said."""
        return Building.label_of(self.building)

    @property
    def closing_label(self) -> str:
        """« Fin du bail »; empty for one that stays open."""
        return ClosingReason.label_of(self.closing_reason)

    @property
    def is_closed(self) -> bool:
        """From its closing day on."""
        return self.closed_on is not None and self.closed_on <= clock.today()


class StructureAddress(Base):
    """The exact address, and of a secret one the real name and codes: its operator; wide scopes only when the location is not secret."""

    __tablename__ = "structure_addresses"

    structure_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("structures.id"), primary_key=True)
    owner_org_id: Mapped[int] = mapped_column(BigInteger)
    department_code: Mapped[str]
    location_secret: Mapped[bool]
    name_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    commune_code_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    address_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    finess_codes_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    dna_codes_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    name = SealedText("structure_id", "structure_id")
    commune_code = SealedText("structure_id", "structure_id")
    address = SealedText("structure_id", "structure_id")
    finess_codes = SealedText("structure_id", "structure_id")
    dna_codes = SealedText("structure_id", "structure_id")


class StructureContact(Base):
    """Whom to call at a structure, first to third; read by whoever reads its exact address."""

    __tablename__ = "structure_contacts"

    structure_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("structures.id"), primary_key=True)
    owner_org_id: Mapped[int] = mapped_column(BigInteger)
    position: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    public_id: Mapped[PublicId]
    department_code: Mapped[str]
    location_secret: Mapped[bool]
    name_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    role_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    phone_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    email_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    name = SealedText("structure_id", "public_id")
    role = SealedText("structure_id", "public_id")
    phone = SealedText("structure_id", "public_id")
    email = SealedText("structure_id", "public_id")


class StructureEvent(Base):
    """One fact of the life of a structure; never changed. ``data``: figures and days before and after, names of the rest, nothing of where."""

    __tablename__ = "structure_events"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    structure_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("structures.id"))
    owner_org_id: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str]
    version: Mapped[int] = mapped_column(Integer)
    data: Mapped[dict[str, Any]] = mapped_column(JSONB)
    recorded_at: Mapped[datetime]
    author_label: Mapped[str]

    @property
    def kind_label(self) -> str:
        """« Structure modifiée »."""
        return StructureFact.label_of(self.kind)
