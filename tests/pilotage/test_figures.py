"""The figures of a département, against a naive count of the raw rows; who may have them; totals that add up."""

from __future__ import annotations

import statistics
from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import select, text

from odis_app.core import clock
from odis_app.core.db import db
from odis_app.households.models import HouseholdTracking
from odis_app.housing.models import Occupancy, Place
from odis_app.organisations.seeds import Actor
from odis_app.pilotage.figures import Count, DepartmentFigures, total
from odis_app.pilotage.period import Period
from odis_app.pilotage.queries import DELAYS, _flows, department_figures
from odis_app.placements import operations as do
from odis_app.placements.enums import EndedBy
from odis_app.placements.models import Orientation, Placement
from tests.placements.conftest import PEOPLE, Town, found, stay
from tests.support.worlds import owner_unit


def lively(town: Town) -> None:
    """Files at several stages: one waits, one is proposed, one was refused, two entered (one of them left)."""
    town.propose(household=town.another_file(), place=town.another_place())
    refused = town.propose(household=town.another_file(PEOPLE[0]), place=town.another_place())
    with town.operator.acting() as identity:
        do.refuse(identity, orientation=found(refused), party=EndedBy.HEBERGEUR, motif="dates")
    town.entered(12, household=town.another_file(), place=town.another_place(capacity=2))
    left = town.entered(20, household=town.another_file(PEOPLE[0]), place=town.another_place())
    with town.operator.acting() as identity:
        do.exit_placement(
            identity, placement=stay(left), reason="logement_social", exited_on=clock.today() - timedelta(days=2)
        )
    town.another_file(actor=town.neighbour)


def around_now(days: int = 30) -> Period:
    return Period(clock.today() - timedelta(days=days), clock.today())


def figures(actor: Actor, department: str = "44", period: Period | None = None) -> DepartmentFigures:
    with actor.acting() as identity:
        return department_figures(identity, department, period or around_now())


def test_files_delays_and_movements_equal_a_naive_count(town: Town) -> None:
    lively(town)
    period = around_now()
    made = figures(town.ddets, period=period)
    with owner_unit():
        rows = db.scalars(select(HouseholdTracking).where(HouseholdTracking.department_code == "44")).all()
        stays = db.execute(
            select(Placement, Orientation).join(Orientation, Orientation.id == Placement.orientation_id)
        ).all()
        proposals = db.scalars(select(Orientation)).all()
        sizes = {r.record_id: r.size for r in rows}
        assert len(rows) == 6
        for status, count in made.files.stages.items():
            mine = [r for r in rows if r.status == status]
            assert count == Count(len(mine), sum(r.size for r in mine))
        opened = [r for r in rows if period.since <= r.seniority_date <= period.until]
        assert made.files.opened == Count(len(opened), sum(r.size for r in opened))
        for name, (start, end) in DELAYS.items():
            days = [
                (getattr(r, end.key) - getattr(r, start.key)).days
                for r in rows
                if getattr(r, start.key) and getattr(r, end.key) and period.since <= getattr(r, end.key) <= period.until
            ]
            ordered = [d for d in days if d >= 0]
            delay = made.delays.now[name]
            assert (delay.counted, delay.aside) == (len(ordered), len(days) - len(ordered))
            assert delay.median == (statistics.median(ordered) if ordered else None)
        entered = [p for p, _ in stays if p.entered_on and period.since <= p.entered_on <= period.until]
        exited = [p for p, _ in stays if p.exited_on and period.since <= p.exited_on <= period.until]
        assert made.movements.entries == Count(len(entered), sum(sizes[p.household_id] for p in entered)) == Count(2, 3)
        assert (
            made.movements.exits_total == Count(len(exited), sum(sizes[p.household_id] for p in exited)) == Count(1, 1)
        )
        assert sum(made.movements.proposals.values()) == len(proposals) == 4
        assert made.movements.proposals["refusee"] == sum(o.ended_kind == "refusee" for o in proposals) == 1
        away = [p for p, o in stays if o.department_code != "44" and p.entered_on]
        assert [(f.department, f.departures.households, f.arrivals) for f in made.movements.flows] == [
            ("", len(away), Count())  # too few to be told apart
        ]


