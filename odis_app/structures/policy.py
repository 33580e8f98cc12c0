"""Who reads structures: their operator, the State in its départements, associations mandated there."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Select, false, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from odis_app.access.models import Grant
from odis_app.core.db import db
from odis_app.core.identity import Identity
from odis_app.core.permissions import Role
from odis_app.organisations.models import Mandate
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
STEERING = frozenset({"ddets", "dreets", "sgar", "prefecture"})


def housing_org(identity: Identity) -> int | None:
    """The organisation, when the identity may hold homes at all (``odis.housing_org()`` says the same in the database)."""
    return identity.org_id if HOUSING_ROLES & {Role(r) for r in identity.roles} else None


def steers(identity: Identity, department: InstrumentedAttribute[str]) -> ColumnElement[bool]:
    """The State in its départements."""
    return department.in_(identity.departments) if identity.org_kind in STEERING and identity.departments else false()


def is_mandated(identity: Identity, department: InstrumentedAttribute[str]) -> ColumnElement[bool]:
    """An association in the départements where it is mandated today."""
    if identity.case_org_id is None:
        return false()
    ends = func.coalesce(Mandate.ends_on, func.current_date())
    departments = select(Mandate.department_code).where(
        Mandate.organisation_id == identity.case_org_id, func.current_date().between(Mandate.starts_on, ends)
    )
    return department.in_(departments)


def shared_records(identity: Identity) -> Select[int]:
    """The records opened to the identity's organisation, now."""
    return select(Grant.record_id).where(
        Grant.grantee_org_id == identity.case_org_id, Grant.revoked_at.is_(None), Grant.expires_at > func.now()
    )


def visible_structures(identity: Identity) -> Select[Structure]:
    """One's own, those of the départements one steers or is mandated in, and those shared."""
    own = Structure.owner_org_id == housing_org(identity) if housing_org(identity) else false()
    wide = or_(steers(identity, Structure.department_code), is_mandated(identity, Structure.department_code))
    return select(Structure).where(or_(own, wide, Structure.id.in_(shared_records(identity))))


def find_structure(identity: Identity, public_id: str) -> Structure | None:
    """The structure at this address, or None when it does not exist or may not be seen."""
    return db.execute(visible_structures(identity).where(Structure.public_id == public_id)).scalar_one_or_none()
