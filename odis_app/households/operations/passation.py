"""Handing a file over to another organisation, and asking for one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select, text, update

from odis_app.access.enums import PassationState
from odis_app.access.limits import refuse_limited
from odis_app.access.models import Passation
from odis_app.accounts.models import User
from odis_app.audit.operations import record_event
from odis_app.core import clock
from odis_app.core.crypto import blind_index, place, seal
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.core.formats import jour_long
from odis_app.core.identity import Identity
from odis_app.core.ids import new_public_id
from odis_app.core.permissions import require_step_up
from odis_app.core.slots import slot
from odis_app.documents.enums import Audience
from odis_app.households import queries
from odis_app.households.models import Household, HouseholdIdentity
from odis_app.households.policy import HEALTH_READ, reads_safety
from odis_app.households.queries import cooperation
from odis_app.journal.operations import add_system_entry
from odis_app.organisations.models import Organisation

LATEST_DAYS = 365
LIMITED_ELSEWHERE = "Le traitement de ce dossier est limité pour l’instant : il ne peut pas changer d’organisation. Répondez quand la limitation sera levée."
GONE = "Cette passation n’attend plus de réponse : elle a été retirée, ou quelqu’un y a déjà répondu."


@dataclass(frozen=True, slots=True)
class Packet:
    """What goes with the file besides its class 1: a summary, notes and documents kept to the organisation (public ids), classes 2 and 3."""

    summary: str = ""
    entries: Sequence[str] = field(default_factory=tuple)
    documents: Sequence[str] = field(default_factory=tuple)
    with_health: bool = False
    with_safety: bool = False


def propose_passation(
    identity: Identity,
    *,
    household: Household,
    to: Organisation,
    due_on: date,
    reason: str,
    packet: Packet,
    request: Passation | None = None,
) -> Passation:
    """Propose to hand a file over on a day; nothing moves before the other organisation accepts. Raises RuleError.

    ``request``: the request that this answers; it is then closed as granted. With class 3: StepUpNeededError unless just confirmed.
    """
    refuse_limited(household.id)
    _check(household, to, due_on, reason)
    if (packet.with_safety and not reads_safety(identity, household)) or (
        packet.with_health and not identity.can(HEALTH_READ, household)
    ):
        raise RuleError("", "Vous ne pouvez joindre que ce que vous lisez vous-même.")
    if packet.with_safety:
        require_step_up(identity)  # to give class 3 is to read it
    if request is not None:
        _step(request, PassationState.GRANTED)
    entries = cooperation.own_notes(identity, household)
    documents = cooperation.own_documents(identity, household)
    public_id = new_public_id()
    chosen = [e.id for e in entries if e.public_id in set(packet.entries)]
    joined = [d.id for d in documents if d.public_id in set(packet.documents)]
    passation = Passation(
        public_id=public_id, record_id=household.id, owner_org_id=household.owner_org_id, from_org_id=household.owner_org_id, to_org_id=to.id,
        state=PassationState.PROPOSED.value, by_user_id=identity.require_user(), by_label=identity.name, by_org_label=identity.org_name, at=clock.now(),
        reason_sealed=_seal(public_id, "reason", reason), summary_sealed=_seal(public_id, "summary", packet.summary) if packet.summary else None,
        due_on=due_on, sheet=_sheet(household) | {"notes": len(chosen), "documents": len(joined)}, entry_ids=chosen, document_ids=joined,
        with_health=packet.with_health, with_safety=packet.with_safety, **_indexes(household, to.id),
    )  # fmt: skip
    db.add(passation)
    db.flush()
    for entry in slot("passation.proposed").entries():
        if entry.provider is not None:
            entry.provider(
                identity, household=household, passation=passation
            )  # what higher packages join to the packet
    sentence = f"Passation proposée à {to.name} pour le {jour_long(due_on)}."
    add_system_entry(
        identity,
        record_id=household.id,
        owner_org_id=household.owner_org_id,
        body=sentence,
        audience=Audience.ORGANISATION,
    )
    _trail(identity, "propose", passation, "Passation proposée", to_org_id=to.id, due_on=due_on.isoformat())
    return passation


def _check(household: Household, to: Organisation, due_on: date, reason: str) -> None:
    if not reason:
        raise RuleError("reason", "Écrivez pourquoi le dossier change d’organisation.")
    if to.id == household.owner_org_id or to.kind not in cooperation.RECEIVING_KINDS or to.deactivated_at is not None:
        raise RuleError("organisation", "Choisissez une organisation qui accompagne des ménages.")
    if not clock.today() <= due_on <= clock.today() + timedelta(days=LATEST_DAYS):
        raise RuleError("due_on", "Donnez un jour à partir d’aujourd’hui, dans un an au plus.")
    if cooperation.open_passation(household) is not None:
        raise RuleError(
            "", "Une passation est déjà en cours pour ce dossier. Retirez-la avant d’en proposer une autre."
        )


def withdraw_passation(identity: Identity, *, passation: Passation) -> None:
    """Take a proposal back before it is accepted, or one's own request before it is answered. Raises RuleError."""
    _step(passation, PassationState.WITHDRAWN)
    _trail(identity, "withdraw", passation, "Passation retirée")


def refuse_passation(identity: Identity, *, passation: Passation, reason: str) -> None:
    """The receiver says no, and why. Raises RuleError."""
    _step(passation, PassationState.REFUSED, _required(reason), passation.public_id)
    _trail(identity, "refuse", passation, "Passation refusée")


