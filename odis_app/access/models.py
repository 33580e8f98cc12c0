"""The spine: what people share is a record; a grant opens it to another organisation."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Computed, ForeignKey, Identity, LargeBinary, SmallInteger
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from odis_app.access.enums import (
    JoinReason,
    PassationState,
    RapprochementState,
    ReviewEffect,
    ReviewKind,
    Verdict,
)
from odis_app.core.crypto import place, unseal
from odis_app.core.db import Base, PublicId
from odis_app.core.permissions import REGISTRY


class Record(Base):
    """A household, structure, offer or site, as far as rights go. Its key is theirs."""

    __tablename__ = "records"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    kind: Mapped[str]
    owner_org_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("organisations.id"))
    department_code: Mapped[str]
    dispositif_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("dispositifs.id"))


class Grant(Base):
    """One organisation opens one record to another, for a purpose and until a date."""

    __tablename__ = "grants"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    public_id: Mapped[PublicId]
    record_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("records.id"))
    owner_org_id: Mapped[int] = mapped_column(BigInteger)
    grantee_org_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("organisations.id"))
    level: Mapped[str]
    max_class: Mapped[int] = mapped_column(SmallInteger, default=1)
    purpose: Mapped[str]
    motive: Mapped[str] = mapped_column(default="")
    can_edit: Mapped[bool] = mapped_column(default=False)
    granted_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    granted_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    revoked_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))


class RecordKey(Base):
    """The key that seals what belongs to a record, itself sealed by the master key of version ``master``."""

    __tablename__ = "record_keys"

    record_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("records.id"), primary_key=True)
    owner_org_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    public_id: Mapped[PublicId]
    version: Mapped[int] = mapped_column(SmallInteger)
    key_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    master: Mapped[int] = mapped_column(SmallInteger, Computed("get_byte(key_sealed, 1)"))
    made_at: Mapped[datetime]


class Erasure(Base):
    """What was erased, and when: see ``erasures.Erased``. The log outside of the database says the same."""

    __tablename__ = "erasures"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    kind: Mapped[str]
    record_id: Mapped[int] = mapped_column(BigInteger)
    key_id: Mapped[str]
    at: Mapped[datetime]


class Passation(Base):
    """A file handed over to another organisation, or asked for by it. Written once; every step after goes through the database's functions."""

    __tablename__ = "passations"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    public_id: Mapped[PublicId]
    record_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("records.id"))
    owner_org_id: Mapped[int] = mapped_column(BigInteger)
    from_org_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("organisations.id"))
    to_org_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("organisations.id"))
    state: Mapped[str]
    by_user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id"))
    by_label: Mapped[str]
    by_org_label: Mapped[str]
    at: Mapped[datetime]
    reason_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    summary_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    due_on: Mapped[date | None]
    sheet: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    entry_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), default=list)
    document_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), default=list)
    with_health: Mapped[bool] = mapped_column(default=False)
    with_safety: Mapped[bool] = mapped_column(default=False)
    phone_before: Mapped[bytes | None] = mapped_column(LargeBinary)
    phone_after: Mapped[bytes | None] = mapped_column(LargeBinary)
    agdref_before: Mapped[bytes | None] = mapped_column(LargeBinary)
    agdref_after: Mapped[bytes | None] = mapped_column(LargeBinary)
    answered_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    answered_by_label: Mapped[str | None]
    answered_at: Mapped[datetime | None]
    answer_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    referent_user_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    referent_label: Mapped[str] = mapped_column(default="")
    former_number: Mapped[str] = mapped_column(default="")
    moved_at: Mapped[datetime | None]

    @property
    def state_label(self) -> str:
        """« Proposée »."""
        return PassationState.label_of(self.state)

    @property
    def is_live(self) -> bool:
        """Something is still to happen: an answer, or the day to come."""
        return self.state == PassationState.ASKED.value or PassationState(self.state).is_open

    def words(self, column: str) -> str:
        """``reason``, ``summary`` or ``answer``, unsealed; empty when nothing was written."""
        return _unsealed(self, column)


