"""/<dossier>/documents and /documents/<id>."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, request, url_for

from odis_app.core.db import Question
from odis_app.core.errors import RuleError
from odis_app.core.identity import Identity
from odis_app.core.permissions import guard
from odis_app.core.requests import note_sensitivity
from odis_app.core.web import identity, is_safe_path, page_number, redirect_to, redirect_to_url, render
from odis_app.documents import operations, policy, queries
from odis_app.documents.enums import Audience, DocumentState
from odis_app.documents.fields import MAX_FILES, audience_choices, uploads
from odis_app.documents.forms import DocumentForm
from odis_app.documents.models import Document
from odis_app.documents.records import RecordPage, find_record, page_context, record_address
from odis_app.documents.sending import sent
from odis_app.documents.sight import audience_readers

blueprint = Blueprint("documents", __name__)
blueprint.url_defaults(record_address)


@blueprint.get("/<record:record>/documents")
@guard(policy.DOCUMENT_LIST, record=find_record)
def index(record: RecordPage) -> Response:
    """The documents of a record that the person may see, and the form to deposit one."""
    return _page(record, _form(record))


@blueprint.post("/<record:record>/documents")
@guard(policy.DOCUMENT_ADD, record=find_record)
def add(record: RecordPage) -> Response:
    """Deposit documents: all or none."""
    form = _form(record)
    if form.validate_on_submit():
        try:
            _store(record, form)
        except RuleError as error:
            form.add_error(error)
        else:
            flash("Document enregistré.")
            return redirect_to("documents.index", record=record)
    return _page(record, form, status=422)


def _store(record: RecordPage, form: DocumentForm) -> None:
    files = uploads(form.files.data)
    if not 1 <= len(files) <= MAX_FILES:
        raise RuleError("files", f"Choisissez un fichier, {MAX_FILES} au plus par envoi.")
    for upload in files:
        operations.store_document(
            identity(), record_id=record.record_id, owner_org_id=record.owner_org_id, upload=upload, audience=Audience(form.audience.data),
            sensitivity=policy.HEALTH if "health" in form and form.health.data else 1,
        )  # fmt: skip


def _form(record: RecordPage) -> DocumentForm:
    form = DocumentForm()
    form.audience.choices = audience_choices(identity(), chosen=False)
    if not policy.may_deposit_health(identity(), record):
        del form.health
    return form


def _page(record: RecordPage, form: DocumentForm, status: int = 200) -> Response:
    page = queries.documents_of(identity(), record.record_id, page_number())
    note_sensitivity(max((d.sensitivity for d in page.items), default=0))
    context = page_context(identity(), record, "documents.index", "Documents")
    return render(
        "documents/index.html",
        status=status,
        **context,
        documents=page,
        form=form,
        withdraws=lambda document: policy.withdraws(identity(), document),
        readers=audience_readers(identity(), record, policy.DOCUMENT_LIST, health=True),
    )


@blueprint.get("/documents/<document>")
@guard(policy.DOCUMENT_READ, document=policy.find_clean_document)
def download(document: Document) -> Response:
    """The file, never shown by the browser itself: always an attachment, kept nowhere."""
    note_sensitivity(document.sensitivity)
    return sent(document)


@blueprint.post("/documents/<document>/analyser")
@guard(policy.DOCUMENT_SCAN, document=policy.find_document)
def scan(document: Document) -> Response:
    """Ask the antivirus again."""
    try:
        state = operations.scan_document(identity(), document=document)
    except RuleError as error:
        flash(error.message, "wait")
    else:
        flash(
            "Analyse terminée." if state is DocumentState.CLEAN else operations.INFECTED,
            "ok" if state is DocumentState.CLEAN else "late",
        )
    return _back()


@blueprint.post("/documents/<document>/retirer")
@guard(policy.DOCUMENT_WITHDRAW, document=policy.find_document)
def withdraw(document: Document) -> Response:
    """Take a document out of the file."""
    operations.withdraw_document(identity(), document=document)
    flash("Document retiré.")
    return _back()


def _back() -> Response:
    """To the page that the form names, when it is one of ours."""
    target = request.form.get("suite", "")
    return redirect_to_url(target if is_safe_path(target) else url_for("home.index"))


def count(who: Identity, obj: Any) -> Question:
    """What the tab « Documents » says beside its word."""
    return queries.count_documents.of(who, obj.record_id)
