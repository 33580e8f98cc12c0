"""/<dossier>/journal: the timeline of a record, its form, editing and moderating."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

from flask import Blueprint, Response, abort, flash, render_template, request
from markupsafe import Markup

from odis_app.access.limits import limited_since
from odis_app.core.db import Question
from odis_app.core.errors import RuleError, StaleVersionError
from odis_app.core.identity import Identity
from odis_app.core.permissions import guard
from odis_app.core.web import identity, is_fragment_request, page_number, redirect_to, render
from odis_app.documents.fields import MAX_FILES, uploads
from odis_app.documents.operations import store_document
from odis_app.documents.records import RecordPage, find_record, page_context, page_of, record_address
from odis_app.documents.sight import audience_readers
from odis_app.journal import operations, policy, queries
from odis_app.journal.enums import Audience
from odis_app.journal.forms import EntryForm, ModerationForm, local
from odis_app.journal.models import JournalEntry

blueprint = Blueprint("journal", __name__)
blueprint.url_defaults(record_address)
CARD_ENTRIES = 5
_KEY = re.compile(r"[0-9a-z]{16}")
_ENTRY = "/<record:record>/journal/<entry>"


@blueprint.get("/<record:record>/journal")
@guard(policy.JOURNAL_READ, record=find_record)
def index(record: RecordPage) -> Response:
    """The journal of a record, as far as the person may read it."""
    return _page(record, _form(record))


@blueprint.post("/<record:record>/journal")
@guard(policy.JOURNAL_WRITE, record=find_record)
def add(record: RecordPage) -> Response:
    """Write a note. Under HTMX the journal comes back with it; otherwise 303 to the page."""
    form = _form(record)
    if form.validate_on_submit():
        try:
            _write(record, form)
        except RuleError as error:
            form.add_error(error)
        else:
            if is_fragment_request():
                return _page(record, _empty_form(record), added=True)
            flash("Note enregistrée.")
            return redirect_to("journal.index", record=record, _anchor="journal")
    return _page(record, form, status=422 if not form.is_resumed else 200)


def _write(record: RecordPage, form: EntryForm) -> None:
    files, audience = uploads(form.files.data), Audience(form.audience.data)
    if len(files) > MAX_FILES:
        raise RuleError("files", f"Joignez {MAX_FILES} fichiers au plus.")
    place: dict[str, Any] = {"record_id": record.record_id, "owner_org_id": record.owner_org_id}
    key = form.key.data if _KEY.fullmatch(form.key.data or "") else ""
    if operations.sent_before(identity(), key=key or "", record_id=record.record_id) is not None:
        return
    documents = [store_document(identity(), **place, upload=upload, audience=audience) for upload in files]
    operations.add_entry(
        identity(), **place, body=form.body.data or "", audience=audience, medium=form.chosen_medium, tags=form.chosen_tags,
        happened_at=form.happened_at.data, readers=form.readers.data or [], documents=documents, key=key or "",
    )  # fmt: skip


def _form(record: RecordPage) -> EntryForm:
    return EntryForm().prepare(identity(), queries.possible_readers(identity(), record.record_id))


def _empty_form(record: RecordPage) -> EntryForm:
    return EntryForm(formdata=None).prepare(identity(), queries.possible_readers(identity(), record.record_id))


def _page(record: RecordPage, form: EntryForm, *, status: int = 200, added: bool = False) -> Response:
    card = request.form.get("vue") == "carte" and is_fragment_request()
    page = queries.timeline(
        identity(), record.record_id, 1 if card else page_number(), per_page=CARD_ENTRIES if card else queries.PER_PAGE
    )
    context = (
        {"record": record} if is_fragment_request() else page_context(identity(), record, "journal.index", "Journal")
    )
    fragment = "journal/_card.html" if card else "journal/_journal.html"
    return render(
        "journal/index.html",
        fragment=fragment,
        status=status,
        **context,
        entries=page,
        form=form,
        added=added,
        limited=limited_since(record.record_id),
        readers=[] if is_fragment_request() else audience_readers(identity(), record, policy.JOURNAL_READ),
    )


@blueprint.get(f"{_ENTRY}/modifier")
@guard(policy.JOURNAL_EDIT, record=find_record, entry=policy.find_entry)
def edit(record: RecordPage, entry: JournalEntry) -> Response:
    """The form of one's own note."""
    _same(record, entry)
    form = EntryForm(
        formdata=None, version=str(entry.version), body=entry.body, audience=entry.audience, medium=entry.medium or "", tags=entry.tags,
        happened_at=local(entry.happened_at), readers=_reader_ids(record, entry),
    )  # fmt: skip
    return _entry_page(record, entry, "journal/edit.html", "Modifier la note", _for_edit(record, form))


