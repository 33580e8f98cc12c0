"""Purposes, consents, requests and copies, through the walls of who reads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import Select, func, select, text

from odis_app.access import keys
from odis_app.access.queries import class2_is_open
from odis_app.core import clock
from odis_app.core.crypto import place
from odis_app.core.db import asked_once, db, one_value
from odis_app.core.identity import Identity
from odis_app.households.models import Household, Member
from odis_app.households.queries import is_minor, present_members
from odis_app.organisations.models import Organisation
from odis_app.privacy.enums import RequestState
from odis_app.privacy.models import (
    Consent,
    ConsentRecipient,
    DataCopy,
    HostingRecord,
    Limitation,
    Purpose,
    RetentionChange,
    RetentionRule,
    RightsRequest,
)
from odis_app.privacy.policy import visible_consents, visible_copies, visible_limitations, visible_requests

WARNED_BEFORE = timedelta(days=30)


@asked_once
def purposes() -> dict[str, Purpose]:
    """Every purpose by its code, in order."""
    return {p.code: p for p in db.scalars(select(Purpose).order_by(Purpose.position))}


def retention_rules() -> Sequence[RetentionRule]:
    """How long each sort of data is kept."""
    return db.scalars(select(RetentionRule).order_by(RetentionRule.position)).all()


def duration_changes() -> Sequence[RetentionChange]:
    """The last durations that were changed, for an administrator of the platform."""
    return db.scalars(select(RetentionChange).order_by(RetentionChange.id.desc()).limit(50)).all()


def living_adults(household: Household) -> list[Member]:
    """The adults present in the file: each has rights of their own."""
    today = clock.today()
    return [m for m in present_members(household.id) if not is_minor(m, today)]


def consents_of(identity: Identity, household: Household) -> Sequence[Consent]:
    """The consents of a file, newest first."""
    return db.scalars(
        visible_consents(identity).where(Consent.household_id == household.id).order_by(Consent.id.desc())
    ).all()


def recipients_of(consents: Iterable[Consent]) -> dict[int, list[str]]:
    """Names of the organisations that each consent names."""
    statement = (
        select(ConsentRecipient.consent_id, Organisation.name)
        .join(Organisation, Organisation.id == ConsentRecipient.organisation_id)
        .where(ConsentRecipient.consent_id.in_([c.id for c in consents]))
        .order_by(Organisation.name)
    )
    found: dict[int, list[str]] = {}
    for consent_id, name in db.execute(statement):
        found.setdefault(consent_id, []).append(name)
    return found


def requests_of(identity: Identity, household: Household) -> Sequence[RightsRequest]:
    """The requests of a file, newest first."""
    statement = visible_requests(identity).where(RightsRequest.household_id == household.id)
    return db.scalars(statement.order_by(RightsRequest.id.desc())).all()


@one_value
def count_open(identity: Identity, household_id: int) -> Select[int | None]:
    """How many requests of a file wait for an answer; None for none."""
    waiting = visible_requests(identity).where(
        RightsRequest.household_id == household_id, RightsRequest.state == RequestState.OUVERTE.value
    )
    return waiting.with_only_columns(func.nullif(func.count(RightsRequest.id), 0))


def limitations_of(identity: Identity, household: Household) -> Sequence[Limitation]:
    """The limitations of a file, those that stand first."""
    statement = visible_limitations(identity).where(Limitation.household_id == household.id)
    return db.scalars(statement.order_by(Limitation.lifted_at.desc().nulls_first(), Limitation.id)).all()


def waiting_requests(identity: Identity) -> Sequence[RightsRequest]:
    """The organisation's requests to answer, the most urgent first."""
    statement = visible_requests(identity).where(RightsRequest.state == RequestState.OUVERTE.value)
    return db.scalars(statement.order_by(RightsRequest.due_on, RightsRequest.id)).all()


def waiting_count() -> tuple[int, int]:
    """(waiting, late) requests of one's organisation, for who coordinates or administers it; (0, 0) for others."""
    row = db.execute(text("SELECT waiting, late FROM odis.requests_waiting()")).one()
    return int(row.waiting), int(row.late)


def copies_of(identity: Identity, request: RightsRequest) -> Sequence[DataCopy]:
    """The copies that the identity may still download, newest first."""
    return db.scalars(
        visible_copies(identity).where(DataCopy.request_id == request.id).order_by(DataCopy.id.desc())
    ).all()


def text_of(row: Consent | RightsRequest | Limitation, name: str) -> str:
    """A sealed text of a row, in clear; empty when there is none. ``name`` is the column without « _sealed »."""
    sealed: bytes | None = getattr(row, f"{name}_sealed")
    if sealed is None:
        return ""
    return keys.unseal(row.household_id, sealed, place(row.__tablename__, f"{name}_sealed", row.public_id)).decode()


@dataclass(frozen=True, slots=True)
class Class2State:
    """Whether class 2 is open, what was recorded, and what to do soon."""

    is_open: bool
    record: HostingRecord | None
    history: Sequence[HostingRecord]

    @property
    def ends_soon(self) -> date | None:
        """The end of the certificate when it comes within thirty days; class 2 then closes by itself."""
        until = self.record.valid_until if self.record else None
        return until if until is not None and until - clock.today() <= WARNED_BEFORE else None


def class2_state() -> Class2State:
    """For an administrator of the platform: others read no record."""
    history = db.scalars(select(HostingRecord).order_by(HostingRecord.id.desc())).all()
    return Class2State(class2_is_open(), history[0] if history else None, history)
