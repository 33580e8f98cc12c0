"""Places of a structure: declared, corrected, closed. Those of an offer follow their offer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import func, or_, select

from odis_app.access.operations import create_record
from odis_app.audit.operations import record_event
from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.core.identity import Identity
from odis_app.housing.models import Occupancy, Place, PlaceAddress
from odis_app.housing.operations.home import ban_key, home_values, keeping_room, locate, same_department
from odis_app.housing.queries.places import of_structure
from odis_app.structures.models import Structure
from odis_app.structures.operations import next_number

AUTHORISED = date(9999, 12, 31)
"""``validated_until`` of a structure's place: it rests on its authorisation, not on a visit that runs out."""


def create_place(
    identity: Identity,
    *,
    structure: Structure,
    values: Mapping[str, Any],
    label: str,
    address: str = "",
    ban_id: str = "",
    opened_on: date | None = None,
) -> Place:
    """A place of one's own structure, in its département; ``opened_on`` empty: still being created. Raises RuleError."""
    if not label.strip():
        raise RuleError("label", "Écrivez comment vous appelez cette place, par exemple « Les Ormes, studio 3 ».")
    if structure.closed_on is not None:
        raise RuleError("structure", "Cette structure ferme ou est fermée. Rouvrez-la pour y déclarer une place.")
    ban_id = ban_key(ban_id)
    secret = structure.location_secret or values.get("location_secret")
    home = home_values({**values, "location_secret": secret})
    if home["department_code"] != structure.department_code:
        raise RuleError("commune_code", "La commune doit être dans le département de la structure.")
    place = Place(
        number=next_number(identity, "P", structure.department_code), owner_org_id=structure.owner_org_id, opened_on=opened_on,
        validated_until=AUTHORISED, confirmed_at=clock.now(), confirmed_by_label=identity.name, created_at=clock.now(), **home,
    )  # fmt: skip
    aside = _tie(identity, place, structure)
    db.add(place)
    db.flush()
    kept = PlaceAddress(
        place_id=place.id, owner_org_id=place.owner_org_id, record_id=place.record_id, structure_id=aside
    )
    locate(place, kept, label=label, commune_code=values["commune_code"], address=address, ban_id=ban_id)
    db.add(kept)
    db.flush()
    record_event(
        identity, "place:create", record_id=place.record_id, summary="Place déclarée", data={"place": place.public_id}
    )
    return place


def _tie(identity: Identity, place: Place, structure: Structure) -> int | None:
    """What a place hangs on: its structure; a record of its own when it is secret and everybody knows where its structure is.

    Returns the structure to write beside the sealed address, where alone it is told then.
    """
    if not place.location_secret or structure.location_secret:
        place.structure_id, place.secret_record_id = structure.id, None
        return None
    if place.secret_record_id is None:
        record = create_record(identity, kind="place", department_code=structure.department_code)
        place.structure_id, place.secret_record_id = None, record.id
    return structure.id


def _rehang(identity: Identity, place: Place, kept: PlaceAddress, structure: Structure) -> None:
    """The same for a place that stands already. Its address follows its record: it is to be written again, with the new key."""
    aside, before = _tie(identity, place, structure), kept.record_id
    db.flush()
    db.refresh(kept)
    kept.structure_id = aside
    if kept.record_id != before:
        kept.label_sealed = kept.label_index = None
        kept.commune_code_sealed = kept.address_sealed = kept.ban_id_sealed = None


def update_place(
    identity: Identity,
    *,
    place: Place,
    values: Mapping[str, Any],
    label: str,
    address: str | None = None,
    ban_id: str | None = None,
    opened_on: date | None = None,
) -> None:
    """Correct a place of a structure. Raises RuleError."""
    if place.offer_id is not None:
        raise RuleError("", "Cette place vient d’une offre : modifiez l’offre.")
    kept = db.get_one(PlaceAddress, place.id)
    structure = db.get_one(Structure, place.structure_id or kept.structure_id)
    secret = structure.location_secret or values.get("location_secret")
    home = home_values({"employment_area": place.employment_area, **values, "location_secret": secret})
    same_department(place, home)
    changed = [name for name, value in home.items() if getattr(place, name) != value]
    ban_id = kept.ban_id if ban_id is None else ban_key(ban_id)
    address = kept.address if address is None else address
    with keeping_room():
        for name, value in home.items():
            setattr(place, name, value)
        place.label = "" if place.location_secret else label
        _rehang(identity, place, kept, structure)
    place.opened_on = opened_on or place.opened_on
    locate(place, kept, label=label, commune_code=values["commune_code"], address=address, ban_id=ban_id)
    place.confirmed_at, place.confirmed_by_label = clock.now(), identity.name
    db.flush()
    record_event(
        identity,
        "place:update",
        record_id=place.record_id,
        summary="Place modifiée",
        data={"place": place.public_id, "fields": changed},
    )


