"""Writing in the shared journal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, func, insert, select

from odis_app.access import keys
from odis_app.access.limits import refuse_limited
from odis_app.audit.operations import record_event
from odis_app.core import clock
from odis_app.core.crypto import seal
from odis_app.core.db import db
from odis_app.core.errors import RuleError, StaleVersionError
from odis_app.core.identity import Identity
from odis_app.core.ids import new_public_id, public_id_from
from odis_app.documents.models import Document
from odis_app.documents.operations import withdraw_document
from odis_app.journal import queries
from odis_app.journal.enums import Audience, EntryKind, Medium, Tag
from odis_app.journal.models import (
    JournalAttachment,
    JournalEntry,
    JournalReader,
    JournalRevision,
    body_place,
    reason_place,
    revision_place,
)

MAX_BODY = 5000
MAX_REASON = 500
EARLIEST_YEAR = 2000
NO_READER = "Choisissez au moins une personne, ou une autre audience."
UNKNOWN_READER = "Une des personnes choisies ne suit plus ce dossier. Choisissez parmi les personnes proposées."


def add_entry(
    identity: Identity,
    *,
    record_id: int,
    owner_org_id: int,
    body: str,
    audience: Audience,
    medium: Medium | None = None,
    tags: Iterable[Tag] = (),
    happened_at: datetime | None = None,
    readers: Sequence[str] = (),
    documents: Sequence[Document] = (),
    key: str = "",
) -> JournalEntry:
    """A note on a record, for ``audience``; ``readers`` are public ids of people, for « choisis » only.

    ``documents`` were just stored by the same person; they take the audience of the note. ``key`` (a public id made when the
    form was shown) makes a second sending of the same form give back the first note. Raises RuleError.
    """
    sent = sent_before(identity, key=key, record_id=record_id)
    if sent is not None:
        return sent
    refuse_limited(record_id)
    entry = JournalEntry(
        public_id=public_id_from(identity.require_org(), key) if key else new_public_id(), record_id=record_id, owner_org_id=owner_org_id, kind=EntryKind.NOTE.value, audience=audience.value,
        author_user_id=identity.require_user(), author_org_id=identity.require_org(), author_label=identity.name,
        org_label=identity.org_short_name or identity.org_name, medium=medium.value if medium else None, tags=_tag_values(tags),
        happened_at=_moment(happened_at), body_sealed=b"", version=1,
    )  # fmt: skip
    entry.body_sealed = keys.seal(record_id, _text(body), body_place(entry.public_id))
    people = _chosen(identity, record_id, audience, readers)
    db.add(entry)
    db.flush()
    _address(entry, people)
    _attach(entry, documents)
    record_event(
        identity, "journal:add", record_id=record_id, summary=f"Note au journal, {audience.label.lower()}",
        data={"entry": entry.public_id, "audience": audience.value, "documents": [d.public_id for d in documents]},
    )  # fmt: skip
    return entry


def sent_before(identity: Identity, *, key: str, record_id: int) -> JournalEntry | None:
    """The note that the form named ``key`` already made; a second sending waits here for the first."""
    if not key:
        return None
    db.execute(select(func.pg_advisory_xact_lock(func.hashtext(key))))
    return queries.entry_sent(identity, public_id_from(identity.require_org(), key), record_id)


def add_system_entry(
    identity: Identity, *, record_id: int, owner_org_id: int, body: str, audience: Audience = Audience.PARTENAIRES
) -> None:
    """What the file itself tells, in one sentence without any content of class 2 or more (nor a reason that reveals it).

    Whoever acts on the record may cause one, even with a minimal share, and so may a scheduled task; « organisation » is
    then the organisation that acts (the owner, for a task). It is sealed by the installation: they may not read the record's key.
    """
    if audience is Audience.CHOISIS:
        raise ValueError("a system entry is addressed to organisations")
    public_id = new_public_id()
    values = {
        "public_id": public_id, "record_id": record_id, "owner_org_id": owner_org_id, "kind": EntryKind.SYSTEM.value, "audience": audience.value,
        "author_user_id": identity.user_id, "author_org_id": identity.org_id or owner_org_id, "author_label": identity.name,
        "org_label": identity.org_short_name or identity.org_name, "body_sealed": seal(_text(body), body_place(public_id)),
        "happened_at": clock.now(), "tags": [], "version": 1,
    }  # fmt: skip
    db.execute(insert(JournalEntry).inline().values(**values))  # nothing is read back: who causes it may not read it


def edit_entry(
    identity: Identity,
    *,
    entry: JournalEntry,
    version: int,
    body: str,
    audience: Audience,
    medium: Medium | None = None,
    tags: Iterable[Tag] = (),
    happened_at: datetime | None = None,
    readers: Sequence[str] = (),
) -> None:
    """Change one's own note; what it said stays in its revisions. Raises RuleError, StaleVersionError."""
    refuse_limited(entry.record_id)
    text, people, moment = (
        _text(body),
        _chosen(identity, entry.record_id, audience, readers),
        _moment(happened_at or entry.happened_at),
    )
    _claim(entry, version)
    if text != entry.body:
        _keep(identity, entry)
        entry.body_sealed = keys.seal(entry.record_id, text, body_place(entry.public_id))
    entry.audience, entry.medium, entry.tags, entry.happened_at = (
        audience.value,
        medium.value if medium else None,
        _tag_values(tags),
        moment,
    )
    entry.edited_at, entry.version = clock.now(), version + 1
    db.flush()
    db.execute(delete(JournalReader).where(JournalReader.entry_id == entry.id))
    _address(entry, people)
    for document in queries.attached(identity, [entry.id]).get(entry.id, []):
        document.audience = audience.value
    db.flush()
    record_event(
        identity,
        "journal:edit",
        record_id=entry.record_id,
        summary="Note du journal modifiée",
        data={"entry": entry.public_id, "audience": audience.value},
    )


