"""Random worlds of organisations, people, files, homes, mandates, shares, consents, limitations, notes: both walls, one by one, against a naive model.

The model knows nothing of SQL: it walks plain lists. A world is drawn from its seed, so that a failure can be drawn again.
"""

from __future__ import annotations

import random

import pytest
from sqlalchemy import Select, select, text

from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.identity import Identity
from odis_app.documents.policy import visible_documents
from odis_app.households.models import Household
from odis_app.households.policy import (
    reads_health,
    reads_in_full,
    reads_safety,
    visible_households,
    visible_passations,
    visible_tracking,
)
from odis_app.households.queries.sight import Block, who_reads
from odis_app.housing.policy import visible_occupancies, visible_places
from odis_app.journal.policy import visible_entries
from odis_app.placements.policy import visible_orientations
from odis_app.privacy.policy import visible_consents, visible_limitations
from odis_app.structures.policy import visible_structures
from tests.security.naive_acts import EXCEPTED
from tests.security.naive_draws import build
from tests.security.naive_model import File, Model, Someone
from tests.support.worlds import WorldBuilder, confirmed, owner_unit

SECOND_WALL = {
    "households": "SELECT id FROM households",
    "members": "SELECT DISTINCT household_id FROM members",
    "health": "SELECT DISTINCT household_id FROM household_health_needs",
    "tracking": "SELECT record_id FROM household_tracking",
    "notes": "SELECT id FROM journal_entries WHERE kind = 'note'",
    "passations": "SELECT id FROM passations",
    "places": "SELECT id FROM places",
    "occupancies": "SELECT place_id FROM occupancies",
    "structures": "SELECT id FROM structures",
    "documents": "SELECT id FROM documents",
    "orientations": "SELECT id FROM orientations",
    "consents": "SELECT id FROM consents",
    "limitations": "SELECT household_id FROM limitations WHERE lifted_at IS NULL",
    "safety": "SELECT household_id FROM member_safety",
}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_both_walls_are_the_model(world: WorldBuilder, seed: int) -> None:
    """Every person of the world, every table: bare SQL under their identity, then the first wall with the second one set aside."""
    model = build(world, random.Random(seed))
    for who in model.people:
        here = (seed, who.role, who.department)
        expected = model.expected(who)
        with who.actor.acting() as identity:
            assert set(db.execute(text(SECOND_WALL["safety"])).scalars()) == set(), here  # not proved once more
            assert [identity.can(p) for p in EXCEPTED] == [model.can(who, p) for p in EXCEPTED], here
        with confirmed(who.actor).acting() as identity:
            bare = {name: set(db.execute(text(sql)).scalars()) for name, sql in SECOND_WALL.items()}
        assert bare == expected, here
        with owner_unit():
            first = _first_wall(model, identity)
        owned = {f.id for f in model.files if model.owns(who, f)}
        assert first.pop("lifted at home") == expected["limitations"] & owned, here
        assert first == {name: expected[name] for name in first}, here
    _every_kind_is_there(model)
    _the_page_says_as_much(model)


def _first_wall(model: Model, identity: Identity) -> dict[str, set[int]]:
    """What the application's own selects and rules give, without the database's help."""
    opened = db.execute(visible_households(identity)).scalars().all()
    held, assessed = {f.id for f in model.files if f.has_health}, {f.id for f in model.files if f.is_assessed}
    return {
        "households": {h.id for h in opened},
        "members": {h.id for h in opened if reads_in_full(identity, h)},
        "health": {h.id for h in opened if model.class2 and h.id in held and reads_health(identity, h)},
        "safety": {h.id for h in opened if h.id in assessed and reads_safety(identity, h)},
        "tracking": {row.record_id for row in db.execute(visible_tracking(identity)).scalars()},
        "passations": _ids(visible_passations(identity)),
        "notes": _ids(visible_entries(identity)) & {note.id for note in model.notes},
        "places": _ids(visible_places(identity)),
        "occupancies": {row.place_id for row in db.execute(visible_occupancies(identity)).scalars()},
        "structures": _ids(visible_structures(identity)),
        "documents": _ids(visible_documents(identity)),
        "orientations": _ids(visible_orientations(identity)),
        "consents": _ids(visible_consents(identity)),
        "lifted at home": {
            row.household_id for row in db.execute(visible_limitations(identity)).scalars() if row.lifted_at is None
        },
    }


def _every_kind_is_there(model: Model) -> None:
    """A world where nothing ended, or nothing was hidden, would prove little."""
    assert {s.stands(clock.now()) for s in model.shares} == {True, False}
    assert {m.holds(clock.today()) for m in model.mandates} == {True, False}
    assert {f.is_assessed for f in model.files} == {f.has_health for f in model.files} == {True, False}
    assert {p.is_health for p in model.papers} == {True, False}
    assert {e.gives for e in model.exceptions if e.stands} == {True, False}
    assert {a.withdrawn for a in model.agreements} == {True, False}
    assert model.proposals
    assert model.handovers


def _the_page_says_as_much(model: Model) -> None:
    """« Qui peut lire ceci », as the organisation that follows each file is told, names exactly who reads."""
    for file in model.files:
        owner = next(p for p in model.people if p.actor.org_id == file.owner and p.level >= 1)
        with owner.actor.acting():
            household = db.execute(select(Household).where(Household.id == file.id)).scalar_one()
            told = {block: who_reads(household, block) for block in Block}
        for who in model.people:
            said = {
                block: answer.includes(org_id=who.actor.org_id, user_id=who.actor.user_id, roles={who.role})
                for block, answer in told.items()
            }
            read = {
                Block.HEADER: model.opens(who, file),
                Block.FILE: model.reads_in_full(who, file),
                Block.HEALTH: model.reads_class2(who, file),
                Block.SAFETY: model.refers(who, file),
            }
            assert said == {
                block: reads and not _told_taken(model, who, file, block) for block, reads in read.items()
            }, (
                who.role,
                who.department,
            )


def _told_taken(model: Model, who: Someone, file: File, block: Block) -> bool:
    """From whom an exception takes the reading; told by name at home alone."""
    return who.actor.org_id == file.owner and model.is_taken(who, block.permission)


def _ids(statement: Select[tuple[int]]) -> set[int]:
    return {row.id for row in db.execute(statement).scalars()}  # type: ignore[attr-defined]