def close_place(identity: Identity, *, place: Place, on: date | None = None) -> None:
    """No longer a place from that day on. Raises RuleError while someone is there or expected after it."""
    on = on or clock.today()
    later = func.coalesce(func.upper(Occupancy.during), date.max) > on
    taken = select(func.count()).where(
        Occupancy.place_id == place.id, Occupancy.released_at.is_(None), Occupancy.kind != "unavailable", later
    )
    if db.execute(taken).scalar_one():
        raise RuleError(
            "", "Quelqu’un vit dans cette place ou y est attendu après cette date. Elle ne peut pas fermer."
        )
    place.closed_on = max(on, place.opened_on or on)
    place.confirmed_at, place.confirmed_by_label = clock.now(), identity.name
    db.flush()
    record_event(
        identity, "place:close", record_id=place.record_id, summary="Place fermée", data={"place": place.public_id}
    )


def reopen_place(identity: Identity, *, place: Place) -> None:
    """A closed place of a structure is one again. Raises RuleError."""
    if place.offer_id is not None:
        raise RuleError("", "Cette place vient d’une offre : reprenez l’offre.")
    kept = db.get_one(PlaceAddress, place.id)
    if db.get_one(Structure, place.structure_id or kept.structure_id).closed_on is not None:
        raise RuleError("", "La structure de cette place ferme ou est fermée. Rouvrez d’abord la structure.")
    place.closed_on = None
    place.confirmed_at, place.confirmed_by_label = clock.now(), identity.name
    db.flush()
    record_event(
        identity, "place:reopen", record_id=place.record_id, summary="Place rouverte", data={"place": place.public_id}
    )


def close_places_of(identity: Identity, structure: Structure, on: date) -> None:
    """Every place of a structure closes that day. Raises RuleError naming those where somebody stays or is expected after it."""
    places = db.execute(
        select(Place)
        .where(of_structure(identity, structure), or_(Place.closed_on.is_(None), Place.closed_on > on))
        .order_by(Place.number)
        .with_for_update()
    )
    later = func.coalesce(func.upper(Occupancy.during), date.max) > on
    standing = or_(Occupancy.kind != "reservation", Occupancy.expires_at > func.now())
    taken = select(Occupancy.place_id).where(
        Occupancy.released_at.is_(None), Occupancy.kind != "unavailable", later, standing
    )
    found = list(places.scalars())
    lived_in = set(db.execute(taken.where(Occupancy.place_id.in_([p.id for p in found]))).scalars())
    if held := [p.number for p in found if p.id in lived_in]:
        raise RuleError(
            "on",
            f"Quelqu’un vit ou est attendu après cette date dans {', '.join(held[:10])}. Enregistrez d’abord les sorties, ou donnez une date plus tardive.",
        )
    for place in found:
        place.closed_on = max(on, place.opened_on or on)
        place.confirmed_at, place.confirmed_by_label = clock.now(), identity.name
    db.flush()
    record_event(
        identity, "place:close", record_id=structure.id, summary="Places fermées", data={"places": len(found)}
    )  # fmt: skip


def follow_secrecy(identity: Identity, structure: Structure) -> None:
    """Where a structure is becomes secret: its places hide their label, commune and employment area too. They stay secret when it is known again."""
    rows = db.execute(
        select(Place, PlaceAddress)
        .join(PlaceAddress, PlaceAddress.place_id == Place.id)
        .where(of_structure(identity, structure))
    )
    for place, kept in rows.all():
        told = {"commune_code": kept.commune_code, "address": kept.address, "ban_id": kept.ban_id}
        label = place.label or kept.label
        if structure.location_secret:
            place.location_secret, place.commune_code, place.employment_area, place.label = True, None, None, ""
        _rehang(identity, place, kept, structure)
        locate(place, kept, label=label, **told)
    db.flush()
