"""Requests of the people concerned: registered, extended with a reason, answered."""

from __future__ import annotations

from calendar import monthrange
from datetime import date

from sqlalchemy import text

from odis_app.access import keys
from odis_app.audit.operations import record_event
from odis_app.core import clock
from odis_app.core.crypto import place
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.core.identity import Identity
from odis_app.core.ids import new_public_id
from odis_app.core.nir import refuse_nir
from odis_app.households.models import Household, Member
from odis_app.notifications.operations import send_mail
from odis_app.privacy.enums import RequestKind, RequestState
from odis_app.privacy.messages import HANDOVER_WAITS, HANDOVERS_PATH
from odis_app.privacy.models import Limitation, RightsRequest
from odis_app.privacy.queries import living_adults

MONTHS_TO_ANSWER, MONTHS_MORE = 1, 2  # RGPD, article 12, 3


def months_after(day: date, months: int) -> date:
    """The same day some months later, or the last of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def register_request(
    identity: Identity, *, household: Household, member: Member, kind: RequestKind, received_on: date, details: str = ""
) -> RightsRequest:
    """Write down what one adult asks about their own data; the deadline is a month after its reception. Raises RuleError."""
    if received_on > clock.today():
        raise RuleError("received_on", "Cette date est à venir. Écrivez le jour où la demande est arrivée.")
    if member.id not in {m.id for m in living_adults(household)}:
        raise RuleError("member", "Chaque adulte présent demande pour lui-même. Choisissez un adulte du dossier.")
    if kind is RequestKind.RECTIFICATION and not details:
        raise RuleError("details", "Écrivez ce qui est à corriger.")
    refuse_nir(details, "details")
    public_id = new_public_id()
    request = RightsRequest(
        public_id=public_id, household_id=household.id, owner_org_id=household.owner_org_id, member_id=member.id, kind=kind.value, received_on=received_on,
        due_on=months_after(received_on, MONTHS_TO_ANSWER), recorded_at=clock.now(), recorded_by_id=identity.require_user(), recorded_by_label=identity.name,
        details_sealed=_sealed(household.id, details, "details", public_id) if details else None,
    )  # fmt: skip
    db.add(request)
    db.flush()
    _note(identity, request, "rights:register", f"Demande enregistrée : {kind.label.lower()}")
    return request


def extend_request(identity: Identity, *, request: RightsRequest, reason: str) -> None:
    """Two months more, once, with a reason that the person reads. Raises RuleError."""
    _refuse_answered(request)
    if request.extended_on is not None:
        raise RuleError("reason", "Cette demande a déjà été prolongée. Répondez avant l’échéance.")
    if not reason:
        raise RuleError("reason", "Écrivez pourquoi il faut plus de temps : la personne doit le savoir.")
    refuse_nir(reason, "reason")
    sealed = _sealed(request.household_id, reason, "extension", request.public_id)
    request.extension_sealed = sealed
    request.due_on = months_after(request.received_on, MONTHS_TO_ANSWER + MONTHS_MORE)
    request.extended_on = clock.today()
    db.flush()
    _note(identity, request, "rights:extend", "Demande prolongée de deux mois")


def answer_request(identity: Identity, *, request: RightsRequest, accepted: bool, answer: str) -> None:
    """Answer, with words for the person; a refusal says why and how to complain. Raises RuleError."""
    _refuse_answered(request)
    if not answer:
        raise RuleError("answer", "Écrivez la réponse donnée à la personne.")
    refuse_nir(answer, "answer")
    sealed = _sealed(
        request.household_id, answer, "answer", request.public_id
    )  # reads the key: before the row is half changed
    request.state = (RequestState.ACCEPTEE if accepted else RequestState.REFUSEE).value
    request.answer_sealed, request.answered_on, request.answered_by_label = sealed, clock.today(), identity.name
    db.flush()
    _note(identity, request, "rights:answer", f"Demande {request.state_label.lower()} : {request.kind_label.lower()}")
    if accepted and request.kind == RequestKind.LIMITATION.value:
        _limit(identity, request)


def _limit(identity: Identity, request: RightsRequest) -> None:
    db.add(
        Limitation(
            household_id=request.household_id, owner_org_id=request.owner_org_id, request_id=request.id, since=clock.now(),
            granted_by_id=identity.require_user(), granted_by_label=identity.name,
        )
    )  # fmt: skip
    db.flush()
    _note(identity, request, "rights:limit", "Traitement du dossier limité")
    waiting = db.execute(text("SELECT * FROM odis.passation_contacts(:id)"), {"id": request.household_id})
    for row in waiting.all():  # a handover accepted before waits: its receiver reads why
        send_mail(
            identity, to=row.email, template=HANDOVER_WAITS, context={"link": f"{HANDOVERS_PATH}/{row.passation}"}
        )


def lift_limitation(identity: Identity, *, limitation: Limitation, reason: str, told_on: date) -> None:
    """The file may be used again; the person was told before (article 18, 3). Raises RuleError."""
    if limitation.lifted_at is not None:
        raise RuleError("", "Cette limitation est déjà levée.")
    if not reason:
        raise RuleError("reason", "Écrivez pourquoi la limitation est levée.")
    if told_on > clock.today():
        raise RuleError("told_on", "Prévenez la personne d’abord : cette date est à venir.")
    refuse_nir(reason, "reason")
    where = place("limitations", "reason_sealed", limitation.public_id)
    limitation.reason_sealed = keys.seal(limitation.household_id, reason, where)
    limitation.lifted_at, limitation.told_on = clock.now(), told_on
    limitation.lifted_by_id, limitation.lifted_by_label = identity.require_user(), identity.name
    db.flush()
    record_event(
        identity, "rights:lift", record_id=limitation.household_id, sensitivity=1, summary="Limitation levée",
        data={"limitation": limitation.public_id, "told_on": told_on.isoformat()},
    )  # fmt: skip


def _refuse_answered(request: RightsRequest) -> None:
    if not request.is_open:
        raise RuleError("", "Une réponse a déjà été donnée à cette demande.")


def _sealed(record_id: int, words: str, name: str, public_id: str) -> bytes:
    return keys.seal(record_id, words, place("rights_requests", f"{name}_sealed", public_id))


def _note(identity: Identity, request: RightsRequest, action: str, summary: str) -> None:
    data = {"request": request.public_id, "kind": request.kind, "due_on": request.due_on.isoformat()}
    record_event(identity, action, record_id=request.household_id, sensitivity=1, summary=summary, data=data)
