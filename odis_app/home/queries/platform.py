"""What an administrator sees: accounts and organisations, never a file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import ColumnElement, and_, func, or_, select

from odis_app.accounts.models import User
from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.identity import Identity
from odis_app.core.permissions import Role
from odis_app.organisations.enums import OrganisationKind
from odis_app.organisations.models import Membership, Organisation


def _standing(today: date) -> ColumnElement[bool]:
    return and_(Membership.starts_on <= today, or_(Membership.ends_on.is_(None), Membership.ends_on >= today))


def organisations() -> list[tuple[str, int, int]]:
    """(kind, active organisations, people with a role in one of them today), in the order of kinds."""
    active = and_(Organisation.activated_at.is_not(None), Organisation.deactivated_at.is_(None))
    statement = (
        select(Organisation.kind, func.count(func.distinct(Organisation.id)), func.count(func.distinct(User.id)))
        .outerjoin(Membership, and_(Membership.organisation_id == Organisation.id, _standing(clock.today())))
        .outerjoin(User, and_(User.id == Membership.user_id, User.deactivated_at.is_(None)))
        .where(active)
        .group_by(Organisation.kind)
    )
    found = {kind: (count, people) for kind, count, people in db.execute(statement)}
    return [(kind.label, *found[kind.value]) for kind in OrganisationKind if kind.value in found]


def accounts() -> tuple[int, int]:
    """(people who may sign in, accounts that are closed)."""
    row = db.execute(
        select(
            func.count().filter(User.deactivated_at.is_(None)), func.count().filter(User.deactivated_at.is_not(None))
        ).select_from(User)
    ).one()
    return int(row[0]), int(row[1])


def team(identity: Identity) -> Sequence[tuple[User, str]]:
    """(person, roles in words) of one's organisation today, by name."""
    statement = (
        select(User, func.array_agg(func.distinct(Membership.role)))
        .join(Membership, Membership.user_id == User.id)
        .where(Membership.organisation_id == identity.org_id, _standing(clock.today()), User.deactivated_at.is_(None))
        .group_by(User.id)
        .order_by(func.lower(User.last_name), func.lower(User.first_name), User.id)
    )
    return [
        (user, ", ".join(role.label for role in Role if role.value in roles)) for user, roles in db.execute(statement)
    ]
