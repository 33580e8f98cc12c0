"""Offers and their qualification: invented hosts and streets, real communes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from random import Random

from odis_app.access import keys
from odis_app.core import clock
from odis_app.core.identity import Identity
from odis_app.core.ids import drawn_public_id
from odis_app.home.demo.national.country import Country
from odis_app.home.demo.national.drawing import (
    FEMALE,
    MALE,
    STEMS,
    Weighted,
    ago,
    instant,
    letters,
    one_of,
    phone,
    within,
)
from odis_app.home.demo.national.homes import Builder, Row, add_place, ordinary_home
from odis_app.home.demo.national.population import Org
from odis_app.housing.enums import HousingKind, OfferFact, ProviderKind, RefusalMotif, ValidationMotif
from odis_app.housing.enums import QualificationStatus as Q
from odis_app.housing.models import Offer, OfferAddress, OfferEvent, OfferHost
from odis_app.housing.operations.home import FACTS, LOCATED
from odis_app.housing.operations.offers import Host, host_values
from odis_app.housing.status import CHECKLIST, SAFEGUARDS, Qualification, compute_qualification

STAGES = Weighted(
    (Q.RECUE, Q.A_COMPLETER, Q.APPEL_FAIT, Q.VISITE_PLANIFIEE, Q.VISITE_FAITE, Q.VALIDEE, Q.REFUSEE, Q.RETIREE, Q.SUSPENDUE),
    (12, 6, 8, 6, 5, 50, 6, 4, 3),
)  # fmt: skip
OFFERED = (HousingKind.CHAMBRE_CHEZ_HABITANT, HousingKind.LOGEMENT_ENTIER_GRATUIT, HousingKind.LOGEMENT_LOCATION)


def write_offer(builder: Builder, org: Org, code: str) -> int:
    """One offer with its history; answers how many places it opened."""
    draw, country = builder.draw, builder.country
    who, town, stage, scheme = (
        one_of(draw, org.workers),
        country.town(code, draw),
        STAGES.pick(draw),
        country.scheme(draw),
    )
    if org.id not in builder.homes.qualifiers.get((code, scheme), {org.id}) and stage not in {Q.RECUE, Q.A_COMPLETER}:
        stage = Q.APPEL_FAIT  # the DDETS named somebody else to visit and to decide
    received = ago(
        country.today, within(draw, 40, 340) if stage not in {Q.RECUE, Q.A_COMPLETER} else within(draw, 0, 30)
    )
    home = ordinary_home(draw, country.today) | {
        "kind": one_of(draw, OFFERED).value, "dispositif_id": scheme, "department_code": code, "location_secret": False,
        "commune_code": town.code, "employment_area": None,
    }  # fmt: skip
    record_id = builder.record("offer", org, code, home["dispositif_id"])
    events = list(_events(stage, received, who, country, draw))
    told = [OfferEvent(kind=kind.value, happened_on=on, data=data) for kind, on, data in events]
    stands = compute_qualification(told)
    confirmed = instant(ago(country.today, one_of(draw, (0, 1, 3, 6, 8, 15, 30))), draw)
    number = builder.homes.number(org.id, "O", code)
    builder.copier.add(Offer, home | _standing(stands) | {
        "id": record_id, "owner_org_id": org.id, "public_id": drawn_public_id(draw), "number": number, "provider_kind": ProviderKind.PARTICULIER.value,
        "received_on": received, "confirmed_at": confirmed, "confirmed_by_label": who.name, "created_at": instant(received, draw),
    })  # fmt: skip
    child = {"offer_id": record_id, "owner_org_id": org.id}
    host = Host(f"{one_of(draw, (*FEMALE, *MALE))} {one_of(draw, STEMS)}{letters(record_id)}", phone(draw))
    builder.copier.add(OfferHost, keys.sealed_row(OfferHost, child | host_values(host, org.id)))
    address = f"{within(draw, 1, 99)} rue des Exemples"
    builder.copier.add(
        OfferAddress,
        keys.sealed_row(OfferAddress, child | {"commune_code": town.code, "address": address, "ban_id": ""}),
    )
    for kind, on, data in events:
        written = {name: value for name, value in data.items() if name != "note"}
        builder.copier.add(OfferEvent, keys.sealed_row(OfferEvent, child | {
            "id": builder.copier.next_id(OfferEvent), "public_id": drawn_public_id(draw), "kind": kind.value, "happened_on": on, "data": written,
            "recorded_at": instant(on, draw), "author_label": who.name, "note": data.get("note", ""),
        }))  # fmt: skip
    if stands.decided_on is None or stands.status is Q.REFUSEE:
        return 0
    closed = None if stands.status is Q.VALIDEE else events[-1][1]
    until = stands.validated_until if stands.status is Q.VALIDEE else None
    carried = {name: home[name] for name in (*FACTS, *LOCATED) if name in home} | {"validated_until": until}
    label = f"{HousingKind.label_of(home['kind'])}, {number}"
    add_place(
        builder,
        who,
        town,
        carried,
        label,
        {"offer_id": record_id, "opened_on": stands.decided_on, "closed_on": closed},
        address,
    )
    return 1


def _standing(stands: Qualification) -> Row:
    return {
        "qualification_status": stands.status.value, "status_motif": stands.motif, "called_on": stands.called_on, "visit_planned_at": stands.visit_planned_at,
        "visited_on": stands.visited_on, "decided_on": stands.decided_on, "validated_until": stands.validated_until, "risk_flag": stands.at_risk,
    }  # fmt: skip


def _events(
    stage: Q, received: date, who: Identity, country: Country, draw: Random
) -> Iterator[tuple[OfferFact, date, Row]]:
    """What happened to an offer until it stands there, in the product's own words."""
    day = received
    yield OfferFact.RECUE, day, {}
    if stage is Q.A_COMPLETER:
        yield OfferFact.A_COMPLETER, day, {"note": "la surface des chambres"}
    if stage in {Q.RECUE, Q.A_COMPLETER}:
        return
    day += timedelta(days=within(draw, 1, 6))
    yield OfferFact.APPEL, day, {"reached": True}
    if stage is Q.APPEL_FAIT:
        return
    if stage is Q.VISITE_PLANIFIEE:
        yield (
            OfferFact.VISITE_PLANIFIEE,
            day,
            {
                "at": datetime.combine(
                    country.today + timedelta(days=within(draw, 1, 12)), time(10), clock.PARIS
                ).isoformat()
            },
        )
        return
    day += timedelta(days=within(draw, 2, 12))
    yield (
        OfferFact.VISITE_FAITE,
        day,
        {"visitors": [who.name, "bénévole fictif"], "checklist": dict.fromkeys(CHECKLIST, True), "author": who.user_id},
    )
    if stage is Q.VISITE_FAITE:
        return
    accepted = stage is not Q.REFUSEE
    if accepted:
        yield OfferFact.GARDE_FOUS, day, dict.fromkeys(SAFEGUARDS, True)
    day += timedelta(days=within(draw, 1, 8))
    motif = ValidationMotif.CONFORME.value if accepted else RefusalMotif.LOGEMENT_NON_DECENT.value
    yield (
        OfferFact.DECISION,
        day,
        {"accepted": accepted, "motif": motif}
        | ({"until": (day + timedelta(days=365)).isoformat()} if accepted else {}),
    )
    if stage in {Q.RETIREE, Q.SUSPENDUE}:
        fact = OfferFact.RETIREE if stage is Q.RETIREE else OfferFact.SUSPENDUE
        yield fact, day + timedelta(days=within(draw, 1, 10)), {"note": "Travaux dans le logement"}
