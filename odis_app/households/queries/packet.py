"""What whoever receives a file must do or check, counted from the facts of the file as they stand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select

from odis_app.access.models import Passation
from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.formats import jour
from odis_app.core.identity import Identity
from odis_app.core.slots import slot
from odis_app.households import queries
from odis_app.households.models import Household
from odis_app.journal.enums import EntryKind
from odis_app.journal.models import JournalEntry
from odis_app.journal.policy import visible_entries

SOON = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the checklist. ``done``: the file shows that it was done; None: only a person can say it. ``endpoint``: where it is done."""

    words: str
    done: bool | None = None
    endpoint: str = ""


def checklist(identity: Identity, passation: Passation, household: Household | None) -> list[Step]:
    """In the order in which they are best done. ``household``: the file once it is one's own; without it nothing of it is said.

    Slot to fill: ``passation.steps``, ``provider(identity, household) -> list[Step]``.
    """
    mine = household if household is not None and household.owner_org_id == identity.case_org_id else None
    moved = passation.moved_at if mine is not None else None
    steps = [
        Step("Appeler ou voir le ménage, puis l’écrire au journal", mine is not None and _contacted(identity, passation, mine) if moved else None),
        Step("Relire la composition, puis confirmer le dossier à jour", mine.reviewed_at > moved if mine and moved else None, "households.show"),
    ]  # fmt: skip
    if not passation.with_safety:
        steps.append(Step("Redemander à chaque adulte, seul, ce qui le protège et comment le joindre sans risque", endpoint="households.safety"))  # fmt: skip
    if not passation.with_health:
        steps.append(Step("Redemander les besoins de santé, s’il y en a", endpoint="households.needs"))
    if mine is not None:
        papers = queries.administrative(mine)
        until = papers.title_valid_until if papers is not None else None
        if until is not None and until <= clock.today() + SOON:
            steps.append(Step(f"Préparer le renouvellement du titre de séjour, valable jusqu’au {jour(until)}", endpoint="households.administrative"))  # fmt: skip
        steps += [
            step
            for entry in slot("passation.steps").entries()
            if entry.provider
            for step in entry.provider(identity, mine)
        ]
    return [
        *steps,
        Step("Relire qui lit le dossier, fermer les partages qui n’ont plus de raison", endpoint="households.shares"),
        Step("Demander à l’ancienne organisation ce qui manque : elle relit le dossier soixante jours"),
    ]


def _contacted(identity: Identity, passation: Passation, household: Household) -> bool:
    statement = visible_entries(identity).where(
        JournalEntry.record_id == household.id, JournalEntry.kind == EntryKind.NOTE.value, JournalEntry.author_org_id == identity.case_org_id,
        JournalEntry.created_at > passation.moved_at, JournalEntry.moderated_at.is_(None),
    )  # fmt: skip
    return db.execute(select(statement.exists())).scalar_one()
