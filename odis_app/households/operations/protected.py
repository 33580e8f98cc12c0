"""Classes 2 and 3: access to care, and what puts one adult in danger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from odis_app.access import keys
from odis_app.core import clock
from odis_app.core.crypto import place
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.core.identity import Identity
from odis_app.core.permissions import require_step_up
from odis_app.households import queries
from odis_app.households.enums import HealthNeedKind
from odis_app.households.models import Household, HouseholdHealthNeed, Member, MemberSafety, SafeContact
from odis_app.households.operations.changes import claim_version, mark_reviewed, remember, secret_change
from odis_app.households.operations.facts import refresh_completeness

HEALTH, SAFETY = 2, 3


@dataclass(frozen=True, slots=True)
class HealthNeed:
    """One need of access to care: level 0 to 2, minutes at most when it is a distance."""

    level: int
    max_minutes: int | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Safety:
    """What one adult said, or that nothing is to report: an answer, not an absence of answer."""

    fvv_teh: bool = False
    women_hosts_only: bool = False
    lgbt_safe: bool = False
    excluded_departments: list[str] = field(default_factory=list)
    safe_channel: str | None = None
    safe_hours: str = ""
    no_message: bool = True
    note: str = ""


def update_health_needs(
    identity: Identity,
    *,
    household: Household,
    values: Mapping[str, HealthNeed],
    version: int | None,
    on: date | None = None,
) -> None:
    """Replace the class-2 needs: those at level 0 with no detail are forgotten. ``on``: the day it was said. Raises RuleError, StaleVersionError."""
    if not queries.class2_is_open():
        raise RuleError(
            "", "Les besoins de santé ne sont pas recueillis sur cette installation. Rien n’est enregistré."
        )
    known = {need.kind: need for need in queries.health_needs(household)}
    moved = [
        k for k in HealthNeedKind if k.value in values and values[k.value] != as_noted(household, known.get(k.value))
    ]
    if not moved:
        mark_reviewed(identity, household)
        return
    claim_version(household, version)
    for kind in moved:
        _write_health_need(household, kind.value, values[kind.value], known.get(kind.value), on or clock.today())
    changes = [secret_change(kind.value, kind.label) for kind in moved]
    remember(identity, household, section="Santé", changes=changes, sensitivity=HEALTH)
    refresh_completeness(identity, household, on=on)


def as_noted(household: Household, row: HouseholdHealthNeed | None) -> HealthNeed:
    """A row as it was given, its detail unsealed."""
    return HealthNeed(row.level, row.max_minutes, queries.health_detail(household, row)) if row else HealthNeed(0)


def _write_health_need(
    household: Household, kind: str, wanted: HealthNeed, row: HouseholdHealthNeed | None, day: date
) -> None:
    if not wanted.level and not wanted.detail:
        if row is not None:
            db.delete(row)
        return
    row = row or HouseholdHealthNeed(household_id=household.id, owner_org_id=household.owner_org_id, kind=kind)
    row.level, row.max_minutes, row.noted_on = wanted.level, wanted.max_minutes, day
    where = place("household_health_needs", "detail", f"{household.public_id}.{kind}")
    row.detail_sealed = keys.seal(household.id, wanted.detail, where) if wanted.detail else None
    db.add(row)


def update_member_safety(
    identity: Identity,
    *,
    household: Household,
    member: Member,
    safety: Safety,
    version: int | None,
    on: date | None = None,
) -> None:
    """Record what one adult answered; shown to the referent and the coordination alone. ``on``: the day it was said.

    Changing an answer reads it: StepUpNeededError unless the session was just confirmed. Raises StaleVersionError.
    """
    row = db.get(MemberSafety, member.id)
    if row is None and member.id in queries.safety_answered(household):
        require_step_up(identity)  # the wall hides the former answer until then
    if row is not None and as_told(member, row) == safety:
        mark_reviewed(identity, household)
        return
    claim_version(household, version, protects=True)
    row = row or MemberSafety(member_id=member.id, household_id=household.id, owner_org_id=household.owner_org_id)
    row.fvv_teh, row.women_hosts_only, row.lgbt_safe = safety.fvv_teh, safety.women_hosts_only, safety.lgbt_safe
    row.excluded_departments = list(safety.excluded_departments)
    row.safe_contact = SafeContact(safety.safe_channel, safety.safe_hours, safety.no_message)
    where = place("member_safety", "note", member.public_id)
    row.note_sealed = keys.seal(household.id, safety.note, where) if safety.note else None
    row.assessed_on, row.assessed_by_label = on or clock.today(), identity.name
    db.add(row)
    changes = [secret_change("safety", f"Sécurité de {member.first_name}")]
    remember(identity, household, section="Sécurité", changes=changes, sensitivity=SAFETY)
    refresh_completeness(identity, household, on=on)


def as_told(member: Member, row: MemberSafety) -> Safety:
    """A row as it was given, its note unsealed."""
    contact = row.safe_contact
    return Safety(
        row.fvv_teh, row.women_hosts_only, row.lgbt_safe, list(row.excluded_departments), contact.channel, contact.hours, contact.no_message,
        queries.safety_note(member, row),
    )  # fmt: skip
