"""Reading structures; every list starts from ``policy.visible_structures``."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from odis_app.core.db import db
from odis_app.core.identity import Identity
from odis_app.structures import policy
from odis_app.structures.models import Structure, StructureAddress


def own_structures(identity: Identity) -> Sequence[Structure]:
    """The structures of one's organisation, by name."""
    statement = policy.visible_structures(identity).where(Structure.owner_org_id == policy.housing_org(identity))
    return db.execute(statement.order_by(Structure.name)).scalars().all()


def address_of(structure_id: int) -> StructureAddress | None:
    """The real name and exact address, when the wall lets it through."""
    return db.execute(
        select(StructureAddress).where(StructureAddress.structure_id == structure_id)
    ).scalar_one_or_none()


def names_of(identity: Identity, ids: Sequence[int]) -> dict[int, str]:
    """The names to show by id, in one statement: the real one where the address may be read."""
    if not ids:
        return {}
    visible = policy.visible_structures(identity).where(Structure.id.in_(ids)).subquery()
    statement = select(visible.c.id, visible.c.name, StructureAddress.name).outerjoin(
        StructureAddress, StructureAddress.structure_id == visible.c.id
    )
    return {row[0]: row[2] or row[1] for row in db.execute(statement)}
