"""Answering access requests; reminding those who should."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import and_, or_, select, text

from odis_app.accounts.operations import Minter
from odis_app.accounts.queries import role_labels
from odis_app.audit.operations import record_event
from odis_app.core import clock, formats
from odis_app.core.db import db, token_hash
from odis_app.core.errors import RuleError
from odis_app.core.identity import Identity
from odis_app.core.ids import new_public_id
from odis_app.core.permissions import Role
from odis_app.core.text import fold
from odis_app.notifications.operations import send_mail
from odis_app.organisations.enums import AccessState
from odis_app.organisations.messages import (
    ACCESS_APPROVED,
    ACCESS_REFUSED,
    ACCESS_WAITING,
    INVITATION_PATH,
    REQUESTS_PATH,
)
from odis_app.organisations.models import AccessRequest, Organisation
from odis_app.organisations.operations.invitations import KIND, until
from odis_app.organisations.policy import roles_of
from odis_app.organisations.secrets import link_secret

TAKEN_UP_WITHIN = timedelta(days=8)
REMIND_AFTER = (timedelta(), timedelta(days=3), timedelta(days=10))  # told at once, then reminded twice
GONE = "Quelqu’un a déjà répondu à cette demande, ou vos droits ont changé. Rechargez la page."


def approve_request(identity: Identity, minter: Minter, *, asked: AccessRequest, roles: Sequence[Role]) -> None:
    """Say yes: the organisation is made if it is new (closed until its convention), and the visitor has eight days to take the link up.

    Raises RuleError on ``roles``, or on no field when somebody answered before.
    """
    kind = asked.new_kind or db.get_one(Organisation, asked.organisation_id).kind
    if not roles or not set(roles) <= set(roles_of(kind)):
        raise RuleError("roles", "Choisissez au moins un rôle.")
    if asked.new_name and Role.ADMIN_ORGANISATION not in roles:
        raise RuleError("roles", "La première personne d’une organisation en a l’administration : cochez ce rôle.")
    public_id = new_public_id()
    secret = link_secret(minter, KIND, public_id)
    organisation = db.execute(
        text("SELECT odis.access_approve(:wanted, :roles, :public_id, :hash, :lasts, :org, :folded)"),
        {
            "wanted": asked.public_id, "roles": [role.value for role in roles], "public_id": public_id, "hash": token_hash(secret),
            "lasts": TAKEN_UP_WITHIN, "org": new_public_id(), "folded": fold(asked.new_name),
        },
    ).scalar_one()  # fmt: skip
    if organisation is None:
        raise RuleError("", GONE)
    context = {
        "name": asked.first_name, "organisation": organisation, "roles": role_labels([role.value for role in roles]),
        "until": until(clock.now() + TAKEN_UP_WITHIN), "link": INVITATION_PATH + secret,
    }  # fmt: skip
    send_mail(identity, to=asked.email, template=ACCESS_APPROVED, context=context)
    record_event(identity, "access:approve", summary="Demande d’accès acceptée",
                 data={"request": asked.public_id, "invitation": public_id, "roles": [r.value for r in roles]})  # fmt: skip


def refuse_request(identity: Identity, *, asked: AccessRequest, reason: str) -> None:
    """Say no, with a reason that the visitor reads. Raises RuleError on ``reason``, or on no field when somebody answered before."""
    if not reason.strip():
        raise RuleError("reason", "Écrivez pourquoi : la personne le lira.")
    if asked.state != AccessState.WAITING.value:
        raise RuleError("", GONE)
    asked.state, asked.reason = AccessState.REFUSED.value, reason.strip()
    asked.decided_at, asked.decided_by_id = clock.now(), identity.require_user()
    db.flush()
    context = {"name": asked.first_name, "organisation": _where(asked), "reason": asked.reason}
    send_mail(identity, to=asked.email, template=ACCESS_REFUSED, context=context)
    record_event(identity, "access:refuse", summary="Demande d’accès refusée", data={"request": asked.public_id})


def notify_approvers(identity: Identity) -> int:
    """Tell those who decide that somebody waits: at once, after 3 days, after 10; how many requests were told. Run twice, the second finds none."""
    now = clock.now()
    due = or_(
        *(
            and_(AccessRequest.notices == n, AccessRequest.confirmed_at <= now - after)
            for n, after in enumerate(REMIND_AFTER)
        )
    )
    waiting = (
        db.execute(select(AccessRequest).where(AccessRequest.state == AccessState.WAITING.value, due)).scalars().all()
    )
    for asked in waiting:
        context = {
            "name": asked.name, "organisation": _where(asked), "since": formats.jour_long(asked.confirmed_at), "link": REQUESTS_PATH,
        }  # fmt: skip
        for address in db.execute(text("SELECT odis.access_approvers(:id)"), {"id": asked.id}).scalars().all():
            send_mail(identity, to=address, template=ACCESS_WAITING, context=context)
        asked.notices += 1
    db.flush()
    return len(waiting)


def purge_entrance() -> int:
    """Forget unconfirmed requests after two days, answered ones and ended invitations after ninety. Run twice, the second finds none."""
    return int(db.execute(text("SELECT odis.access_purge()")).scalar_one())


def _where(asked: AccessRequest) -> str:
    return asked.new_name or db.get_one(Organisation, asked.organisation_id).name
