"""Offers: the list, the queue of those to qualify by deadline, and what only their organisation reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, or_, select
from werkzeug.datastructures import MultiDict

from odis_app.access import keys
from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.formats import heure, jour_court, pluriel
from odis_app.core.identity import Identity
from odis_app.core.text import fold
from odis_app.core.web import Page, paginate
from odis_app.housing import policy
from odis_app.housing.enums import OfferFact, QualificationStatus, RefusalMotif, ValidationMotif
from odis_app.housing.models import HOST_NAME, Offer, OfferAddress, OfferEvent, OfferHost, Place
from odis_app.housing.status import SAFEGUARDS, compute_qualification, required_safeguards
from odis_app.structures.policy import housing_org
from odis_app.territories.models import Commune

HALF_DAYS, STALE_DAYS = 15, 30
S = QualificationStatus
_STOPS = frozenset({S.A_COMPLETER.value, S.SUSPENDUE.value, S.RETIREE.value})  # their events have the same words


@dataclass(frozen=True, slots=True)
class OfferFilter:
    """What the list is narrowed by; every field comes from the address."""

    q: str = ""
    status: str = ""
    kind: str = ""
    department: str = ""
    capacity: str = ""
    freshness: str = ""
    order: str = ""


def effective_status(offer: Offer, today: date | None = None) -> QualificationStatus:
    """The stored status, but a validation that has run out is said so."""
    status = S(offer.qualification_status)
    ended = offer.validated_until is not None and offer.validated_until < (today or clock.today())
    return S.EXPIREE if status is S.VALIDEE and ended else status


def offer_filter(args: MultiDict[str, str]) -> OfferFilter:
    """What the address of a list asks for."""
    given = args.get
    return OfferFilter(
        q=given("q", "").strip()[:100], status=given("etat", ""), kind=given("genre", ""), department=given("departement", ""),
        capacity=given("capacite", ""), freshness=given("nouvelles", ""), order=given("tri", ""),
    )  # fmt: skip


def filtered_offers(identity: Identity, filters: OfferFilter) -> Select[Offer]:
    """The visible offers that match the filters, in the order asked."""
    statement = policy.visible_offers(identity).where(*_conditions(identity, filters))
    return statement.order_by(*_order(filters.order))


def list_offers(identity: Identity, filters: OfferFilter, *, number: int) -> Page[Offer]:
    """One page of them."""
    return paginate(filtered_offers(identity, filters), number=number)


def hosts_of(identity: Identity, ids: Sequence[int]) -> dict[int, str]:
    """Who offers, by offer: those of one's own organisation, for who may read it."""
    if not identity.can(policy.OFFER_HOST_READ):
        return {}
    own = select(OfferHost).where(OfferHost.offer_id.in_(ids), OfferHost.owner_org_id == housing_org(identity))
    hosts = db.scalars(own).all()
    keys.load([host.offer_id for host in hosts])
    return {host.offer_id: host.name for host in hosts}


def _order(order: str) -> tuple[Any, ...]:
    """The keys of ``?tri=``; « - » turns the order round. The last confirmed come first unless told otherwise."""
    orders: dict[str, tuple[Any, ...]] = {
        "numero": (Offer.number, Offer.id),
        "-numero": (Offer.number.desc(), Offer.id),
        "personnes": (Offer.capacity, Offer.id),
        "-personnes": (Offer.capacity.desc(), Offer.id),
        "disponible": (Offer.available_from.asc().nulls_first(), Offer.id),
        "-disponible": (Offer.available_from.desc().nulls_last(), Offer.id),
        "nouvelle": (Offer.confirmed_at, Offer.id),
    }
    return orders.get(order, (Offer.confirmed_at.desc(), Offer.id))


def _conditions(identity: Identity, filters: OfferFilter) -> list[ColumnElement[bool]]:
    today = clock.today()
    found: list[ColumnElement[bool]] = []
    if filters.status == S.EXPIREE.value:
        found.append(and_(Offer.qualification_status == S.VALIDEE.value, Offer.validated_until < today))
    elif filters.status == S.VALIDEE.value:
        found.append(and_(Offer.qualification_status == S.VALIDEE.value, Offer.validated_until >= today))
    elif filters.status:
        found.append(Offer.qualification_status == filters.status)
    if filters.kind:
        found.append(Offer.kind == filters.kind)
    if filters.department:
        found.append(Offer.department_code == filters.department)
    if filters.capacity.isdecimal() and len(filters.capacity) < 4:
        found.append(Offer.capacity >= int(filters.capacity))
    if filters.freshness == "a_confirmer":
        found.append(Offer.confirmed_at < clock.now() - timedelta(days=STALE_DAYS))
    if filters.q.strip():
        found.append(_search(identity, filters.q.strip()))
    return found


