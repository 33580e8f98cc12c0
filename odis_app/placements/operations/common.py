"""What every act on an orientation shares: locks in one order, a fact on the file, a line in the trail."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import func, select, text

from odis_app.audit.operations import record_event
from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.core.identity import Identity
from odis_app.households.enums import FactKind
from odis_app.households.models import HouseholdFact
from odis_app.households.operations.facts import record_fact
from odis_app.housing.models import Place
from odis_app.housing.operations.occupancies import lock as lock_place
from odis_app.journal.operations import add_system_entry
from odis_app.placements.models import Orientation


def claim(orientation: Orientation) -> Orientation:
    """One writer at a time on the household, then on the place, then on the row; the row is read again.
    Raises PermissionError for who only reads it.

    The order is the same everywhere: two answers that cross wait for each other in turn, never in a circle.
    """
    lock_household(orientation.household_id)
    lock_place(orientation.place_id)
    statement = select(Orientation).where(Orientation.id == orientation.id).with_for_update()
    row = db.execute(statement, execution_options={"populate_existing": True}).scalar_one_or_none()
    if row is None:
        raise PermissionError("only the two sides act on an orientation")
    return row


def lock_household(household_id: int) -> None:
    """One proposal or answer at a time for a household, until the end of the transaction."""
    db.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"household:{household_id}", 0))))


def fact(
    identity: Identity,
    orientation: Orientation,
    kind: FactKind,
    sentence: str,
    *,
    on: date | None = None,
    data: dict[str, Any] | None = None,
) -> None:
    """Record a fact of this orientation on the household's file, and tell its journal; the stage follows."""
    tell(identity, orientation, sentence)
    record_fact(
        identity, household_id=orientation.household_id, owner_org_id=orientation.household_owner_org_id, kind=kind, happened_on=on,
        subject=orientation.public_id, data=data,
    )  # fmt: skip


def tell(identity: Identity, orientation: Orientation, sentence: str) -> None:
    """One line in the journal of the file, for its partners: « Place P-53-012 : … », never a motif."""
    body = f"Place {orientation.place_sheet['number']} : {sentence}"
    add_system_entry(
        identity, record_id=orientation.household_id, owner_org_id=orientation.household_owner_org_id, body=body
    )


def standing_proposals(household_id: int) -> list[str]:
    """Public ids of the proposals that the file's facts hold as active, whoever received them."""
    statement = (
        select(HouseholdFact.kind, HouseholdFact.subject)
        .where(HouseholdFact.household_id == household_id)
        .order_by(HouseholdFact.id)
    )
    active: dict[str, None] = {}
    for kind, subject in db.execute(statement):
        if kind == FactKind.PROPOSED.value:
            active[subject] = None
        elif kind in {FactKind.PROPOSAL_ENDED.value, FactKind.CONFIRMED.value}:
            active.pop(subject, None)
    return list(active)


def trail(identity: Identity, action: str, orientation: Orientation, summary: str, **data: Any) -> None:
    """Write in the trail, under the household's record."""
    record_event(
        identity,
        f"orientation:{action}",
        record_id=orientation.household_id,
        summary=summary,
        data={"orientation": orientation.public_id, **data},
    )


def free_place(orientation: Orientation) -> None:
    """Give the days back, and close the file to the place's organisation, now that the orientation or the stay is over."""
    db.flush()
    db.execute(text("SELECT odis.end_stay(:id)"), {"id": orientation.id})


def refresh_place(identity: Identity, orientation: Orientation) -> None:
    """An answer or an entry is news of the place: its organisation need not confirm it again."""
    place = db.get(Place, orientation.place_id)
    if place is not None and place.owner_org_id == identity.org_id:
        place.confirmed_at, place.confirmed_by_label = clock.now(), identity.name


def require_active(orientation: Orientation) -> None:
    """Raises RuleError when nobody's answer is awaited any more."""
    if not orientation.is_active:
        raise RuleError(
            "",
            f"Cette proposition n’attend plus de réponse : {orientation.status.label.lower()}. Rien n’est enregistré.",
        )


def short(comment: str) -> str:
    """A comment of 300 characters at most. Raises RuleError."""
    if len(comment) > 300:
        raise RuleError("comment", "Le commentaire dépasse 300 caractères. Raccourcissez-le.")
    return comment
