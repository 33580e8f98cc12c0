"""« Exporter cette liste »: asking, watching, the password shown once, the archive."""

from __future__ import annotations

import io

from flask import Response, abort, current_app, request, send_file

from odis_app.core.crypto import UnreadableError
from odis_app.core.db import db, unit_of_work
from odis_app.core.errors import RuleError
from odis_app.core.forms import Form
from odis_app.core.jobs import Job, JobState, visible_jobs
from odis_app.core.permissions import guard
from odis_app.core.requests import session_token
from odis_app.core.templating import url_with
from odis_app.core.web import identity, redirect_to, render
from odis_app.documents.storage import Store, StoreError
from odis_app.reports import exports, policy
from odis_app.reports.export_kinds import KINDS, ExportKind
from odis_app.reports.models import ListExport
from odis_app.reports.views import blueprint, queue_is_stopped

ZIP = "application/zip"


def store() -> Store:
    """Where the sealed archives are."""
    return Store(current_app.config["ODIS"].documents_dir / "exports")


@blueprint.route("/menages/exporter", methods=["GET", "POST"])
@guard(policy.EXPORT_CREATE)
def new_export() -> Response:
    """The files as they are filtered."""
    return _ask(KINDS["menages"])


@blueprint.route("/offres/exporter", methods=["GET", "POST"])
@guard(policy.OFFER_EXPORT)
def export_offers() -> Response:
    """The offers as they are filtered."""
    return _ask(KINDS["offres"])


@blueprint.route("/places/exporter", methods=["GET", "POST"])
@guard(policy.PLACE_EXPORT)
def export_places() -> Response:
    """The places as they are filtered."""
    return _ask(KINDS["places"])


def _ask(kind: ExportKind) -> Response:
    """What would leave, then the asking; above fifty lines in two days, a renewed proof of identity comes first."""
    who, form = identity(), Form()
    filters = kind.filters_of(who, request.args)
    lines, lately = kind.counted(who, filters), exports.lately(who, kind)
    if form.validate_on_submit():
        try:
            export = exports.request_export(who, kind=kind, filters=filters)
        except RuleError as error:
            form.add_error(error)
        else:
            return redirect_to("reports.show_export", export=export.public_id)
    return render(
        "reports/new_export.html", form=form, kind=kind, lines=lines, large=exports.is_large(lines), lately=lately,
        adds_up=exports.is_large(lines + lately), here=url_with(), status=422 if form.error_list else 200,
    )  # fmt: skip


@blueprint.get("/exports")
@guard(policy.EXPORT_READ)
def list_exports() -> Response:
    """One's own exports of the last two days."""
    found = list(db.scalars(policy.visible_exports(identity()).order_by(ListExport.id.desc()).limit(50)))
    return render("reports/exports.html", found=found, kinds=KINDS)


@blueprint.get("/exports/<export>")
@guard(policy.EXPORT_READ, export=policy.find_export)
def show_export(export: ListExport) -> Response:
    """Its progress, then its password and its archive."""
    return _page(export)


def _page(export: ListExport, *, password: str = "", error: str = "") -> Response:
    job = db.scalars(visible_jobs(identity()).where(Job.id == export.job_id)).one_or_none()
    waits = export.generated_at is None and not export.is_expired and (job is None or not job.status.is_final)
    response = render(
        "reports/export.html", fragment="reports/_export.html", export=export, kind=KINDS[export.kind], job=job, waits=waits, password=password, error=error,
        second=exports.waits_for_somebody(export), status=410 if export.is_expired else 422 if error else 200,
        is_stopped=waits and (job is None or job.status is JobState.QUEUED) and queue_is_stopped(),
    )  # fmt: skip
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.post("/exports/<export>/mot-de-passe")
@guard(policy.EXPORT_READ, export=policy.find_export)
def export_password(export: ListExport) -> Response:
    """The password, once."""
    if export.is_expired:
        return _page(export)
    try:
        password = exports.reveal(identity(), export=export)
    except RuleError as error:
        return _page(export, error=error.message)
    return _page(export, password=password)


@blueprint.get("/exports/<export>/fichier")
@guard(policy.EXPORT_READ, export=policy.find_export)
def download_export(export: ListExport) -> Response:
    """The encrypted archive; written down before any byte leaves. Over: 410, with a sentence."""
    if export.is_expired or exports.waits_for_somebody(export):
        return _page(export)
    if not export.is_ready:
        abort(404)
    try:
        content = exports.content_of(export, store())
    except (StoreError, UnreadableError):
        abort(503)
    with unit_of_work(session_token()) as unit:
        exports.note_download(unit.identity, export=export)
    response = send_file(
        io.BytesIO(content), mimetype=ZIP, as_attachment=True, download_name=f"{export.kind}-{export.created_at:%Y-%m-%d}.zip", etag=False,
        conditional=False,
    )  # fmt: skip
    response.headers["Cache-Control"] = "no-store"
    return response
