"""The demonstration's journal is written by people on files that they hold, and its files are readable."""

from __future__ import annotations

import io

import pikepdf
from sqlalchemy import func, select

from odis_app.core.db import db
from odis_app.documents.enums import MediaType
from odis_app.documents.models import Document
from odis_app.documents.operations import content_of
from odis_app.journal import seeds
from odis_app.journal.models import JournalEntry
from tests.journal.conftest import Circle
from tests.support.worlds import WorldBuilder, owner_unit


def test_each_part_of_the_demonstration_writes(world: WorldBuilder, circle: Circle) -> None:
    """The actors of the demonstration, played by those of the circle: the partner downstream, the DDETS of the signalled file."""
    parts = {"association": "author", "coordination": "coordinator", "aval": "partner", "ddets44": "state"}
    world.world.actors.update({part: circle[name] for part, name in parts.items()})
    seeds.load(world.world)
    with owner_unit():
        counts = dict(
            db.execute(select(JournalEntry.author_user_id, func.count()).group_by(JournalEntry.author_user_id)).all()
        )
        documents = db.execute(select(Document)).scalars().all()
        kinds = {document.media_type: content_of(document) for document in documents}
    assert {name for name in parts.values() if counts.get(circle[name].user_id)} == set(parts.values())
    assert MediaType.CSV.value in kinds
    with pikepdf.open(io.BytesIO(seeds._sheet("Constat", "Une ligne."))) as pdf:
        assert not pdf.check_pdf_syntax()
        assert b"Une ligne." in pdf.pages[0].Contents.read_bytes()
