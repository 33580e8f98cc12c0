"""Reading structures; every list starts from ``policy.visible_structures``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_, select

from odis_app.access import keys
from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.enums import Labelled
from odis_app.core.formats import jour
from odis_app.core.identity import Identity
from odis_app.core.text import fold
from odis_app.structures import policy
from odis_app.structures.enums import Building, ClosingReason, Public, StructureKind
from odis_app.structures.models import Structure, StructureAddress, StructureContact, StructureEvent
from odis_app.territories.models import Commune


@dataclass(frozen=True, slots=True)
class StructureFilter:
    """What the list is narrowed by; every field comes from the address."""

    q: str = ""
    kind: str = ""
    department: str = ""
    state: str = ""
    order: str = ""


OPEN, CLOSED, ALL = "", "fermees", "toutes"
LABELS = {
    "name": "nom", "kind": "type", "commune_code": "commune", "address": "adresse", "location_secret": "lieu secret", "capacity_authorised": "places autorisées",
    "public": "public accueilli", "building": "bâti", "finess_codes": "codes FINESS", "dna_codes": "codes DNA", "opened_on": "ouverture",
    "authorised_from": "début d’autorisation", "authorised_to": "fin d’autorisation", "convention_from": "début de convention",
    "convention_to": "fin de convention", "contacts": "contacts",
}  # fmt: skip
_WORDS: dict[str, type[Labelled]] = {"kind": StructureKind, "public": Public, "building": Building}


def filtered(identity: Identity, filters: StructureFilter) -> Select[Structure]:
    """The visible structures that match the filters, in the order asked: by name unless told otherwise."""
    found: list[ColumnElement[bool]] = [_search(filters.q.strip())] if filters.q.strip() else []
    if filters.kind:
        found.append(Structure.kind == filters.kind)
    if filters.department:
        found.append(Structure.department_code == filters.department)
    if filters.state == CLOSED:
        found.append(Structure.closed_on <= clock.today())
    elif filters.state == OPEN:
        found.append(or_(Structure.closed_on.is_(None), Structure.closed_on > clock.today()))
    return policy.visible_structures(identity).where(*found).order_by(*_order(filters.order))


def _search(q: str) -> ColumnElement[bool]:
    """By number, name, public code or commune; the real name and codes of a secret structure are sealed, and are not looked for."""
    coded = or_(Structure.finess_codes.contains([q.upper()]), Structure.dna_codes.contains([q.upper()]))
    like = f"%{q.replace('%', '').replace('_', '')}%"
    communes = select(Commune.code).where(Commune.name_folded.like(f"{fold(q)}%"))
    return or_(Structure.number.ilike(like), Structure.name.ilike(like), Structure.commune_code.in_(communes), coded)


def _order(order: str) -> tuple[Any, ...]:
    """The keys of ``?tri=``; « - » turns the order round."""
    orders: dict[str, tuple[Any, ...]] = {
        "-nom": (Structure.name.desc(), Structure.id),
        "numero": (Structure.number, Structure.id),
        "-numero": (Structure.number.desc(), Structure.id),
        "type": (Structure.kind, Structure.name, Structure.id),
        "-type": (Structure.kind.desc(), Structure.name, Structure.id),
    }
    return orders.get(order, (Structure.name, Structure.id))


def own_structures(identity: Identity) -> Sequence[Structure]:
    """The structures of one's organisation that are not closed, by name."""
    standing = or_(Structure.closed_on.is_(None), Structure.closed_on > clock.today())
    statement = policy.visible_structures(identity).where(
        Structure.owner_org_id == policy.housing_org(identity), standing
    )
    return db.execute(statement.order_by(Structure.name)).scalars().all()


def address_of(structure_id: int) -> StructureAddress | None:
    """The exact address, and the real name of a secret one, when the wall lets it through."""
    return db.execute(
        select(StructureAddress).where(StructureAddress.structure_id == structure_id)
    ).scalar_one_or_none()


def names_of(identity: Identity, ids: Sequence[int]) -> dict[int, str]:
    """The names to show by id: the real one of a secret structure where its address may be read."""
    if not ids:
        return {}
    visible = policy.visible_structures(identity).where(Structure.id.in_(ids)).subquery()
    secret = and_(StructureAddress.structure_id == visible.c.id, visible.c.location_secret)
    statement = select(visible.c.id, visible.c.name, StructureAddress.name_sealed)
    rows = db.execute(statement.select_from(visible).outerjoin(StructureAddress, secret)).all()
    keys.load(row.id for row in rows if row.name_sealed)
    return {row.id: StructureAddress.name.opened(row.id, row.id, row.name_sealed) or row.name for row in rows}


def structure_by_id(identity: Identity, structure_id: int) -> Structure | None:
    """The structure with this key, or None when it may not be seen."""
    return db.execute(policy.visible_structures(identity).where(Structure.id == structure_id)).scalar_one_or_none()


def name_of(identity: Identity, structure: Structure) -> str:
    """The name to show of one visible structure."""
    return names_of(identity, [structure.id]).get(structure.id, structure.name)


def contacts_of(structure_id: int) -> Sequence[StructureContact]:
    """Whom to call there, in order, when the wall lets it through."""
    statement = select(StructureContact).where(StructureContact.structure_id == structure_id)
    return db.execute(statement.order_by(StructureContact.position)).scalars().all()


def events_of(structure_id: int, *, after: int = 0) -> Sequence[StructureEvent]:
    """What became of a structure since a version, the newest first."""
    statement = select(StructureEvent).where(
        StructureEvent.structure_id == structure_id, StructureEvent.version > after
    )
    return db.execute(statement.order_by(StructureEvent.id.desc())).scalars().all()


def describe(event: StructureEvent) -> str:
    """What an event says beyond its name: « places autorisées : 90 puis 96 ; adresse »."""
    data = event.data
    if "reason" in data:
        return f"Le {jour(date.fromisoformat(data['on']))} : {ClosingReason.label_of(data['reason']).lower()}."
    told = [f"{LABELS[n]} : {_word(n, old)} puis {_word(n, new)}" for n, (old, new) in data.get("values", {}).items()]
    return " ; ".join([*told, *(LABELS[name] for name in data.get("fields", []))])


def _word(name: str, value: Any) -> str:
    if value in (None, ""):
        return "vide"
    if name in _WORDS:
        return _WORDS[name].label_of(value)
    return jour(date.fromisoformat(value)) if isinstance(value, str) else str(value)
