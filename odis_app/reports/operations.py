"""Asking for a bilan, making it, throwing it away."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import delete, select

from odis_app.access import keys
from odis_app.access.limits import refuse_limited
from odis_app.access.models import Passation
from odis_app.audit.operations import record_event
from odis_app.core import clock, crypto
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.core.identity import Identity
from odis_app.core.ids import new_public_id
from odis_app.core.jobs import Job, cancel_job, request_job
from odis_app.documents.storage import Store
from odis_app.households.models import Household
from odis_app.households.policy import reads_in_full, visible_households
from odis_app.pilotage.period import Period
from odis_app.pilotage.queries import department_figures
from odis_app.reports.department import department_bilan
from odis_app.reports.document import Bilan
from odis_app.reports.enums import ReportKind, ReportOutcome
from odis_app.reports.household import household_bilan, household_facts
from odis_app.reports.models import Report
from odis_app.reports.policy import countable_departments, counts_territory, visible_reports
from odis_app.reports.workbook import workbook
from odis_app.territories.queries import departments

log = logging.getLogger(__name__)
TASK, QUEUE = "jobs.reports.run", "bilans"
KEPT_DAYS = 365
LONGEST_DAYS = 3 * 366
CLOSED = "Ce dossier ne vous est plus ouvert en entier : le bilan est vide, rien n’en a été lu."
Progress = Callable[[int, str], None]
Print = Callable[[Bilan], bytes]


def request_household_report(
    identity: Identity, *, household: Household, period: Period, passation: Passation | None = None
) -> Report:
    """Ask for the bilan of a file that the identity reads in full; it goes with the handover that is given. Raises RuleError."""
    if not reads_in_full(identity, household):
        raise RuleError("number", "Ce dossier ne vous est pas ouvert en entier : demandez un partage complet.")
    refuse_limited(household.id)
    return _request(
        identity, period, kind=ReportKind.HOUSEHOLD, title=f"Dossier {household.number}", record_id=household.id,
        passation_id=passation.id if passation is not None else None,
    )  # fmt: skip


def join_packet(identity: Identity, *, household: Household, passation: Passation) -> Report:
    """Ask for the bilan that goes with a handover: the life of the file up to today, three years of it at most. Raises RuleError."""
    since = max(min(household.seniority_date, clock.today()), clock.today() - timedelta(days=LONGEST_DAYS - 1))
    return request_household_report(
        identity, household=household, period=Period(since, clock.today()), passation=passation
    )


def packet_of(identity: Identity, passation: Passation) -> Report | None:
    """The bilan that goes with a handover, for those who may read it."""
    statement = visible_reports(identity).where(Report.passation_id == passation.id)
    return db.scalars(statement.order_by(Report.id.desc()).limit(1)).first()


def request_department_report(identity: Identity, *, department: str, period: Period) -> Report:
    """Ask for the bilan of one's département, or of one's own files there. Raises RuleError."""
    if department not in countable_departments(identity):
        raise RuleError("department", "Choisissez un de vos départements.")
    whole = counts_territory(identity, department)
    name = _names().get(department, department)
    title = f"{name} ({department})" if whole else f"{name} ({department}), dossiers de {identity.org_short_name}"
    return _request(
        identity, period, kind=ReportKind.DEPARTMENT, title=title, department_code=department, whole_territory=whole
    )


def _request(
    identity: Identity,
    period: Period,
    *,
    kind: ReportKind,
    title: str,
    record_id: int | None = None,
    passation_id: int | None = None,
    department_code: str | None = None,
    whole_territory: bool = False,
) -> Report:
    if period.until > clock.today():
        raise RuleError("until", "La fin de la période est aujourd’hui au plus tard.")
    if period.days > LONGEST_DAYS:
        raise RuleError("until", "Une période compte trois ans au plus.")
    public_id = new_public_id()
    job = request_job(
        identity,
        task=TASK,
        queue=QUEUE,
        kind=f"bilan:{kind.value}",
        label=f"Bilan, {title}, {period.label}",
        params={"report": public_id},
    )
    report = Report(
        public_id=public_id, kind=kind.value, record_id=record_id, passation_id=passation_id, department_code=department_code, whole_territory=whole_territory, since=period.since,
        until=period.until, title=title, owner_org_id=identity.require_org(), author_id=identity.require_user(), author_label=identity.name, job_id=job.id,
        created_at=clock.now(), expires_at=clock.now() + timedelta(days=KEPT_DAYS),
    )  # fmt: skip
    db.add(report)
    db.flush()
    record_event(
        identity,
        "report:request",
        record_id=record_id,
        sensitivity=1 if record_id else 0,
        summary=f"Bilan demandé : {title}",
        data={"report": public_id},
    )
    return report


def request_again(identity: Identity, *, report: Report) -> Report:
    """The same bilan, on today's facts. Raises RuleError when the object is no longer open to the identity."""
    if not report.is_household:
        return request_department_report(identity, department=report.department_code or "", period=report.period)
    household = _household(identity, report)
    if household is None:
        raise RuleError("", CLOSED)
    return request_household_report(identity, household=household, period=report.period)


