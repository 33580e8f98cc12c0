"""A visitor asks for an access, then confirms the address: nothing said here tells whether an address or a member is known."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text

from odis_app.accounts.operations import Minter
from odis_app.audit.operations import record_event
from odis_app.core.db import db, token_hash
from odis_app.core.errors import RuleError
from odis_app.core.identity import ANONYMOUS
from odis_app.core.ids import new_public_id
from odis_app.core.text import fold
from odis_app.notifications.operations import ADDRESS, send_mail
from odis_app.organisations.enums import OrganisationKind
from odis_app.organisations.messages import ACCESS_CONFIRM, CONFIRM_PATH
from odis_app.organisations.queries import Suggestion, suggestions
from odis_app.organisations.secrets import link_secret

KIND = "access"


@dataclass(frozen=True, slots=True)
class Asking:
    """What the visitor wrote: ``organisation`` is one that exists, else the three ``new_*`` describe another."""

    email: str
    first_name: str
    last_name: str
    job: str = ""
    message: str = ""
    organisation: Suggestion | None = None
    new_name: str = ""
    new_kind: OrganisationKind | None = None
    new_department: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the confirmation link shows."""

    first_name: str
    organisation: str
    is_confirmed: bool


def ask_access(minter: Minter, *, asking: Asking) -> None:
    """Write the request and the mail that confirms its address; done already, or too often, nothing is written and nothing is said.

    Raises RuleError on ``email`` or ``new_name``.
    """
    address = asking.email.strip().lower()
    if not ADDRESS.fullmatch(address):
        raise RuleError("email", "Cette adresse e-mail n’est pas complète. Exemple : prenom.nom@association.fr")
    if asking.organisation is None and any(fold(s.name) == fold(asking.new_name) for s in suggestions(asking.new_name)):
        raise RuleError(
            "new_name", "Cette organisation est déjà dans OD&IS. Cherchez-la par son nom, puis choisissez-la."
        )
    public_id = new_public_id()
    secret = link_secret(minter, KIND, public_id)
    if not _written(asking, address, public_id, secret):
        return
    name = asking.organisation.name if asking.organisation else asking.new_name
    context = {"name": asking.first_name, "organisation": name, "link": CONFIRM_PATH + secret}
    send_mail(ANONYMOUS, to=address, template=ACCESS_CONFIRM, context=context)
    record_event(ANONYMOUS, "access:ask", summary="Accès demandé", data={"request": public_id})


def _written(asking: Asking, address: str, public_id: str, secret: str) -> bool:
    statement = text(
        "SELECT odis.access_ask(:public_id, :hash, :email, :first, :last, :job, :org, :name, :kind, :department, :message)"
    )
    values = {
        "public_id": public_id, "hash": token_hash(secret), "email": address, "first": asking.first_name, "last": asking.last_name,
        "job": asking.job, "message": asking.message, "org": asking.organisation.public_id if asking.organisation else "",
        "name": asking.new_name, "kind": asking.new_kind.value if asking.new_kind else "", "department": asking.new_department,
    }  # fmt: skip
    return bool(db.execute(statement, values).scalar_one())


def asked_by_link(secret: str) -> Asked | None:
    """What the confirmation link opens; None when it is too old or never was."""
    row = db.execute(text("SELECT * FROM odis.access_peek(:hash)"), {"hash": token_hash(secret)}).mappings().first()
    return Asked(**row) if row else None


def confirm_request(*, secret: str) -> None:
    """The address is the visitor's own: the request now waits for whoever decides. Raises RuleError for a dead link."""
    if not db.execute(text("SELECT odis.access_confirm(:hash)"), {"hash": token_hash(secret)}).scalar_one():
        raise RuleError("", "Ce lien n’est plus valable.")
    record_event(ANONYMOUS, "access:confirm", summary="Adresse d’une demande d’accès confirmée")
