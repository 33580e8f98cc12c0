"""The life of an offer outside its qualification: declared, corrected, confirmed, suspended, withdrawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select, text, update

from odis_app.access import keys
from odis_app.access.operations import create_record
from odis_app.audit.operations import record_event
from odis_app.core import clock
from odis_app.core.crypto import blind_index
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.core.identity import Identity
from odis_app.core.ids import new_public_id
from odis_app.housing.enums import OfferFact, ProviderKind, QualificationStatus
from odis_app.housing.models import (
    HOST_NAME,
    Living,
    Occupancy,
    Offer,
    OfferAddress,
    OfferEvent,
    OfferHost,
    Place,
    PlaceAddress,
)
from odis_app.housing.operations.availability import past
from odis_app.housing.operations.home import (
    FACTS,
    LOCATED,
    ban_key,
    check_living,
    home_values,
    keeping_room,
    locate,
    same_department,
)
from odis_app.housing.status import compute_qualification
from odis_app.organisations.queries import may_qualify
from odis_app.structures.operations import next_number

S = QualificationStatus


@dataclass(frozen=True, slots=True)
class Host:
    """Who offers. ``phone`` is normalised (+33…) or empty; ``siret`` for a personne morale; ``note`` and ``living`` None leave what was known."""

    name: str
    phone: str = ""
    email: str = ""
    siret: str = ""
    note: str | None = ""
    living: Living | None = None


def create_offer(
    identity: Identity,
    *,
    values: Mapping[str, Any],
    host: Host,
    address: str = "",
    ban_id: str = "",
    provider_kind: str = ProviderKind.PARTICULIER.value,
    units: int = 1,
    qualities: Mapping[str, Any] | None = None,
    received_on: date | None = None,
) -> Offer:
    """An offer received, owned by one's organisation. ``values`` are ``home.FACTS`` with ``commune_code``. Raises RuleError."""
    check_received(host, received_on)
    received_on = received_on or clock.today()
    home, ban_id = home_values(values), ban_key(ban_id)
    check_living(home, host.living)
    record = create_record(
        identity, kind="offer", department_code=home["department_code"], dispositif_id=home["dispositif_id"]
    )
    offer = Offer(
        id=record.id, owner_org_id=record.owner_org_id, number=next_number(identity, "O", home["department_code"]), provider_kind=provider_kind,
        units=units, qualities=dict(qualities or {}), received_on=received_on, confirmed_at=clock.now(), confirmed_by_label=identity.name,
        created_at=clock.now(), **home,
    )  # fmt: skip
    db.add(offer)
    db.flush()
    child = {"offer_id": offer.id, "owner_org_id": offer.owner_org_id}
    db.add(OfferHost(**child, **host_values(host, offer.owner_org_id)))
    db.add(OfferAddress(**child, commune_code=values["commune_code"], address=address, ban_id=ban_id))
    db.flush()
    add_event(identity, offer, OfferFact.RECUE, on=received_on)
    record_event(identity, "offer:create", record_id=offer.id, summary="Offre reçue", data={"number": offer.number})
    return offer


def check_received(host: Host, received_on: date | None) -> None:
    """Somebody offers, and not in the days to come. Raises RuleError."""
    if not host.name.strip():
        raise RuleError("host_name", "Écrivez le nom de la personne ou de l’organisme qui propose.")
    if received_on is not None and received_on > clock.today():
        raise RuleError("received_on", "La date de réception ne peut pas être à venir.")


