"""/bilans: asking for one, watching it, reading and downloading it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, abort, current_app, flash, send_file, url_for
from redis.exceptions import RedisError

from odis_app.access.models import Passation
from odis_app.core import clock, outbox
from odis_app.core.crypto import UnreadableError
from odis_app.core.db import db, unit_of_work
from odis_app.core.errors import RuleError
from odis_app.core.identity import Identity
from odis_app.core.jobs import Job, JobState, visible_jobs
from odis_app.core.permissions import guard
from odis_app.core.requests import read_is_written_down, session_token
from odis_app.core.text import fold
from odis_app.core.web import identity, page_number, paginate, redirect_to, render
from odis_app.documents.storage import Store, StoreError
from odis_app.exchange.writers import XLSX
from odis_app.households.models import Household
from odis_app.households.policy import find_household, visible_households
from odis_app.pilotage.period import last_month
from odis_app.reports import operations, policy
from odis_app.reports.enums import ReportKind
from odis_app.reports.forms import PeriodForm, ReportForm
from odis_app.reports.models import Report
from odis_app.territories.queries import departments

blueprint = Blueprint("reports", __name__)
STEPS = (
    (10, "Lire les faits"),
    (50, "Écrire le PDF accessible"),
    (80, "Vérifier le PDF"),
    (90, "Sceller et ranger les fichiers"),
)
FILES = {"pdf": "application/pdf", "xlsx": XLSX}


def store() -> Store:
    """Where the sealed files of bilans are."""
    return Store(current_app.config["ODIS"].documents_dir / "bilans")


@blueprint.get("/bilans")
@guard(policy.REPORT_LIST)
def index() -> Response:
    """The bilans of one's organisation, newest first."""
    page = paginate(policy.visible_reports(identity()).order_by(Report.id.desc()), number=page_number())
    return render("reports/index.html", fragment="reports/_list.html", found=page, jobs=_jobs(page.items))


def _jobs(reports: Sequence[Report]) -> dict[int, Job]:
    ids = [r.job_id for r in reports if r.job_id and not r.generated_at]
    return {job.id: job for job in db.scalars(visible_jobs(identity()).where(Job.id.in_(ids)))} if ids else {}


@blueprint.route("/bilans/nouveau", methods=["GET", "POST"])
@guard(policy.REPORT_CREATE)
def new() -> Response:
    """Ask for a bilan of a département or of a household; last month unless told otherwise."""
    who, month = identity(), last_month(clock.today())
    form = ReportForm(data={"since": month.since, "until": month.until, "kind": ReportKind.DEPARTMENT.value})
    codes = policy.countable_departments(who)
    names = {d.code: d.label for d in departments()}
    form.department.choices = [(code, names.get(code, code)) for code in codes]
    if not codes:
        form.kind.data = ReportKind.HOUSEHOLD.value
    if form.validate_on_submit():
        try:
            report = _ask(form)
        except RuleError as error:
            form.add_error(error)
        else:
            return redirect_to("reports.show", report=report.public_id)
    whole = any(policy.counts_territory(who, code) for code in codes)
    return render(
        "reports/new.html", form=form, has_departments=bool(codes), whole=whole, status=422 if form.error_list else 200
    )


def _ask(form: ReportForm) -> Report:
    if form.kind.data == ReportKind.DEPARTMENT.value:
        return operations.request_department_report(
            identity(), department=form.department.data or "", period=form.period
        )
    numbered = visible_households(identity()).where(Household.number == form.number.data.upper())
    household = db.scalars(
        numbered.order_by((Household.owner_org_id != identity().org_id), Household.id).limit(1)
    ).one_or_none()
    if household is None:
        raise RuleError(
            "number", "Aucun dossier ouvert à votre organisation ne porte ce numéro : vérifiez-le en haut du dossier."
        )
    return operations.request_household_report(identity(), household=household, period=form.period)


