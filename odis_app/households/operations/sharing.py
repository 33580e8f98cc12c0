"""Opening a file to partners, and signalling it to the DDETS."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import text

from odis_app.access.enums import ShareLevel, SharePurpose
from odis_app.access.models import Grant
from odis_app.access.operations import revoke_share, share_record
from odis_app.audit.operations import record_event
from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.core.identity import Identity
from odis_app.households.models import Household
from odis_app.households.policy import opens_files
from odis_app.organisations.models import Organisation
from odis_app.organisations.queries import steering_service

ARBITRATION_DAYS = 30
NOT_A_READER = "Cette organisation ne lit pas les dossiers des ménages. Choisissez-en une autre."


def share_household(
    identity: Identity,
    *,
    household: Household,
    organisation: Organisation,
    level: ShareLevel,
    purpose: SharePurpose,
    expires_at: datetime | None = None,
    motive: str = "",
    max_class: int = 1,
) -> Grant:
    """Share a file with who reads files: never the nation nor a local authority; class 2 never goes to the State. Raises RuleError."""
    if purpose == SharePurpose.ARBITRAGE:
        raise RuleError("purpose", "Pour saisir la DDETS, utilisez « Signaler à la DDETS ».")
    if not purpose.is_chosen:
        raise RuleError("purpose", "Choisissez un motif dans la liste.")
    if not opens_files(organisation.kind):
        raise RuleError("organisation", NOT_A_READER)
    if max_class > 1 and (
        level is not ShareLevel.FULL or organisation.kind in {"ddets", "dreets", "sgar", "prefecture", "dihal", "dgef"}
    ):
        raise RuleError(
            "max_class",
            "Les besoins de santé ne se partagent qu’avec un partenaire de terrain, dans un partage complet.",
        )
    return share_record(
        identity, record_id=household.id, owner_org_id=household.owner_org_id, grantee_org_id=organisation.id, level=level, purpose=purpose,
        expires_at=expires_at, motive=motive, max_class=max_class,
    )  # fmt: skip


def renew_household_share(identity: Identity, *, grant: Grant, expires_at: datetime) -> Grant:
    """The same share until another day; a share that ended or was withdrawn opens again. Raises RuleError."""
    if not SharePurpose(grant.purpose).is_renewed:
        raise RuleError(
            "expires_on", "Cet accès a une fin fixe. Pour que l’organisation lise encore, accordez-lui un partage."
        )
    return share_record(
        identity, record_id=grant.record_id, owner_org_id=grant.owner_org_id, grantee_org_id=grant.grantee_org_id, level=ShareLevel(grant.level),
        purpose=SharePurpose(grant.purpose),
        expires_at=expires_at, motive=grant.motive, max_class=grant.max_class, can_edit=grant.can_edit,
    )  # fmt: skip


def revoke_household_share(identity: Identity, *, grant: Grant) -> None:
    """Close a share now; the other organisation reads nothing more from this instant."""
    revoke_share(identity, grant=grant)


def signal_household(identity: Identity, *, household: Household, motive: str) -> Grant:
    """Signal a file for arbitration: the DDETS of its département reads it for thirty days. Raises RuleError."""
    if not motive.strip():
        raise RuleError("motive", "Écrivez pourquoi la DDETS doit arbitrer.")
    service = steering_service(household.department_code)
    if service is None:
        raise RuleError(
            "motive", "Aucune DDETS n’est enregistrée pour ce département. Prévenez l’administrateur de la plateforme."
        )
    grant = share_record(
        identity, record_id=household.id, owner_org_id=household.owner_org_id, grantee_org_id=service.id, level=ShareLevel.FULL,
        purpose=SharePurpose.ARBITRAGE, expires_at=clock.now() + timedelta(days=ARBITRATION_DAYS), motive=motive,
    )  # fmt: skip
    db.execute(text("SELECT odis.mark_signalled(:id)"), {"id": household.id})
    record_event(
        identity,
        "household:signal",
        record_id=household.id,
        purpose=SharePurpose.ARBITRAGE.value,
        summary="Dossier signalé pour arbitrage",
    )
    return grant