class FileJoin(Base):
    """One try to join a file in an emergency (break-glass). Written by the database alone."""

    __tablename__ = "file_joins"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    public_id: Mapped[PublicId]
    record_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("records.id"))
    owner_org_id: Mapped[int | None] = mapped_column(BigInteger)
    grant_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("grants.id"))
    outcome: Mapped[str]
    actor_user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id"))
    actor_org_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("organisations.id"))
    actor_label: Mapped[str]
    org_label: Mapped[str]
    reason: Mapped[str]
    words_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    at: Mapped[datetime]
    told_at: Mapped[datetime | None]

    @property
    def reason_label(self) -> str:
        """« Mise à l’abri ce jour »."""
        return JoinReason.label_of(self.reason)

    @property
    def words(self) -> str:
        """What the person wrote, unsealed."""
        return _unsealed(self, "words")


class Review(Base):
    """A decision that a second person reads over; written by the database alone, so that nobody confirms their own."""

    __tablename__ = "reviews"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    public_id: Mapped[PublicId]
    kind: Mapped[str]
    owner_org_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("organisations.id"))
    record_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("records.id"))
    department_code: Mapped[str]
    subject: Mapped[str]
    label: Mapped[str]
    reason: Mapped[str]
    author_user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id"))
    author_label: Mapped[str]
    org_label: Mapped[str]
    asked_at: Mapped[datetime]
    reminded_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    decided_by_label: Mapped[str | None]
    verdict: Mapped[str | None]
    words_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    effect: Mapped[str] = mapped_column(default="")

    @property
    def effect_label(self) -> str:
        """What contesting it undid, in words; empty when it was confirmed."""
        return ReviewEffect.label_of(self.effect) if self.effect else ""

    @property
    def consequence(self) -> str:
        """What contesting it would do, said before the choice."""
        return ReviewKind(self.kind).consequence

    @property
    def kind_label(self) -> str:
        """« Rattachement en urgence »."""
        return ReviewKind.label_of(self.kind)

    @property
    def reason_label(self) -> str:
        """The reason in words, where it is one of the closed list."""
        return JoinReason.label_of(self.reason) if self.kind == ReviewKind.BREAK_GLASS.value else self.reason

    @property
    def verdict_label(self) -> str:
        """« Confirmé », or nothing yet."""
        return Verdict.label_of(self.verdict)

    @property
    def words(self) -> str:
        """What the second person wrote, unsealed."""
        return _unsealed(self, "words")


class RoleException(Base):
    """One permission more or less than a colleague's roles give, until a date."""

    __tablename__ = "role_exceptions"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    public_id: Mapped[PublicId]
    organisation_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("organisations.id"))
    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id"))
    permission: Mapped[str]
    gives: Mapped[bool]
    motive: Mapped[str]
    author_user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id"))
    author_label: Mapped[str]
    at: Mapped[datetime]
    expires_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by_label: Mapped[str | None]

    @property
    def permission_label(self) -> str:
        """« Ouvrir un dossier ménage »; a permission that is no more, by its name."""
        known = REGISTRY.get(self.permission)
        return known.label if known is not None else self.permission


class Rapprochement(Base):
    """One side of « another organisation may follow somebody of this file »; written by the database alone, and never says of whom."""

    __tablename__ = "rapprochements"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    public_id: Mapped[PublicId]
    pair_id: Mapped[int | None] = mapped_column(BigInteger)
    household_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("records.id"))
    owner_org_id: Mapped[int] = mapped_column(BigInteger)
    told_at: Mapped[datetime]
    closes_on: Mapped[date]
    answer: Mapped[str | None]
    answered_at: Mapped[datetime | None]
    answered_by_label: Mapped[str]
    other_org_label: Mapped[str]
    other_referent_label: Mapped[str]
    linked_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    mailed: Mapped[str]

    @property
    def record_id(self) -> int:
        """The trail of the file that it is about."""
        return self.household_id

    @property
    def state(self) -> RapprochementState:
        """Where this side is. The other side never shows, but when both have accepted."""
        if self.linked_at is not None:
            return RapprochementState.LINKED
        if self.closed_at is not None:
            return RapprochementState.CLOSED
        return RapprochementState.ACCEPTED if self.answer == "accepted" else RapprochementState.WAITING


def _unsealed(row: Passation | FileJoin | Review, column: str) -> str:
    sealed: bytes | None = getattr(row, f"{column}_sealed")
    return unseal(sealed, place(row.__tablename__, column, row.public_id)).decode() if sealed else ""
