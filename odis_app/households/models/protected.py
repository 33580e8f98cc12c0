"""Classes 2, 3 and 4, each in its own table."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date, datetime

from sqlalchemy import BigInteger, ForeignKey, LargeBinary, SmallInteger
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from odis_app.access import keys
from odis_app.core.db import Base
from odis_app.households.enums import (
    HealthNeedKind,
)
from odis_app.households.models.file import Child


class HouseholdHealthNeed(Child, Base):
    """Class 2: a need of access to care, never a diagnosis; its detail is sealed."""

    __tablename__ = "household_health_needs"

    kind: Mapped[str] = mapped_column(primary_key=True)
    level: Mapped[int] = mapped_column(SmallInteger)
    max_minutes: Mapped[int | None] = mapped_column(SmallInteger)
    detail_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    noted_on: Mapped[date]

    @property
    def kind_label(self) -> str:
        """« Maternité à proximité »."""
        return HealthNeedKind.label_of(self.kind)


SAME_LENGTH = 200
"""What is sealed keeps its length: padded, « sms » is as long as « téléphone »."""


@dataclass(frozen=True, slots=True)
class SafeContact:
    """How one adult is reached without danger; silence until they have said how."""

    channel: str | None = None
    hours: str = ""
    no_message: bool = True


class MemberSafety(Base):
    """Class 3: what puts one adult in danger. Per person, never for the family."""

    __tablename__ = "member_safety"

    member_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("members.id"), primary_key=True)
    household_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("households.id"))
    owner_org_id: Mapped[int] = mapped_column(BigInteger)
    fvv_teh: Mapped[bool]
    women_hosts_only: Mapped[bool]
    lgbt_safe: Mapped[bool] = mapped_column(default=False)
    excluded_departments: Mapped[list[str]] = mapped_column(ARRAY(Text))
    contact_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    note_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    assessed_on: Mapped[date]
    assessed_by_label_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    contact = keys.SealedText("household_id", "member_id")
    assessed_by_label = keys.SealedText("household_id", "member_id")

    @property
    def safe_contact(self) -> SafeContact:
        """How the person may be reached without danger."""
        return SafeContact(**json.loads(self.contact)) if self.contact else SafeContact()

    @safe_contact.setter
    def safe_contact(self, said: SafeContact) -> None:
        self.contact = "" if said == SafeContact() else json.dumps(asdict(said), ensure_ascii=False).ljust(SAME_LENGTH)


class ProtectionStory(Base):
    """Class 4, closed by default: nothing in the product writes it while the installation has not opened it."""

    __tablename__ = "protection_stories"

    member_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("members.id"), primary_key=True)
    household_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("households.id"))
    owner_org_id: Mapped[int] = mapped_column(BigInteger)
    story_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    recorded_at: Mapped[datetime]