def moderate_entry(identity: Identity, *, entry: JournalEntry, reason: str) -> None:
    """Hide a note and its documents, with a reason that its readers see; the text stays in its revisions. Raises RuleError."""
    reason = reason.strip()
    if not reason:
        raise RuleError("reason", "Écrivez pourquoi ce texte est masqué : ses lecteurs verront ce motif.")
    if len(reason) > MAX_REASON:
        raise RuleError("reason", f"Le motif dépasse {MAX_REASON} caractères. Raccourcissez-le.")
    _claim(entry, None)
    documents = queries.attached(identity, [entry.id]).get(entry.id, [])
    _keep(identity, entry)
    entry.body_sealed = keys.seal(entry.record_id, "", body_place(entry.public_id))
    entry.moderation_reason_sealed = keys.seal(entry.record_id, reason, reason_place(entry.public_id))
    entry.moderated_at, entry.moderated_by_label, entry.version = clock.now(), identity.name, entry.version + 1
    db.flush()
    for document in documents:
        withdraw_document(identity, document=document)
    record_event(
        identity,
        "journal:moderate",
        record_id=entry.record_id,
        summary="Note du journal masquée",
        data={"entry": entry.public_id},
    )


def _claim(entry: JournalEntry, version: int | None) -> None:
    """Lock the row; refuse when it is no longer what the person was looking at."""
    locked = db.execute(select(JournalEntry.id).where(JournalEntry.id == entry.id).with_for_update()).first()
    if locked is None:  # the wall locks no row that may not be changed: a note that was hidden is one
        raise RuleError("", "Cette note vient d’être masquée par la coordination : elle ne se modifie plus.")
    db.refresh(entry)
    if version is not None and entry.version != version:
        raise StaleVersionError([f"Texte actuel : {entry.body}"])


def _keep(identity: Identity, entry: JournalEntry) -> None:
    db.add(
        JournalRevision(
            entry_id=entry.id, record_id=entry.record_id, owner_org_id=entry.owner_org_id, author_org_id=entry.author_org_id, version=entry.version,
            body_sealed=keys.seal(entry.record_id, entry.body, revision_place(entry.public_id, entry.version)), replaced_by_label=identity.name,
        )
    )  # fmt: skip
    db.flush()


def _text(body: str) -> str:
    text = body.replace("\r\n", "\n").strip()
    if not text:
        raise RuleError("body", "Écrivez ce qui s’est passé.")
    if len(text) > MAX_BODY:
        raise RuleError("body", f"Le texte dépasse {MAX_BODY} caractères. Raccourcissez-le ou faites-en deux notes.")
    return text


def _moment(happened_at: datetime | None) -> datetime:
    now = clock.now()
    if happened_at is None:
        return now
    if happened_at.tzinfo is None:
        happened_at = happened_at.replace(tzinfo=clock.PARIS)
    if happened_at > now + timedelta(minutes=5) or happened_at.year < EARLIEST_YEAR:
        raise RuleError(
            "happened_at", f"La date de l’échange est passée et postérieure à {EARLIEST_YEAR}. Corrigez-la."
        )
    return happened_at


def _tag_values(tags: Iterable[Tag]) -> list[str]:
    wanted = set(tags)
    return [tag.value for tag in Tag if tag in wanted]


def _chosen(identity: Identity, record_id: int, audience: Audience, readers: Sequence[str]) -> list[queries.Person]:
    """The people named, all of whom hold the record now; nobody unless the audience is « choisis »."""
    if audience is not Audience.CHOISIS:
        return []
    wanted = set(readers)
    found = [p for p in queries.possible_readers(identity, record_id) if p.public_id in wanted]
    if not wanted:
        raise RuleError("readers", NO_READER)
    if len(found) != len(wanted):
        raise RuleError("readers", UNKNOWN_READER)
    return found


def _address(entry: JournalEntry, people: Sequence[queries.Person]) -> None:
    rows = [
        {"entry_id": entry.id, "record_id": entry.record_id, "user_id": p.user_id, "label": p.label} for p in people
    ]
    if rows:
        db.execute(insert(JournalReader), rows)


def _attach(entry: JournalEntry, documents: Sequence[Document]) -> None:
    for document in documents:
        if document.audience != entry.audience:
            document.audience = entry.audience
        db.add(JournalAttachment(entry_id=entry.id, record_id=entry.record_id, document_id=document.id))
    db.flush()
