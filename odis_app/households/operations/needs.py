"""Needs, what is asked of a dwelling, wishes, papers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import delete

from odis_app.access import keys
from odis_app.core import clock
from odis_app.core.crypto import blind_index, place
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.core.identity import Identity
from odis_app.households import queries
from odis_app.households.enums import NeedKind, NeedLevel
from odis_app.households.models import (
    Household,
    HouseholdAdministrative,
    HouseholdNeed,
    HouseholdRequest,
    HouseholdWish,
)
from odis_app.households.operations.changes import (
    apply_values,
    change,
    claim_version,
    differences,
    mark_reviewed,
    remember,
    secret_change,
)
from odis_app.households.operations.facts import refresh_completeness
from odis_app.households.operations.marks import refresh_marks
from odis_app.households.operations.passation import refresh_passation_indexes
from odis_app.households.queries import needs, wishes
from odis_app.territories.queries import department

REQUEST_LABELS = {
    "need_from": "Logement attendu à partir du", "min_days": "Durée minimale en jours", "max_rent": "Loyer maximal", "wheelchair": "Accessible en fauteuil",
    "ground_floor_or_lift": "Rez-de-chaussée ou ascenseur", "animals": "Animaux", "animals_note": "Précision sur les animaux", "smoking": "Tabac",
    "employment_area": "Bassin d’emploi souhaité", "diet": "Régime alimentaire", "life_project": "Projet de vie", "wishes_exclusive": "Seulement ces départements",
}  # fmt: skip
ADMINISTRATIVE_LABELS = {
    "protection_status": "Statut de protection", "procedure": "Procédure", "title_kind": "Titre", "title_valid_until": "Titre valable jusqu’au",
    "decision_date": "Décision du", "arrived_on": "Arrivée en France", "arrival_route": "Voie d’arrivée", "cir_signed_on": "CIR signé le",
    "si_siao_number": "Numéro SI-SIAO", "si_siao_state": "Demande SI-SIAO", "si_siao_on": "Demande SI-SIAO, depuis le", "si_siao_asked_on": "Demande SI-SIAO faite le",
    "domiciliation": "Domiciliation", "housing_right": "DALO ou DAHO", "housing_right_on": "DALO ou DAHO, décision ou dépôt du",
}  # fmt: skip
SEALED_LABELS = {"agdref": "Numéro étranger (AGDREF)", "ofii_number": "Numéro OFII"}


def update_needs(
    identity: Identity,
    *,
    household: Household,
    values: Mapping[str, tuple[int, str]],
    source: str,
    version: int | None,
    on: date | None = None,
) -> None:
    """Levels and details by kind of need: {kind: (0, 1 or 2, detail)}. ``on``: the day it was said. Raises StaleVersionError."""
    known = {need.kind: need for need in needs(household)}
    before = {kind: (need.level, need.detail) for kind, need in known.items()}
    moved = [
        kind for kind in NeedKind if kind.value in values and values[kind.value] != before.get(kind.value, (0, ""))
    ]
    if not moved:
        mark_reviewed(identity, household)
        return
    claim_version(household, version)
    changes = []
    for kind in moved:
        need = known.get(kind.value) or HouseholdNeed(
            household_id=household.id, owner_org_id=household.owner_org_id, kind=kind.value
        )
        need.level, need.detail = values[kind.value]
        need.source, need.noted_on = source, on or clock.today()
        db.add(need)
        changes.append(
            change(kind.value, kind.label, _words(*before.get(kind.value, (0, ""))), _words(need.level, need.detail))
        )
    remember(identity, household, section="Besoins", changes=changes)
    refresh_completeness(identity, household, on=on)


def _words(level: int, detail: str) -> str:
    return f"{NeedLevel(str(level)).label}{f', {detail}' if detail else ''}"


def update_request(
    identity: Identity,
    *,
    household: Household,
    values: Mapping[str, Any],
    wished: Sequence[str] | None,
    version: int | None,
    on: date | None = None,
) -> None:
    """What is asked of a dwelling, and the départements wished in order. ``on``: the day it was said. Raises RuleError, StaleVersionError."""
    if wished is not None and len(set(wished)) != len(wished):
        raise RuleError("wishes", "Le même département est souhaité deux fois. Retirez l’un des deux.")
    asked = db.get_one(HouseholdRequest, household.id)
    changes = differences(asked, values, REQUEST_LABELS)
    before = wishes(household)
    moved = wished is not None and before != list(wished)
    if moved:
        changes.append(change("wishes", "Départements souhaités", _names(before), _names(wished or ())))
    if not changes:
        mark_reviewed(identity, household)
        return
    claim_version(household, version)
    apply_values(asked, values, REQUEST_LABELS)
    if moved:
        db.execute(delete(HouseholdWish).where(HouseholdWish.household_id == household.id))
        db.add_all(
            HouseholdWish(
                household_id=household.id, owner_org_id=household.owner_org_id, rank=rank, department_code=code
            )
            for rank, code in enumerate(wished or (), 1)
        )
    remember(identity, household, section="Projet de vie", changes=changes)
    refresh_completeness(identity, household, on=on)


def _names(codes: Sequence[str]) -> list[str]:
    found = ((department(code), code) for code in codes)
    return [f"{known.name} ({code})" if known else code for known, code in found]


def update_administrative(
    identity: Identity, *, household: Household, values: Mapping[str, Any], version: int | None, on: date | None = None
) -> None:
    """Protection status and papers; ``agdref`` and ``ofii_number`` are sealed. ``on``: the day it was said. Raises StaleVersionError."""
    block = db.get_one(HouseholdAdministrative, household.id)
    changes = differences(block, values, ADMINISTRATIVE_LABELS)
    sealed = {
        name
        for name in SEALED_LABELS
        if name in values and (values[name] or "") != queries.sealed_number(household, name)
    }
    changes += [secret_change(name, label) for name, label in SEALED_LABELS.items() if name in sealed]
    if not changes:
        mark_reviewed(identity, household)
        return
    claim_version(household, version)
    apply_values(block, values, ADMINISTRATIVE_LABELS)
    for name in sealed:
        number = values[name] or ""
        where = place("household_administrative", name, household.public_id)
        setattr(block, f"{name}_sealed", keys.seal(household.id, number, where) if number else None)
        if name == "agdref":
            block.agdref_index = blind_index(number, org_id=household.owner_org_id, column="agdref") if number else None
            refresh_passation_indexes(household)
            refresh_marks(household)
    remember(identity, household, section="Situation administrative", changes=changes)
    refresh_completeness(identity, household, on=on)
