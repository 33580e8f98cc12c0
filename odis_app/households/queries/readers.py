"""Who sees a file, and under which share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from odis_app.access.enums import ShareLevel, SharePurpose
from odis_app.access.models import Grant
from odis_app.access.queries import active_grants
from odis_app.access.readers import organisations_named
from odis_app.core.db import db
from odis_app.households.models import Household
from odis_app.organisations.models import Organisation

OWN_PURPOSE = "Suivi du dossier"  # why the organisation that follows a file reads it


@dataclass(frozen=True, slots=True)
class Reader:
    """One organisation that reads a file. ``until`` and ``grant`` are None for the one that follows it."""

    organisation: Organisation
    opens: str
    purpose: str
    until: datetime | None = None
    grant: Grant | None = None


def readers(household: Household) -> list[Reader]:
    """The organisation that follows the file, then those with an active share: to a partner, only its own."""
    grants = active_grants(household.id)
    names = organisations_named([household.owner_org_id, *(g.grantee_org_id for g in grants)])
    found = [Reader(names[household.owner_org_id], "tout, selon les droits de chacun", "organisation référente")]
    for grant in grants:
        opens = ShareLevel(grant.level).explanation
        if grant.max_class > 1:
            opens += ", besoins de santé"
        found.append(
            Reader(names[grant.grantee_org_id], opens, SharePurpose.label_of(grant.purpose), grant.expires_at, grant)
        )
    return found


def reading_purposes(household: Household) -> dict[int, str]:
    """Why each organisation reads the file: the purpose of its latest share, by organisation key."""
    rows = db.execute(
        select(Grant.grantee_org_id, Grant.purpose).where(Grant.record_id == household.id).order_by(Grant.granted_at)
    )
    return {row.grantee_org_id: SharePurpose.label_of(row.purpose) for row in rows} | {
        household.owner_org_id: OWN_PURPOSE
    }


def grants_given(household: Household) -> Sequence[Grant]:
    """Every share of a file, those that stand and those that ended, newest first."""
    return (
        db.execute(select(Grant).where(Grant.record_id == household.id).order_by(Grant.granted_at.desc()))
        .scalars()
        .all()
    )
