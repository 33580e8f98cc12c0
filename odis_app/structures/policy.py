"""Who reads structures: their operator, the State in its départements, associations mandated for one of their places."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Select, and_, column, false, func, or_, select, table, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from odis_app.access.models import Grant
from odis_app.core.db import among, db
from odis_app.core.identity import Identity
from odis_app.core.permissions import Role, permission
from odis_app.organisations.policy import mandates_in_force
from odis_app.structures.models import Structure

# Homes are no case content: who qualifies offers or runs places holds them without reading any file; administrators do not.
HOUSING_ROLES = {
    Role.TRAVAILLEUR_SOCIAL,
    Role.COORDINATEUR,
    Role.QUALIFICATEUR_OFFRES,
    Role.OPERATEUR,
    Role.DDETS,
    Role.BAILLEUR,
}
RUNNERS = {Role.OPERATEUR, Role.COORDINATEUR, Role.BAILLEUR}  # who declares structures and places; places say the same
# Places are one floor up: named here, not imported. A structure serves the dispositifs of its places.
PLACES = table("places", column("structure_id"), column("department_code"), column("dispositif_id"))
STEERING = frozenset({"ddets", "dreets", "sgar", "prefecture"})


def housing_org(identity: Identity) -> int | None:
    """The organisation, when the identity may hold homes at all (``odis.housing_org()`` says the same in the database)."""
    return identity.org_id if HOUSING_ROLES & {Role(r) for r in identity.roles} else None


def steers(identity: Identity, department: InstrumentedAttribute[str]) -> ColumnElement[bool]:
    """The State in its départements."""
    return department.in_(identity.departments) if identity.org_kind in STEERING and identity.departments else false()


def is_mandated(
    identity: Identity,
    department: InstrumentedAttribute[str] | ColumnElement[str],
    dispositif: InstrumentedAttribute[int] | ColumnElement[int],
) -> ColumnElement[bool]:
    """An association for the dispositif and in the département of its mandates that hold today."""
    if identity.case_org_id is None:
        return false()
    held = mandates_in_force(identity.case_org_id)
    there = select(held.subquery().c.department_code)  # the départements alone let the planner use an index
    return and_(among(department, there), tuple_(department, dispositif).in_(held))


def _serves_a_mandate(identity: Identity) -> ColumnElement[bool]:
    """A structure one place of which is under a mandate."""
    of_mandate = is_mandated(identity, PLACES.c.department_code, PLACES.c.dispositif_id)
    return among(
        Structure.id, select(PLACES.c.structure_id).where(PLACES.c.structure_id.is_not(None), of_mandate).distinct()
    )


def shared_records(identity: Identity) -> Select[int]:
    """The records opened to the identity's organisation, now."""
    return select(Grant.record_id).where(
        Grant.grantee_org_id == identity.case_org_id, Grant.revoked_at.is_(None), Grant.expires_at > func.now()
    )


def visible_structures(identity: Identity) -> Select[Structure]:
    """One's own, those of the départements one steers, those with a place under one's mandate, and those shared."""
    own = Structure.owner_org_id == housing_org(identity) if housing_org(identity) else false()
    wide = or_(steers(identity, Structure.department_code), _serves_a_mandate(identity))
    return select(Structure).where(or_(own, wide, among(Structure.id, shared_records(identity))))


def find_structure(identity: Identity, public_id: str) -> Structure | None:
    """The structure at this address, or None when it does not exist or may not be seen."""
    return db.execute(visible_structures(identity).where(Structure.public_id == public_id)).scalar_one_or_none()


def is_own(identity: Identity, structure: Structure) -> bool:
    """La structure est gérée par l’organisation de la personne."""
    org = housing_org(identity)
    return org is not None and structure.owner_org_id == org


STRUCTURE_READ = permission("structure:read", "Lire une structure", roles=HOUSING_ROLES)
STRUCTURE_CREATE = permission("structure:create", "Déclarer une structure", roles=RUNNERS)
STRUCTURE_UPDATE = permission(
    "structure:update", "Modifier une structure, la fermer, la rouvrir", roles=RUNNERS, rule=is_own
)
