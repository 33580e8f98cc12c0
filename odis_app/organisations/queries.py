"""Reading organisations; names of organisations are known to every signed-in person."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, or_, select

from odis_app.accounts.models import User
from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.identity import Identity
from odis_app.organisations.models import (
    Dispositif,
    Mandate,
    Membership,
    Organisation,
    OrganisationArea,
    TerritoryRules,
)


def organisation(public_id: str) -> Organisation | None:
    """The organisation at this address."""
    return db.execute(select(Organisation).where(Organisation.public_id == public_id)).scalar_one_or_none()


def organisation_by_id(organisation_id: int) -> Organisation | None:
    """The organisation with this key."""
    return db.get(Organisation, organisation_id)


def partners_of(identity: Identity) -> Sequence[Organisation]:
    """The other active organisations, those of one's own départements first: what a share may be addressed to."""
    here = select(OrganisationArea.organisation_id).where(OrganisationArea.department_code.in_(identity.departments))
    statement = (
        select(Organisation)
        .where(
            Organisation.id != identity.org_id, Organisation.deactivated_at.is_(None), Organisation.kind != "plateforme"
        )
        .order_by(Organisation.id.in_(here).desc(), Organisation.folded)
    )
    return db.execute(statement).scalars().all()


def steering_service(department_code: str) -> Organisation | None:
    """The DDETS of a département: to whom a file is signalled."""
    statement = select(Organisation).where(
        Organisation.kind == "ddets", Organisation.department_code == department_code
    )
    return db.execute(statement.order_by(Organisation.id).limit(1)).scalar_one_or_none()


def colleagues(identity: Identity) -> Sequence[User]:
    """The people of one's own organisation, by name."""
    today = clock.today()
    members = select(Membership.user_id).where(
        Membership.organisation_id == identity.org_id,
        Membership.starts_on <= today,
        or_(Membership.ends_on.is_(None), Membership.ends_on >= today),
    )
    statement = select(User).where(User.id.in_(members), User.deactivated_at.is_(None))
    return db.execute(statement.order_by(func.lower(User.last_name), func.lower(User.first_name))).scalars().all()


def dispositifs() -> Sequence[Dispositif]:
    """The public schemes, in their usual order."""
    return db.execute(select(Dispositif).order_by(Dispositif.position)).scalars().all()


def rules_of(department_code: str) -> TerritoryRules:
    """The rules that a département set, or the defaults."""
    found = db.get(TerritoryRules, department_code)
    if found is not None:
        return found
    return TerritoryRules(
        department_code=department_code, first_call_days=5, decision_days=15, urgent_answer_hours=72, standard_answer_days=7,
        proposals_per_household=2, proposals_per_place=1,
    )  # fmt: skip


def mandated(department_code: str, dispositif_id: int) -> Sequence[Organisation]:
    """The associations mandated today for a dispositif in a département."""
    today = clock.today()
    statement = (
        select(Organisation)
        .join(Mandate, Mandate.organisation_id == Organisation.id)
        .where(
            Mandate.department_code == department_code,
            Mandate.dispositif_id == dispositif_id,
            Mandate.starts_on <= today,
            or_(Mandate.ends_on.is_(None), Mandate.ends_on >= today),
        )
    )
    return db.execute(statement.order_by(Organisation.folded)).scalars().all()
