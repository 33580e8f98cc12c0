"""« Qui peut lire ceci » on a file: what is read together, because one wall stands before it."""

from __future__ import annotations

from odis_app.access.enums import ShareLevel
from odis_app.access.models import Grant
from odis_app.access.queries import class2_is_open
from odis_app.access.readers import WhoReads, readers_of
from odis_app.core.enums import Labelled
from odis_app.core.permissions import Permission, Role
from odis_app.households import policy
from odis_app.households.models import Household

FULL_CLASS2 = 2


class Block(Labelled):
    """What is read together, because one wall stands before it."""

    HEADER = "header", "Numéro, initiales, taille, étape"
    FILE = "file", "Composition, besoins, projet de vie"
    HEALTH = "health", "Besoins de santé"
    SAFETY = "safety", "Sécurité de chaque adulte"

    @property
    def permission(self) -> Permission:
        """Whose roles read it."""
        return _PERMISSIONS[self]


_PERMISSIONS = {
    Block.HEADER: policy.HOUSEHOLD_READ,
    Block.FILE: policy.HOUSEHOLD_READ_FULL,
    Block.HEALTH: policy.HEALTH_READ,
    Block.SAFETY: policy.SAFETY_READ,
}


def who_reads(household: Household, block: Block) -> WhoReads:
    """Who reads ``block`` today."""
    closed = block is Block.HEALTH and not class2_is_open()
    alone = block is Block.SAFETY  # class 3 is the coordination's, whatever else its permission opens to a referent
    roles = frozenset() if closed else frozenset({Role.COORDINATEUR}) if alone else block.permission.roles
    return readers_of(
        label=block.label, permission=block.permission, record_id=household.id, owner_org_id=household.owner_org_id, roles=roles,
        opens=None if closed or alone else lambda grant, _: _opens(grant, block),
        referent=(household.referent_label, household.referent_user_id) if alone else ("", None),
    )  # fmt: skip


def _opens(grant: Grant, block: Block) -> bool:
    if block is Block.HEADER:
        return True
    return grant.level == ShareLevel.FULL.value and (block is Block.FILE or grant.max_class >= FULL_CLASS2)
