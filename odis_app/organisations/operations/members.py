"""The roles of those who work here, and their leaving. Their sessions end with the change: the next one has the new rights."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import text

from odis_app.accounts.models import User
from odis_app.audit.operations import record_event
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.core.identity import Identity
from odis_app.core.permissions import Role
from odis_app.organisations.policy import roles_of


def set_roles(identity: Identity, *, member: User, roles: Sequence[Role]) -> None:
    """Replace the roles of somebody of one's organisation. Raises RuleError on ``roles``."""
    if not roles:
        raise RuleError("roles", "Choisissez au moins un rôle, ou retirez la personne de l’équipe.")
    if not set(roles) <= set(roles_of(identity.org_kind)):
        raise RuleError("roles", "Ce rôle n’existe pas dans votre organisation.")
    _change(member, [role.value for role in roles])
    record_event(identity, "team:update", summary="Rôles d’un membre changés",
                 data={"member": member.public_id, "roles": [role.value for role in roles]})  # fmt: skip


def remove_member(identity: Identity, *, member: User) -> None:
    """End every role of somebody in one's organisation; the account stays for the other organisations, if any."""
    _change(member, [])
    record_event(identity, "team:remove", summary="Membre retiré de l’équipe", data={"member": member.public_id})


def _change(member: User, roles: list[str]) -> None:
    statement = text("SELECT odis.member_set_roles(:who, :roles)")
    if not db.execute(statement, {"who": member.public_id, "roles": roles}).scalar_one():
        raise RuleError("", "Cette personne ne travaille plus ici, ou vos droits ont changé. Rechargez la page.")
