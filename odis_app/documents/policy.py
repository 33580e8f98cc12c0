"""Who reads what hangs on a record: the rule of audiences, and the only selects that lead to a document."""

from __future__ import annotations

from typing import Any, Protocol

from sqlalchemy import BigInteger, ColumnElement, Select, and_, exists, false, func, or_, select, text

from odis_app.access.models import Grant
from odis_app.access.queries import class2_is_open
from odis_app.core.db import asked_once, db
from odis_app.core.identity import Identity
from odis_app.core.permissions import Role, permission
from odis_app.documents.enums import Audience, DocumentState
from odis_app.documents.models import Document
from odis_app.organisations.enums import OrganisationKind

READERS = {Role.TRAVAILLEUR_SOCIAL, Role.COORDINATEUR, Role.OPERATEUR, Role.DDETS}
HEALTH = 2  # the sensitivity class of health documents
# Documents of the entries addressed to someone by name: the journal's tables, told in SQL because the journal stands above.
ADDRESSED = text(
    "SELECT a.document_id FROM journal_readers r JOIN journal_entries e ON e.id = r.entry_id JOIN journal_attachments a ON a.entry_id = e.id "
    "JOIN documents d ON d.id = a.document_id WHERE r.user_id = :me AND d.uploaded_by_id = e.author_user_id"
).columns(document_id=BigInteger)


class OnRecord(Protocol):
    """What hangs on a record, or is one."""

    @property
    def record_id(self) -> int:
        """The record's key."""

    @property
    def owner_org_id(self) -> int:
        """The organisation that follows it."""


def is_state(identity: Identity) -> bool:
    """A service of the State: reads the « etat » audience, never the « partenaires » one."""
    return bool(identity.org_kind) and OrganisationKind(identity.org_kind).is_state


def full_grants(identity: Identity, *conditions: ColumnElement[bool]) -> Select[int]:
    """Ids of the records that stand open in full to the identity's organisation now."""
    return select(Grant.record_id).where(
        Grant.grantee_org_id == identity.case_org_id,
        Grant.level == "full",
        Grant.revoked_at.is_(None),
        Grant.expires_at > func.now(),
        *conditions,
    )


def holds(identity: Identity, obj: OnRecord) -> bool:
    """Le dossier est le sien, ou lui est partagé en entier."""
    if identity.case_org_id is None:
        return False
    if obj.owner_org_id == identity.case_org_id:
        return True
    return _open_in_full(identity, obj.record_id)


@asked_once
def _open_in_full(identity: Identity, record_id: int) -> bool:
    return bool(db.execute(select(exists(full_grants(identity, Grant.record_id == record_id)))).scalar())


def in_audience(
    identity: Identity, table: Any, *, author_org: Any, author: Any, addressed: ColumnElement[bool]
) -> ColumnElement[bool]:
    """The rows of ``table`` (with record_id, owner_org_id, audience) that the identity may read: it holds the record, and the audience holds it.

    ``author_org`` and ``author`` are the columns that say who wrote the row; ``addressed`` is true for rows whose chosen readers include the person.
    """
    if identity.case_org_id is None:
        return false()
    held = or_(table.owner_org_id == identity.case_org_id, table.record_id.in_(full_grants(identity)))
    shared = Audience.ETAT if is_state(identity) else Audience.PARTENAIRES
    chosen = table.audience == Audience.CHOISIS.value
    written = and_(author_org == identity.case_org_id, or_(~chosen, author == identity.user_id))
    return and_(held, or_(written, table.audience == shared.value, and_(chosen, addressed)))


def visible_documents(identity: Identity) -> Select[Document]:
    """The documents that the identity may see, withdrawn ones left out; those in quarantine are listed too, never given."""
    addressed = Document.id.in_(ADDRESSED.bindparams(me=identity.user_id))
    seen = in_audience(
        identity, Document, author_org=Document.uploaded_org_id, author=Document.uploaded_by_id, addressed=addressed
    )
    return select(Document).where(seen, _cleared(identity), Document.deleted_at.is_(None))


def _cleared(identity: Identity) -> ColumnElement[bool]:
    """Class 2: the owner's case workers, and shares that open it, once the installation has."""
    if identity.level < HEALTH or not class2_is_open():
        return Document.sensitivity < HEALTH
    return or_(
        Document.sensitivity < HEALTH,
        Document.owner_org_id == identity.case_org_id,
        Document.record_id.in_(full_grants(identity, Grant.max_class >= HEALTH)),
    )


def may_deposit_health(identity: Identity, obj: OnRecord) -> bool:
    """Whether a health document may be put on this record by this person."""
    if identity.level < HEALTH or not class2_is_open():
        return False
    shared = select(exists(full_grants(identity, Grant.record_id == obj.record_id, Grant.max_class >= HEALTH)))
    return obj.owner_org_id == identity.case_org_id or bool(db.execute(shared).scalar())


def find_document(identity: Identity, public_id: str) -> Document | None:
    """The document at this address, whatever its state; None when it does not exist or may not be seen."""
    return db.execute(visible_documents(identity).where(Document.public_id == public_id)).scalar_one_or_none()


def find_clean_document(identity: Identity, public_id: str) -> Document | None:
    """The same, only once the antivirus let it go: a file in quarantine has no address."""
    found = find_document(identity, public_id)
    return found if found is not None and found.state == DocumentState.CLEAN.value else None


def withdraws(identity: Identity, document: Document) -> bool:
    """La personne a déposé le document, ou coordonne l’organisation qui suit le dossier."""
    coordinates = document.owner_org_id == identity.case_org_id and Role.COORDINATEUR.value in identity.roles
    return document.uploaded_by_id == identity.user_id or coordinates


def quarantined() -> Select[Document]:
    """The files that wait for the antivirus; under a person's identity, those of the documents they may see."""
    return select(Document).where(Document.state == DocumentState.QUARANTINE.value, Document.deleted_at.is_(None))


DOCUMENT_LIST = permission("documents:list", "Voir les documents d’un dossier", roles=READERS, rule=holds)
DOCUMENT_READ = permission("document:read", "Télécharger un document", roles=READERS, rule=holds)
DOCUMENT_ADD = permission("document:add", "Déposer un document", roles=READERS, rule=holds)
DOCUMENT_SCAN = permission("document:scan", "Relancer l’analyse d’un document déposé", roles=READERS, rule=withdraws)
DOCUMENT_WITHDRAW = permission("document:withdraw", "Retirer un document", roles=READERS, rule=withdraws)
