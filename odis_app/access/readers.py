"""« Qui peut lire ceci » : the roles and the organisations that read one block, by the rules of the walls. One answer, whatever the block."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.orm.util import identity_key

from odis_app.access.enums import SharePurpose
from odis_app.access.models import Grant
from odis_app.access.queries import active_grants
from odis_app.core.db import asked_once, db
from odis_app.core.permissions import Permission, Role
from odis_app.organisations.models import Organisation
from odis_app.organisations.policy import roles_of


@dataclass(frozen=True, slots=True)
class Without:
    """A colleague whose role reads the block and from whom an exception takes it; ``user_id`` and ``name`` within their organisation alone."""

    org_id: int
    user_id: int | None
    name: str
    until: datetime


@dataclass(frozen=True, slots=True)
class ShareReader:
    """An organisation that reads the block by a share, with which roles, until when."""

    organisation: Organisation
    roles: tuple[Role, ...]
    purpose: str
    until: datetime


@dataclass(frozen=True, slots=True)
class WhoReads:
    """The answer for one block: roles of the organisation that holds it, its referent where they read as such, shares, exceptions.

    ``more``: whole sentences on who else reads it.
    """

    label: str
    owner: Organisation
    roles: tuple[Role, ...]
    referent: str = ""
    referent_user_id: int | None = None
    shares: tuple[ShareReader, ...] = ()
    without: tuple[Without, ...] = ()
    more: tuple[str, ...] = ()

    def includes(self, *, org_id: int, user_id: int, roles: set[Role]) -> bool:
        """Whether a person reads the block, as this page says it."""
        if user_id in {taken.user_id for taken in self.without}:
            return False
        if org_id == self.owner.id:
            return bool(roles & set(self.roles)) or (
                self.referent_user_id is not None and user_id == self.referent_user_id
            )
        return any(org_id == share.organisation.id and roles & set(share.roles) for share in self.shares)

    def without_of(self, org_id: int) -> list[Without]:
        """The exceptions of one of its organisations."""
        return [taken for taken in self.without if taken.org_id == org_id]


def readers_of(
    *,
    label: str,
    permission: Permission,
    record_id: int,
    owner_org_id: int,
    roles: Iterable[Role] | None = None,
    opens: Callable[[Grant, Organisation], bool] | None = None,
    referent: tuple[str, int | None] = ("", None),
    more: tuple[str, ...] = (),
) -> WhoReads:
    """Who reads a block of a record today. A partner is shown its own share and the owner, as the wall of shares has it.

    ``roles``: those of the owner (the permission's unless told otherwise); ``opens``: the shares that open it (none unless told).
    A permission that was given beside the roles opens nothing here: classes and shares are the roles' own (0018).
    """
    grants = active_grants(record_id) if opens is not None else []
    names = organisations_named([owner_org_id, *(g.grantee_org_id for g in grants)])
    opening = [g for g in grants if opens is not None and opens(g, names[g.grantee_org_id])]
    owner = names[owner_org_id]
    reading = permission.roles if roles is None else frozenset(roles)
    shares = (_by_share(names[g.grantee_org_id], g, permission.roles) for g in opening)
    answer = WhoReads(
        label=label, owner=owner, roles=tuple(r for r in roles_of(owner.kind) if r in reading), referent=referent[0], referent_user_id=referent[1],
        shares=tuple(share for share in shares if share.roles), more=more,
    )  # fmt: skip
    return replace(answer, without=tuple(_without(answer, permission, record_id)))


def _by_share(organisation: Organisation, grant: Grant, reading: frozenset[Role]) -> ShareReader:
    roles = tuple(r for r in roles_of(organisation.kind) if r in reading)
    return ShareReader(organisation, roles, SharePurpose.label_of(grant.purpose), grant.expires_at)


def _without(answer: WhoReads, permission: Permission, record_id: int) -> Iterable[Without]:
    reading = {answer.owner.id: set(answer.roles)} | {s.organisation.id: set(s.roles) for s in answer.shares}
    for row in _taken_away(record_id):
        if row.permission != permission.name or row.organisation_id not in reading:
            continue
        held = {Role(role) for role in row.roles}
        if held & reading[row.organisation_id] or (row.user_id is not None and row.user_id == answer.referent_user_id):
            yield Without(row.organisation_id, row.user_id, row.name, row.until)


@dataclass(frozen=True, slots=True)
class _Taken:
    organisation_id: int
    user_id: int | None
    name: str
    roles: tuple[str, ...]
    permission: str
    until: datetime


@asked_once
def _taken_away(record_id: int) -> list[_Taken]:
    rows = db.execute(text("SELECT * FROM odis.readings_taken(:id)"), {"id": record_id})
    return [_Taken(r.organisation_id, r.user_id, r.name, tuple(r.roles), r.permission, r.until) for r in rows]


def organisations_named(ids: Iterable[int]) -> dict[int, Organisation]:
    """Organisations by key; their names are known to every signed-in person."""
    wanted = set(ids)
    known = {i: row for i in wanted if (row := db.identity_map.get(identity_key(Organisation, i))) is not None}
    if missing := wanted - known.keys():
        rows = db.execute(select(Organisation).where(Organisation.id.in_(missing))).scalars()
        known |= {row.id: row for row in rows}
    return known
