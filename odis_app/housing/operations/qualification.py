"""Qualification: call, visit, safeguards, decision. No decision without visit, no validation without safeguards."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from sqlalchemy import or_, select

from odis_app.access.enums import ReviewKind
from odis_app.access.operations import ask_review
from odis_app.audit.operations import record_event
from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.core.identity import Identity
from odis_app.housing.enums import OfferFact, QualificationStatus, RefusalMotif, ValidationMotif
from odis_app.housing.models import Offer, OfferEvent
from odis_app.housing.operations.offers import add_event
from odis_app.housing.policy import OFFER_QUALIFY
from odis_app.housing.status import CHECKLIST, SAFEGUARDS, WITHOUT_VISIT, compute_qualification, required_safeguards
from odis_app.organisations.models import Membership
from odis_app.organisations.queries import may_qualify, qualified_by

VALIDITY = timedelta(days=365)
RENEWAL = timedelta(days=60)


def record_call(identity: Identity, *, offer: Offer, on: date, reached: bool, note: str = "") -> None:
    """A call to the host, answered or not. Raises RuleError."""
    _check(offer, on)
    add_event(identity, offer, OfferFact.APPEL, on=on, data={"reached": reached}, note=note)
    record_event(identity, "offer:call", record_id=offer.id, summary="Hébergeur appelé", data={"reached": reached})


def ask_completion(identity: Identity, *, offer: Offer, missing: str) -> None:
    """Say what is missing; the offer waits for it. Raises RuleError."""
    _check(offer, clock.today())
    if not missing.strip():
        raise RuleError("missing", "Écrivez ce qui manque, par exemple « surface des chambres ».")
    add_event(identity, offer, OfferFact.A_COMPLETER, note=missing)
    record_event(identity, "offer:ask", record_id=offer.id, summary="Informations demandées")


def complete_offer(identity: Identity, *, offer: Offer) -> None:
    """What was missing came: back to where the offer stood. Raises RuleError."""
    if offer.qualification_status != QualificationStatus.A_COMPLETER.value:
        raise RuleError("", "Rien n’est demandé pour cette offre.")
    add_event(identity, offer, OfferFact.COMPLETEE)
    record_event(identity, "offer:complete", record_id=offer.id, summary="Offre complétée")


def plan_visit(identity: Identity, *, offer: Offer, at: datetime) -> None:
    """The day and hour of the visit (aware). Raises RuleError."""
    _check(offer, clock.today())
    check_named(identity, offer)
    if at < clock.now() - timedelta(days=1):
        raise RuleError("at", "La visite planifiée doit être à venir. Une visite passée s’enregistre comme faite.")
    add_event(identity, offer, OfferFact.VISITE_PLANIFIEE, data={"at": at.isoformat()})
    record_event(identity, "offer:plan_visit", record_id=offer.id, summary="Visite planifiée")


def record_visit(
    identity: Identity,
    *,
    offer: Offer,
    on: date,
    visitors: tuple[str, str],
    checklist: Mapping[str, bool],
    note: str = "",
) -> None:
    """A visit made by two people (the second may be a trained volunteer). Raises RuleError."""
    _check(offer, on)
    check_named(identity, offer)
    first, second = (" ".join(name.split()) for name in visitors)
    if not first or not second or first.casefold() == second.casefold():
        raise RuleError("second_visitor", "Une visite se fait à deux. Écrivez le nom des deux personnes.")
    points = {name: bool(checklist.get(name)) for name in CHECKLIST}
    add_event(
        identity,
        offer,
        OfferFact.VISITE_FAITE,
        on=on,
        data={"visitors": [first, second], "checklist": points, "author": identity.user_id},
        note=note,
    )
    record_event(identity, "offer:visit", record_id=offer.id, summary="Visite faite")


def record_safeguards(identity: Identity, *, offer: Offer, checked: Mapping[str, bool]) -> None:
    """Which safeguards are checked today; those left out are not. Raises RuleError."""
    _check(offer, clock.today())
    check_named(identity, offer)
    add_event(identity, offer, OfferFact.GARDE_FOUS, data={name: bool(checked.get(name)) for name in SAFEGUARDS})
    record_event(identity, "offer:safeguards", record_id=offer.id, summary="Garde-fous vérifiés")


def flag_risk(identity: Identity, *, offer: Offer, note: str) -> None:
    """Somebody may be in danger there: never validated while it stands; a validated offer stops being proposed. Raises RuleError."""
    if offer.risk_flag:
        raise RuleError("note", "Un risque est déjà signalé sur cette offre.")
    if offer.qualification_status in {QualificationStatus.REFUSEE.value, QualificationStatus.RETIREE.value}:
        raise RuleError("", "Cette offre n’est plus proposée : il n’y a rien à signaler.")
    if not note.strip():
        raise RuleError("note", "Écrivez ce qui vous inquiète, en faits.")
    add_event(identity, offer, OfferFact.RISQUE, note=note)
    record_event(identity, "offer:flag_risk", record_id=offer.id, summary="Risque signalé sur une offre")


def clear_risk(identity: Identity, *, offer: Offer, note: str) -> None:
    """It was looked into and is over; a suspended offer is then resumed apart. Raises RuleError."""
    if not offer.risk_flag:
        raise RuleError("", "Aucun risque n’est signalé sur cette offre.")
    if not note.strip():
        raise RuleError("note", "Écrivez ce qui a été vérifié.")
    add_event(identity, offer, OfferFact.RISQUE_LEVE, note=note)
    record_event(identity, "offer:clear_risk", record_id=offer.id, summary="Signalement d’un risque levé")


def decide(
    identity: Identity, *, offer: Offer, accepted: bool, motif: str, note: str = "", until: date | None = None
) -> None:
    """Validate (for twelve months unless told otherwise) or refuse, with a motif of the closed list. Raises RuleError."""
    motifs = {m.value for m in (ValidationMotif if accepted else RefusalMotif)}
    if motif not in motifs:
        raise RuleError("motif", "Choisissez le motif de la décision dans la liste.")
    _check(offer, clock.today())
    check_named(identity, offer)
    visited = offer.visited_on is not None and (offer.decided_on is None or offer.visited_on > offer.decided_on)
    if not visited and (accepted or motif not in WITHOUT_VISIT):
        raise RuleError("accepted", "Aucune décision sans visite. Enregistrez la visite faite à deux, puis décidez.")
    until = until or clock.today() + VALIDITY
    alone = accepted and _visited_by(offer) == identity.user_id
    if alone and _other_qualifiers(identity):
        raise RuleError(
            "accepted", "Vous avez enregistré la visite : la validation revient à une autre personne de l’équipe."
        )
    if accepted and offer.risk_flag:
        raise RuleError("accepted", "Un risque est signalé sur cette offre. Levez le signalement, ou refusez l’offre.")
    if accepted:
        _check_safeguards(offer)
        if not clock.today() < until <= clock.today() + VALIDITY:
            raise RuleError("until", "La validation dure douze mois au plus à partir d’aujourd’hui.")
    if alone:  # nobody else here: the next qualifier, or the DDETS, reads it over before it is proposed
        ask_review(
            identity, kind=ReviewKind.OFFER_DECISION, subject=offer.public_id, label=offer.number, department_code=offer.department_code, record_id=offer.id
        )  # fmt: skip
    data = {"accepted": accepted, "motif": motif, "author": identity.user_id} | (
        {"until": until.isoformat()} if accepted else {}
    )
    add_event(identity, offer, OfferFact.DECISION, data=data, note=note)
    record_event(
        identity,
        "offer:decide",
        record_id=offer.id,
        summary="Offre validée" if accepted else "Offre refusée",
        data={"motif": motif},
    )


def _visited_by(offer: Offer) -> int | None:
    """Who recorded the last visit; None for those of before this was kept."""
    statement = select(OfferEvent.data).where(
        OfferEvent.offer_id == offer.id, OfferEvent.kind == OfferFact.VISITE_FAITE.value
    )
    last = db.execute(statement.order_by(OfferEvent.id.desc()).limit(1)).scalar_one_or_none()
    return last.get("author") if last else None


def _other_qualifiers(identity: Identity) -> bool:
    """Whether a colleague may validate an offer."""
    today, roles = clock.today(), [role.value for role in OFFER_QUALIFY.roles]
    statement = select(Membership.id).where(
        Membership.organisation_id == identity.org_id, Membership.user_id != identity.user_id, Membership.role.in_(roles),
        Membership.starts_on <= today, or_(Membership.ends_on.is_(None), Membership.ends_on >= today),
    )  # fmt: skip
    return db.execute(statement.limit(1)).first() is not None


def _check_safeguards(offer: Offer) -> None:
    events = db.execute(select(OfferEvent).where(OfferEvent.offer_id == offer.id).order_by(OfferEvent.id)).scalars()
    done = compute_qualification(events).safeguards
    missing = [
        SAFEGUARDS[n].lower()
        for n in required_safeguards(offer.kind, accepts_minors=offer.accepts_minors)
        if n not in done
    ]
    if missing:
        raise RuleError("accepted", f"Il manque des garde-fous pour valider : {', '.join(missing)}.")


def check_named(identity: Identity, offer: Offer) -> None:
    """Where the DDETS named who qualifies the offers of a dispositif, nobody else visits nor decides. Raises RuleError."""
    if not may_qualify(identity, offer.department_code, offer.dispositif_id):
        named = qualified_by(offer.department_code, offer.dispositif_id)
        who = " ou ".join(organisation.name for organisation in named)
        raise RuleError(
            "",
            f"Pour ce dispositif, la DDETS a chargé {who} de visiter les offres et de décider. Rien n’est enregistré.",
        )


def is_qualifiable(offer: Offer) -> bool:
    """Being qualified, or validated for less than two months to come: its renewal."""
    status = QualificationStatus(offer.qualification_status)
    ends = offer.validated_until
    return status.is_open or (
        status is QualificationStatus.VALIDEE and ends is not None and ends - clock.today() < RENEWAL
    )


def _check(offer: Offer, on: date) -> None:
    if not is_qualifiable(offer):
        label = QualificationStatus.label_of(offer.qualification_status).lower()
        raise RuleError("", f"Cette offre est à l’état « {label} » : sa qualification est terminée.")
    if on > clock.today():
        raise RuleError("on", "Cette date est à venir. Écrivez le jour où cela a eu lieu.")
    if on < offer.received_on:
        raise RuleError("on", "Cette date est avant la réception de l’offre.")
