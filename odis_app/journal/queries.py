"""Reading the journal; ``policy.visible_entries`` decides which entries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select, text

from odis_app.core.db import db, one_value
from odis_app.core.identity import Identity
from odis_app.core.web import Page, paginate
from odis_app.documents.enums import Audience
from odis_app.documents.models import Document
from odis_app.documents.queries import documents_by_id
from odis_app.journal.enums import EntryKind, Medium, Tag
from odis_app.journal.models import JournalAttachment, JournalEntry, JournalReader, JournalRevision
from odis_app.journal.policy import edits, moderates, visible_entries

PER_PAGE = 20


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may be chosen to read: works for an organisation that holds the record in full."""

    user_id: int
    public_id: str
    name: str
    organisation: str

    @property
    def label(self) -> str:
        """« Claude Modèle (Mayenne Accueil) »."""
        return f"{self.name} ({self.organisation})"


@dataclass(frozen=True, slots=True)
class EntryView:
    """One entry, read: text in clear, documents and readers beside it, what this person may do with it."""

    public_id: str
    is_system: bool
    happened_at: datetime
    author: str
    organisation: str
    body: str
    audience: str
    medium: str
    tags: list[str]
    edited_at: datetime | None
    moderated_at: datetime | None
    moderated_by: str
    moderation_reason: str
    readers: list[str]
    documents: list[Document]
    may_edit: bool
    may_moderate: bool


@dataclass(frozen=True, slots=True)
class FormerText:
    """What an entry said before."""

    version: int
    body: str
    replaced_at: datetime
    replaced_by: str


def timeline(identity: Identity, record_id: int, page: int = 1, *, per_page: int = PER_PAGE) -> Page[EntryView]:
    """One page of a record's journal, the latest exchange first: five statements whatever its length."""
    statement = visible_entries(identity).where(JournalEntry.record_id == record_id)
    rows: Page[JournalEntry] = paginate(
        statement.order_by(JournalEntry.happened_at.desc(), JournalEntry.id.desc()),
        number=page,
        per_page=per_page,
        total=count_entries(identity, record_id),
    )
    ids = [entry.id for entry in rows.items]
    documents = attached(identity, ids)
    readers = _readers([entry.id for entry in rows.items if entry.audience == Audience.CHOISIS.value])
    views = [_view(identity, entry, documents.get(entry.id, []), readers.get(entry.id, [])) for entry in rows.items]
    return Page(views, rows.number, rows.per_page, rows.total)


@one_value
def count_entries(identity: Identity, record_id: int) -> Select[int]:
    """How many entries of a record the identity may read."""
    seen = visible_entries(identity).where(JournalEntry.record_id == record_id)
    return seen.with_only_columns(func.count(JournalEntry.id))


def entry_view(identity: Identity, entry: JournalEntry) -> EntryView:
    """One entry as the pages show it."""
    return _view(
        identity, entry, attached(identity, [entry.id]).get(entry.id, []), _readers([entry.id]).get(entry.id, [])
    )


def _view(identity: Identity, entry: JournalEntry, documents: list[Document], readers: list[str]) -> EntryView:
    return EntryView(
        public_id=entry.public_id, is_system=entry.kind == EntryKind.SYSTEM.value, happened_at=entry.happened_at, author=entry.author_label,
        organisation=entry.org_label, body=entry.body, audience=entry.audience, medium=Medium.label_of(entry.medium),
        tags=[Tag.label_of(tag) for tag in entry.tags], edited_at=entry.edited_at, moderated_at=entry.moderated_at,
        moderated_by=entry.moderated_by_label or "", moderation_reason=entry.moderation_reason, readers=readers, documents=documents,
        may_edit=edits(identity, entry), may_moderate=moderates(identity, entry),
    )  # fmt: skip


def attached(identity: Identity, entry_ids: Sequence[int]) -> dict[int, list[Document]]:
    """The documents of some entries that the identity may see, by entry."""
    if not entry_ids:
        return {}
    rows = db.execute(
        select(JournalAttachment.entry_id, JournalAttachment.document_id).where(
            JournalAttachment.entry_id.in_(entry_ids)
        )
    ).all()
    documents = documents_by_id(identity, [row.document_id for row in rows])
    found: dict[int, list[Document]] = {}
    for row in sorted(rows, key=lambda r: r.document_id):
        if row.document_id in documents:
            found.setdefault(row.entry_id, []).append(documents[row.document_id])
    return found


def _readers(entry_ids: Sequence[int]) -> dict[int, list[str]]:
    if not entry_ids:
        return {}
    found: dict[int, list[str]] = {}
    statement = (
        select(JournalReader.entry_id, JournalReader.label)
        .where(JournalReader.entry_id.in_(entry_ids))
        .order_by(JournalReader.label)
    )
    for entry_id, label in db.execute(statement):
        found.setdefault(entry_id, []).append(label)
    return found


def readers_of(entry: JournalEntry) -> list[int]:
    """User ids of the chosen readers."""
    return list(db.execute(select(JournalReader.user_id).where(JournalReader.entry_id == entry.id)).scalars())


def possible_readers(identity: Identity, record_id: int) -> list[Person]:
    """Who may be chosen: the people of the organisations that hold the record in full, oneself left out."""
    rows = db.execute(
        text("SELECT * FROM odis.record_people(:record) ORDER BY organisation, last_name, first_name"),
        {"record": record_id},
    )
    people: dict[int, Person] = {}
    for row in rows:
        if row.user_id != identity.user_id:
            people.setdefault(
                row.user_id, Person(row.user_id, row.public_id, f"{row.first_name} {row.last_name}", row.organisation)
            )
    return list(people.values())


def former_texts(entry: JournalEntry) -> list[FormerText]:
    """What an entry said before its edits and its moderation, newest first; the wall keeps them to its author's organisation and to who moderates."""
    rows = db.execute(
        select(JournalRevision).where(JournalRevision.entry_id == entry.id).order_by(JournalRevision.version.desc())
    ).scalars()
    return [FormerText(row.version, row.body_for(entry), row.replaced_at, row.replaced_by_label) for row in rows]


def entry_sent(identity: Identity, key: str, record_id: int) -> JournalEntry | None:
    """The note that the same form already made, if it did."""
    mine = (
        JournalEntry.public_id == key,
        JournalEntry.record_id == record_id,
        JournalEntry.author_user_id == identity.user_id,
    )
    return db.execute(visible_entries(identity).where(*mine)).scalar_one_or_none()
