"""The shared journal of a record: one journal, one set of rules, whatever the record is."""

from __future__ import annotations

from flask import Flask

from odis_app.core.slots import slot
from odis_app.documents.records import RecordKind, on_each_kind
from odis_app.journal.policy import JOURNAL_READ
from odis_app.journal.views import blueprint, card_for, count


def setup(app: Flask) -> None:
    """Register the pages; offer a tab and a card to each kind of record."""
    app.register_blueprint(blueprint)
    on_each_kind(_offer)


def _offer(kind: RecordKind) -> None:
    slot(f"{kind.name}.tabs").add(
        label="Journal", endpoint="journal.index", permission=JOURNAL_READ, order=90, provider=count
    )
    slot(f"{kind.name}.aside").add(label="Journal", permission=JOURNAL_READ, order=50, provider=card_for(kind.name))