def _search(identity: Identity, q: str) -> ColumnElement[bool]:
    """By number, commune, or the words that begin the names of one's own organisation's host."""
    folded = fold(q)
    communes = select(Commune.code).where(Commune.name_folded.like(f"{folded}%"))
    return or_(
        Offer.number.ilike(f"%{q.replace('%', '').replace('_', '')}%"),
        Offer.commune_code.in_(communes),
        _hosted_by(identity, q),
    )


def _hosted_by(identity: Identity, q: str) -> ColumnElement[bool]:
    org = housing_org(identity)
    sought = keys.sought_indexes(q, org_id=org, column=HOST_NAME) if org else []
    hosts = select(OfferHost.offer_id).where(OfferHost.owner_org_id == org, OfferHost.name_index.contains(sought))
    return Offer.id.in_(hosts) if sought else false()


def stop_words(offer: Offer, events: Sequence[OfferEvent]) -> str:
    """Why an offer waits or stopped, as somebody wrote it: for those who read its ``events``; nothing while it goes on."""
    if offer.qualification_status not in _STOPS or not events:
        return ""
    told = [event.note for event in events if event.kind in _STOPS]
    return offer.status_motif or (told[-1] if told else "")


def next_action(offer: Offer, missing: str = "") -> str:
    """What is to be done next, in one sentence."""
    status = S(offer.qualification_status)
    if status is S.A_COMPLETER:
        return f"Obtenir : {missing}" if missing else "Obtenir le complément demandé"
    if status is S.VISITE_PLANIFIEE and offer.visit_planned_at:
        return f"Visite le {jour_court(offer.visit_planned_at)} à {heure(offer.visit_planned_at)}"
    return {
        S.RECUE: "Appeler l’hébergeur",
        S.APPEL_FAIT: "Planifier la visite",
        S.VISITE_FAITE: "Vérifier les garde-fous et décider",
    }.get(status, "")


def events_of(identity: Identity, offer: Offer) -> Sequence[OfferEvent]:
    """The history, oldest first: its organisation only."""
    if not policy.is_own(identity, offer):
        return []
    return db.execute(select(OfferEvent).where(OfferEvent.offer_id == offer.id).order_by(OfferEvent.id)).scalars().all()


def required_left(offer: Offer, events: Sequence[OfferEvent]) -> list[str]:
    """The safeguards that still block a validation, as labels."""
    done = compute_qualification(events).safeguards
    return [
        SAFEGUARDS[name]
        for name in required_safeguards(offer.kind, accepts_minors=offer.accepts_minors)
        if name not in done
    ]


def host_of(identity: Identity, offer: Offer) -> OfferHost | None:
    """Who offers: the organisation that qualifies the offer, nobody else."""
    return db.get(OfferHost, offer.id) if policy.is_own(identity, offer) else None


def address_of(offer: Offer) -> OfferAddress | None:
    """The exact address, when the wall lets it through: its organisation, or a household's once the stay is agreed on."""
    return db.execute(select(OfferAddress).where(OfferAddress.offer_id == offer.id)).scalar_one_or_none()


def offer_places(identity: Identity, offer: Offer) -> Sequence[Place]:
    """The visible places that the offer opened."""
    statement = policy.visible_places(identity).where(Place.offer_id == offer.id)
    return db.execute(statement.order_by(Place.id)).scalars().all()


def describe(event: OfferEvent) -> str:
    """What an event says beyond its name."""
    data = event.data
    if event.kind == OfferFact.VISITE_FAITE.value:
        return f"Par {' et '.join(data['visitors'])}, {pluriel(sum(data['checklist'].values()), 'point vérifié', 'points vérifiés')} sur {len(data['checklist'])}. {event.note}".strip()
    if event.kind == OfferFact.APPEL.value:
        return f"{'Joint.' if data.get('reached') else 'Pas de réponse.'} {event.note}".strip()
    if event.kind == OfferFact.DECISION.value:
        motif = (ValidationMotif if data["accepted"] else RefusalMotif).label_of(data["motif"])
        return f"{'Validée' if data['accepted'] else 'Refusée'} : {motif.lower()}. {event.note}".strip()
    return event.note
