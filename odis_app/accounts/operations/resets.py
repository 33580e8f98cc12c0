"""A forgotten password: a link by mail, valid an hour, that serves once. Nothing tells whether an address has an account.

Whoever has no account at the address that was typed receives a mail too, which says so: the same statements, the same time,
and the person knows that another of their addresses is the good one.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text

from odis_app.accounts.messages import NO_ACCOUNT, PASSWORD_CHANGED, RESET, RESET_PATH, RESET_REQUEST_PATH
from odis_app.accounts.operations.attempts import Kind, TooOftenError, Visitor, take
from odis_app.accounts.operations.passwords import check_new_password, hash_password
from odis_app.accounts.operations.sessions import Minter
from odis_app.audit.operations import record_event
from odis_app.core.db import db, token_hash
from odis_app.core.errors import RuleError
from odis_app.core.identity import ANONYMOUS
from odis_app.core.ids import new_token
from odis_app.notifications.operations import ADDRESS, send_mail

DEAD = "Ce lien n’est plus valable."


@dataclass(frozen=True, slots=True)
class Forgetful:
    """Whose link it is."""

    email: str
    first_name: str
    last_name: str


def ask_reset(minter: Minter, *, email: str, visitor: Visitor) -> None:
    """Write to ``email``: a link, or that no account is there; three mails an hour at most, in silence. Raises RuleError on ``email``."""
    address = email.strip().lower()
    if not ADDRESS.fullmatch(address):
        raise RuleError("email", "Cette adresse e-mail n’est pas complète. Exemple : prenom.nom@association.fr")
    try:
        take(Kind.RESET_MAIL, address=address, visitor=Visitor(visitor.place))
    except TooOftenError:
        return
    secret = new_token()
    digest = token_hash(secret)
    values = {"address": address, "hash": digest, "proof": minter.proof(f"reset-ask|{digest.hex()}|{address}")}
    known = db.execute(text("SELECT odis.reset_ask(:address, :hash, :proof)"), values).scalar_one()
    link = RESET_PATH + secret if known else "/connexion"
    send_mail(ANONYMOUS, to=address, template=RESET if known else NO_ACCOUNT, context={"link": link})
    record_event(ANONYMOUS, "account:forget", summary="Nouveau mot de passe demandé")


def forgetful_by_link(secret: str) -> Forgetful | None:
    """Whom the link lets choose a password; None when it served, is too old or never was: nothing tells which."""
    row = db.execute(text("SELECT * FROM odis.reset_peek(:hash)"), {"hash": token_hash(secret)}).mappings().first()
    return Forgetful(**row) if row else None


def reset_password(minter: Minter, *, secret: str, new: str) -> str:
    """Replace the password: the link has served, every session of the account ends. Its address. Raises RuleError on ``new``, or on no field."""
    found = forgetful_by_link(secret)
    if found is None:
        raise RuleError("", DEAD)
    check_new_password(new, email=found.email, name=f"{found.first_name} {found.last_name}")
    digest = token_hash(secret)
    values = {"hash": digest, "proof": minter.proof(f"reset|{digest.hex()}"), "password": hash_password(new)}
    user_id = db.execute(text("SELECT odis.reset_use(:hash, :proof, :password)"), values).scalar_one()
    if user_id is None:
        raise RuleError("", DEAD)
    record_event(ANONYMOUS, "account:reset", summary="Mot de passe oublié, remplacé", data={"user_id": user_id})
    send_mail(ANONYMOUS, to=found.email, template=PASSWORD_CHANGED, context={"link": RESET_REQUEST_PATH})
    return found.email
