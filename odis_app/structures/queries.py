"""Reading structures; every list starts from ``policy.visible_structures``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_, select

from odis_app.access import keys
from odis_app.core.db import db
from odis_app.core.identity import Identity
from odis_app.core.text import fold
from odis_app.structures import policy
from odis_app.structures.models import Structure, StructureAddress
from odis_app.territories.models import Commune


@dataclass(frozen=True, slots=True)
class StructureFilter:
    """What the list is narrowed by; every field comes from the address."""

    q: str = ""
    kind: str = ""
    department: str = ""
    order: str = ""


def filtered(identity: Identity, filters: StructureFilter) -> Select[Structure]:
    """The visible structures that match the filters, in the order asked: by name unless told otherwise."""
    found: list[ColumnElement[bool]] = [_search(filters.q.strip())] if filters.q.strip() else []
    if filters.kind:
        found.append(Structure.kind == filters.kind)
    if filters.department:
        found.append(Structure.department_code == filters.department)
    return policy.visible_structures(identity).where(*found).order_by(*_order(filters.order))


def _search(q: str) -> ColumnElement[bool]:
    """By number, name or commune; the real name of a secret structure is sealed, and is not looked for."""
    like = f"%{q.replace('%', '').replace('_', '')}%"
    communes = select(Commune.code).where(Commune.name_folded.like(f"{fold(q)}%"))
    return or_(Structure.number.ilike(like), Structure.name.ilike(like), Structure.commune_code.in_(communes))


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
    """The structures of one's organisation, by name."""
    statement = policy.visible_structures(identity).where(Structure.owner_org_id == policy.housing_org(identity))
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
