"""What a household needs, asks, wishes, lives on, and the schemes it is registered to."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from sqlalchemy import BigInteger, ForeignKey, Integer, LargeBinary, Numeric, SmallInteger
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from odis_app.access.keys import SealedText
from odis_app.core.db import Base
from odis_app.households.enums import (
    Diet,
    NeedKind,
    ResourceKind,
    Smoking,
)
from odis_app.households.models.file import Child


class HouseholdNeed(Child, Base):
    """Class 1: a need of everyday life, with its level; what is written of it is sealed."""

    __tablename__ = "household_needs"

    kind: Mapped[str] = mapped_column(primary_key=True)
    level: Mapped[int] = mapped_column(SmallInteger)
    detail_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    detail = SealedText("household_id", "kind")
    source: Mapped[str] = mapped_column(default="")
    noted_on: Mapped[date]

    @property
    def kind_label(self) -> str:
        """« École, collège, lycée »."""
        return NeedKind.label_of(self.kind)


class HouseholdRequest(Child, Base):
    """Class 1: what the household asks of a dwelling; what matching reads."""

    __tablename__ = "household_requests"

    need_from: Mapped[date | None]
    min_days: Mapped[int | None] = mapped_column(Integer)
    max_rent: Mapped[Decimal | None] = mapped_column(Numeric(8, 2))
    wheelchair: Mapped[bool] = mapped_column(default=False)
    ground_floor_or_lift: Mapped[bool] = mapped_column(default=False)
    animals: Mapped[bool] = mapped_column(default=False)
    animals_note: Mapped[str] = mapped_column(default="")
    smoking: Mapped[str] = mapped_column(default="none")
    employment_area: Mapped[str | None]
    diet: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    life_project_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    life_project = SealedText("household_id", "household_id")
    wishes_exclusive: Mapped[bool] = mapped_column(default=False)

    @property
    def diet_label(self) -> str:
        """« Végétarien, sans porc »."""
        return ", ".join(Diet.label_of(code) for code in self.diet).capitalize()

    @property
    def smoking_label(self) -> str:
        """« Non fumeurs »."""
        return Smoking.label_of(self.smoking)


class HouseholdWish(Child, Base):
    """Class 1: a département wished, by rank."""

    __tablename__ = "household_wishes"

    rank: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    department_code: Mapped[str]


class HouseholdEnrolment(Child, Base):
    """Class 1: a registration to a public scheme, its days and who leads it; matching reads all that go on (H20), ``Household.dispositif_id`` is the file's own."""

    __tablename__ = "household_enrolments"

    dispositif_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("dispositifs.id"), primary_key=True)
    starts_on: Mapped[date] = mapped_column(primary_key=True)
    ends_on: Mapped[date | None]
    lead: Mapped[str] = mapped_column(default="")


class HouseholdResource(Child, Base):
    """Class 1: what the household lives on, and how much a month when it is known."""

    __tablename__ = "household_resources"

    kind: Mapped[str] = mapped_column(primary_key=True)
    amount: Mapped[Decimal | None] = mapped_column(Numeric(8, 2))
    noted_on: Mapped[date]

    @property
    def kind_label(self) -> str:
        """« Prestations familiales »."""
        return ResourceKind.label_of(self.kind)
