"""Inviting, inviting again in place, withdrawing, reminding, and answering an invitation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, text

from odis_app.accounts.models import User
from odis_app.accounts.operations import Minter, check_new_password, hash_password, is_own_password
from odis_app.accounts.queries import role_labels
from odis_app.audit.operations import record_event
from odis_app.core import clock, formats
from odis_app.core.db import db, token_hash
from odis_app.core.errors import RuleError
from odis_app.core.identity import ANONYMOUS, Identity
from odis_app.core.ids import new_public_id
from odis_app.core.permissions import Role
from odis_app.notifications.operations import ADDRESS, send_mail
from odis_app.organisations import texts
from odis_app.organisations.messages import INVITATION, INVITATION_PATH, INVITATION_REMINDER, WELCOME
from odis_app.organisations.models import Invitation, Organisation
from odis_app.organisations.policy import grantable_roles, visible_invitations, visible_members
from odis_app.organisations.secrets import link_secret

LASTS = timedelta(days=14)
REMIND_AFTER, REMIND_BEFORE = timedelta(days=7), timedelta(days=2)
KIND = "invitation"
DEAD = "Ce lien n’est plus valable."


@dataclass(frozen=True, slots=True)
class Invited:
    """What the link shows: who invites whom, where, as what. ``has_account``: this address signs in already."""

    public_id: str
    organisation_id: int
    email: str
    roles: list[str]
    inviter: str
    organisation: str
    expires_at: datetime
    has_account: bool


def until(end: datetime) -> str:
    """« 6 décembre 2026 à 14 h 30 »: a link ends at an hour, and the mail says which."""
    return f"{formats.jour_long(end)} à {formats.heure(end)}"


def invite(identity: Identity, minter: Minter, *, email: str, roles: Sequence[Role]) -> Invitation:
    """Ask somebody to join one's organisation; the mail leaves with the commit. Raises RuleError on ``email`` or ``roles``."""
    address = email.strip().lower()
    _check(identity, address, roles)
    public_id, now = new_public_id(), clock.now()
    secret = link_secret(minter, KIND, public_id)
    invitation = Invitation(
        public_id=public_id, organisation_id=identity.require_org(), email=address, roles=[r.value for r in Role if r in roles],
        invited_by_id=identity.require_user(), round=1, token_hash=token_hash(secret), sent_at=now, expires_at=now + LASTS,
    )  # fmt: skip
    invitation.mail_id = _write(identity, invitation, secret)
    db.add(invitation)
    db.flush()
    record_event(identity, "team:invite", summary="Invitation envoyée",
                 data={"invitation": public_id, "roles": invitation.roles})  # fmt: skip
    return invitation


def renew_invitation(identity: Identity, minter: Minter, *, invitation: Invitation) -> None:
    """Send another link, good for fourteen days from now; the former one is dead."""
    invitation.round += 1
    secret = link_secret(minter, KIND, invitation.public_id, invitation.round)
    invitation.token_hash, invitation.sent_at = token_hash(secret), clock.now()
    invitation.expires_at, invitation.reminded_at = clock.now() + LASTS, None
    invitation.mail_id = _write(identity, invitation, secret)
    db.flush()
    record_event(identity, "team:renew", summary="Invitation renvoyée", data={"invitation": invitation.public_id})


def withdraw_invitation(identity: Identity, *, invitation: Invitation) -> None:
    """The link is dead at once."""
    invitation.withdrawn_at, invitation.withdrawn_by_id = clock.now(), identity.require_user()
    db.flush()
    record_event(identity, "team:withdraw", summary="Invitation retirée", data={"invitation": invitation.public_id})


def remind_invited(identity: Identity, minter: Minter) -> int:
    """Write once to those who have not answered for a week and still can; how many. For the scheduled job. Run twice, the second finds none."""
    now = clock.now()
    statement = (
        select(Invitation, Organisation.name)
        .join(Organisation, Organisation.id == Invitation.organisation_id)
        .where(
            Invitation.accepted_at.is_(None), Invitation.withdrawn_at.is_(None), Invitation.reminded_at.is_(None),
            Invitation.sent_at <= now - REMIND_AFTER, Invitation.expires_at >= now + REMIND_BEFORE,
        )
    )  # fmt: skip
    found = db.execute(statement).all()
    for invitation, organisation in found:
        secret = link_secret(minter, KIND, invitation.public_id, invitation.round)
        context = {
            "organisation": organisation,
            "until": until(invitation.expires_at),
            "link": INVITATION_PATH + secret,
        }
        send_mail(identity, to=invitation.email, template=INVITATION_REMINDER, context=context)
        invitation.reminded_at = now
    db.flush()
    return len(found)


