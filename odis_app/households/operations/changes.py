"""What changed: applied, remembered, told to whoever was editing at the same time."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select, update

from odis_app.access import keys
from odis_app.access.limits import refuse_limited
from odis_app.audit.operations import record_event
from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.enums import Labelled
from odis_app.core.errors import StaleVersionError
from odis_app.core.formats import jour_court
from odis_app.core.identity import Identity
from odis_app.households.enums import (
    AccommodationMode,
    ArrivalRoute,
    AsylumProcedure,
    Diet,
    EducationLevel,
    FamilySituation,
    FrenchLevel,
    HousingRight,
    Language,
    MemberLink,
    MobilityMode,
    Priority,
    ProtectionStatus,
    Sex,
    SiaoState,
    Smoking,
    WorkSituation,
)
from odis_app.households.models import Household, HouseholdChange, changes_place
from odis_app.households.nationalities import Nationality

Change = dict[str, Any]
SEALED = "modifié"
WORDS: Mapping[str, type[Labelled]] = {
    "accommodation_mode": AccommodationMode,
    "arrival_route": ArrivalRoute,
    "diet": Diet,
    "education_level": EducationLevel,
    "family_situation": FamilySituation,
    "french_level": FrenchLevel,
    "french_written": FrenchLevel,
    "housing_right": HousingRight,
    "languages": Language,
    "link": MemberLink,
    "mobility": MobilityMode,
    "nationality": Nationality,
    "priority": Priority,
    "procedure": AsylumProcedure,
    "protection_status": ProtectionStatus,
    "sex": Sex,
    "si_siao_state": SiaoState,
    "situation": WorkSituation,
    "smoking": Smoking,
}


def differences(target: object, values: Mapping[str, Any], labels: Mapping[str, str]) -> list[Change]:
    """What ``values`` would change, in the order of ``labels``, as {field, label, old, new} in plain words; nothing is set."""
    found = []
    for field, label in labels.items():
        if field in values and getattr(target, field) != values[field]:
            found.append(change(field, label, getattr(target, field), values[field]))
    return found


def apply_values(target: object, values: Mapping[str, Any], labels: Mapping[str, str]) -> None:
    """Set the attributes that ``labels`` names; the same values as before write nothing."""
    for field in labels:
        if field in values and getattr(target, field) != values[field]:
            setattr(target, field, values[field])


def change(field: str, label: str, old: Any, new: Any) -> Change:
    """One change, told in words."""
    return {"field": field, "label": label, "old": plain(old, field), "new": plain(new, field)}


def secret_change(field: str, label: str) -> Change:
    """A sealed value is said to have changed and nothing more."""
    return {"field": field, "label": label, "old": "", "new": SEALED}


def plain(value: Any, field: str = "") -> str:
    """A stored value as a person reads it."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "oui" if value else "non"
    if isinstance(value, (date, datetime)):
        return jour_court(value)
    if isinstance(value, Decimal):
        return f"{value:.2f}".replace(".", ",")
    if isinstance(value, (list, tuple)):
        return ", ".join(plain(v, field) for v in value)
    return WORDS[field].label_of(str(value)) if field in WORDS else str(value)


def claim_version(household: Household, expected: int | None, *, protects: bool = False) -> None:
    """Move to the next version. Raises StaleVersionError, with what the others changed, when ``expected`` is no longer current.

    Raises RuleError when the processing of the file is limited, unless what is written ``protects`` a person (class 3).
    """
    if not protects:
        refuse_limited(household.id)
    statement = update(Household).where(Household.id == household.id).values(version=Household.version + 1)
    if expected is not None:
        statement = statement.where(Household.version == expected)
    moved = db.execute(statement.returning(Household.version)).scalar_one_or_none()
    if moved is None:
        db.refresh(household)
        raise StaleVersionError(_changes_since(household, expected or 0))
    db.refresh(household)


def _changes_since(household: Household, version: int) -> list[str]:
    statement = select(HouseholdChange).where(
        HouseholdChange.household_id == household.id, HouseholdChange.version > version
    )
    found = []
    for row in db.execute(statement.order_by(HouseholdChange.id)).scalars():
        fields = ", ".join(f"{c['label']} : {c['new'] or 'vidé'}" for c in row.changes)
        found.append(f"{row.author_label}, {jour_court(row.at)} : {fields}")
    return found or ["Une partie du dossier que vous ne lisez pas a été modifiée."]


def mark_reviewed(identity: Identity, household: Household, *, at: datetime | None = None) -> None:
    """The file was read now, or ``at``: its freshness starts again."""
    household.reviewed_at = at or clock.now()
    household.reviewed_by_label = identity.name


def sealed_changes(household_id: int, version: int, section: str, changes: Sequence[Change]) -> bytes:
    """What a saved form moved, under the file's key."""
    return keys.seal(household_id, json.dumps(changes, default=str), changes_place(household_id, version, section))


def remember(
    identity: Identity, household: Household, *, section: str, changes: list[Change], sensitivity: int = 1
) -> None:
    """Keep the changes in the file's history and in the trail; the file counts as reviewed today."""
    mark_reviewed(identity, household)
    db.add(
        HouseholdChange(
            household_id=household.id, owner_org_id=household.owner_org_id, section=section, version=household.version, sensitivity=sensitivity,
            changes_sealed=sealed_changes(household.id, household.version, section, changes), author_label=identity.name, author_org_label=identity.org_short_name, at=clock.now(),
        )
    )  # fmt: skip
    record_event(
        identity, "household:update", record_id=household.id, sensitivity=sensitivity, summary=f"{section} : modification",
        data={"section": section, "fields": [c["field"] for c in changes]},
    )  # fmt: skip
