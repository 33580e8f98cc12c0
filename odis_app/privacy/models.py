"""Purposes, consents, requests, copies, plans of erasure (migrations/versions/0017_privacy.py says who reads them)."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, ForeignKey, Identity, Integer, LargeBinary, SmallInteger
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from odis_app.core import clock
from odis_app.core.db import Base, PublicId
from odis_app.core.formats import pluriel
from odis_app.privacy.enums import ConsentChannel, LegalBasis, PlanState, RequestKind, RequestState, RowKind, RowState


class Purpose(Base):
    """Why data are processed, on what legal basis, and the right that follows. Reference data."""

    __tablename__ = "purposes"

    code: Mapped[str] = mapped_column(primary_key=True)
    label: Mapped[str]
    legal_basis: Mapped[str]
    article: Mapped[str]
    right_text: Mapped[str]
    who_may_object: Mapped[str]
    is_share: Mapped[bool]
    position: Mapped[int] = mapped_column(SmallInteger)

    @property
    def basis_label(self) -> str:
        """« Mission d’intérêt public »."""
        return LegalBasis.label_of(self.legal_basis)


class RetentionRule(Base):
    """How long a sort of data is kept, and what starts the delay. Reference data."""

    __tablename__ = "retention_rules"

    code: Mapped[str] = mapped_column(primary_key=True)
    label: Mapped[str]
    data_class: Mapped[str]
    months: Mapped[int | None] = mapped_column(SmallInteger)
    days: Mapped[int | None] = mapped_column(SmallInteger)
    trigger_event: Mapped[str]
    basis: Mapped[str]
    enforced_by: Mapped[str]
    shortest: Mapped[int | None] = mapped_column(SmallInteger)
    longest: Mapped[int | None] = mapped_column(SmallInteger)
    position: Mapped[int] = mapped_column(SmallInteger)

    @property
    def duration(self) -> str:
        """« 24 mois »."""
        return f"{self.value} mois" if self.months else pluriel(self.value, "jour")

    @property
    def value(self) -> int:
        """The number alone."""
        return self.months or self.days or 0

    @property
    def unit(self) -> str:
        """« mois » or « jours »."""
        return "mois" if self.months else "jours"

    @property
    def bounds(self) -> str:
        """« de 12 à 24 mois », or that it is fixed."""
        return f"de {self.shortest} à {self.longest} {self.unit}" if self.shortest is not None else "fixée"


class RetentionChange(Base):
    """A duration that somebody changed, and why."""

    __tablename__ = "retention_changes"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    rule_code: Mapped[str] = mapped_column(ForeignKey("retention_rules.code"))
    before: Mapped[int] = mapped_column(SmallInteger)
    after: Mapped[int] = mapped_column(SmallInteger)
    motive: Mapped[str]
    at: Mapped[datetime]
    by_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id"))
    by_label: Mapped[str]


class HostingRecord(Base):
    """What an administrator of the platform recorded about the hosting of health data; the last one counts."""

    __tablename__ = "hosting_records"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    applies: Mapped[bool]
    host: Mapped[str]
    certificate: Mapped[str]
    valid_until: Mapped[date | None]
    reason: Mapped[str]
    recorded_at: Mapped[datetime]
    recorded_by_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id"))
    recorded_by_label: Mapped[str]


class _OfMember:
    """What hangs on one adult of one file."""

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True, sort_order=-5)
    public_id: Mapped[PublicId] = mapped_column(sort_order=-4)
    household_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("households.id"), sort_order=-3)
    owner_org_id: Mapped[int] = mapped_column(BigInteger, sort_order=-2)
    member_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("members.id"), sort_order=-1)

    @property
    def record_id(self) -> int:
        """The file's."""
        return self.household_id


class Consent(_OfMember, Base):
    """One adult agreed to one optional purpose, for named organisations. It never changes; it may be withdrawn."""

    __tablename__ = "consents"

    purpose: Mapped[str] = mapped_column(ForeignKey("purposes.code"))
    max_class: Mapped[int] = mapped_column(SmallInteger)
    language: Mapped[str]
    channel: Mapped[str]
    proof_document_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("documents.id"))
    witness_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    given_on: Mapped[date]
    recorded_at: Mapped[datetime]
    recorded_by_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id"))
    recorded_by_label: Mapped[str]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    withdrawn_by_label: Mapped[str | None]

    @property
    def channel_label(self) -> str:
        """« À l’oral »."""
        return ConsentChannel.label_of(self.channel)


class ConsentRecipient(Base):
    """One organisation that a consent names."""

    __tablename__ = "consent_recipients"

    consent_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("consents.id"), primary_key=True)
    owner_org_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    organisation_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("organisations.id"), primary_key=True)