def accept_passation(identity: Identity, *, passation: Passation, referent: User) -> bool:
    """The receiver says yes and names who will follow the file. True when it moved at once, False when its day is to come. Raises RuleError.

    A packet with class 3 is received by somebody who has just proved who they are: StepUpNeededError otherwise.
    """
    if passation.with_safety:
        require_step_up(identity)
    name, former = f"{referent.first_name} {referent.last_name}", passation.from_org_id
    statement = text("SELECT odis.passation_accept(:id, :referent, :name)")
    answer = db.execute(statement, {"id": passation.id, "referent": referent.id, "name": name}).scalar_one()
    if answer == "referent":
        raise RuleError("referent", "Choisissez une personne qui travaille dans votre organisation.")
    if answer == "limited":
        raise RuleError("", LIMITED_ELSEWHERE)
    if answer not in {"accepted", "moved"}:
        raise RuleError("", GONE)
    db.expire_all()
    _trail(identity, "accept", passation, "Passation acceptée", referent_user_id=referent.id)
    if answer == "moved":
        _tell(identity, passation.record_id, identity.require_org(), passation.former_number)
        _trail(identity, "move", passation, "Dossier passé", from_org_id=former)
    return bool(answer == "moved")


def move_due_passations(identity: Identity) -> int:
    """Move the files whose accepted day has come, close the questions left unanswered for thirty days; returns how many moved.

    For the nightly task. Run twice, the second moves nothing.
    """
    moved = db.execute(text("SELECT * FROM odis.passations_due()")).all()
    for row in moved:
        _tell(identity, row.record_id, row.owner_org_id, row.former_number)
        record_event(identity, "passation:move", record_id=row.record_id, summary="Dossier passé")
    return len(moved)


def ask_passation(identity: Identity, *, household: Household, reason: str) -> Passation:
    """Ask the organisation that follows a file for it; only who reads it by a share may. Raises RuleError."""
    if not reason:
        raise RuleError("reason", "Écrivez pourquoi votre organisation demande à suivre ce ménage.")
    if cooperation.asked_passation(identity, household) is not None:
        raise RuleError("", "Votre organisation a déjà demandé ce dossier. La réponse s’affichera dans vos passations.")
    public_id = new_public_id()
    passation = Passation(
        public_id=public_id, record_id=household.id, owner_org_id=household.owner_org_id, from_org_id=household.owner_org_id,
        to_org_id=identity.require_org(), state=PassationState.ASKED.value, by_user_id=identity.require_user(), by_label=identity.name,
        by_org_label=identity.org_name, at=clock.now(), reason_sealed=_seal(public_id, "reason", reason), sheet=_sheet(household),
    )  # fmt: skip
    db.add(passation)
    db.flush()
    _trail(identity, "ask", passation, "Passation demandée")
    return passation


def decline_request(identity: Identity, *, passation: Passation, reason: str) -> None:
    """The owner keeps the file, and says why. Raises RuleError."""
    _step(passation, PassationState.DECLINED, _required(reason), passation.public_id)
    _trail(identity, "decline", passation, "Demande de passation refusée")


def refresh_passation_indexes(household: Household) -> None:
    """The phone or the AGDREF number changed while a handover is open: the receiver's blind indexes follow."""
    passation = cooperation.open_passation(household)
    if passation is not None:
        db.flush()
        statement = (
            update(Passation).where(Passation.id == passation.id).values(**_indexes(household, passation.to_org_id))
        )
        db.execute(statement.execution_options(synchronize_session=False))


def _indexes(household: Household, to_org_id: int) -> dict[str, bytes | None]:
    """The indexes of phone and AGDREF as they are, and as the receiver will have them."""
    found: dict[str, bytes | None] = {}
    rows = db.execute(select(HouseholdIdentity.phone_index).where(HouseholdIdentity.household_id == household.id))
    papers = queries.administrative(household)
    known = {"phone": rows.scalar_one_or_none(), "agdref": papers.agdref_index if papers is not None else None}
    values = {"phone": queries.phone_of(household), "agdref": queries.agdref_of(household)}
    for column, value in values.items():
        found[f"{column}_before"] = known[column]
        found[f"{column}_after"] = blind_index(value, org_id=to_org_id, column=column) if value else None
    return found


def _sheet(household: Household) -> dict[str, Any]:
    """What the other organisation reads before it accepts: nothing that names anybody."""
    return {
        "number": household.number, "initials": household.initials, "size": household.size, "adults": household.adults, "minors": household.minors,
        "composition": queries.composition_words(household), "department": household.department_code, "status": household.status_label,
        "since": household.seniority_date.isoformat(),
    }  # fmt: skip


def _tell(identity: Identity, record_id: int, owner_org_id: int, former_number: str) -> None:
    sentence = f"Le dossier a changé d’organisation. Son ancien numéro était {former_number}."
    add_system_entry(identity, record_id=record_id, owner_org_id=owner_org_id, body=sentence)


def _required(reason: str) -> str:
    if not reason:
        raise RuleError("answer", "Écrivez pourquoi : l’autre organisation lira votre réponse.")
    return reason


def _step(passation: Passation, state: PassationState, words: str = "", public_id: str = "") -> None:
    sealed = _seal(public_id, "answer", words) if words else None
    statement = text("SELECT odis.passation_step(:id, :state, :words)")
    if not db.execute(statement, {"id": passation.id, "state": state.value, "words": sealed}).scalar_one():
        raise RuleError("", GONE)


def _seal(public_id: str, column: str, words: str) -> bytes:
    return seal(words, place("passations", column, public_id))


def _trail(identity: Identity, verb: str, passation: Passation, summary: str, **data: Any) -> None:
    record_event(
        identity, f"passation:{verb}", record_id=passation.record_id, purpose="passation", summary=summary,
        data={"passation": passation.public_id, **data},
    )  # fmt: skip
