"""Optional shares that an adult closes by being there: who arrives, or turns eighteen, agreed to nothing. The database closes them (0017); here they are told."""

from __future__ import annotations

from sqlalchemy import text

from odis_app.audit.operations import record_event
from odis_app.core.db import db
from odis_app.core.identity import Identity
from odis_app.households.messages import CONSENT_NEEDED, FILES_PATH
from odis_app.journal.operations import add_system_entry
from odis_app.notifications.operations import send_mail

CLOSED = (
    "Un partage facultatif est fermé : une personne du ménage est devenue adulte ou vient d’arriver, et n’a pas donné son accord. "
    "Recueillez-le dans l’onglet « Droits », puis partagez de nouveau."
)


def tell_closed_shares(identity: Identity, *, household_id: int, owner_org_id: int) -> int:
    """Write down and tell the referent (else the coordination) the optional shares of a file that this transaction closed; how many."""
    fallen = db.execute(text("SELECT * FROM odis.consent_fallen(:id)"), {"id": household_id}).all()
    for row in fallen:
        record_event(
            identity, "record:unshare", record_id=household_id, purpose=row.purpose, summary="Partage fermé : un adulte n’a pas donné son accord",
            data={"grantee_org_id": row.grantee_org_id, "share": row.grant_public_id},
        )  # fmt: skip
    if fallen:
        add_system_entry(identity, record_id=household_id, owner_org_id=owner_org_id, body=CLOSED)
        for email in fallen[0].emails:
            send_mail(identity, to=email, template=CONSENT_NEEDED, context={"link": FILES_PATH})
    return len(fallen)
