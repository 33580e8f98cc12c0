"""« Qui peut lire ceci » : the roles and the organisations that read one block of a file, by the rules of the walls."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from odis_app.access.enums import ShareLevel, SharePurpose
from odis_app.access.models import Grant
from odis_app.access.queries import active_grants, class2_is_open
from odis_app.core.enums import Labelled
from odis_app.core.permissions import Permission, Role
from odis_app.households import policy
from odis_app.households.models import Household
from odis_app.households.queries.readers import organisations_named
from odis_app.organisations.models import Organisation
from odis_app.organisations.policy import roles_of

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


@dataclass(frozen=True, slots=True)
class ShareReader:
    """An organisation that reads the block by a share, with which roles, until when."""

    organisation: Organisation
    roles: tuple[Role, ...]
    purpose: str
    until: datetime


@dataclass(frozen=True, slots=True)
class WhoReads:
    """The answer for one block: roles of the organisation that follows the file, its referent where they read as such, and shares."""

    block: Block
    owner: Organisation
    roles: tuple[Role, ...]
    referent: str
    referent_user_id: int | None
    shares: tuple[ShareReader, ...]

    def includes(self, *, org_id: int, user_id: int, roles: set[Role]) -> bool:
        """Whether a person reads the block, as this page says it."""
        if org_id == self.owner.id:
            return bool(roles & set(self.roles)) or (
                self.referent_user_id is not None and user_id == self.referent_user_id
            )
        return any(org_id == share.organisation.id and roles & set(share.roles) for share in self.shares)


def who_reads(household: Household, block: Block) -> WhoReads:
    """Who reads ``block`` today. A partner is shown its own share and the owner, as the wall of shares has it."""
    grants = [g for g in active_grants(household.id) if _opens(g, block)]
    names = organisations_named([household.owner_org_id, *(g.grantee_org_id for g in grants)])
    owner = names[household.owner_org_id]
    closed = block is Block.HEALTH and not class2_is_open()
    roles = () if closed else tuple(r for r in roles_of(owner.kind) if r in _own_roles(block))
    shares = [_by_share(names[g.grantee_org_id], g, block) for g in grants if not closed]
    alone = block is Block.SAFETY
    return WhoReads(
        block, owner, roles, household.referent_label if alone else "", household.referent_user_id if alone else None, tuple(s for s in shares if s.roles)
    )  # fmt: skip


def _own_roles(block: Block) -> frozenset[Role]:
    """Class 3 is the coordination's, whatever else its permission opens to a referent."""
    return frozenset({Role.COORDINATEUR}) if block is Block.SAFETY else block.permission.roles


def _opens(grant: Grant, block: Block) -> bool:
    match block:
        case Block.HEADER:
            return True
        case Block.FILE:
            return grant.level == ShareLevel.FULL.value
        case Block.HEALTH:
            return grant.level == ShareLevel.FULL.value and grant.max_class >= FULL_CLASS2
        case _:
            return False


def _by_share(organisation: Organisation, grant: Grant, block: Block) -> ShareReader:
    roles = tuple(r for r in roles_of(organisation.kind) if r in block.permission.roles)
    return ShareReader(organisation, roles, SharePurpose.label_of(grant.purpose), grant.expires_at)
