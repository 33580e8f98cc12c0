"""The town of the household tests, and what only these tests need."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text

from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.identity import Identity
from odis_app.households.models import Household, Member
from odis_app.households.queries import present_members
from odis_app.organisations.seeds import Actor
from odis_app.privacy import operations
from odis_app.privacy.enums import ConsentChannel, RequestKind
from odis_app.privacy.models import Consent, RightsRequest
from tests.households.conftest import LAILA, NIKA, Town, complete, family, file_of, open_file, organisation_of, town
from tests.support.worlds import owner_unit

__all__ = [
    "LAILA",
    "NIKA",
    "Town",
    "agree",
    "ask",
    "complete",
    "family",
    "file_of",
    "open_file",
    "organisation_of",
    "silent_since",
    "town",
]


def agree(
    identity: Identity,
    household: Household,
    member: Member,
    partner: Actor,
    *,
    purpose: str = "autre_association",
    max_class: int = 1,
) -> Consent:
    """One adult agrees that a partner reads the file."""
    return operations.give_consent(
        identity, household=household, member=member, purpose=purpose, organisations=[organisation_of(partner)], max_class=max_class,
        language="fa", channel=ConsentChannel.INTERPRETE, given_on=clock.today(), witness="Interprète de permanence",
    )  # fmt: skip


def ask(
    identity: Identity,
    household: Household,
    kind: RequestKind,
    *,
    member: Member | None = None,
    details: str = "à corriger",
) -> RightsRequest:
    """One adult asks something about their own data, today."""
    who = member or present_members(household.id)[0]
    return operations.register_request(
        identity, household=household, member=who, kind=kind, received_on=clock.today(), details=details
    )


def silent_since(household_id: int, days: int, *, warned_days: int | None = None) -> None:
    """Make everything of a file as old as ``days``; with ``warned_days``, somebody was warned that long ago."""
    ago, warned = timedelta(days=days), timedelta(days=warned_days or 0)
    with owner_unit():
        for statement in (
            "UPDATE households SET created_at = now() - :ago, reviewed_at = now() - :ago WHERE id = :id",
            "UPDATE household_changes SET at = now() - :ago WHERE household_id = :id",
            "UPDATE household_facts SET recorded_at = now() - :ago WHERE household_id = :id",
            "UPDATE journal_entries SET created_at = now() - :ago WHERE record_id = :id",
            "UPDATE documents SET created_at = now() - :ago WHERE record_id = :id",
        ):
            db.execute(text(statement), {"ago": ago, "id": household_id})
        if warned_days is not None:
            db.execute(text("DELETE FROM retention_warnings WHERE household_id = :id"), {"id": household_id})
            db.execute(
                text(
                    "INSERT INTO retention_warnings (household_id, owner_org_id, warned_at, erasable_on) "
                    "SELECT id, owner_org_id, now() - :warned, current_date FROM households WHERE id = :id"
                ),
                {"id": household_id, "warned": warned},
            )