def test_places_equal_a_naive_count_on_any_day(town: Town) -> None:
    lively(town)
    for back in (0, 5, 15, 25):
        day = clock.today() - timedelta(days=back)
        made = figures(town.ddets53, "53", Period(day, day)).places
        with owner_unit():
            places = db.scalars(select(Place).where(Place.department_code == "53")).all()
            opened = [
                p for p in places if p.opened_on and p.opened_on <= day and (p.closed_on is None or p.closed_on > day)
            ]
            instant = clock.now() - timedelta(days=back)
            taken = [
                o
                for o in db.scalars(select(Occupancy))
                if day in o.during and (o.released_at is None or (back and o.released_at > instant))
            ]
            stays = {o.place_id for o in taken if o.kind == "stay"}
        assert made.sum("open") == len(opened)
        assert made.sum("capacity") == sum(p.capacity for p in opened)
        assert made.sum("occupied") == len(stays)
        assert made.rate.part == len(stays)


def test_totals_add_up(town: Town) -> None:
    lively(town)
    for actor, department in ((town.ddets, "44"), (town.ddets53, "53"), (town.camille, "44")):
        made = figures(actor, department)
        states = ("occupied", "reserved", "vacant", "unavailable")
        assert all(sum(getattr(m, s) for s in states) == m.open for m in made.places.managers)
        assert sum(made.places.motifs.values()) == made.places.sum("unavailable")
        waiting = [made.files.stages[s] for s in ("brouillon", "complet", "a_orienter", "orientation_en_cours")]
        assert total(made.files.waiting.values()) == total(waiting)
        gone = [made.files.stages[s] for s in ("sorti", "archive")]
        assert total(made.files.dispositifs.values()) + total(gone) == total(made.files.stages.values())


def test_the_state_counts_all_files_and_an_association_its_own(town: Town) -> None:
    lively(town)
    whole, own, other = figures(town.ddets), figures(town.camille), figures(town.neighbour)
    assert (whole.whole_territory, own.whole_territory) == (True, False)
    count = {
        name: total(f.files.stages.values()).households
        for name, f in (("whole", whole), ("own", own), ("other", other))
    }
    assert count == {"whole": 6, "own": 5, "other": 1}
    assert own.movements.entries == whole.movements.entries
    assert other.movements.entries == Count()
    assert {m.organisation: m.files for m in whole.mandated}[own.organisation] == 5
    assert own.mandated == []


def test_nobody_counts_a_departement_of_others(town: Town) -> None:
    lively(town)
    for actor in (town.elsewhere, town.ddets53, town.operator, town.admin):
        with pytest.raises(PermissionError):
            figures(actor)


@pytest.mark.parametrize("function", ["department_movements", "department_proposals"])
def test_the_database_counts_for_nobody_else_either(town: Town, function: str) -> None:
    lively(town)
    statement = text(f"SELECT count(*) FROM odis.{function}('44', :since, :until, :own)")
    seen = {}
    for name in ("ddets", "camille", "ddets53", "elsewhere", "operator", "admin"):
        with getattr(town, name).acting():
            period = around_now()
            seen[name] = [
                db.execute(statement, {"since": period.since, "until": period.until, "own": own}).scalar_one()
                for own in (False, True)
            ]
    assert seen["ddets"][0] > 0
    assert seen["camille"][0] == 0
    assert seen["camille"][1] > 0
    assert [seen[name] for name in ("ddets53", "elsewhere", "operator", "admin")] == [[0, 0]] * 4


def test_a_reason_that_concerns_few_is_not_told_apart(town: Town) -> None:
    lively(town)
    exits = figures(town.ddets).movements.exits
    assert [(e.reason, e.outcome, e.count.households) for e in exits] == [("", "positive", 1)]


@pytest.mark.parametrize(("households", "told"), [(4, [""]), (5, ["53"])])
def test_where_few_went_is_not_told_apart(households: int, told: list[str]) -> None:
    rows = [SimpleNamespace(kind="entry", home="44", place="53", stays=households, people=9)]
    flows = _flows(rows, "44")
    assert [f.department for f in flows] == told
    assert total(f.departures for f in flows) == Count(households, 9)


def test_an_empty_departement_has_no_figure_made_up(town: Town) -> None:
    made = figures(town.ddets53, "53", Period(clock.today() - timedelta(days=400), clock.today() - timedelta(days=370)))
    assert made.places.sum("open") == 0
    assert made.places.rate.percent is None
    assert made.delays.now["entry"].median is None
    assert made.movements.proposals == {}
