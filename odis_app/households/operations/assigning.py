"""Entrusting a file to somebody of the organisation."""

from __future__ import annotations

from odis_app.accounts.models import User
from odis_app.audit.operations import record_event
from odis_app.core import clock
from odis_app.core.crypto import place, seal
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.core.identity import Identity
from odis_app.core.ids import new_public_id
from odis_app.households.messages import ASSIGNED
from odis_app.households.models import Assignment, Household
from odis_app.households.operations.changes import change, remember
from odis_app.notifications.operations import send_mail

MY_FILES = "/menages?referent=moi"


def assign_household(identity: Identity, *, household: Household, to: User, word: str = "") -> Assignment | None:
    """Make ``to`` the referent of a file, with a word for them; they are told by mail and on their home page.

    None when they already are. Raises RuleError when they no longer work in the organisation that follows the file.
    """
    if household.referent_user_id == to.id:
        return None
    if to.deactivated_at is not None:
        raise RuleError(
            "referent", "Cette personne ne travaille plus dans votre organisation. Choisissez quelqu’un d’autre."
        )
    name, before = f"{to.first_name} {to.last_name}", household.referent_label
    household.referent_user_id, household.referent_label = to.id, name
    public_id = new_public_id()
    found = Assignment(
        public_id=public_id, household_id=household.id, owner_org_id=household.owner_org_id, by_org_id=identity.require_org(),
        by_user_id=identity.require_user(), by_label=identity.name, from_label=before, to_user_id=to.id, to_label=name,
        word_sealed=seal(word, place("assignments", "word", public_id)) if word else None, at=clock.now(),
    )  # fmt: skip
    db.add(found)
    remember(identity, household, section="Référent", changes=[change("referent_label", "Référent", before, name)])
    record_event(
        identity,
        "household:assign",
        record_id=household.id,
        summary=f"Dossier confié à {name}",
        data={"to_user_id": to.id},
    )
    if to.id != identity.user_id:
        send_mail(identity, to=to.email, template=ASSIGNED, context={"by": identity.name, "link": MY_FILES})
    return found
