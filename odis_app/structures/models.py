"""Structures: what anyone with a right on the département reads, and apart, where it really is."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Integer, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from odis_app.access.keys import SealedText
from odis_app.core.db import Base, PublicId
from odis_app.structures.enums import StructureKind


class HousingCounter(Base):
    """Numbers offers (O), places (P) and structures (S) per organisation and département: P-53-012."""

    __tablename__ = "housing_counters"

    owner_org_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    series: Mapped[str] = mapped_column(primary_key=True)
    department_code: Mapped[str] = mapped_column(primary_key=True)
    last_number: Mapped[int] = mapped_column(Integer)


class Structure(Base):
    """A reception structure. Its key is its record's; a secret one shows its number for name, and no commune."""

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
    created_at: Mapped[datetime]

    @property
    def record_id(self) -> int:
        """Its key is its record's."""
        return self.id

    @property
    def kind_label(self) -> str:
        """« CADA »."""
        return StructureKind.label_of(self.kind)


class StructureAddress(Base):
    """The exact address, and the real name of a secret one: its operator; wide scopes only when the location is not secret."""

    __tablename__ = "structure_addresses"

    structure_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("structures.id"), primary_key=True)
    owner_org_id: Mapped[int] = mapped_column(BigInteger)
    department_code: Mapped[str]
    location_secret: Mapped[bool]
    name_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    commune_code_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    address_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    name = SealedText("structure_id", "structure_id")
    commune_code = SealedText("structure_id", "structure_id")
    address = SealedText("structure_id", "structure_id")
