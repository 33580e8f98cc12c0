"""Registrations to public schemes and resources: each list is written whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import delete

from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.core.formats import euros, jour_court
from odis_app.core.identity import Identity
from odis_app.households import queries
from odis_app.households.enums import ResourceKind
from odis_app.households.models import Household, HouseholdEnrolment, HouseholdResource
from odis_app.households.operations.changes import change, claim_version, mark_reviewed, remember
from odis_app.organisations.queries import dispositifs


@dataclass(frozen=True, slots=True)
class Registration:
    """A registration as it is asked: the scheme's id, its days, who leads it."""

    dispositif_id: int
    starts_on: date
    ends_on: date | None = None
    lead: str = ""


def update_enrolments(
    identity: Identity, *, household: Household, wanted: Sequence[Registration], version: int | None
) -> None:
    """Every registration of the household; the file's own scheme stays among them. Raises RuleError, StaleVersionError."""
    _check(household, wanted)
    before = {(e.dispositif_id, e.starts_on, e.ends_on, e.lead) for e in queries.enrolments(household)}
    after = {(e.dispositif_id, e.starts_on, e.ends_on, e.lead) for e in wanted}
    if before == after:
        mark_reviewed(identity, household)
        return
    claim_version(household, version)
    db.execute(delete(HouseholdEnrolment).where(HouseholdEnrolment.household_id == household.id))
    db.add_all(
        HouseholdEnrolment(
            household_id=household.id, owner_org_id=household.owner_org_id, dispositif_id=one.dispositif_id, starts_on=one.starts_on,
            ends_on=one.ends_on, lead=one.lead,
        )
        for one in wanted
    )  # fmt: skip
    changes = [change("enrolment", "Inscription", _told(*one), "retirée") for one in sorted(before - after, key=str)]
    changes += [change("enrolment", "Inscription", "", _told(*one)) for one in sorted(after - before, key=str)]
    remember(identity, household, section="Inscriptions à un dispositif", changes=changes)


def _check(household: Household, wanted: Sequence[Registration]) -> None:
    if household.dispositif_id not in {one.dispositif_id for one in wanted}:
        label = _labels()[household.dispositif_id]
        raise RuleError(
            "",
            f"« {label} » est le dispositif du dossier : gardez son inscription, avec une date de fin s’il s’achève.",
        )
    for one in wanted:
        if one.starts_on > clock.today():
            raise RuleError(
                "", f"« {_labels()[one.dispositif_id]} » : l’inscription commence aujourd’hui au plus tard."
            )
        if one.ends_on is not None and one.ends_on < one.starts_on:
            raise RuleError(
                "", f"« {_labels()[one.dispositif_id]} » : la fin est avant le début. Corrigez l’une des deux dates."
            )
    for position, one in enumerate(wanted):
        same = [other for other in wanted[position + 1 :] if other.dispositif_id == one.dispositif_id]
        if any(meet(one, other) for other in same):
            raise RuleError(
                "",
                f"« {_labels()[one.dispositif_id]} » est noté deux fois aux mêmes dates. Retirez une ligne, ou donnez une fin à la première.",
            )


def meet(one: Registration, other: Registration | queries.Enrolment) -> bool:
    """Whether both go on the same day at least once."""
    return one.starts_on <= (other.ends_on or date.max) and other.starts_on <= (one.ends_on or date.max)


def _labels() -> dict[int, str]:
    return {scheme.id: scheme.label for scheme in dispositifs()}


def _told(dispositif_id: int, starts_on: date, ends_on: date | None, lead: str) -> str:
    end = f" au {jour_court(ends_on)}" if ends_on else ""
    return f"{_labels()[dispositif_id]}, du {jour_court(starts_on)}{end}{f', {lead}' if lead else ''}"


def update_resources(
    identity: Identity,
    *,
    household: Household,
    wanted: Mapping[str, Decimal | None],
    version: int | None,
    on: date | None = None,
) -> None:
    """What the household lives on: {kind: euros a month, or None when the amount is not known}. ``on``: the day it was said. Raises StaleVersionError."""
    known = {row.kind: row for row in queries.resources(household)}
    moved = [
        kind
        for kind in ResourceKind
        if (kind.value in wanted) != (kind.value in known)
        or (kind.value in wanted and wanted[kind.value] != known[kind.value].amount)
    ]
    if not moved:
        mark_reviewed(identity, household)
        return
    claim_version(household, version)
    changes = []
    for kind in moved:
        old = known.get(kind.value)
        before = _amount(old.amount) if old is not None else ""
        if old is not None and kind.value not in wanted:
            db.delete(old)
            changes.append(change(kind.value, kind.label, before, ""))
            continue
        row = old or HouseholdResource(household_id=household.id, owner_org_id=household.owner_org_id, kind=kind.value)
        row.amount, row.noted_on = wanted[kind.value], on or clock.today()
        db.add(row)
        changes.append(change(kind.value, kind.label, before, _amount(row.amount)))
    remember(identity, household, section="Ressources", changes=changes)


def _amount(amount: Decimal | None) -> str:
    return f"{euros(amount)} par mois" if amount is not None else "montant non donné"
