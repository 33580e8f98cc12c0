"""What nobody answered in time, ended by the installation itself."""

from __future__ import annotations

from sqlalchemy import text

from odis_app.audit.operations import record_event
from odis_app.core.db import db
from odis_app.core.identity import Identity
from odis_app.households.enums import FactKind
from odis_app.households.operations.facts import record_fact
from odis_app.journal.operations import add_system_entry
from odis_app.placements.enums import EndKind


def expire_orientations(identity: Identity) -> int:
    """End the proposals past their delay and those whose place has gone; their places are free again. Run twice, the second finds none."""
    ended = db.execute(text("SELECT * FROM odis.expire_orientations()")).all()
    for row in ended:
        record_fact(
            identity, household_id=row.household_id, owner_org_id=row.household_owner_org_id, kind=FactKind.PROPOSAL_ENDED,
            subject=row.orientation_public_id,
        )  # fmt: skip
        sentence = (
            "proposition sans réponse dans le délai."
            if row.ended_kind == EndKind.EXPIREE
            else "attribuée à un autre ménage."
        )
        add_system_entry(
            identity,
            record_id=row.household_id,
            owner_org_id=row.household_owner_org_id,
            body=f"Place {row.place_number} : {sentence}",
        )
        label = EndKind.label_of(row.ended_kind).lower()
        record_event(
            identity,
            "orientation:expire",
            record_id=row.household_id,
            summary=f"Proposition {label}",
            data={"orientation": row.orientation_public_id},
        )
    return len(ended) + _tell_undone(identity)


def _tell_undone(identity: Identity) -> int:
    """What a contested decision undid (``odis.contest``), told to the files: a fact, a line of their journal, the trail."""
    undone = db.execute(text("SELECT * FROM odis.contested_due()")).all()
    for row in undone:
        withdrawn = row.what == "withdrawn"
        record_fact(
            identity, household_id=row.household_id, owner_org_id=row.household_owner_org_id,
            kind=FactKind.PROPOSAL_ENDED if withdrawn else FactKind.EXIT_UNDONE, subject=row.orientation_public_id,
        )  # fmt: skip
        sentence = "la place n’est plus proposée." if withdrawn else "la sortie est annulée, le séjour reprend."
        add_system_entry(
            identity,
            record_id=row.household_id,
            owner_org_id=row.household_owner_org_id,
            body=f"Place {row.place_number} : {sentence}",
        )
        record_event(
            identity,
            f"orientation:{'withdraw' if withdrawn else 'reopen'}",
            record_id=row.household_id,
            summary="Proposition retirée : validation contestée"
            if withdrawn
            else "Séjour repris : exclusion contestée",
            data={"orientation": row.orientation_public_id},
        )
    return len(undone)