def stop(identity: Identity, *, report: Report, job: Job) -> bool:
    """Stop a bilan that waits or runs; False when its job had ended already."""
    stopped = cancel_job(identity, job=job)
    if stopped:
        record_event(
            identity,
            "report:stop",
            record_id=report.record_id,
            summary=f"Bilan arrêté : {report.title}",
            data={"report": report.public_id},
        )
    return stopped


# ── Making ──────────────────────────────────────────────────────────────────


def generate(
    identity: Identity, *, public_id: str, attempt: int, store: Store, draw: Print, progress: Progress
) -> dict[str, object]:
    """Make the bilan that a job was asked for, under its author's rights of now. Run again, it changes nothing.

    Returns the summary of the job. Files are written before the row that names them: a crash leaves a sealed file that
    nothing names, which the purge removes.
    """
    report = db.execute(select(Report).where(Report.public_id == public_id)).scalar_one()
    if report.outcome != ReportOutcome.WAITING.value:
        return summary_of(report)
    progress(10, "Lecture des faits")
    bilan = build(identity, report)
    if bilan is None:
        report.outcome, report.generated_at, report.figures = (
            ReportOutcome.EMPTY.value,
            clock.now(),
            {"sentence": CLOSED},
        )
        db.flush()
        return summary_of(report)
    progress(50, "Écriture du PDF accessible")
    pdf = draw(bilan)
    progress(80, "Vérification du PDF")
    from odis_app.core.pdf import check_pdf  # late: it weighs a third of the start, and a web process seldom prints

    faults = check_pdf(pdf)
    if faults:
        log.warning("report %s: %s faults in the PDF: %s", public_id, len(faults), " ".join(faults))
    progress(90, "Chiffres au format xlsx, scellés et rangés")
    _keep(report, pdf, workbook(bilan), store, attempt)
    report.faults, report.outcome, report.generated_at = faults, ReportOutcome.READY.value, clock.now()
    report.figures = {"lead": list(bilan.lead), "boxes": [[b.label, b.value, b.note] for b in bilan.boxes]}
    db.flush()
    record_event(
        identity, "report:generate", record_id=report.record_id, sensitivity=1 if report.record_id else 0, summary=f"Bilan établi : {report.title}",
        data={"report": public_id, "sha256": (report.pdf_sha256 or b"").hex()},
    )  # fmt: skip
    return summary_of(report)


def build(identity: Identity, report: Report) -> Bilan | None:
    """The document, read under the identity; None when the file is no longer open to it in full."""
    if not report.is_household:
        try:
            return department_bilan(department_figures(identity, report.department_code or "", report.period), _names())
        except PermissionError:
            return None
    household = _household(identity, report)
    if household is None:
        return None
    facts = household_facts(household, report.period)
    return household_bilan(facts, report.period, _names(), organisation=identity.org_name, computed_at=clock.now())


def _household(identity: Identity, report: Report) -> Household | None:
    found = db.execute(visible_households(identity).where(Household.id == report.record_id)).scalar_one_or_none()
    return found if found is not None and reads_in_full(identity, found) else None


def _names() -> dict[str, str]:
    return {d.code: d.name for d in departments()}


def _keep(report: Report, pdf: bytes, xlsx: bytes, store: Store, attempt: int) -> None:
    report.storage_key = f"{report.public_id}/{attempt}"
    for name, content in (("pdf", pdf), ("xlsx", xlsx)):
        where = crypto.place("reports", name, report.public_id)
        sealed = keys.seal(report.record_id, content, where) if report.record_id else crypto.seal(content, where)
        store.put(f"{report.storage_key}{name}", sealed)
    report.pdf_size, report.xlsx_size = len(pdf), len(xlsx)
    report.pdf_sha256, report.xlsx_sha256 = hashlib.sha256(pdf).digest(), hashlib.sha256(xlsx).digest()


def summary_of(report: Report) -> dict[str, object]:
    """What the job's row keeps: no person, no figure."""
    return {
        "report": report.public_id,
        "outcome": report.outcome,
        "sentence": report.figures.get("sentence", ""),
        "faults": list(report.faults),
    }


def content_of(report: Report, name: str, store: Store) -> bytes:
    """The file ``pdf`` or ``xlsx`` of a bilan that is ready. Raises StoreError when it is lost, UnreadableError when altered."""
    sealed, where = store.get(f"{report.storage_key}{name}"), crypto.place("reports", name, report.public_id)
    return keys.unseal(report.record_id, sealed, where) if report.record_id else crypto.unseal(sealed, where)


def note_download(identity: Identity, *, report: Report, name: str) -> None:
    """Write the download down, before any byte leaves."""
    record_event(
        identity, "report:download", record_id=report.record_id, sensitivity=1 if report.record_id else 0, summary=f"Bilan téléchargé ({name}) : {report.title}",
        data={"report": report.public_id, "file": name},
    )  # fmt: skip


def purge(*, store: Store) -> int:
    """Delete the bilans kept for a year, then every file that old: those of erased households and of crashes have no row any more.

    Returns how many rows went. For the night's task; run twice, the second finds nothing.
    """
    gone = db.scalars(delete(Report).where(Report.expires_at < clock.now()).returning(Report.id)).all()
    oldest = (clock.now() - timedelta(days=KEPT_DAYS)).timestamp()
    for path, facts in store.files.find(str(store.root), detail=True).items():
        if facts["mtime"] < oldest:
            store.files.rm_file(path)
    return len(gone)
