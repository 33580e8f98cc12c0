"""Organisations, who works for them, where, and under which mandate."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, ForeignKey, Identity, SmallInteger, Text, func
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from odis_app.core import clock
from odis_app.core.db import Base, PublicId
from odis_app.organisations.enums import Attribution, OrganisationKind


class Organisation(Base):
    """An association, an operator, a State service…: the tenant."""

    __tablename__ = "organisations"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    public_id: Mapped[PublicId]
    name: Mapped[str]
    short_name: Mapped[str]
    folded: Mapped[str]
    kind: Mapped[str]
    department_code: Mapped[str | None]
    siret: Mapped[str | None]
    second_factor_from: Mapped[date | None]
    activated_at: Mapped[datetime | None]
    deactivated_at: Mapped[datetime | None]

    @property
    def kind_label(self) -> str:
        """The French word for its kind."""
        return OrganisationKind.label_of(self.kind)


class OrganisationArea(Base):
    """A département where an organisation intervenes."""

    __tablename__ = "organisation_areas"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    organisation_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("organisations.id"))
    department_code: Mapped[str]


class Membership(Base):
    """One role of one person in one organisation, with dates."""

    __tablename__ = "memberships"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id"))
    organisation_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("organisations.id"))
    role: Mapped[str]
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]


class Dispositif(Base):
    """A public scheme: déplacés d’Ukraine, hébergement citoyen, mobilité nationale…"""

    __tablename__ = "dispositifs"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    code: Mapped[str]
    label: Mapped[str]
    position: Mapped[int] = mapped_column(SmallInteger)


class Office:
    """What a DDETS decided: this organisation, in this département, for this dispositif, from a day to another, both included."""

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    public_id: Mapped[PublicId]
    organisation_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("organisations.id"))
    department_code: Mapped[str]
    dispositif_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("dispositifs.id"))
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    set_at: Mapped[datetime] = mapped_column(server_default=func.now())
    set_by_label: Mapped[str] = mapped_column(default="")
    end_set_at: Mapped[datetime | None]
    end_set_by_label: Mapped[str] = mapped_column(default="")

    @property
    def is_over(self) -> bool:
        """Its last day is past."""
        return self.ends_on is not None and self.ends_on < clock.today()

    @property
    def is_to_come(self) -> bool:
        """Its first day is still to come."""
        return self.starts_on > clock.today()


class Mandate(Office, Base):
    """An association matches."""

    __tablename__ = "mandates"


class Qualifier(Office, Base):
    """An organisation visits the offers and decides on them; where somebody is named, nobody else does."""

    __tablename__ = "qualifiers"


class TerritoryRules(Base):
    """Delays and limits that a département sets for itself; the defaults are practice §2.4–2.7."""

    __tablename__ = "territory_rules"

    department_code: Mapped[str] = mapped_column(primary_key=True)
    first_call_days: Mapped[int] = mapped_column(SmallInteger, default=5)
    decision_days: Mapped[int] = mapped_column(SmallInteger, default=15)
    urgent_answer_hours: Mapped[int] = mapped_column(SmallInteger, default=72)
    standard_answer_days: Mapped[int] = mapped_column(SmallInteger, default=7)
    proposals_per_household: Mapped[int] = mapped_column(SmallInteger, default=2)
    proposals_per_place: Mapped[int] = mapped_column(SmallInteger, default=1)
    attribution: Mapped[str] = mapped_column(default=Attribution.ASSOCIATION.value)
    updated_at: Mapped[datetime | None] = mapped_column(server_default=func.now())
    updated_by_label: Mapped[str] = mapped_column(default="")


class TerritoryWord(Base):
    """How a département says a word of the product."""

    __tablename__ = "territory_words"

    department_code: Mapped[str] = mapped_column(primary_key=True)
    term: Mapped[str] = mapped_column(primary_key=True)
    label: Mapped[str]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_by_label: Mapped[str] = mapped_column(default="")


class Invitation(Base):
    """Somebody asked to join an organisation with these roles, by a link that serves once; ``round`` counts the links sent."""

    __tablename__ = "invitations"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    public_id: Mapped[PublicId]
    organisation_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("organisations.id"))
    access_request_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("access_requests.id"))
    email: Mapped[str]
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text))
    invited_by_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id"))
    round: Mapped[int] = mapped_column(SmallInteger, default=1)
    token_hash: Mapped[bytes]
    mail_id: Mapped[str] = mapped_column(default="")
    sent_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    reminded_at: Mapped[datetime | None]
    accepted_at: Mapped[datetime | None]
    accepted_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))

    @property
    def is_expired(self) -> bool:
        """Nobody answered in time; sending it again gives it another life."""
        return self.expires_at <= clock.now()


class AccessRequest(Base):
    """A visitor who asks to join an organisation, or to bring a new one."""

    __tablename__ = "access_requests"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    public_id: Mapped[PublicId]
    email: Mapped[str]
    first_name: Mapped[str]
    last_name: Mapped[str]
    job: Mapped[str]
    message: Mapped[str]
    organisation_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("organisations.id"))
    new_name: Mapped[str]
    new_kind: Mapped[str]
    new_department: Mapped[str]
    state: Mapped[str]
    token_hash: Mapped[bytes]
    created_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    notices: Mapped[int] = mapped_column(SmallInteger)
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("users.id"))
    reason: Mapped[str]

    @property
    def name(self) -> str:
        """« Lou Gabarit »."""
        return f"{self.first_name} {self.last_name}"


class Acceptance(Base):
    """One version of a text, accepted by a person for themself (charte) or for their organisation (convention)."""

    __tablename__ = "acceptances"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id"))
    organisation_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("organisations.id"))
    document: Mapped[str]
    version: Mapped[str]
    signed_as: Mapped[str] = mapped_column(default="")
    accepted_at: Mapped[datetime]