def update_offer(
    identity: Identity,
    *,
    offer: Offer,
    values: Mapping[str, Any],
    host: Host | None = None,
    address: str | None = None,
    ban_id: str | None = None,
    units: int | None = None,
    qualities: Mapping[str, Any] | None = None,
    version: int | None = None,
) -> None:
    """Correct an offer, and the places that it opened. Raises RuleError, also when someone else changed it since ``version``."""
    if version is not None and version != offer.version:
        raise RuleError(
            "",
            "Quelqu’un a modifié cette offre pendant que vous écriviez. Rechargez la page, puis reportez vos changements.",
        )
    home = home_values({"employment_area": offer.employment_area, **values})
    same_department(offer, home)
    kept = db.get_one(OfferAddress, offer.id)
    ban_id = kept.ban_id if ban_id is None else ban_key(ban_id)
    check_living(home, (host and host.living) or db.get_one(OfferHost, offer.id).home)
    changed = [name for name, value in home.items() if getattr(offer, name) != value]
    moved = "dispositif_id" in changed and offer.decided_on is not None
    if moved and not may_qualify(identity, offer.department_code, home["dispositif_id"]):
        raise RuleError(
            "dispositif_id",
            "Une autre organisation qualifie les offres de ce dispositif. Gardez le dispositif de l’offre.",
        )
    if units is not None and units < _place_count(offer):
        raise RuleError("units", "Des places existent déjà pour ces unités. Fermez-les avant de réduire ce nombre.")
    for name, value in home.items():
        setattr(offer, name, value)
    offer.units = units or offer.units
    offer.qualities = dict(qualities) if qualities is not None else offer.qualities
    offer.version += 1
    kept.commune_code, kept.ban_id = values["commune_code"], ban_id
    kept.address = kept.address if address is None else address
    if host is not None:
        _set_host(offer, host)
    with keeping_room():
        add_event(identity, offer, OfferFact.MODIFIEE, data={"fields": changed})
    record_event(identity, "offer:update", record_id=offer.id, summary="Offre modifiée", data={"fields": changed})


def confirm_offer(identity: Identity, *, offer: Offer, at: datetime | None = None) -> None:
    """« Toujours disponible », now or at an instant already past; its places with it. Raises RuleError."""
    seen = past(at)
    add_event(identity, offer, OfferFact.CONFIRMEE, on=seen.astimezone(clock.PARIS).date())
    offer.confirmed_at, offer.confirmed_by_label = seen, identity.name
    db.execute(
        update(Place).where(Place.offer_id == offer.id).values(confirmed_at=seen, confirmed_by_label=identity.name)
    )
    record_event(identity, "offer:confirm", record_id=offer.id, summary="Offre toujours disponible")


def suspend_offer(identity: Identity, *, offer: Offer, motif: str) -> None:
    """Not proposed for the time being; what is occupied stays so. Raises RuleError."""
    _stop(identity, offer, OfferFact.SUSPENDUE, motif, refused={S.SUSPENDUE, S.RETIREE, S.REFUSEE})


def resume_offer(identity: Identity, *, offer: Offer) -> None:
    """Come back to where the offer stood before its suspension. Raises RuleError."""
    if offer.qualification_status != S.SUSPENDUE.value:
        raise RuleError("", "Cette offre n’est pas suspendue.")
    if offer.risk_flag:
        raise RuleError(
            "", "Un risque est signalé sur cette offre. Levez le signalement dans sa qualification, ou retirez l’offre."
        )
    add_event(identity, offer, OfferFact.REPRISE)
    _fresh(identity, offer)
    record_event(identity, "offer:resume", record_id=offer.id, summary="Offre reprise")


def withdraw_offer(identity: Identity, *, offer: Offer, motif: str) -> None:
    """The host takes the offer back. Raises RuleError while someone lives there or is expected."""
    taken = select(func.count()).select_from(Occupancy).join(Place, Place.id == Occupancy.place_id)
    standing = taken.where(Place.offer_id == offer.id, Occupancy.released_at.is_(None), Occupancy.kind != "unavailable")
    still_there = standing.where(func.coalesce(func.upper(Occupancy.during), date.max) > clock.today())
    if db.execute(still_there).scalar_one():
        raise RuleError(
            "motif", "Un ménage y vit ou y est attendu. Enregistrez d’abord sa sortie, ou suspendez l’offre."
        )
    _stop(identity, offer, OfferFact.RETIREE, motif, refused={S.RETIREE, S.REFUSEE})


def _stop(identity: Identity, offer: Offer, fact: OfferFact, motif: str, *, refused: set[QualificationStatus]) -> None:
    if S(offer.qualification_status) in refused:
        raise RuleError("motif", f"Cette offre est déjà à l’état « {S.label_of(offer.qualification_status).lower()} ».")
    if not motif.strip():
        raise RuleError("motif", "Écrivez le motif : il reste dans l’historique de l’offre.")
    add_event(identity, offer, fact, note=motif)
    record_event(identity, f"offer:{fact.value}", record_id=offer.id, summary=fact.label)


