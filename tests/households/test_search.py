"""A name is found however it is written, and by an index under the wall."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import event, insert, select, text
from sqlalchemy.dialects import postgresql

from odis_app.core import clock
from odis_app.core.db import db, engine
from odis_app.households import operations, queries
from odis_app.households.enums import HouseholdEvent
from odis_app.households.models import Household, HouseholdToken
from odis_app.households.operations.composition import Person
from odis_app.households.queries import HouseholdFilter, filtered, list_page, view_counts
from odis_app.organisations.seeds import Actor
from tests.households.conftest import LAILA, NIKA, Town, open_file
from tests.support.worlds import owner_unit

PEOPLE = (
    Person("Élodie", "Prykladenko", "f"), Person("Хома", "Зразков", "m"), Person("Khadija", "Ben Mithâl", "f"), Person("سارا", "نمونه", "f"),
    Person("Jean-Noël", "D’Exemple", "m"),
)  # fmt: skip


@pytest.fixture
def files(town: Town) -> Town:
    with town.camille.acting() as identity:
        for person in PEOPLE:
            open_file(identity, person)
        open_file(identity, LAILA, NIKA)
    return town


def found(actor: Actor, q: str) -> list[str]:
    with actor.acting() as identity:
        return [row.name for row in list_page(identity, HouseholdFilter(q=q), number=1).items]


@pytest.mark.parametrize(
    ("q", "name"),
    [
        ("prykladenko", "Élodie Prykladenko"),
        ("PRIKLADENKO elodie", "Élodie Prykladenko"),
        ("élo prykl", "Élodie Prykladenko"),
        ("prikladienko", "Élodie Prykladenko"),
        ("prikl", "Élodie Prykladenko"),
        ("zrazkov", "Хома Зразков"),
        ("зразков", "Хома Зразков"),
        ("kadija mital", "Khadija Ben Mithâl"),
        ("exemple jean noel", "Jean-Noël D’Exemple"),
        ("nemunehzade", "Famille Nemounehzadeh"),
        ("nika", "Famille Nemounehzadeh"),
        ("M-44-0001", "Élodie Prykladenko"),
        ("m44 0002", "Хома Зразков"),
        ("m-44-2", "Хома Зразков"),
        ("0003", "Khadija Ben Mithâl"),
    ],
)
def test_a_name_or_a_number_is_found_however_it_is_typed(files: Town, q: str, name: str) -> None:
    assert found(files.camille, q) == [name]


@pytest.mark.parametrize("q", ["zzz", "prykladenko zzz", "%", "'; --", "M-33", "   ", "99999"])
def test_what_is_not_there_is_not_found(files: Town, q: str) -> None:
    assert found(files.camille, q) == ([] if q.strip() else found(files.camille, ""))


def test_a_number_begun_lists_those_that_begin_so(files: Town) -> None:
    assert len(found(files.camille, "M-44-00")) == len(PEOPLE) + 1


def test_a_neighbour_finds_nothing(files: Town) -> None:
    for stranger in files.strangers:
        assert found(stranger, "prykladenko") == found(stranger, "M-44-0001") == []


def test_a_member_who_left_is_no_longer_found(files: Town) -> None:
    with files.camille.acting() as identity:
        row = list_page(identity, HouseholdFilter(q="nika"), number=1).items[0]
        member = queries.present_members(row.household.id)[1]
        operations.close_member(
            identity,
            household=row.household,
            member=member,
            event=HouseholdEvent.DEPART,
            happened_on=clock.today(),
            version=None,
        )
    assert found(files.camille, "nika") == []


def test_counts_agree_with_lists(files: Town) -> None:
    with files.camille.acting() as identity:
        counts = view_counts(identity)
        for view, count in counts.items():
            assert list_page(identity, HouseholdFilter(view=view), number=1).total == count
        assert list_page(identity, HouseholdFilter(), number=1).people == len(PEOPLE) + 2


def test_the_list_takes_the_same_number_of_statements_whatever_its_length(files: Town) -> None:
    def statements(q: str) -> int:
        seen: list[str] = []

        def listener(*args: object) -> None:
            seen.append(str(args[2]))

        event.listen(engine("app"), "before_cursor_execute", listener)
        with files.camille.acting() as identity:
            list_page(identity, HouseholdFilter(q=q), number=1)
        event.remove(engine("app"), "before_cursor_execute", listener)
        return len(seen)

    assert statements("prykladenko") == statements("m-44")


def _nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for sub in plan.get("Plans", []) for node in _nodes(sub))]


def test_a_search_by_name_uses_an_index_under_the_wall(files: Town) -> None:
    """Thousands of words of other organisations are there: reading them all would be seen in the plan."""
    with owner_unit():
        household = db.execute(select(Household).limit(1)).scalar_one()
        rows = [
            {"household_id": household.id, "owner_org_id": household.owner_org_id, "token": f"mot{n}"}
            for n in range(20_000)
        ]
        db.execute(insert(HouseholdToken), rows)
    with owner_unit():
        db.execute(text("ANALYZE household_tokens"))
    with files.camille.acting() as identity:
        compiled = filtered(identity, HouseholdFilter(q="prykladenko")).compile(
            dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True}
        )
        answer = (
            db.connection().exec_driver_sql(f"EXPLAIN (FORMAT JSON) {str(compiled).replace('%', '%%')}").scalar_one()
        )
    plan = answer if isinstance(answer, list) else json.loads(answer)
    scans = [
        n
        for n in _nodes(plan[0]["Plan"])
        if n.get("Relation Name") == "household_tokens" or "household_tokens" in n.get("Index Name", "")
    ]
    assert scans
    assert all(n["Node Type"] != "Seq Scan" for n in scans), scans
    # Which index is the planner's affair: words behind the wall keep no statistics, so that EXPLAIN tells nobody what they are.
