"""Reading orientations and stays; every list starts from ``policy.visible_*``."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from odis_app.core.db import db
from odis_app.core.identity import Identity
from odis_app.placements import policy
from odis_app.placements.models import Orientation, OrientationChoice, OrientationRefusal, Placement


def placement_of(orientation: Orientation) -> Placement | None:
    """The stay that a confirmed orientation opened."""
    return db.execute(select(Placement).where(Placement.orientation_id == orientation.id)).scalar_one_or_none()


def orientation_of(placement: Placement) -> Orientation:
    """The orientation from which a stay came."""
    return db.get_one(Orientation, placement.orientation_id)


def orientations_of(identity: Identity, household_id: int) -> Sequence[Orientation]:
    """The visible orientations of a household, newest first."""
    statement = policy.visible_orientations(identity).where(Orientation.household_id == household_id)
    return db.execute(statement.order_by(Orientation.id.desc())).scalars().all()


def placements_of(identity: Identity, household_id: int) -> Sequence[Placement]:
    """The visible stays of a household, newest first."""
    statement = policy.visible_placements(identity).where(Placement.household_id == household_id)
    return db.execute(statement.order_by(Placement.id.desc())).scalars().all()


def choice_of(orientation: Orientation) -> OrientationChoice | None:
    """The score of the day and the motif for choosing otherwise: the household's organisation alone."""
    return db.get(OrientationChoice, orientation.id)


def refusal_of(orientation: Orientation) -> OrientationRefusal | None:
    """The household's own reason, within what the reader may read."""
    return db.get(OrientationRefusal, orientation.id)
