"""The list of structures, with how many places each has, and what one holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, or_, select

from odis_app.core import clock
from odis_app.core.db import among, db
from odis_app.core.identity import Identity
from odis_app.core.web import Page, paginate
from odis_app.housing import policy
from odis_app.housing.enums import PlaceState
from odis_app.housing.models import Place, PlaceAddress
from odis_app.housing.queries.places import PlaceRow, of_structure, places_of_structure
from odis_app.organisations.models import Dispositif, Organisation
from odis_app.structures.models import Structure
from odis_app.structures.queries import StructureFilter, filtered, names_of
from odis_app.territories.queries import label_of


@dataclass(frozen=True, slots=True)
class StructureRow:
    """One line: the structure, the name that may be read, who runs it, its visible places that are not closed and the people they hold."""

    structure: Structure
    name: str
    owner: str
    places: int
    people: int


def list_structures(identity: Identity, filters: StructureFilter, *, number: int) -> Page[StructureRow]:
    """One page of the visible structures: names, owners and places come in one statement each, whatever the number of rows."""
    page = paginate(filtered(identity, filters), number=number)
    ids = [structure.id for structure in page.items]
    names, held = names_of(identity, ids), _held(identity, ids)
    owners = select(Organisation.id, Organisation.short_name).where(
        Organisation.id.in_({structure.owner_org_id for structure in page.items})
    )
    owned_by = dict(db.execute(owners).all())
    rows = [
        StructureRow(s, names.get(s.id, s.name), owned_by.get(s.owner_org_id, ""), *held.get(s.id, (0, 0)))
        for s in page.items
    ]
    return Page(rows, page.number, page.per_page, page.total)


def _held(identity: Identity, ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """(places, people) by structure."""
    standing = or_(Place.closed_on.is_(None), Place.closed_on > clock.today())
    aside = policy.visible_place_addresses(identity).where(PlaceAddress.structure_id.in_(ids)).subquery()
    holder = func.coalesce(Place.structure_id, aside.c.structure_id)
    theirs = or_(Place.structure_id.in_(ids), among(Place.id, select(aside.c.place_id)))
    statement = policy.visible_places(identity).outerjoin(aside, aside.c.place_id == Place.id).where(theirs, standing)
    counted = statement.with_only_columns(holder, func.count(), func.sum(Place.capacity))
    return {row[0]: (row[1], row[2]) for row in db.execute(counted.group_by(holder))}


@dataclass(frozen=True, slots=True)
class Held:
    """The visible places of a structure. ``states``: (places, people) by state today; ``rows``: the first lines, the closed ones last."""

    rows: list[PlaceRow]
    total: int
    states: dict[PlaceState, tuple[int, int]]
    schemes: list[str]
    communes: list[str]


def held_by(identity: Identity, structure: Structure, *, limit: int = 30) -> Held:
    """What a structure holds, seen by the identity: three statements, whatever the number of places."""
    rows, states = places_of_structure(identity, structure, limit=limit)
    theirs = policy.visible_places(identity).where(of_structure(identity, structure))
    named = theirs.with_only_columns(Place.dispositif_id, Place.commune_code).distinct()
    pairs = db.execute(named).all()
    schemes = (
        select(Dispositif.label).where(Dispositif.id.in_({pair[0] for pair in pairs})).order_by(Dispositif.position)
    )
    communes = sorted({label_of(pair[1]) for pair in pairs if pair[1]})
    total = sum(places for places, _people in states.values())
    return Held(rows, total, states, list(db.execute(schemes).scalars()), communes)