class RightsRequest(_OfMember, Base):
    """What one person asked about their own data, and what was answered."""

    __tablename__ = "rights_requests"

    kind: Mapped[str]
    received_on: Mapped[date]
    due_on: Mapped[date]
    details_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    extended_on: Mapped[date | None]
    extension_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    state: Mapped[str] = mapped_column(default=RequestState.OUVERTE.value)
    answer_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    answered_on: Mapped[date | None]
    answered_by_label: Mapped[str | None]
    recorded_at: Mapped[datetime]
    recorded_by_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id"))
    recorded_by_label: Mapped[str]

    @property
    def kind_label(self) -> str:
        """« Copie de ses données »."""
        return RequestKind.label_of(self.kind)

    @property
    def state_label(self) -> str:
        """« À traiter »."""
        return RequestState.label_of(self.state)

    @property
    def is_open(self) -> bool:
        """Nobody answered yet."""
        return self.state == RequestState.OUVERTE.value

    @property
    def is_late(self) -> bool:
        """Its deadline has passed without an answer."""
        return self.is_open and self.due_on < clock.today()


class Limitation(Base):
    """A granted request: while it is not lifted the file is kept and read, nothing more."""

    __tablename__ = "limitations"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    public_id: Mapped[PublicId]
    household_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("households.id"))
    owner_org_id: Mapped[int] = mapped_column(BigInteger)
    request_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("rights_requests.id"))
    since: Mapped[datetime]
    granted_by_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id"))
    granted_by_label: Mapped[str]
    lifted_at: Mapped[datetime | None]
    lifted_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    lifted_by_label: Mapped[str | None]
    told_on: Mapped[date | None]
    reason_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)

    @property
    def record_id(self) -> int:
        """The file's."""
        return self.household_id


class DataCopy(_OfMember, Base):
    """The sealed files of a copy, for who handles the request, during 48 hours."""

    __tablename__ = "data_copies"

    request_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("rights_requests.id"))
    with_safety: Mapped[bool]
    outcome: Mapped[str] = mapped_column(default="waiting")
    storage_key: Mapped[str] = mapped_column(default="")
    pdf_size: Mapped[int] = mapped_column(Integer, default=0)
    json_size: Mapped[int] = mapped_column(Integer, default=0)
    author_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id"))
    job_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("jobs.id"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]

    @property
    def is_ready(self) -> bool:
        """Its files can be downloaded."""
        return self.outcome == "ready"


class RetentionWarning(Base):
    """Somebody was told that a file will be erased; a contact afterwards makes it void."""

    __tablename__ = "retention_warnings"

    household_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("households.id"), primary_key=True)
    owner_org_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    warned_at: Mapped[datetime]
    erasable_on: Mapped[date]


class RetentionPlan(Base):
    """A list of files to erase, its author, who approved it. Written by the database's functions alone."""

    __tablename__ = "retention_plans"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    public_id: Mapped[PublicId]
    owner_org_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("organisations.id"))
    state: Mapped[str]
    planned_at: Mapped[datetime]
    planned_by_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id"))
    planned_by_label: Mapped[str]
    approved_at: Mapped[datetime | None]
    approved_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    approved_by_label: Mapped[str | None]
    runs_after: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    @property
    def state_label(self) -> str:
        """« À approuver »."""
        return PlanState.label_of(self.state)


class RetentionPlanRow(Base):
    """One line of a plan: a number until it is erased, an id for ever: of a record, a place, an account or the last seal of the segment."""

    __tablename__ = "retention_plan_rows"

    plan_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("retention_plans.id"), primary_key=True)
    owner_org_id: Mapped[int] = mapped_column(BigInteger)
    record_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[str | None]
    last_contact_on: Mapped[date]
    blocks: Mapped[list[str]] = mapped_column(ARRAY(Text))
    state: Mapped[str]
    ended_at: Mapped[datetime | None]

    @property
    def name(self) -> str:
        """« Offre 44-O-12 », « Journal des accès », « Effacé, n° interne 12 »."""
        if self.state == RowState.ERASED.value:
            return f"{RowKind.label_of(self.kind)}, effacé, n° interne {self.record_id}"
        return f"{RowKind.label_of(self.kind)} {self.number or ''}".strip()


class RetiredStatistic(Base):
    """Counts of erased files, by months: no person in it. Never exported as it is: a month of one household is that household."""

    __tablename__ = "retired_statistics"

    department_code: Mapped[str] = mapped_column(primary_key=True)
    dispositif_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("dispositifs.id"), primary_key=True)
    opened_month: Mapped[date] = mapped_column(primary_key=True)
    last_month: Mapped[date] = mapped_column(primary_key=True)
    outcome: Mapped[str] = mapped_column(primary_key=True)
    households: Mapped[int] = mapped_column(Integer)
    people: Mapped[int] = mapped_column(Integer)


class ErasedFile(Base):
    """A sealed file that its erased record left in the store, until a task removes it."""

    __tablename__ = "erased_files"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    folder: Mapped[str]
    storage_key: Mapped[str]
