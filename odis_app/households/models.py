"""The household file, cut by sensitivity class (migrations/versions/0004_households.py says which table is which)."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Identity, Integer, LargeBinary, Numeric, SmallInteger
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from odis_app.access import keys
from odis_app.core.crypto import place, unseal
from odis_app.core.db import Base, PublicId
from odis_app.households.enums import (
    ArrivalRoute,
    AsylumProcedure,
    FrenchLevel,
    HealthNeedKind,
    HouseholdEvent,
    HouseholdStatus,
    MemberLink,
    NeedKind,
    Priority,
    Smoking,
    WorkSituation,
)


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


class _Child:
    """What every block of a file carries: the household and its owner."""

    household_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("households.id"), primary_key=True, sort_order=-2)
    owner_org_id: Mapped[int] = mapped_column(BigInteger, sort_order=-1)


class HouseholdIdentity(_Child, Base):
    """Class 1: the name and how to reach the household."""

    __tablename__ = "household_identities"

    name: Mapped[str]
    folded: Mapped[str]
    phone_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    phone_index: Mapped[bytes | None] = mapped_column(LargeBinary)
    languages: Mapped[list[str]] = mapped_column(ARRAY(Text))
    accommodation_mode: Mapped[str | None]
    accommodation_note: Mapped[str] = mapped_column(default="")


class HouseholdAdministrative(_Child, Base):
    """Class 1: protection status and papers; identifiers are sealed."""

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
    si_siao_number: Mapped[str | None]
    domiciliation: Mapped[str] = mapped_column(default="")

    @property
    def procedure_label(self) -> str:
        """« Accélérée »."""
        return AsylumProcedure.label_of(self.procedure)

    @property
    def route_label(self) -> str:
        """« Réinstallation »."""
        return ArrivalRoute.label_of(self.arrival_route)


class HouseholdToken(_Child, Base):
    """Folded words and sounds of the names: search by equality and prefix, which the wall lets an index serve."""

    __tablename__ = "household_tokens"

    token: Mapped[str] = mapped_column(primary_key=True)


_FEMININE = {
    "demandeur_principal": "Demandeuse principale", "conjoint": "Conjointe", "enfant_mineur": "Enfant mineure", "enfant_majeur": "Enfant majeure",
    "ascendant": "Ascendante", "fratrie": "Sœur",
}  # fmt: skip


class Member(Base):
    """Class 1: one person of the household, from ``since`` to ``until``."""

    __tablename__ = "members"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    household_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("households.id"))
    owner_org_id: Mapped[int] = mapped_column(BigInteger)
    public_id: Mapped[PublicId]
    link: Mapped[str]
    first_name: Mapped[str]
    last_name: Mapped[str]
    sex: Mapped[str]
    birth_date: Mapped[date | None]
    birth_year: Mapped[int | None] = mapped_column(SmallInteger)
    nationality: Mapped[str | None]
    french_level: Mapped[str | None]
    situation: Mapped[str | None]
    situation_note: Mapped[str] = mapped_column(default="")
    present_in_france: Mapped[bool] = mapped_column(default=True)
    since: Mapped[date]
    until: Mapped[date | None]
    until_reason: Mapped[str | None]

    @property
    def link_label(self) -> str:
        """« Conjointe », in the gender of the person."""
        return (
            _FEMININE.get(self.link, "")
            if self.sex == "f" and self.link in _FEMININE
            else MemberLink.label_of(self.link)
        )

    @property
    def french_label(self) -> str:
        """« A2 »."""
        return FrenchLevel.label_of(self.french_level)

    @property
    def situation_label(self) -> str:
        """« Recherche d’emploi »."""
        return WorkSituation.label_of(self.situation)

    @property
    def reason_label(self) -> str:
        """Why they left."""
        return HouseholdEvent.label_of(self.until_reason)

    @property
    def record_id(self) -> int:
        """The record of its household."""
        return self.household_id

    @property
    def name(self) -> str:
        """« Laila Nemounehzadeh »."""
        return f"{self.first_name} {self.last_name}"

    def age_on(self, day: date) -> int | None:
        """Age in years; from the year alone when the date of birth is unknown; None when neither is known."""
        if self.birth_date is not None:
            before = (day.month, day.day) < (self.birth_date.month, self.birth_date.day)
            return day.year - self.birth_date.year - int(before)
        return day.year - self.birth_year if self.birth_year is not None else None


class HouseholdVersion(_Child, Base):
    """Each change of composition, with its reason."""

    __tablename__ = "household_versions"

    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    event: Mapped[str]
    happened_on: Mapped[date]
    note: Mapped[str] = mapped_column(default="")
    recorded_at: Mapped[datetime]
    recorded_by_label: Mapped[str]

    @property
    def event_label(self) -> str:
        """« Naissance »."""
        return HouseholdEvent.label_of(self.event)


class HouseholdNeed(_Child, Base):
    """Class 1: a need of everyday life, with its level."""

    __tablename__ = "household_needs"

    kind: Mapped[str] = mapped_column(primary_key=True)
    level: Mapped[int] = mapped_column(SmallInteger)
    detail: Mapped[str] = mapped_column(default="")
    source: Mapped[str] = mapped_column(default="")
    noted_on: Mapped[date]

    @property
    def kind_label(self) -> str:
        """« École, collège, lycée »."""
        return NeedKind.label_of(self.kind)


class HouseholdRequest(_Child, Base):
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
    life_project: Mapped[str] = mapped_column(default="")
    wishes_exclusive: Mapped[bool] = mapped_column(default=False)

    @property
    def smoking_label(self) -> str:
        """« Non fumeurs »."""
        return Smoking.label_of(self.smoking)


class HouseholdWish(_Child, Base):
    """Class 1: a département wished, by rank."""

    __tablename__ = "household_wishes"

    rank: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    department_code: Mapped[str]


class HouseholdHealthNeed(_Child, Base):
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
    priority: Mapped[int] = mapped_column(SmallInteger)
    seniority_date: Mapped[date]
    status: Mapped[str]
    status_since: Mapped[date]
    first_proposed_on: Mapped[date | None]
    entered_on: Mapped[date | None]
    exited_on: Mapped[date | None]
    exit_outcome: Mapped[str | None]
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
