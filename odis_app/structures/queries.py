"""Reading structures; every list starts from ``policy.visible_structures``."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import and_, select

from odis_app.access import keys
from odis_app.core.db import db
from odis_app.core.identity import Identity
from odis_app.structures import policy
from odis_app.structures.models import Structure, StructureAddress


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
