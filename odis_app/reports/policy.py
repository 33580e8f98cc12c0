"""Who asks for bilans, and the only selects that lead to one."""

from __future__ import annotations

from sqlalchemy import Select, and_, false, or_, select

from odis_app.access.enums import PassationState
from odis_app.access.models import Passation, Record
from odis_app.core.db import db
from odis_app.core.identity import Identity
from odis_app.core.permissions import Role, permission
from odis_app.documents.policy import full_grants
from odis_app.households.policy import CASE_WORKERS, READERS, reads_in_full
from odis_app.pilotage.queries import steers
from odis_app.reports.enums import ReportKind, ReportOutcome
from odis_app.reports.models import ListExport, Report

HOME_EXPORTERS = frozenset({Role.COORDINATEUR, Role.OPERATEUR, Role.DDETS})
COUNTERS = {Role.TRAVAILLEUR_SOCIAL, Role.COORDINATEUR, Role.DDETS}


def visible_reports(identity: Identity) -> Select[Report]:
    """One's organisation's bilans, and those of the packets it received. That of a household hides as soon as the organisation no longer reads the file in full."""
    if identity.case_org_id is None:
        return select(Report).where(false())
    own = select(Record.id).where(Record.owner_org_id == identity.case_org_id)
    readable = or_(Report.record_id.in_(own), Report.record_id.in_(full_grants(identity)))
    told = or_(Report.outcome != ReportOutcome.READY.value, Report.kind == ReportKind.DEPARTMENT.value, readable)
    packets = select(Passation.id).where(
        Passation.to_org_id == identity.case_org_id, Passation.state == PassationState.MOVED.value
    )
    received = and_(Report.passation_id.in_(packets), Report.record_id.in_(own))
    return select(Report).where(or_(and_(Report.owner_org_id == identity.case_org_id, told), received))


def find_report(identity: Identity, public_id: str) -> Report | None:
    """The bilan at this address, or None when it does not exist or may not be seen: the same answer."""
    return db.execute(visible_reports(identity).where(Report.public_id == public_id)).scalar_one_or_none()


def visible_exports(identity: Identity) -> Select[ListExport]:
    """One's own exports, made in the present organisation: nobody else's, not even a colleague's."""
    if identity.case_org_id is None:
        return select(ListExport).where(false())
    own = ListExport.author_id == identity.user_id
    return select(ListExport).where(own, ListExport.owner_org_id == identity.case_org_id)


def find_export(identity: Identity, public_id: str) -> ListExport | None:
    """One's own export at this address, or None."""
    return db.execute(visible_exports(identity).where(ListExport.public_id == public_id)).scalar_one_or_none()


def countable_departments(identity: Identity) -> list[str]:
    """The départements whose bilan the identity may ask for."""
    return sorted(identity.departments) if identity.can(REPORT_DEPARTMENT) else []


def counts_territory(identity: Identity, department: str) -> bool:
    """Whether the bilan of ``department`` counts every file, or the organisation's own."""
    return steers(identity, department)


REPORT_LIST = permission("report:list", "Voir les bilans de son organisation", roles=READERS)
REPORT_READ = permission("report:read", "Lire et télécharger un bilan", roles=READERS)
REPORT_CREATE = permission("report:create", "Demander un bilan", roles=READERS)
REPORT_HOUSEHOLD = permission("report:household", "Faire le bilan d’un ménage", roles=READERS, rule=reads_in_full)
REPORT_DEPARTMENT = permission("report:department", "Faire le bilan d’un département", roles=COUNTERS)
EXPORT_CREATE = permission("household:export", "Exporter une liste de ménages", roles=CASE_WORKERS)
OFFER_EXPORT = permission("offer:export", "Exporter une liste d’offres", roles=HOME_EXPORTERS)
PLACE_EXPORT = permission("place:export", "Exporter une liste de places", roles=HOME_EXPORTERS)
EXPORT_READ = permission("export:read", "Ouvrir un export que l’on a demandé", roles=CASE_WORKERS | HOME_EXPORTERS)
