"""The refusal of the DDETS, where the rules of its territory give it one: it acts on a proposal without reading any file."""

from __future__ import annotations

from sqlalchemy import text

from odis_app.audit.operations import record_event
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.core.identity import Identity
from odis_app.households.enums import FactKind
from odis_app.households.operations.facts import record_fact
from odis_app.housing.operations.occupancies import lock as lock_place
from odis_app.journal.operations import add_system_entry
from odis_app.notifications.operations import send_mail
from odis_app.placements.enums import EndedBy, StateMotif
from odis_app.placements.messages import ORIENTATIONS_PATH, STATE_REFUSED
from odis_app.placements.operations.common import lock_household, short
from odis_app.placements.policy import SteeredProposal


def refuse_for_state(identity: Identity, *, proposal: SteeredProposal, motif: str, comment: str = "") -> None:
    """Refuse a proposal of one's département, with a motif that both sides read; the place is free at once. Raises RuleError.

    The database says again whether the territory's rules allow it and whether the proposal still stands.
    """
    if motif not in set(StateMotif):
        raise RuleError("motif", "Choisissez un motif dans la liste.")
    words = short(comment.strip())
    if motif == StateMotif.AUTRE and not words:
        raise RuleError("comment", "Écrivez pourquoi : les deux organisations le liront.")
    lock_household(proposal.household_id)
    lock_place(proposal.place_id)
    given = {"wanted": proposal.public_id, "motif": motif, "words": words}
    ended = db.execute(text("SELECT * FROM odis.steer_refuse(:wanted, :motif, :words)"), given).first()
    if ended is None:
        raise RuleError(
            "", "Cette proposition ne peut plus être refusée : elle a reçu une réponse. Rien n’est enregistré."
        )
    add_system_entry(
        identity, record_id=ended.household_id, owner_org_id=ended.household_owner_org_id,
        body=f"Place {ended.place_number} : proposition refusée par {EndedBy.DDETS.label}.",
    )  # fmt: skip
    record_fact(
        identity, household_id=ended.household_id, owner_org_id=ended.household_owner_org_id, kind=FactKind.PROPOSAL_ENDED,
        subject=proposal.public_id,
    )  # fmt: skip
    record_event(
        identity, "orientation:refuse", record_id=ended.household_id, summary=f"Proposition refusée par {EndedBy.DDETS.label}",
        data={"orientation": proposal.public_id, "motif": motif},
    )  # fmt: skip
    for row in db.execute(text("SELECT * FROM odis.steer_contacts(:wanted)"), {"wanted": proposal.public_id}).all():
        send_mail(
            identity, to=row.email, template=STATE_REFUSED, context={"link": f"{ORIENTATIONS_PATH}{proposal.public_id}"}
        )
