"""A page that asks twice pays once; where something may be written, every call asks."""

from __future__ import annotations

import gc

from odis_app.core.db import asked_once, db, unit_of_work
from odis_app.organisations.models import Organisation
from tests.support.sql import recorded


def test_a_reading_unit_asks_once_and_forgets_at_its_end():
    asked = []

    @asked_once
    def question(number, *, more=0):
        asked.append((number, more))
        return number + more

    assert [question(1), question(1)] == [1, 1]
    assert len(asked) == 2  # outside of any unit


def test_each_unit_has_its_own_answers(world):
    asked = []

    @asked_once
    def question(number, *, more=0):
        asked.append((number, more))
        return number + more

    actor = world.actor("association")
    for _ in range(2):
        with unit_of_work(actor.token, readonly=True):
            assert [question(1), question(1), question(2), question(1, more=3)] == [1, 1, 2, 4]
    assert asked == [(1, 0), (2, 0), (1, 3)] * 2
    asked.clear()
    with unit_of_work(actor.token):
        assert [question(1), question(1)] == [1, 1]
    assert asked == [(1, 0)] * 2


def test_a_row_read_in_a_reading_unit_is_kept_until_its_end(world):
    actor = world.actor("association")
    with unit_of_work(actor.token, readonly=True), recorded() as statements:
        for _ in range(3):
            assert db.get(Organisation, actor.org_id) is not None
            gc.collect()
    assert len(statements) == 1, statements.told()
