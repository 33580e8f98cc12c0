"""Lines of the work list about offers and imports, and what the shared journal says to the person."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from sqlalchemy import func, or_, select

from odis_app.access import keys
from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.formats import heure, pluriel
from odis_app.core.identity import Identity
from odis_app.exchange.enums import ImportState
from odis_app.exchange.models import Import
from odis_app.exchange.policy import visible_imports
from odis_app.home.queries.work import SHOWN, WEEK, Found, Fresh, WorkItem, overflow
from odis_app.households.models import Household
from odis_app.housing.enums import QualificationStatus
from odis_app.housing.models import Offer
from odis_app.housing.policy import visible_offers
from odis_app.housing.queries import QueueRow, due_by
from odis_app.housing.queries.offers import HALF_DAYS, STALE_DAYS
from odis_app.journal.enums import EntryKind
from odis_app.journal.models import JournalEntry, JournalReader
from odis_app.journal.policy import visible_entries
from odis_app.structures.policy import housing_org
from odis_app.territories.queries import label_of

ENTRIES, ENTRY_DAYS = 5, 14
Q = QualificationStatus
ACTIONS = {
    Q.RECUE: "Appeler",
    Q.A_COMPLETER: "Compléter",
    Q.APPEL_FAIT: "Planifier",
    Q.VISITE_PLANIFIEE: "Préparer",
    Q.VISITE_FAITE: "Décider",
}


def to_qualify(identity: Identity) -> Found:
    """One's own offers to call, visit or decide within a week; the delays are those of their département."""
    today = clock.today()
    due = due_by(identity, today + timedelta(days=WEEK), limit=SHOWN)
    items = [_qualification(row, day) for row, day in due.rows]
    more = overflow(
        items, total=due.total, late=due.late, today=today, sentence="offres à qualifier", endpoint="offers.queue"
    )
    return Found(items, more)


def _qualification(row: QueueRow, due: date) -> WorkItem:
    offer = row.offer
    visit = offer.visit_planned_at if offer.qualification_status == Q.VISITE_PLANIFIEE.value else None
    return WorkItem(
        due=due, title=row.action, folder="place", endpoint="offers.qualification", values={"public_id": offer.public_id},
        action=ACTIONS[Q(offer.qualification_status)], number=offer.number, why=_description(offer),
        note="visite" if visit else "qualification", when=heure(visit) if visit and due == clock.today() else "",
    )  # fmt: skip


def unconfirmed_offers(identity: Identity) -> Found:
    """One's own validated offers whose host has not been asked for more than thirty days."""
    limit = clock.now() - timedelta(days=STALE_DAYS)
    before_today = datetime.combine(clock.today() - timedelta(days=STALE_DAYS), time.min, clock.PARIS)
    statement = (
        visible_offers(identity)
        .where(
            Offer.owner_org_id == housing_org(identity),
            Offer.qualification_status == Q.VALIDEE.value,
            Offer.confirmed_at < limit,
        )
        .add_columns(
            func.count().over().label("total"),
            func.count().filter(Offer.confirmed_at < before_today).over().label("late"),
        )
    )
    rows = db.execute(statement.order_by(Offer.confirmed_at, Offer.id).limit(SHOWN)).all()
    items = [
        WorkItem(
            due=row.Offer.confirmed_at.astimezone(clock.PARIS).date() + timedelta(days=STALE_DAYS), title="Offre sans confirmation : demander à l’hébergeur",
            folder="place", endpoint="offers.show", values={"public_id": row.Offer.public_id}, action="Relancer", number=row.Offer.number,
            why=_description(row.Offer), note="relance", urgency=-1, fresh=Fresh(row.Offer.confirmed_at, HALF_DAYS, STALE_DAYS, "confirmée"),
        )
        for row in rows
    ]  # fmt: skip
    total, late = (rows[0].total, rows[0].late) if rows else (0, 0)
    listed = {"etat": Q.VALIDEE.value, "nouvelles": "a_confirmer"}
    return Found(
        items,
        overflow(
            items,
            total=total,
            late=late,
            today=clock.today(),
            sentence="offres sans confirmation",
            endpoint="offers.index",
            **listed,
        ),
    )


def _description(offer: Offer) -> str:
    """« logement entier à titre gratuit, Nantes (44), 4 personnes »; a secret place is told by its département alone."""
    here = offer.commune_code and not offer.location_secret
    where = label_of(offer.commune_code) if here and offer.commune_code else offer.department_code
    kind = offer.kind_label
    return f"{kind[0].lower()}{kind[1:]}, {where}, {pluriel(offer.capacity, 'personne')}"


def drafts(identity: Identity) -> Found:
    """One's own imports that were read and not yet recorded."""
    statement = visible_imports(identity).where(
        Import.state == ImportState.DRAFT.value, Import.author_id == identity.user_id
    )
    rows = db.execute(statement.order_by(Import.expires_at).limit(SHOWN)).scalars().all()
    horizon = clock.today() + timedelta(days=WEEK)
    items = [
        WorkItem(
            due=min(row.expires_at.astimezone(clock.PARIS).date(), horizon), title="Import à enregistrer, ou à abandonner", folder="import",
            endpoint="exchange.show", values={"found": row.public_id}, action="Reprendre",
            why=f"{pluriel(row.lines, 'ligne')}, {pluriel(row.errors, 'ligne en erreur', 'lignes en erreur')}", note="import",
        )
        for row in rows
    ]  # fmt: skip
    return Found(items)


def entries_for_me(identity: Identity) -> list[tuple[JournalEntry, Household]]:
    """What partners wrote on one's files, and what anybody addressed to the person, over the last two weeks."""
    addressed = JournalEntry.id.in_(select(JournalReader.entry_id).where(JournalReader.user_id == identity.user_id))
    statement = (
        visible_entries(identity)
        .join(Household, Household.id == JournalEntry.record_id)
        .add_columns(Household)
        .where(
            JournalEntry.kind == EntryKind.NOTE.value,
            JournalEntry.moderated_at.is_(None),
            JournalEntry.author_user_id.is_distinct_from(identity.user_id),
            JournalEntry.created_at > clock.now() - timedelta(days=ENTRY_DAYS),
            or_(addressed, JournalEntry.author_org_id != identity.org_id),
        )
    )
    rows = db.execute(statement.order_by(JournalEntry.created_at.desc(), JournalEntry.id.desc()).limit(ENTRIES)).all()
    keys.load(entry.record_id for entry, _household in rows)
    return [(entry, household) for entry, household in rows]
