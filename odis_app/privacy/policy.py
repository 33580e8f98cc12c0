"""Who handles consents, requests and erasures, and the only selects that lead to them."""

from __future__ import annotations

from sqlalchemy import Select, false, select

from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.identity import Identity
from odis_app.core.permissions import EVERYONE, Role, permission
from odis_app.households.models import Household
from odis_app.households.policy import CASE_WORKERS, is_own
from odis_app.privacy.models import Consent, DataCopy, Limitation, RetentionPlan, RetentionRule, RightsRequest

KEEPERS = {Role.COORDINATEUR, Role.ADMIN_ORGANISATION, Role.ADMIN_PLATEFORME}


def visible_consents(identity: Identity) -> Select[Consent]:
    """The consents of one's organisation's files; nobody else reads them."""
    if identity.case_org_id is None:
        return select(Consent).where(false())
    return select(Consent).where(Consent.owner_org_id == identity.case_org_id)


def visible_requests(identity: Identity) -> Select[RightsRequest]:
    """The requests about one's organisation's files."""
    if identity.case_org_id is None:
        return select(RightsRequest).where(false())
    return select(RightsRequest).where(RightsRequest.owner_org_id == identity.case_org_id)


def visible_limitations(identity: Identity) -> Select[Limitation]:
    """The limitations of one's organisation's files, lifted or not."""
    if identity.case_org_id is None:
        return select(Limitation).where(false())
    return select(Limitation).where(Limitation.owner_org_id == identity.case_org_id)


def find_limitation(identity: Identity, public_id: str) -> Limitation | None:
    """The limitation at this address, or None."""
    return db.execute(visible_limitations(identity).where(Limitation.public_id == public_id)).scalar_one_or_none()


def visible_copies(identity: Identity) -> Select[DataCopy]:
    """The copies that the identity asked for, while they last; class 3 only at its level."""
    if identity.case_org_id is None:
        return select(DataCopy).where(false())
    mine = select(DataCopy).where(
        DataCopy.owner_org_id == identity.case_org_id,
        DataCopy.author_id == identity.user_id,
        DataCopy.expires_at > clock.now(),
    )
    return mine if identity.level >= 3 and identity.is_confirmed else mine.where(DataCopy.with_safety.is_(False))


def visible_plans(identity: Identity) -> Select[RetentionPlan]:
    """The plans of one's organisation, for who keeps its files."""
    if identity.org_id is None or not KEEPERS & set(identity.roles):
        return select(RetentionPlan).where(false())
    return select(RetentionPlan).where(RetentionPlan.owner_org_id == identity.org_id)


def find_consent(identity: Identity, public_id: str) -> Consent | None:
    """The consent at this address, or None: it does not exist or may not be seen, the same answer."""
    return db.execute(visible_consents(identity).where(Consent.public_id == public_id)).scalar_one_or_none()


def find_request(identity: Identity, public_id: str) -> RightsRequest | None:
    """The request at this address, or None."""
    return db.execute(visible_requests(identity).where(RightsRequest.public_id == public_id)).scalar_one_or_none()


def find_copy(identity: Identity, public_id: str) -> DataCopy | None:
    """The copy at this address, or None."""
    return db.execute(visible_copies(identity).where(DataCopy.public_id == public_id)).scalar_one_or_none()


def find_plan(identity: Identity, public_id: str) -> RetentionPlan | None:
    """The plan at this address, or None."""
    return db.execute(visible_plans(identity).where(RetentionPlan.public_id == public_id)).scalar_one_or_none()


def find_rule(identity: Identity, code: str) -> RetentionRule | None:
    """The duration of this name that may be changed, or None: reference data, the same for everybody."""
    del identity
    return db.execute(
        select(RetentionRule).where(RetentionRule.code == code, RetentionRule.shortest.is_not(None))
    ).scalar_one_or_none()


def owns_consent(identity: Identity, obj: Household | Consent) -> bool:
    """Le dossier est suivi par l’organisation de la personne."""
    return is_own(identity, obj) if isinstance(obj, Household) else obj.owner_org_id == identity.case_org_id


def owns_request(identity: Identity, obj: Household | RightsRequest | DataCopy | Limitation) -> bool:
    """Le dossier est suivi par l’organisation de la personne."""
    return is_own(identity, obj) if isinstance(obj, Household) else obj.owner_org_id == identity.case_org_id


CONSENT_MANAGE = permission(
    "consent:manage", "Recueillir et retirer un consentement", roles=CASE_WORKERS, rule=owns_consent
)
RIGHTS_HANDLE = permission(
    "rights:handle", "Traiter les demandes de droits d’une personne", roles=CASE_WORKERS, rule=owns_request
)
RIGHTS_LIST = permission("rights:list", "Voir les demandes de droits de son organisation", roles=CASE_WORKERS)
HOUSEHOLD_ERASE = permission(
    "household:erase", "Effacer un dossier à la demande des personnes", roles={Role.COORDINATEUR}, rule=owns_request
)
PURPOSES_READ = permission("privacy:read", "Lire les bases légales et les durées de conservation", roles=EVERYONE)
RETENTION_READ = permission("retention:read", "Voir les dossiers bientôt effacés", roles=CASE_WORKERS | KEEPERS)
RETENTION_MANAGE = permission("retention:manage", "Planifier et approuver les effacements", roles=KEEPERS)
RETENTION_SET = permission(
    "retention:set", "Changer les durées de conservation", roles={Role.ADMIN_PLATEFORME}, step_up=True
)
HOSTING_MANAGE = permission(
    "hosting:manage", "Enregistrer l’hébergement des données de santé", roles={Role.ADMIN_PLATEFORME}
)