@blueprint.post(f"{_ENTRY}/modifier")
@guard(policy.JOURNAL_EDIT, record=find_record, entry=policy.find_entry)
def save(record: RecordPage, entry: JournalEntry) -> Response:
    """Save one's own note; when it changed meanwhile, tell what it says now and keep what was typed."""
    _same(record, entry)
    form, stale = _for_edit(record, EntryForm()), False
    if form.validate_on_submit():
        try:
            operations.edit_entry(
                identity(), entry=entry, version=_number(form.version.data), body=form.body.data or "", audience=Audience(form.audience.data),
                medium=form.chosen_medium, tags=form.chosen_tags, happened_at=form.happened_at.data, readers=form.readers.data or [],
            )  # fmt: skip
        except StaleVersionError:
            stale, form.version.data = True, str(entry.version)
        except RuleError as error:
            form.add_error(error)
        else:
            flash("Note modifiée.")
            return redirect_to("journal.index", record=record, _anchor=f"note-{entry.public_id}")
    return _entry_page(
        record,
        entry,
        "journal/edit.html",
        "Modifier la note",
        form,
        status=422 if not form.is_resumed else 200,
        stale=stale,
    )


@blueprint.get(f"{_ENTRY}/masquer")
@guard(policy.JOURNAL_MODERATE, record=find_record, entry=policy.find_entry)
def moderation(record: RecordPage, entry: JournalEntry) -> Response:
    """What will be hidden, and for what reason."""
    _same(record, entry)
    return _entry_page(record, entry, "journal/moderate.html", "Masquer la note", ModerationForm())


@blueprint.post(f"{_ENTRY}/masquer")
@guard(policy.JOURNAL_MODERATE, record=find_record, entry=policy.find_entry)
def moderate(record: RecordPage, entry: JournalEntry) -> Response:
    """Hide a note, with its reason."""
    _same(record, entry)
    form = ModerationForm()
    if form.validate_on_submit():
        try:
            operations.moderate_entry(identity(), entry=entry, reason=form.reason.data or "")
        except RuleError as error:
            form.add_error(error)
        else:
            flash("Note masquée. Ses lecteurs voient votre motif.")
            return redirect_to("journal.index", record=record, _anchor=f"note-{entry.public_id}")
    return _entry_page(
        record, entry, "journal/moderate.html", "Masquer la note", form, status=422 if not form.is_resumed else 200
    )


def _same(record: RecordPage, entry: JournalEntry) -> None:
    """An entry has one address, under its own record."""
    if entry.record_id != record.record_id:
        abort(404)


def _number(raw: str | None) -> int:
    return int(raw) if raw and raw.isdecimal() and len(raw) < 9 else 0


def _for_edit(record: RecordPage, form: EntryForm) -> EntryForm:
    form.prepare(identity(), queries.possible_readers(identity(), record.record_id))
    del form.files
    return form


def _reader_ids(record: RecordPage, entry: JournalEntry) -> list[str]:
    chosen = set(queries.readers_of(entry))
    return [p.public_id for p in queries.possible_readers(identity(), record.record_id) if p.user_id in chosen]


def _entry_page(
    record: RecordPage, entry: JournalEntry, template: str, title: str, form: Any, **options: Any
) -> Response:
    context = page_context(identity(), record, "journal.index", title)
    view, former = queries.entry_view(identity(), entry), queries.former_texts(entry)
    return render(template, **context, entry=view, former=former, form=form, **options)


@cache
def card_for(kind: str) -> Callable[[Identity, Any], Markup | None]:
    """The card beside the summary of a record of this kind: the last entries and a short form; None for who does not hold it in full."""

    def card(who: Identity, obj: Any) -> Markup | None:
        if not who.can(policy.JOURNAL_READ, obj):
            return None
        record = page_of(kind, obj)
        page = queries.timeline(who, record.record_id, per_page=CARD_ENTRIES)
        html = render_template(
            "journal/_card.html",
            record=record,
            entries=page,
            form=_empty_form(record),
            added=False,
            as_fragment=False,
            limited=limited_since(record.record_id),
        )
        return Markup(html)  # noqa: S704 - what our own template gave, escaped by it

    return card


def count(who: Identity, obj: Any) -> Question:
    """What the tab « Journal » says beside its word."""
    return queries.count_entries.of(who, obj.record_id)
