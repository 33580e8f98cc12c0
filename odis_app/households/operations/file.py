"""Opening a file, its identity block, and « relu, rien n’a changé »."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from odis_app.access import keys
from odis_app.audit.operations import record_event
from odis_app.core.crypto import blind_index, place
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.core.identity import Identity
from odis_app.core.ids import public_id_from
from odis_app.households import queries
from odis_app.households.enums import FactKind, HouseholdStatus
from odis_app.households.models import Household, HouseholdIdentity
from odis_app.households.operations.changes import (
    apply_values,
    claim_version,
    differences,
    mark_reviewed,
    remember,
    secret_change,
)
from odis_app.households.operations.facts import record_fact, refresh_completeness
from odis_app.households.operations.many import NewFile, Opening, open_households
from odis_app.households.operations.marks import refresh_marks
from odis_app.households.operations.passation import refresh_passation_indexes

__all__ = [
    "Opening",
    "archive_household",
    "confirm_review",
    "normal_phone",
    "open_household",
    "reopen_household",
    "update_identity",
]

IDENTITY_LABELS = {
    "languages": "Langues",
    "accommodation_mode": "Hébergement actuel",
    "accommodation_note": "Précision sur l’hébergement",
}
FILE_LABELS = {"priority": "Priorité", "seniority_date": "Date d’ancienneté", "referent_label": "Référent"}


def open_household(identity: Identity, *, opening: Opening) -> Household:
    """A new file (see ``open_households``).

    ``opening.key`` (a public id made when the form was shown) makes a second sending of the same form give back the first file.
    Raises RuleError when nobody, or not exactly one person, asks first.
    """
    if (
        opening.key
        and (sent := _sent_before(identity, public_id_from(identity.require_org(), opening.key))) is not None
    ):
        return sent
    [(household_id, _number)] = open_households(identity, [NewFile(opening)])
    return db.get_one(Household, household_id)


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


def _set_phone(household: Household, phone: str) -> None:
    """Seal the phone and its blind index. ``phone`` is normalised (+33…) or empty."""
    block = db.get_one(HouseholdIdentity, household.id)
    block.phone_index = blind_index(phone, org_id=household.owner_org_id, column="phone") if phone else None
    where = place("household_identities", "phone", household.public_id)
    block.phone_sealed = keys.seal(household.id, phone, where) if phone else None
