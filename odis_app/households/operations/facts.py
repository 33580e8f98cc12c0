"""Facts, and the stage that follows from them."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import select, text

from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.identity import Identity
from odis_app.households.enums import FactKind, HouseholdStatus
from odis_app.households.models import Household, HouseholdFact, HouseholdTracking
from odis_app.households.queries import missing_items
from odis_app.households.status import Stage, compute_status


def record_fact(
    identity: Identity,
    *,
    household_id: int,
    owner_org_id: int,
    kind: FactKind,
    happened_on: date | None = None,
    subject: str = "",
    data: dict[str, Any] | None = None,
) -> Stage:
    """Write a fact and recompute the stage, in the caller's transaction. ``subject`` tells proposals and stays apart.

    ``data`` of EXITED: {"outcome": "positive|neutre|negative", "waits_again": bool}.
    """
    db.add(
        HouseholdFact(
            household_id=household_id,
            owner_org_id=owner_org_id,
            kind=kind.value,
            happened_on=happened_on or clock.today(),
            subject=subject,
            data=data or {},
        )
    )
    db.flush()
    return refresh_status(identity, household_id=household_id)


def refresh_status(identity: Identity, *, household_id: int) -> Stage:
    """Recompute the stage from the facts and store it on the file and on its tracking row (also nightly: days pass)."""
    del identity  # the database function itself checks that the caller owns, shares or tends the file
    facts = (
        db.execute(select(HouseholdFact).where(HouseholdFact.household_id == household_id).order_by(HouseholdFact.id))
        .scalars()
        .all()
    )
    stage = compute_status(facts, clock.today())
    db.flush()
    allowed = db.execute(
        text("SELECT odis.set_household_status(:id, :status, :reason, :since, :proposed, :entered, :exited)"),
        {
            "id": household_id,
            "status": stage.status.value,
            "reason": stage.reason.value,
            "since": stage.since,
            "proposed": stage.first_proposed_on,
            "entered": stage.entered_on,
            "exited": stage.exited_on,
        },
    ).scalar_one()
    if not allowed:
        raise PermissionError("the stage of this file may not be moved from here")
    known = db.identity_map.get((Household, (household_id,), None))
    if known is not None:
        db.refresh(known)
    return stage


def refresh_all_stages(identity: Identity) -> int:
    """Recompute the stage of every file that is housed, since days alone move « logé » to « suivi »; returns how many moved.

    For the nightly task: its identity reads the facts and the tracking of all files, and nothing else of them.
    """
    housed = select(HouseholdTracking.record_id, HouseholdTracking.status).where(
        HouseholdTracking.status == HouseholdStatus.PLACE.value
    )
    moved = 0
    for household_id, status in db.execute(housed).all():
        moved += refresh_status(identity, household_id=household_id).status.value != status
    return moved


def refresh_completeness(identity: Identity, household: Household, *, on: date | None = None) -> Stage:
    """After any write: record that the file became complete, incomplete, dated or undated, on the day it was said; then recompute the stage."""
    db.flush()
    missing, dated = missing_items(household)
    statement = select(HouseholdFact.kind).where(HouseholdFact.household_id == household.id).order_by(HouseholdFact.id)
    kinds = list(db.execute(statement).scalars())
    _switch(
        household,
        kinds,
        is_true=not missing,
        pair=(FactKind.COMPLETED, FactKind.INCOMPLETE),
        on_day=on or clock.today(),
    )
    _switch(
        household, kinds, is_true=dated, pair=(FactKind.NEED_DATED, FactKind.NEED_UNDATED), on_day=on or clock.today()
    )
    return refresh_status(identity, household_id=household.id)


def _switch(
    household: Household, kinds: list[str], *, is_true: bool, pair: tuple[FactKind, FactKind], on_day: date
) -> None:
    last = next((k for k in reversed(kinds) if k in {pair[0].value, pair[1].value}), pair[1].value)
    wanted = pair[0] if is_true else pair[1]
    if last != wanted.value:
        db.add(
            HouseholdFact(
                household_id=household.id,
                owner_org_id=household.owner_org_id,
                kind=wanted.value,
                happened_on=on_day,
                data={},
            )
        )
