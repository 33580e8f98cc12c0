"""/imports: a file comes in step by step (file, columns, preview, recording), and may be undone."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Blueprint, Response, abort, flash, request
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response as BaseResponse

from odis_app.core.db import unit_of_work
from odis_app.core.errors import RuleError
from odis_app.core.formats import pluriel
from odis_app.core.jobs import Job
from odis_app.core.permissions import guard
from odis_app.core.requests import session_token
from odis_app.core.web import identity, is_fragment_request, page_number, paginate, redirect_to, render
from odis_app.exchange import operations, queries
from odis_app.exchange.annotated import annotated_sheets
from odis_app.exchange.enums import ImportState, Shown
from odis_app.exchange.forms import ConfirmForm, SheetForm, UploadForm, columns_form
from odis_app.exchange.kinds import ImportKind, get_kind
from odis_app.exchange.models import Import
from odis_app.exchange.operations.recording import UNDO_DAYS
from odis_app.exchange.policy import IMPORT_USE, find_import, find_kind, kinds_for
from odis_app.exchange.writers import model_sheets, xlsx_response

blueprint = Blueprint("exchange", __name__)
LISTED = 10
PER_PAGE = 50


@blueprint.route("/imports")
@guard(IMPORT_USE)
def index() -> Response:
    """The imports of the organisation, and what can be imported."""
    who = identity()
    results = paginate(queries.imports_of(who), number=page_number())
    return render(
        "exchange/index.html",
        fragment="exchange/_list.html",
        results=results,
        kinds=kinds_for(who),
        labels={k.code: k.label for k in kinds_for(who)},
    )


@blueprint.route("/imports/nouveau", methods=["GET", "POST"])
@guard(IMPORT_USE)
def create() -> Response:
    """Choose a file; it is read at once."""
    kind = _asked_kind(request.args.get("genre", ""))
    form = UploadForm()
    if form.validate_on_submit():
        try:
            with _stored(form.file.data) as path:
                found = operations.start_import(
                    identity(), kind=kind, path=path, filename=form.file.data.filename or ""
                )
        except RuleError as error:
            form.add_error(error)
        else:
            return _after_reading(found)
    return render("exchange/create.html", status=422 if form.is_submitted() else 200, form=form, kind=kind)


@blueprint.route("/imports/modele/<genre>.xlsx")
@guard(IMPORT_USE)
def model(genre: str) -> BaseResponse:
    """The model file of a kind."""
    kind = _asked_kind(genre)
    return xlsx_response(f"modele-{kind.code}", model_sheets(kind))


@blueprint.route("/imports/<found>")
@guard(IMPORT_USE, found=find_import)
def show(found: Import) -> Response:
    """What an import wrote; a draft goes on where it stands."""
    job = queries.recording_job(identity(), found) if found.status is ImportState.DRAFT else None
    waits = job is not None and not job.status.is_final
    if found.status is ImportState.DRAFT and not waits and not is_fragment_request():
        return _after_reading(found)
    refusals = queries.undo_refusals(found)
    return render(
        "exchange/show.html", fragment="exchange/_body.html", found=found, about=found.about, kind=_kind(found), refusals=refusals,
        undo_days=UNDO_DAYS, job=job, waits=waits,
    )  # fmt: skip


@blueprint.route("/imports/<found>/colonnes", methods=["GET", "POST"])
@guard(IMPORT_USE, found=find_import)
def columns(found: Import) -> Response:
    """Say what each column of the file is."""
    if found.status is not ImportState.DRAFT:
        return redirect_to("exchange.show", found=found.public_id)
    kind, about = _kind(found), found.about
    form = columns_form(kind, about["headers"], found.mapping)
    if form.validate_on_submit():
        try:
            operations.choose_columns(
                identity(), found=found, mapping=[form[f"c{index}"].data for index in range(len(about["headers"]))]
            )
            return redirect_to("exchange.preview", found=found.public_id)
        except RuleError as error:
            form.add_error(error)
    samples = queries.stored_rows(found, limit=3)
    return render("exchange/columns.html", status=422 if form.is_submitted() else 200, form=form, sheet_form=_sheet_form(about),
                  found=found, about=about, kind=kind, samples=samples)  # fmt: skip


@blueprint.route("/imports/<found>/feuille", methods=["POST"])
@guard(IMPORT_USE, found=find_import)
def sheet(found: Import) -> Response:
    """Read another sheet of the file."""
    form = _sheet_form(found.about)
    if form.validate_on_submit():
        try:
            operations.choose_sheet(identity(), found=found, sheet=form.sheet.data)
        except RuleError as error:
            flash(error.message, "late")
    return redirect_to("exchange.columns", found=found.public_id)


@blueprint.route("/imports/<found>/apercu")
@guard(IMPORT_USE, found=find_import)
def preview(found: Import) -> Response:
    """Every line as it would be recorded, every error by line and column."""
    if found.status is not ImportState.DRAFT or found.checked_at is None:
        return redirect_to("exchange.show", found=found.public_id)
    job = queries.recording_job(identity(), found)
    if job is not None and not job.status.is_final:
        return redirect_to("exchange.show", found=found.public_id)
    return _preview(found, UploadForm(), problem=_refusal(found, job))


@blueprint.route("/imports/<found>/recharger", methods=["POST"])
@guard(IMPORT_USE, found=find_import)
def reload(found: Import) -> Response:
    """Replace the file by its corrected version."""
    form = UploadForm()
    if form.validate_on_submit():
        try:
            with _stored(form.file.data) as path:
                operations.reload_import(identity(), found=found, path=path, filename=form.file.data.filename or "")
            return _after_reading(found)
        except RuleError as error:
            form.add_error(error)
    if found.status is not ImportState.DRAFT or found.checked_at is None:
        flash(" ".join(message for _field, message in form.error_list), "late")
        return redirect_to("exchange.show", found=found.public_id)
    return _preview(found, form, status=422)


@blueprint.route("/imports/<found>/ecarter", methods=["POST"])
@guard(IMPORT_USE, found=find_import)
def set_aside(found: Import) -> Response:
    """Leave the lines in error out."""
    try:
        count = operations.set_aside_errors(identity(), found=found) if ConfirmForm().validate_on_submit() else 0
    except RuleError as error:  # the import was recorded meanwhile: its page says so
        flash(error.message, "late")
        count = 0
    if count:
        flash(
            f"{pluriel(count, 'ligne est écartée', 'lignes sont écartées')} : l’import ne les enregistrera pas.", "wait"
        )
    return redirect_to("exchange.preview", found=found.public_id)


@blueprint.route("/imports/<found>/enregistrer", methods=["POST"])
@guard(IMPORT_USE, found=find_import)
def record(found: Import) -> Response:
    """Write everything, or nothing; a large file is recorded apart, and the page shows how far it is."""
    if ConfirmForm().validate_on_submit():
        try:
            operations.ask_recording(identity(), found=found)
        except RuleError as error:
            flash(error.message, "late")
            return redirect_to("exchange.preview", found=found.public_id)
    return redirect_to("exchange.show", found=found.public_id)


@blueprint.route("/imports/<found>/annuler", methods=["POST"])
@guard(IMPORT_USE, found=find_import)
def undo(found: Import) -> Response:
    """Put everything back as it was before the import."""
    if ConfirmForm().validate_on_submit():
        try:
            kept = operations.undo_import(identity(), found=found)
            flash(
                "L’import est annulé." if not kept else "L’import est annulé, sauf ce qui a été modifié depuis.",
                "wait" if kept else "ok",
            )
        except RuleError as error:
            flash(error.message, "late")
    return redirect_to("exchange.show", found=found.public_id)


@blueprint.route("/imports/<found>/supprimer", methods=["POST"])
@guard(IMPORT_USE, found=find_import)
def discard(found: Import) -> Response:
    """Forget a draft."""
    if ConfirmForm().validate_on_submit():
        try:
            operations.discard_import(identity(), found=found)
            flash("Le brouillon est supprimé, avec tout ce que le fichier contenait.")
        except RuleError as error:
            flash(error.message, "late")
    return redirect_to("exchange.index")


@blueprint.route("/imports/<found>/annote.xlsx")
@guard(IMPORT_USE, found=find_import)
def annotated(found: Import) -> BaseResponse:
    """The errors, and the lines to correct with their errors beside them."""
    if found.status is not ImportState.DRAFT:
        abort(404)
    with unit_of_work(session_token()) as unit:  # the file holds people: its leaving is written down first
        operations.note_download(unit.identity, found=found)
    return xlsx_response(f"a-corriger-{found.kind}", annotated_sheets(found))


def _refusal(found: Import, job: Job | None) -> str:
    """Why the recording that was asked of this draft, as it is now, did not happen."""
    if job is None or job.finished_at is None or (found.checked_at or job.finished_at) > job.finished_at:
        return ""
    return job.error or str(job.result.get("refused", ""))


def _preview(found: Import, form: UploadForm, *, status: int = 200, problem: str = "") -> Response:
    about = found.about
    shown = _shown(found)
    indexes = [index for index, key in enumerate(found.mapping) if key]
    results = paginate(queries.lines_of(found, shown), number=page_number(), per_page=PER_PAGE)
    lines = [queries.preview(found, row, indexes) for row in results.items]
    return render(
        "exchange/preview.html", fragment="exchange/_lines.html", status=status, found=found, about=about, kind=_kind(found), shown=shown,
        Shown=Shown, results=results, lines=lines, headers=[about["headers"][index] for index in indexes], form=form,
        errors=queries.first_errors(found, LISTED), problem=problem, error_count=queries.error_count(found),
    )  # fmt: skip


def _shown(found: Import) -> Shown:
    asked = request.args.get("voir", "")
    if asked in set(Shown):
        return Shown(asked)
    return Shown.ERRORS if found.errors else Shown.ALL


def _asked_kind(code: str) -> ImportKind:
    kind = find_kind(identity(), code)
    if kind is None:
        abort(404)
    return kind


def _kind(found: Import) -> ImportKind:
    kind = get_kind(found.kind)
    if kind is None:
        abort(404)
    return kind


def _sheet_form(about: dict[str, list[str]]) -> SheetForm:
    form = SheetForm()
    form.sheet.choices = about["sheets"]
    if not form.is_submitted():
        form.sheet.data = about["sheet"]
    return form


def _after_reading(found: Import) -> Response:
    """The preview when the columns are known from last time, else the columns."""
    return redirect_to("exchange.preview" if found.checked_at else "exchange.columns", found=found.public_id)


@contextmanager
def _stored(upload: FileStorage) -> Iterator[Path]:
    """The uploaded file on disk for the time of its reading, in a folder that nobody else may open."""
    with tempfile.TemporaryDirectory(prefix="odis-import-") as folder:
        path = Path(folder) / "source"
        upload.save(path)
        yield path