def invited_by_link(secret: str) -> Invited | None:
    """What the link opens; None when it was used, withdrawn, replaced, is too old or never was: nothing tells which."""
    row = db.execute(text("SELECT * FROM odis.invite_peek(:hash)"), {"hash": token_hash(secret)}).mappings().first()
    return Invited(**row) if row else None


def accept_invitation(minter: Minter, *, secret: str, password: str, first_name: str = "", last_name: str = "") -> int:
    """Answer yes, and accept the charter: makes the account, or adds the roles to that of who has one already. The user's id.

    ``password`` is the new one, or the present one of who has an account. Raises RuleError on ``password``, ``first_name``,
    ``last_name``, or on no field when the link is dead.
    """
    invited = invited_by_link(secret)
    if invited is None:
        raise RuleError("", DEAD)
    hashed = None if invited.has_account else _new_password(invited, first_name, last_name, password)
    if invited.has_account and not is_own_password(minter, invited.email, password):
        raise RuleError("password", "Ce n’est pas le mot de passe de ce compte.")
    digest = token_hash(secret)
    user_id = db.execute(
        text("SELECT odis.invite_accept(:hash, :proof, :public_id, :first, :last, :password, :charter)"),
        {
            "hash": digest, "proof": minter.proof(f"accept|{digest.hex()}"), "public_id": new_public_id(), "first": first_name,
            "last": last_name, "password": hashed, "charter": texts.current(texts.CHARTER).version,
        },
    ).scalar_one()  # fmt: skip
    if user_id is None:
        raise RuleError("", DEAD)
    record_event(ANONYMOUS, "team:accept", summary="Invitation acceptée",
                 data={"invitation": invited.public_id, "user_id": user_id, "roles": invited.roles})  # fmt: skip
    context = {"organisation": invited.organisation, "roles": role_labels(invited.roles), "link": "/"}
    send_mail(ANONYMOUS, to=invited.email, template=WELCOME, context=context)
    return int(user_id)


def _new_password(invited: Invited, first_name: str, last_name: str, password: str) -> str:
    for field, value in (("first_name", first_name), ("last_name", last_name)):
        if not value.strip():
            raise RuleError(field, "Écrivez votre prénom." if field == "first_name" else "Écrivez votre nom.")
    check_new_password(password, email=invited.email, name=f"{first_name} {last_name}", field="password")
    return hash_password(password)


def _check(identity: Identity, address: str, roles: Sequence[Role]) -> None:
    if not ADDRESS.fullmatch(address):
        raise RuleError("email", "Cette adresse e-mail n’est pas complète. Exemple : prenom.nom@association.fr")
    if not roles:
        raise RuleError("roles", "Choisissez au moins un rôle.")
    if not set(roles) <= set(grantable_roles(identity)):
        raise RuleError("roles", "Vous ne pouvez pas donner ce rôle.")
    if db.execute(visible_members(identity).where(func.lower(User.email) == address)).first():
        raise RuleError("email", "Cette personne travaille déjà ici. Changez ses rôles depuis la page Équipe.")
    if db.execute(visible_invitations(identity).where(func.lower(Invitation.email) == address)).first():
        raise RuleError("email", "Une invitation attend déjà à cette adresse. Renvoyez-la depuis la page Équipe.")


def _write(identity: Identity, invitation: Invitation, secret: str) -> str:
    context = {
        "inviter": identity.name, "organisation": identity.org_name, "roles": role_labels(invitation.roles),
        "until": until(invitation.expires_at), "link": INVITATION_PATH + secret,
    }  # fmt: skip
    return send_mail(identity, to=invitation.email, template=INVITATION, context=context)
