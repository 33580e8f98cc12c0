"""Receiving many offers at once, as an import does: the same rows as one by one, in few statements."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy.dialects.postgresql import insert

from odis_app.access.keys import sealed_row
from odis_app.core import clock
from odis_app.core.db import Base, db
from odis_app.core.identity import Identity
from odis_app.core.ids import new_public_id
from odis_app.exchange.bulk import Event, append_events, create_records, insert_rows
from odis_app.housing.enums import OfferFact, ProviderKind
from odis_app.housing.models import Offer, OfferAddress, OfferEvent, OfferHost
from odis_app.housing.operations.home import ban_key, check_living, home_values
from odis_app.housing.operations.offers import Host, check_received, host_values
from odis_app.housing.status import compute_qualification
from odis_app.structures.models import HousingCounter
from odis_app.structures.operations import department_of

CHUNK = 1_000
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class NewOffer:
    """An offer to receive: the arguments of ``create_offer``, and what ``ask_completion`` would say is missing (empty: nothing)."""

    values: Mapping[str, Any]
    host: Host
    address: str = ""
    ban_id: str = ""
    provider_kind: str = ProviderKind.PARTICULIER.value
    units: int = 1
    qualities: Mapping[str, Any] = field(default_factory=dict)
    received_on: date | None = None
    missing: str = ""


@dataclass(slots=True)
class _Fact:
    """An event of the offer, before it is a row."""

    kind: str
    happened_on: date
    data: Row
    note: str = ""


def receive_offers(identity: Identity, offers: Sequence[NewOffer]) -> list[tuple[int, str]]:
    """(id, number) of each new offer, in order. Raises RuleError, as ``create_offer``, when one is refused."""
    locate = cache(department_of)  # a file names the same communes again and again
    homes = []
    for new in offers:
        check_received(new.host, new.received_on)
        homes.append(home_values(new.values, locate=locate))
        check_living(homes[-1], new.host.living)
    numbers = _numbers(identity, [home["department_code"] for home in homes])
    found: list[tuple[int, str]] = []
    for start in range(0, len(offers), CHUNK):
        some = slice(start, start + CHUNK)
        found += _receive_some(identity, offers[some], homes[some], numbers)
    return found


def _numbers(identity: Identity, codes: Sequence[str]) -> dict[str, Iterator[int]]:
    """The numbers reserved in each département, in the order in which offers are received."""
    reserved = {}
    for code, wanted in sorted(Counter(codes).items()):
        statement = insert(HousingCounter).values(
            owner_org_id=identity.require_org(), series="O", department_code=code, last_number=wanted
        )
        statement = statement.on_conflict_do_update(
            index_elements=["owner_org_id", "series", "department_code"],
            set_={"last_number": HousingCounter.last_number + wanted},
        )
        last = db.execute(statement.returning(HousingCounter.last_number)).scalar_one()
        reserved[code] = iter(range(last - wanted + 1, last + 1))
    return reserved


def _receive_some(
    identity: Identity, offers: Sequence[NewOffer], homes: Sequence[Row], numbers: Mapping[str, Iterator[int]]
) -> list[tuple[int, str]]:
    now = clock.now()
    ids = create_records(identity, "offer", [(home["department_code"], home["dispositif_id"]) for home in homes])
    rows: dict[type[Base], list[Row]] = {Offer: [], OfferHost: [], OfferAddress: [], OfferEvent: []}
    events: list[Event] = []
    for offer_id, new, home in zip(ids, offers, homes, strict=True):
        code = home["department_code"]
        number = f"O-{code}-{next(numbers[code]):04d}"
        facts = list(_facts(new))
        offer = _offer(identity, new, facts, now) | home | {"id": offer_id, "number": number}
        child = {"offer_id": offer_id, "owner_org_id": offer["owner_org_id"]}
        rows[Offer].append(offer)
        where = {"commune_code": new.values["commune_code"], "address": new.address, "ban_id": ban_key(new.ban_id)}
        rows[OfferHost].append(sealed_row(OfferHost, child | host_values(new.host, offer["owner_org_id"])))
        rows[OfferAddress].append(sealed_row(OfferAddress, child | where))
        for fact in facts:
            told = {"kind": fact.kind, "happened_on": fact.happened_on, "data": fact.data, "note": fact.note}
            event = child | told | {"public_id": new_public_id(), "recorded_at": now, "author_label": identity.name}
            rows[OfferEvent].append(sealed_row(OfferEvent, event))
        events.append(Event("offer:create", offer_id, "Offre reçue", {"number": number}))
        if new.missing:
            events.append(Event("offer:ask", offer_id, "Informations demandées"))
    for model, some in rows.items():
        insert_rows(model, some)
    append_events(events)
    return [(offer["id"], offer["number"]) for offer in rows[Offer]]


def _offer(identity: Identity, new: NewOffer, facts: Sequence[_Fact], now: datetime) -> Row:
    """The columns of the offer besides its home, where its events bring it."""
    stands = compute_qualification(facts)
    return {
        "owner_org_id": identity.require_org(), "public_id": new_public_id(), "provider_kind": new.provider_kind, "units": new.units,
        "qualities": dict(new.qualities), "received_on": new.received_on or clock.today(), "confirmed_at": now, "confirmed_by_label": identity.name,
        "created_at": now, "qualification_status": stands.status.value, "status_motif": stands.motif,
    }  # fmt: skip


def _facts(new: NewOffer) -> Iterator[_Fact]:
    yield _Fact(OfferFact.RECUE.value, new.received_on or clock.today(), {})
    if new.missing:
        yield _Fact(OfferFact.A_COMPLETER.value, clock.today(), {}, new.missing)