def add_event(
    identity: Identity,
    offer: Offer,
    fact: OfferFact,
    *,
    on: date | None = None,
    data: Mapping[str, Any] | None = None,
    note: str = "",
) -> None:
    """Write one event, then compute where the offer stands and carry it to its places."""
    event = OfferEvent(
        offer_id=offer.id, owner_org_id=offer.owner_org_id, kind=fact.value, happened_on=on or clock.today(), data=dict(data or {}),
        recorded_at=clock.now(), author_label=identity.name, public_id=new_public_id(), note=note,
    )  # fmt: skip
    db.add(event)
    db.flush()
    events = db.execute(select(OfferEvent).where(OfferEvent.offer_id == offer.id).order_by(OfferEvent.id)).scalars()
    found = compute_qualification(events)
    offer.called_on, offer.visit_planned_at = found.called_on, found.visit_planned_at
    offer.visited_on, offer.decided_on, offer.validated_until = (
        found.visited_on,
        found.decided_on,
        found.validated_until,
    )
    offer.status_motif, offer.qualification_status, offer.risk_flag = found.motif, found.status.value, found.at_risk
    db.flush()
    _carry(identity, offer)


def _carry(identity: Identity, offer: Offer) -> None:
    """The places of an offer follow it: one per unit once validated, closed while it is stopped.

    A validation that waits for its second look gives them no new day: what they had before it stands.
    """
    places = list(db.execute(select(Place).where(Place.offer_id == offer.id).order_by(Place.id)).scalars())
    validated = offer.qualification_status == S.VALIDEE.value
    if validated:
        places += [_open_unit(identity, offer) for _unit in range(len(places), offer.units)]
    waits = awaits_review(offer)
    address = db.get_one(OfferAddress, offer.id)
    for rank, place in enumerate(places, start=1):
        for name in (*FACTS, *LOCATED):
            if name != "department_code":
                setattr(place, name, getattr(offer, name))
        if not (validated and waits):
            place.validated_until = offer.validated_until if validated else None
        place.closed_on = None if validated else place.closed_on or clock.today()
        kept = db.get_one(PlaceAddress, place.id)
        locate(
            place,
            kept,
            label=_label(offer, rank),
            commune_code=address.commune_code,
            address=address.address,
            ban_id=address.ban_id,
        )
    db.flush()


def awaits_review(offer: Offer) -> bool:
    """Whether one's own offer was validated by one person alone and nobody has read it over yet."""
    return bool(db.execute(text("SELECT odis.awaits_review(:id)"), {"id": offer.id}).scalar_one())


def _open_unit(identity: Identity, offer: Offer) -> Place:
    place = Place(
        number=next_number(identity, "P", offer.department_code), owner_org_id=offer.owner_org_id, offer_id=offer.id, opened_on=offer.decided_on,
        department_code=offer.department_code, confirmed_at=offer.confirmed_at, confirmed_by_label=offer.confirmed_by_label, created_at=clock.now(),
        **{name: getattr(offer, name) for name in FACTS},
    )  # fmt: skip
    db.add(place)
    db.flush()
    db.add(PlaceAddress(place_id=place.id, owner_org_id=place.owner_org_id, record_id=offer.id))
    db.flush()
    return place


def _label(offer: Offer, rank: int) -> str:
    return f"{offer.kind_label}, {offer.number}" + (f", unité {rank}" if offer.units > 1 else "")


def _place_count(offer: Offer) -> int:
    return int(db.execute(select(func.count()).select_from(Place).where(Place.offer_id == offer.id)).scalar_one())


def _fresh(identity: Identity, offer: Offer) -> None:
    offer.confirmed_at, offer.confirmed_by_label = clock.now(), identity.name


def host_values(host: Host, owner_org_id: int) -> dict[str, Any]:
    """What ``offer_hosts`` holds of who offers: the texts, which the model seals, and the blind indexes that find them."""
    found: dict[str, Any] = {
        "name": host.name, "siret": host.siret, "phone": host.phone, "email": host.email.lower(), "note": host.note,
        "living": host.living.packed() if host.living else "",
        "name_index": keys.word_indexes(host.name, org_id=owner_org_id, column=HOST_NAME),
    }  # fmt: skip
    for name in ("phone", "email"):
        value = found[name]
        found[f"{name}_index"] = blind_index(value, org_id=owner_org_id, column=f"offer_{name}") if value else None
    return found


def _set_host(offer: Offer, host: Host) -> None:
    row = db.get_one(OfferHost, offer.id)
    told = replace(
        host, note=row.note if host.note is None else host.note, living=row.home if host.living is None else host.living
    )
    for name, value in host_values(told, offer.owner_org_id).items():
        setattr(row, name, value)
    db.flush()