@blueprint.route("/menages/<household>/bilan", methods=["GET", "POST"])
@guard(policy.REPORT_HOUSEHOLD, household=find_household)
def of_household(household: Household) -> Response:
    """Ask for the bilan of one file: its whole life unless told otherwise."""
    form = PeriodForm(data={"since": min(household.seniority_date, clock.today()), "until": clock.today()})
    if form.validate_on_submit():
        try:
            report = operations.request_household_report(identity(), household=household, period=form.period)
        except RuleError as error:
            form.add_error(error)
        else:
            return redirect_to("reports.show", report=report.public_id)
    return render("reports/of_household.html", form=form, household=household, status=422 if form.error_list else 200)


@blueprint.get("/bilans/<report>")
@guard(policy.REPORT_READ, report=policy.find_report)
def show(report: Report) -> Response:
    """Its progress, then its summary and its files."""
    job = db.scalars(visible_jobs(identity()).where(Job.id == report.job_id)).one_or_none() if report.job_id else None
    waits = report.generated_at is None and (job is None or not job.status.is_final)
    previous = _previous(report)
    return render(
        "reports/show.html", fragment="reports/_body.html", report=report, job=job, waits=waits, steps=_steps(job), previous=previous,
        is_stopped=waits and (job is None or job.status is JobState.QUEUED) and queue_is_stopped(), can_redo=True,
    )  # fmt: skip


def _previous(report: Report) -> list[Report]:
    same = policy.visible_reports(identity()).where(
        Report.title == report.title, Report.id != report.id, Report.generated_at.is_not(None)
    )
    return list(db.scalars(same.order_by(Report.id.desc()).limit(5)))


def _steps(job: Job | None) -> list[dict[str, str]]:
    if job is None or job.status not in {JobState.QUEUED, JobState.RUNNING}:
        return []
    current = max((i for i, (percent, _) in enumerate(STEPS) if job.progress >= percent), default=-1)
    return [
        {"label": label, "state": "done" if i < current else "doing" if i == current else "todo"}
        for i, (_, label) in enumerate(STEPS)
    ]


def queue_is_stopped() -> bool:
    """Whether Redis does not answer: what was asked is kept in the database and leaves when it is back."""
    try:
        outbox.client().ping()
    except RedisError:
        return True
    return False


def packet(who: Identity, passation: Passation) -> dict[str, Any] | None:
    """The bilan that goes with a handover, for its page: {label, url, ready}; None when it may not be read there."""
    report = operations.packet_of(who, passation)
    if report is None or not who.can(policy.REPORT_READ):
        return None
    url = url_for("reports.download", report=report.public_id, name="pdf")
    return {"label": "Bilan du ménage (PDF)", "url": url, "ready": report.is_ready}


@blueprint.get("/bilans/<report>/<any(pdf, xlsx):name>")
@guard(policy.REPORT_READ, report=policy.find_report)
def download(report: Report, name: str) -> Response:
    """The PDF or the figures; written down before any byte leaves."""
    if not report.is_ready:
        abort(404)
    try:
        content = operations.content_of(report, name, store())
    except (StoreError, UnreadableError):
        abort(503)
    with unit_of_work(session_token()) as unit:
        operations.note_download(unit.identity, report=report, name=name)
    read_is_written_down()
    filename = f"bilan-{fold(report.title).replace(' ', '-')}-{report.until:%Y-%m-%d}.{name}"
    response = send_file(
        io.BytesIO(content),
        mimetype=FILES[name],
        as_attachment=True,
        download_name=filename,
        etag=False,
        conditional=False,
    )
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.post("/bilans/<report>/refaire")
@guard(policy.REPORT_CREATE, report=policy.find_report)
def again(report: Report) -> Response:
    """The same bilan on today's facts."""
    try:
        made = operations.request_again(identity(), report=report)
    except RuleError as error:
        flash(error.message, "late")
        return redirect_to("reports.show", report=report.public_id)
    return redirect_to("reports.show", report=made.public_id)


@blueprint.post("/bilans/<report>/arreter")
@guard(policy.REPORT_CREATE, report=policy.find_report)
def stop(report: Report) -> Response:
    """Stop a bilan that waits or runs."""
    job = db.scalars(visible_jobs(identity()).where(Job.id == report.job_id)).one_or_none()
    if job is not None and operations.stop(identity(), report=report, job=job):
        flash("Bilan arrêté.")
    return redirect_to("reports.show", report=report.public_id)
