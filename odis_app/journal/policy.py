"""Who reads, writes, edits and moderates; the only selects that lead to an entry."""

from __future__ import annotations

from sqlalchemy import Select, select

from odis_app.core.db import db
from odis_app.core.identity import Identity
from odis_app.core.permissions import Role, permission
from odis_app.documents.policy import READERS, holds, in_audience
from odis_app.journal.enums import EntryKind
from odis_app.journal.models import JournalEntry, JournalReader


def visible_entries(identity: Identity) -> Select[JournalEntry]:
    """The entries that the identity may read: it holds the record in full, and the audience holds it."""
    addressed = JournalEntry.id.in_(select(JournalReader.entry_id).where(JournalReader.user_id == identity.user_id))
    seen = in_audience(
        identity,
        JournalEntry,
        author_org=JournalEntry.author_org_id,
        author=JournalEntry.author_user_id,
        addressed=addressed,
    )
    return select(JournalEntry).where(seen)


def find_entry(identity: Identity, public_id: str) -> JournalEntry | None:
    """The entry at this address, or None when it does not exist or may not be seen."""
    return db.execute(visible_entries(identity).where(JournalEntry.public_id == public_id)).scalar_one_or_none()


def edits(identity: Identity, entry: JournalEntry) -> bool:
    """L’auteur modifie sa note, tant qu’elle n’est pas masquée."""
    mine = entry.author_user_id == identity.user_id and entry.author_org_id == identity.case_org_id
    return mine and entry.kind == EntryKind.NOTE.value and entry.moderated_at is None


def moderates(identity: Identity, entry: JournalEntry) -> bool:
    """La coordination de l’organisation qui suit le dossier masque une note."""
    coordinates = entry.owner_org_id == identity.case_org_id and Role.COORDINATEUR.value in identity.roles
    return coordinates and entry.kind == EntryKind.NOTE.value and entry.moderated_at is None


JOURNAL_READ = permission("journal:read", "Lire le journal d’un dossier", roles=READERS, rule=holds)
JOURNAL_WRITE = permission("journal:write", "Écrire dans le journal d’un dossier", roles=READERS, rule=holds)
JOURNAL_EDIT = permission("journal:edit", "Modifier sa note du journal", roles=READERS, rule=edits)
JOURNAL_MODERATE = permission(
    "journal:moderate", "Masquer une note du journal", roles={Role.COORDINATEUR}, rule=moderates
)
