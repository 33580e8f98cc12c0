"""Offers and places of the demonstration, as the people who would declare them: invented hosts and streets, real communes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import select

from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.identity import Identity
from odis_app.housing import operations as do
from odis_app.housing.enums import PlaceState, RefusalMotif, ValidationMotif
from odis_app.housing.models import Living, Offer, Place
from odis_app.housing.status import CHECKLIST, SAFEGUARDS
from odis_app.organisations.models import Dispositif
from odis_app.organisations.seeds import World
from odis_app.structures.models import Structure, StructureAddress
from odis_app.structures.queries import names_of, own_structures

NANTES, SAINT_NAZAIRE, REZE, ORVAULT, PORNIC, CLISSON = "44109", "44184", "44143", "44114", "44131", "44043"
ANGERS, LAVAL, CHATEAU_GONTIER, BORDEAUX, PESSAC = "49007", "53130", "53062", "33063", "33318"
ROOM, HOME, RENT = "chambre_chez_habitant", "logement_entier_gratuit", "logement_location"
FIRST = ("Jeanne", "Paul", "Inès", "Marc", "Aya", "Luc", "Rose", "Hugo", "Nina", "Yann")
LAST = ("Prototype", "Maquette", "Gabarit", "Témoin", "Spécimen")


@dataclass(frozen=True, slots=True)
class Sketch:
    """An offer to declare: how far its qualification goes and how many days ago it came."""

    commune: str
    kind: str
    capacity: int
    bedrooms: int
    stage: str
    age: int
    extra: dict[str, Any]


def _s(commune: str, kind: str, capacity: int, bedrooms: int, stage: str, age: int, **extra: Any) -> Sketch:
    return Sketch(commune, kind, capacity, bedrooms, stage, age, extra)


# Stages: recue, rappel, a_completer, appel, planifiee, visitee, decider, validee, refusee, injoignable, suspendue, retiree.
OFFERS = (
    _s(NANTES, ROOM, 1, 1, "recue", 1), _s(CLISSON, HOME, 4, 2, "recue", 4, accepts_minors=True), _s(PORNIC, ROOM, 2, 1, "recue", 12),
    _s(REZE, ROOM, 1, 1, "rappel", 9), _s(ORVAULT, HOME, 3, 2, "a_completer", 10), _s(SAINT_NAZAIRE, ROOM, 2, 1, "appel", 6),
    _s(NANTES, HOME, 5, 3, "appel", 20, accepts_minors=True), _s(REZE, HOME, 4, 2, "planifiee", 11, accepts_minors=True),
    _s(NANTES, ROOM, 1, 1, "planifiee", 8, hosts_women_only=True), _s(ORVAULT, ROOM, 2, 1, "visitee", 17), _s(CLISSON, HOME, 6, 3, "decider", 18),
    _s(NANTES, HOME, 5, 3, "validee", 90, accepts_minors=True, languages=["fr", "uk"], ground_floor_or_lift=True),
    _s(NANTES, ROOM, 1, 1, "validee", 75, hosts_women_only=True, languages=["fr", "en"]), _s(NANTES, RENT, 4, 3, "validee", 60, accepts_minors=True, rent=420),
    _s(REZE, HOME, 3, 2, "validee", 55, accepts_minors=True, accepts_animals=True, languages=["fr", "ru"]),
    _s(SAINT_NAZAIRE, HOME, 6, 4, "validee", 50, accepts_minors=True, languages=["fr", "ar"]),
    _s(SAINT_NAZAIRE, ROOM, 2, 1, "validee", 48, smoking_allowed=True), _s(ORVAULT, HOME, 4, 2, "validee", 45, accepts_minors=True, wheelchair=True, ground_floor_or_lift=True),
    _s(PORNIC, HOME, 7, 4, "validee", 42, accepts_minors=True, max_minors=4), _s(CLISSON, ROOM, 1, 1, "validee", 40, animals_present=True),
    _s(NANTES, HOME, 2, 1, "validee", 39, languages=["fr", "fa"]), _s(NANTES, "intermediation_locative", 5, 3, "validee", 36, accepts_minors=True, rent=380),
    _s(NANTES, HOME, 3, 2, "validee", 34, specialised_fvv_teh=True, women_only_certified=True, hosts_women_only=True, accepts_minors=True),
    _s(ORVAULT, HOME, 2, 1, "validee", 30, rent=150, units=2), _s(REZE, ROOM, 1, 1, "refusee", 25), _s(PORNIC, ROOM, 1, 1, "injoignable", 28),
    _s(NANTES, HOME, 4, 2, "suspendue", 80, accepts_minors=True), _s(CLISSON, ROOM, 2, 1, "retiree", 70),
    _s(ORVAULT, ROOM, 1, 1, "suspendue", 66),
)  # fmt: skip
ELSEWHERE = (
    _s(BORDEAUX, HOME, 4, 2, "validee", 45, accepts_minors=True), _s(PESSAC, ROOM, 1, 1, "recue", 3), _s(BORDEAUX, ROOM, 2, 1, "validee", 20),
)  # fmt: skip
# (account, structure, how many, kind, capacities in turn)
PLACES = (
    ("operateur", "CPH d’Exemple", 12, "place_dna", (1, 2, 4, 5)), ("operateur", "CADA du Spécimen", 14, "residence_collective", (1, 1, 3, 4)),
    ("operateur", "Résidence Modèle", 12, "logement_tremplin", (2, 3, 5)), ("operateur", "Maison Abri Fictif", 3, "residence_collective", (2, 3)),
    ("aval", "HUDA du Gabarit", 6, "place_dna", (1, 3)), ("aval", "Résidence Prototype", 10, "logement_tremplin", (2, 4, 5)),
    ("gites", "Gîte Maquette", 5, "residence_collective", (2, 4)),
)  # fmt: skip
AGES = (0, 1, 3, 6, 8, 11, 15, 17, 22)  # days since each place was last confirmed, in turn


def load(world: World) -> None:
    """Offers by the associations, places by the operators, each at the freshness that its turn gives."""
    for author, decider, sketches, first in (
        ("association", "coordination", OFFERS, 0),
        ("autre", "autre", ELSEWHERE, 100),
    ):
        with world[author].acting() as identity:
            offers = [(_offer(identity, first + rank, sketch).id, sketch.stage) for rank, sketch in enumerate(sketches)]
        with world[decider].acting() as identity:  # who recorded a visit does not validate it where somebody else can
            for offer_id, stage in offers:
                _decide(identity, offer_id, stage)
    for account, structure, count, kind, capacities in PLACES:
        with world[account].acting() as identity:
            for rank in range(count):
                _place(identity, _structure(identity, structure), rank, kind, capacities)


def _dispositif(code: str) -> int:
    return db.execute(select(Dispositif.id).where(Dispositif.code == code)).scalar_one()


def _offer(identity: Identity, rank: int, sketch: Sketch) -> Offer:
    today = clock.today()
    extra = dict(sketch.extra)
    units = extra.pop("units", 1)
    name = f"{FIRST[rank % len(FIRST)]} {LAST[rank % len(LAST)]}"
    values = {
        "dispositif_id": _dispositif("deplaces_ukraine" if rank % 3 == 0 else "hebergement_citoyen"), "kind": sketch.kind, "capacity": sketch.capacity,
        "bedrooms": sketch.bedrooms, "commune_code": sketch.commune, "available_from": today + timedelta(days=rank % 20 - 10),
        "available_to": today + timedelta(days=300) if rank % 4 == 0 else None, **extra,
    }  # fmt: skip
    values |= _stay(rank, sketch)
    qualities: dict[str, Any] = {"bathroom": "partagee" if sketch.kind == ROOM else "privative", "kitchen": "partagee" if sketch.kind == ROOM else "privative",
                 "internet": True, "heating": True, "smoke_detector": rank % 5 != 0, "transport_minutes": 3 + rank % 12, "surface_m2": 9 + 12 * sketch.capacity}  # fmt: skip
    if sketch.bedrooms and rank % 2:
        qualities |= {
            "rooms": _rooms(sketch),
            "shops_minutes": 4 + rank % 9,
            "school_minutes": 6 + rank % 15,
            "doctor_minutes": 5 + rank % 20,
        }
    host = do.Host(
        name=name, phone=f"+3363998{rank:04d}", email=f"hebergeur{rank}@exemple.test", living=_living(rank, sketch)
    )
    offer = do.create_offer(
        identity, values=values, host=host, address=f"{3 + rank} rue de l’Exemple", units=units, qualities=qualities,
        received_on=today - timedelta(days=sketch.age),
    )  # fmt: skip
    _qualify(identity, offer, sketch.stage, sketch.age)
    do.confirm_offer(
        identity,
        offer=offer,
        at=clock.now() - timedelta(days=min(2 * AGES[rank % len(AGES)], sketch.age), minutes=rank),
    )
    return offer


def _stay(rank: int, sketch: Sketch) -> dict[str, Any]:
    """How long and for whom, as hosts tell it: a room for a year at most, a rent with its charges, children from an age on."""
    told: dict[str, Any] = {}
    if sketch.kind == ROOM:
        told |= {"min_stay_days": 30, "max_stay_days": 365, "renewable": rank % 2 == 0}
        if sketch.extra.get("hosts_women_only"):
            told["accepted_compositions"] = ["isole_femme"]
    if sketch.extra.get("rent"):
        told["charges"] = 40
    if sketch.extra.get("max_minors"):
        told["min_child_age"] = 3
    return told


def _rooms(sketch: Sketch) -> list[dict[str, Any]]:
    """A double bed, then single ones until everybody has a bed."""
    rooms: list[dict[str, Any]] = [{"m2": 12, "double": 1, "lockable": True}]
    return rooms + [{"m2": 9 + n, "single": 2} for n in range(1, sketch.bedrooms)]


def _living(rank: int, sketch: Sketch) -> Living | None:
    if sketch.kind != ROOM:
        return None
    alone = bool(sketch.extra.get("hosts_women_only"))
    return Living(women=1, men=0 if alone else 1, children=rank % 3, ages="" if rank % 3 else f"{40 + rank} ans")


STEPS = ("appel", "planifiee", "visitee", "decider", "validee")


def _qualify(identity: Identity, offer: Offer, stage: str, age: int) -> None:
    today = clock.today()
    if stage == "recue":
        return
    if stage in {"rappel", "injoignable"}:
        do.record_call(identity, offer=offer, on=today - timedelta(days=age - 2), reached=False, note="Messagerie.")
        if stage == "injoignable":
            do.decide(
                identity,
                offer=offer,
                accepted=False,
                motif=RefusalMotif.INJOIGNABLE.value,
                note="Trois appels sans réponse.",
            )
        return
    if stage == "a_completer":
        do.ask_completion(identity, offer=offer, missing="surface des chambres")
        return
    reach = STEPS.index(stage) if stage in STEPS else (4 if stage in {"suspendue", "retiree"} else 2)
    do.record_call(identity, offer=offer, on=today - timedelta(days=max(age - 2, 0)), reached=True)
    if reach == 1:
        at = datetime.combine(today + timedelta(days=1), time(9, 15), tzinfo=clock.PARIS)
        do.plan_visit(identity, offer=offer, at=at)
    if reach < 2:
        return
    visited = today - timedelta(days=max(age - 8, 0))
    do.record_visit(
        identity,
        offer=offer,
        on=visited,
        visitors=(identity.name, "Sacha Témoin"),
        checklist=dict.fromkeys(CHECKLIST, True),
    )
    if stage == "refusee":
        do.decide(
            identity,
            offer=offer,
            accepted=False,
            motif=RefusalMotif.CONTREPARTIE_ATTENDUE.value,
            note="Ménage attendu contre la chambre.",
        )
    if reach >= 3:
        checked = {
            name: name not in {"erp_checked", "b3_seen"} and (reach > 3 or name != "charter_signed")
            for name in SAFEGUARDS
        }
        do.record_safeguards(identity, offer=offer, checked=checked)


def _decide(identity: Identity, offer_id: int, stage: str) -> None:
    if stage not in {"validee", "suspendue", "retiree"}:
        return
    offer = db.get_one(Offer, offer_id)
    do.decide(identity, offer=offer, accepted=True, motif=ValidationMotif.CONFORME.value)
    if stage == "suspendue" and offer.kind == ROOM:
        do.flag_risk(identity, offer=offer, note="Voisin menaçant rencontré pendant une visite de courtoisie.")
    elif stage == "suspendue":
        do.suspend_offer(identity, offer=offer, motif="Travaux chez l’hébergeur jusqu’au mois prochain.")
    if stage == "retiree":
        do.withdraw_offer(identity, offer=offer, motif="L’hébergeur déménage.")


def _structure(identity: Identity, name: str) -> Structure:
    own = own_structures(identity)
    names = names_of(identity, [s.id for s in own])
    return next(s for s in own if names[s.id] == name)


def _place(identity: Identity, structure: Structure, rank: int, kind: str, capacities: tuple[int, ...]) -> None:
    today, capacity = clock.today(), capacities[rank % len(capacities)]
    kept = db.execute(select(StructureAddress).where(StructureAddress.structure_id == structure.id)).scalar_one()
    values = {
        "dispositif_id": _dispositif("mobilite_nationale" if kind == "logement_tremplin" else "deplaces_ukraine"), "kind": kind, "capacity": capacity,
        "orientation_authority": "ofii" if kind == "place_dna" else "association_mandatee", "bedrooms": max(1, capacity // 2 + capacity % 2),
        "commune_code": kept.commune_code, "accepts_minors": capacity > 1, "wheelchair": rank % 6 == 0, "ground_floor_or_lift": rank % 3 == 0,
        "languages": ["fr"], "rent": 180 + 40 * capacity if kind == "logement_tremplin" else None,
        "specialised_fvv_teh": structure.location_secret, "women_only_certified": structure.location_secret, "hosts_women_only": structure.location_secret,
    }  # fmt: skip
    rooms = "studio" if capacity == 1 else f"T{min(capacity, 5)}"
    label = f"{kept.name or structure.name}, {rooms} n° {rank + 1}"
    opened = None if rank == 11 else today - timedelta(days=400)
    place = do.create_place(
        identity, structure=structure, values=values, label=label, address=kept.address, opened_on=opened
    )
    if opened is not None:
        _availability(identity, place, rank)
    do.confirm_place(identity, place=place, at=clock.now() - timedelta(days=AGES[rank % len(AGES)], minutes=rank))


def _availability(identity: Identity, place: Place, rank: int) -> None:
    today = clock.today()
    turn = rank % 7
    if turn in {1, 4}:
        do.change_availability(identity, place=place, state=PlaceState.OCCUPEE, on=today - timedelta(days=120 + rank))
    elif turn == 2:
        do.change_availability(
            identity,
            place=place,
            state=PlaceState.OCCUPEE,
            on=today - timedelta(days=200),
            until=today + timedelta(days=9 + rank),
        )
    elif turn == 5:
        motif = ("desinsectisation", "travaux", "remise_en_etat")[rank % 3]
        do.change_availability(
            identity,
            place=place,
            state=PlaceState.INDISPONIBLE,
            motif=motif,
            on=today - timedelta(days=3),
            until=today + timedelta(days=6),
        )
