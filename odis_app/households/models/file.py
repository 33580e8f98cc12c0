"""The file itself: what a minimal share shows, its identity and its papers."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, ForeignKey, Integer, LargeBinary, SmallInteger
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from odis_app.access.keys import SealedText
from odis_app.core.db import Base, PublicId
from odis_app.households.enums import (
    ArrivalRoute,
    AsylumProcedure,
    HouseholdStatus,
    HousingRight,
    Priority,
    SiaoState,
)


class Child:
    """What every block of a file carries: the household and its owner."""

    household_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("households.id"), primary_key=True, sort_order=-2)
    owner_org_id: Mapped[int] = mapped_column(BigInteger, sort_order=-1)


class HouseholdCounter(Base):
    """Numbers files per organisation and département: M-44-0915."""

    __tablename__ = "household_counters"

    owner_org_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    department_code: Mapped[str] = mapped_column(primary_key=True)
    last_number: Mapped[int] = mapped_column(Integer)


class Household(Base):
    """What a minimal share shows: number, initials, size, département, referent, stage. Its key is its record's."""

    __tablename__ = "households"

    id: Mapped[int] = mapped_column(BigInteger, ForeignKey("records.id"), primary_key=True)
    owner_org_id: Mapped[int] = mapped_column(BigInteger)
    public_id: Mapped[PublicId]
    number: Mapped[str]
    department_code: Mapped[str]
    dispositif_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("dispositifs.id"))
    initials: Mapped[str]
    composition_kind: Mapped[str]
    size: Mapped[int] = mapped_column(SmallInteger)
    adults: Mapped[int] = mapped_column(SmallInteger)
    minors: Mapped[int] = mapped_column(SmallInteger)
    minors_under_2: Mapped[int] = mapped_column(SmallInteger, default=0)
    boys_12_plus: Mapped[int] = mapped_column(SmallInteger, default=0)
    girls_12_plus: Mapped[int] = mapped_column(SmallInteger, default=0)
    couples: Mapped[int] = mapped_column(SmallInteger, default=0)
    priority: Mapped[int] = mapped_column(SmallInteger, default=0)
    seniority_date: Mapped[date]
    referent_user_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    referent_label: Mapped[str] = mapped_column(default="")
    status: Mapped[str] = mapped_column(default=HouseholdStatus.BROUILLON.value)
    status_reason: Mapped[str] = mapped_column(default="")
    status_since: Mapped[date]
    reviewed_at: Mapped[datetime]
    reviewed_by_label: Mapped[str] = mapped_column(default="")
    version: Mapped[int] = mapped_column(Integer, default=1)
    created_at: Mapped[datetime]

    @property
    def record_id(self) -> int:
        """Its key is its record's: the trail and the journal hang there."""
        return self.id

    @property
    def status_label(self) -> str:
        """« À orienter »."""
        return HouseholdStatus.label_of(self.status)

    @property
    def priority_label(self) -> str:
        """« Fin de prise en charge »."""
        return Priority.label_of(str(self.priority))


class HouseholdIdentity(Child, Base):
    """Class 1: the name, how to reach the household, where it lives for now (sealed)."""

    __tablename__ = "household_identities"

    name: Mapped[str]
    folded: Mapped[str]
    phone_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    phone_index: Mapped[bytes | None] = mapped_column(LargeBinary)
    languages: Mapped[list[str]] = mapped_column(ARRAY(Text))
    accommodation_mode: Mapped[str | None]
    accommodation_note_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    accommodation_note = SealedText("household_id", "household_id")


class HouseholdAdministrative(Child, Base):
    """Class 1: protection status and papers; identifiers and the address of the domiciliation are sealed."""

    __tablename__ = "household_administrative"

    protection_status: Mapped[str] = mapped_column(default="non_renseigne")
    procedure: Mapped[str | None]
    title_kind: Mapped[str | None]
    title_valid_until: Mapped[date | None]
    decision_date: Mapped[date | None]
    arrived_on: Mapped[date | None]
    arrival_route: Mapped[str | None]
    cir_signed_on: Mapped[date | None]
    agdref_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    agdref_index: Mapped[bytes | None] = mapped_column(LargeBinary)
    ofii_number_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    si_siao_number_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    si_siao_number = SealedText("household_id", "household_id")
    si_siao_state: Mapped[str | None]
    si_siao_on: Mapped[date | None]
    si_siao_asked_on: Mapped[date | None]
    domiciliation_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    domiciliation = SealedText("household_id", "household_id")
    housing_right: Mapped[str | None]
    housing_right_on: Mapped[date | None]

    @property
    def procedure_label(self) -> str:
        """« Accélérée »."""
        return AsylumProcedure.label_of(self.procedure)

    @property
    def si_siao_label(self) -> str:
        """« Transmise au SIAO »."""
        return SiaoState.label_of(self.si_siao_state)

    @property
    def housing_right_label(self) -> str:
        """« Reconnu prioritaire DALO »."""
        return HousingRight.label_of(self.housing_right)

    @property
    def route_label(self) -> str:
        """« Réinstallation »."""
        return ArrivalRoute.label_of(self.arrival_route)


class HouseholdToken(Child, Base):
    """Folded words and sounds of the names: search by equality and prefix, which the wall lets an index serve."""

    __tablename__ = "household_tokens"

    token: Mapped[str] = mapped_column(primary_key=True)
