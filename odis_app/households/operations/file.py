"""Opening a file, its identity block, and « relu, rien n’a changé »."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from odis_app.access import keys
from odis_app.access.operations import create_record
from odis_app.audit.operations import record_event
from odis_app.core import clock
from odis_app.core.crypto import blind_index, place
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.core.identity import Identity
from odis_app.core.ids import new_public_id, public_id_from
from odis_app.households import queries
from odis_app.households.enums import FactKind, HouseholdEvent, HouseholdStatus, MemberLink
from odis_app.households.models import (
    Household,
    HouseholdAdministrative,
    HouseholdCounter,
    HouseholdEnrolment,
    HouseholdIdentity,
    HouseholdRequest,
    HouseholdVersion,
)
from odis_app.households.operations.changes import (
    apply_values,
    claim_version,
    differences,
    mark_reviewed,
    remember,
    secret_change,
)
from odis_app.households.operations.composition import Person, check_number, insert_member, refresh_composition
from odis_app.households.operations.facts import record_fact, refresh_completeness
from odis_app.households.operations.marks import refresh_marks
from odis_app.households.operations.passation import refresh_passation_indexes

IDENTITY_LABELS = {
    "languages": "Langues",
    "accommodation_mode": "Hébergement actuel",
    "accommodation_note": "Précision sur l’hébergement",
}
FILE_LABELS = {"priority": "Priorité", "seniority_date": "Date d’ancienneté", "referent_label": "Référent"}


@dataclass(frozen=True, slots=True)
class Opening:
    """What is asked to open a file. ``people`` has the person who asks first."""

    department_code: str
    dispositif_id: int
    people: list[Person]
    seniority_date: date
    priority: int = 0
    phone: str = ""
    languages: list[str] = field(default_factory=list)
    accommodation_mode: str | None = None
    referent_user_id: int | None = None
    referent_label: str = ""
    opened_on: date | None = None
    key: str = ""


def open_household(identity: Identity, *, opening: Opening) -> Household:
    """A new file with its number, its first version and its first fact; its referent is the author unless told otherwise.

    ``opening.key`` (a public id made when the form was shown) makes a second sending of the same form give back the first file.
    Raises RuleError when nobody, or not exactly one person, asks first.
    """
    if [p.link for p in opening.people].count(MemberLink.DEMANDEUR_PRINCIPAL.value) != 1:
        raise RuleError("people", "Un ménage a un demandeur principal et un seul.")
    check_number(len(opening.people))
    key = public_id_from(identity.require_org(), opening.key) if opening.key else ""
    if key and (sent := _sent_before(identity, key)) is not None:
        return sent
    opened_on = opening.opened_on or clock.today()
    record = create_record(
        identity, kind="household", department_code=opening.department_code, dispositif_id=opening.dispositif_id
    )
    household = Household(
        id=record.id, owner_org_id=record.owner_org_id, public_id=key or new_public_id(), number=_next_number(identity, opening.department_code),
        department_code=opening.department_code, dispositif_id=opening.dispositif_id, initials="", composition_kind="isole", size=1, adults=1, minors=0,
        priority=opening.priority, seniority_date=opening.seniority_date, referent_user_id=opening.referent_user_id or identity.user_id,
        referent_label=opening.referent_label or identity.name, status_since=opened_on, reviewed_at=clock.now(), reviewed_by_label=identity.name,
        created_at=clock.now(),
    )  # fmt: skip
    db.add(household)
    db.flush()
    child = {"household_id": household.id, "owner_org_id": household.owner_org_id}
    db.add_all(
        [
            HouseholdIdentity(**child, name="", folded="", languages=opening.languages, accommodation_mode=opening.accommodation_mode),
            HouseholdAdministrative(**child),
            HouseholdRequest(**child),
            HouseholdEnrolment(**child, dispositif_id=opening.dispositif_id, starts_on=opened_on, lead=identity.org_short_name),
            HouseholdVersion(
                **child, version=1, event=HouseholdEvent.OUVERTURE.value, happened_on=opened_on, recorded_at=clock.now(), recorded_by_label=identity.name
            ),
        ]
    )  # fmt: skip
    db.flush()
    for person in opening.people:
        insert_member(household, person, since=opened_on)
    _set_phone(household, opening.phone)
    refresh_composition(household)
    refresh_marks(household)
    record_fact(
        identity,
        household_id=household.id,
        owner_org_id=household.owner_org_id,
        kind=FactKind.OPENED,
        happened_on=opened_on,
    )
    refresh_completeness(identity, household)
    record_event(
        identity,
        "household:create",
        record_id=household.id,
        summary="Dossier ouvert",
        data={"number": household.number},
    )
    return household


def _sent_before(identity: Identity, key: str) -> Household | None:
    db.execute(select(func.pg_advisory_xact_lock(func.hashtext(key))))
    return db.execute(
        select(Household).where(Household.public_id == key, Household.owner_org_id == identity.org_id)
    ).scalar_one_or_none()


def update_identity(
    identity: Identity, *, household: Household, values: Mapping[str, Any], version: int | None
) -> None:
    """Languages, present accommodation, phone (normalised), priority, seniority, referent. Raises StaleVersionError."""
    block = db.get_one(HouseholdIdentity, household.id)
    changes = differences(household, values, FILE_LABELS) + differences(block, values, IDENTITY_LABELS)
    new_phone = "phone" in values and (values["phone"] or "") != queries.phone_of(household)
    if new_phone:
        changes.append(secret_change("phone", "Téléphone"))
    if not changes:
        mark_reviewed(identity, household)
        return
    claim_version(household, version)
    apply_values(household, values, FILE_LABELS)
    apply_values(block, values, IDENTITY_LABELS)
    household.referent_user_id = values.get("referent_user_id", household.referent_user_id)
    if new_phone:
        _set_phone(household, values["phone"] or "")
        refresh_passation_indexes(household)
        refresh_marks(household)
    remember(identity, household, section="Ménage", changes=changes)
    refresh_completeness(identity, household)


def confirm_review(identity: Identity, *, household: Household, at: datetime | None = None) -> None:
    """« Rien n’a changé » : the file was read again, now or ``at``, and nothing moved."""
    mark_reviewed(identity, household, at=at)
    record_event(identity, "household:review", record_id=household.id, summary="Dossier relu, rien n’a changé")


def archive_household(identity: Identity, *, household: Household) -> None:
    """Put a file away: it leaves the lists, nothing is erased. Said twice, it is done once."""
    if household.status == HouseholdStatus.ARCHIVE.value:
        return
    record_fact(identity, household_id=household.id, owner_org_id=household.owner_org_id, kind=FactKind.ARCHIVED)
    record_event(identity, "household:archive", record_id=household.id, summary="Dossier archivé")


def reopen_household(identity: Identity, *, household: Household) -> None:
    """Take an archived file out again."""
    if household.status != HouseholdStatus.ARCHIVE.value:
        return
    record_fact(identity, household_id=household.id, owner_org_id=household.owner_org_id, kind=FactKind.REOPENED)
    record_event(identity, "household:reopen", record_id=household.id, summary="Dossier rouvert")


def normal_phone(typed: str) -> str:
    """« 06 12 34 56 78 » → « +33612345678 », « 00 380… » → « +380… »; empty stays empty. Raises RuleError on ``phone``."""
    digits = re.sub(r"[\s.\-()/\u00a0\u202f]", "", typed)
    if not digits:
        return ""
    if digits.startswith("00"):
        digits = f"+{digits[2:]}"
    elif re.fullmatch(r"0[1-9]\d{8}", digits):
        digits = f"+33{digits[1:]}"
    digits = re.sub(r"^\+330", "+33", digits)
    if not re.fullmatch(r"\+[1-9]\d{6,14}", digits):
        raise RuleError(
            "phone", "Ce numéro n’est pas complet. Écrivez par exemple 06 00 00 00 00, ou +380 pour l’étranger."
        )
    return digits


def _next_number(identity: Identity, department_code: str) -> str:
    statement = insert(HouseholdCounter).values(
        owner_org_id=identity.require_org(), department_code=department_code, last_number=1
    )
    statement = statement.on_conflict_do_update(
        index_elements=["owner_org_id", "department_code"], set_={"last_number": HouseholdCounter.last_number + 1}
    )
    number = db.execute(statement.returning(HouseholdCounter.last_number)).scalar_one()
    return f"M-{department_code}-{number:04d}"


def _set_phone(household: Household, phone: str) -> None:
    """Seal the phone and its blind index. ``phone`` is normalised (+33…) or empty."""
    block = db.get_one(HouseholdIdentity, household.id)
    block.phone_index = blind_index(phone, org_id=household.owner_org_id, column="phone") if phone else None
    where = place("household_identities", "phone", household.public_id)
    block.phone_sealed = keys.seal(household.id, phone, where) if phone else None
