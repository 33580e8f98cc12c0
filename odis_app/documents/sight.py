"""« Qui peut lire ceci » on what hangs on a record (documents, journal): one answer for each audience, as the walls have it."""

from __future__ import annotations

from odis_app.access.enums import ShareLevel
from odis_app.access.models import Grant
from odis_app.access.readers import WhoReads, readers_of
from odis_app.core.identity import Identity
from odis_app.core.permissions import Permission
from odis_app.documents.enums import Audience
from odis_app.documents.policy import OnRecord
from odis_app.organisations.enums import OrganisationKind
from odis_app.organisations.models import Organisation

CHOSEN = (
    "La personne qui écrit, et celles qu’elle choisit parmi les organisations qui suivent le dossier ou le lisent en entier.",
)
HEALTH_TOO = "Un document de santé demande en plus un rôle, et un partage, qui lisent la classe 2."


def audience_readers(
    identity: Identity, record: OnRecord, permission: Permission, *, health: bool = False
) -> list[WhoReads]:
    """Who reads what one's organisation puts on a record, audience by audience. ``health``: some of it may be of class 2."""
    return [_of(identity, record, permission, audience, health) for audience in Audience]


def _of(identity: Identity, record: OnRecord, permission: Permission, audience: Audience, health: bool) -> WhoReads:
    chosen, shared = audience is Audience.CHOISIS, audience is Audience.PARTENAIRES
    holder = record.owner_org_id if shared else identity.case_org_id or record.owner_org_id

    def opens(grant: Grant, organisation: Organisation) -> bool:
        if grant.level != ShareLevel.FULL.value or organisation.id == holder:
            return False
        state = OrganisationKind(organisation.kind).is_state
        return (shared and not state) or (audience is Audience.ETAT and state)

    return readers_of(
        label=audience.label, permission=permission, record_id=record.record_id, owner_org_id=holder,
        roles=() if chosen else None, opens=opens, more=CHOSEN if chosen else (HEALTH_TOO,) if health else (),
    )  # fmt: skip
