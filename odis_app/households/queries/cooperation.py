"""Reading handovers, what may go with a file, and who was entrusted with it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, text

from odis_app.access.enums import PassationState
from odis_app.access.models import FileJoin, Passation
from odis_app.core.db import db
from odis_app.core.identity import Identity
from odis_app.documents.enums import Audience
from odis_app.documents.models import Document
from odis_app.documents.policy import visible_documents
from odis_app.households.models import Assignment, Household
from odis_app.households.policy import visible_passations
from odis_app.journal.enums import EntryKind
from odis_app.journal.models import JournalEntry
from odis_app.journal.policy import visible_entries
from odis_app.organisations.models import Organisation

RECEIVING_KINDS = frozenset(
    {"association", "operateur", "operateur_agir", "ccas", "service_social_departemental", "siao"}
)
"""Those whose people hold files; what a packet may carry is chosen among this many lines at most."""
MOST = 100


def open_passation(household: Household) -> Passation | None:
    """The handover under way, seen from the organisation that proposed it."""
    states = [s.value for s in PassationState if s.is_open]
    statement = select(Passation).where(
        Passation.record_id == household.id,
        Passation.state.in_(states),
        Passation.from_org_id == household.owner_org_id,
    )
    return db.execute(statement).scalar_one_or_none()


def asked_passation(identity: Identity, household: Household) -> Passation | None:
    """One's own request that waits for an answer."""
    statement = select(Passation).where(
        Passation.record_id == household.id, Passation.to_org_id == identity.case_org_id, Passation.state == PassationState.ASKED.value
    )  # fmt: skip
    return db.execute(statement).scalar_one_or_none()


def passations(identity: Identity) -> list[tuple[Passation, str, str]]:
    """(handover, who gives, who receives), the newest first: those of one's organisation, on either side."""
    rows = list(db.execute(visible_passations(identity).order_by(Passation.id.desc()).limit(MOST)).scalars())
    wanted = {p.from_org_id for p in rows} | {p.to_org_id for p in rows}
    names = {o.id: o.name for o in db.execute(select(Organisation).where(Organisation.id.in_(wanted))).scalars()}
    return [(p, names[p.from_org_id], names[p.to_org_id]) for p in rows]


def of_household(identity: Identity, household: Household) -> Sequence[Passation]:
    """The handovers of one file that one may see, the newest first."""
    statement = visible_passations(identity).where(Passation.record_id == household.id)
    return db.execute(statement.order_by(Passation.id.desc())).scalars().all()


def waits_since(passation: Passation) -> datetime | None:
    """Since when a limitation keeps a proposed or accepted handover from moving; None when nothing does, or to a third party."""
    since: datetime | None = db.execute(text("SELECT odis.passation_waits(:id)"), {"id": passation.id}).scalar_one()
    return since


def own_notes(identity: Identity, household: Household) -> Sequence[JournalEntry]:
    """The notes kept to the organisation: they stay behind unless chosen."""
    statement = visible_entries(identity).where(
        JournalEntry.record_id == household.id, JournalEntry.kind == EntryKind.NOTE.value,
        JournalEntry.audience == Audience.ORGANISATION.value, JournalEntry.author_org_id == identity.case_org_id, JournalEntry.moderated_at.is_(None),
    )  # fmt: skip
    return db.execute(statement.order_by(JournalEntry.happened_at.desc()).limit(MOST)).scalars().all()


def own_documents(identity: Identity, household: Household) -> Sequence[Document]:
    """The documents kept to the organisation."""
    statement = visible_documents(identity).where(
        Document.record_id == household.id, Document.audience == Audience.ORGANISATION.value, Document.uploaded_org_id == identity.case_org_id
    )  # fmt: skip
    return db.execute(statement.order_by(Document.id.desc()).limit(MOST)).scalars().all()


def assignments(household: Household) -> Sequence[Assignment]:
    """Who was entrusted with the file, the last one first."""
    return (
        db.execute(select(Assignment).where(Assignment.household_id == household.id).order_by(Assignment.id.desc()))
        .scalars()
        .all()
    )


def joins(household: Household) -> Sequence[FileJoin]:
    """Who joined the file in an emergency, or tried to; told to its referent and to the coordination."""
    statement = select(FileJoin).where(FileJoin.record_id == household.id).order_by(FileJoin.id.desc())
    return db.execute(statement.limit(MOST)).scalars().all()
