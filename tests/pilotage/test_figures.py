"""The figures of a département, against a naive count of the raw rows; who may have them; totals that add up."""

from __future__ import annotations

import statistics
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from odis_app.core import clock
from odis_app.core.db import db
from odis_app.households.models import HouseholdTracking
from odis_app.housing.models import Occupancy, Place
from odis_app.organisations.seeds import Actor
from odis_app.pilotage.figures import Count, DepartmentFigures, total
from odis_app.pilotage.period import Period, month_of
from odis_app.pilotage.queries import DELAYS, delay_figures, department_figures, file_figures, place_figures
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
    with town.ddets.acting() as identity:
        files, delays = file_figures(identity, "44", period), delay_figures(identity, "44", period)
    moves = figures(town.camille, period=period).movements  # every stay and proposal is hers
    with owner_unit():
        rows = db.scalars(select(HouseholdTracking).where(HouseholdTracking.department_code == "44")).all()
        stays = db.execute(
            select(Placement, Orientation).join(Orientation, Orientation.id == Placement.orientation_id)
        ).all()
        proposals = db.scalars(select(Orientation)).all()
        sizes = {r.record_id: r.size for r in rows}
        assert len(rows) == 6
        for status, count in files.stages.cells.items():
            mine = [r for r in rows if r.status == status]
            assert count == Count(len(mine), sum(r.size for r in mine))
        opened = [r for r in rows if period.since <= r.seniority_date <= period.until]
        assert files.opened == Count(len(opened), sum(r.size for r in opened))
        for name, (start, end) in DELAYS.items():
            days = [
                (getattr(r, end.key) - getattr(r, start.key)).days
                for r in rows
                if getattr(r, start.key) and getattr(r, end.key) and period.since <= getattr(r, end.key) <= period.until
            ]
            ordered = [d for d in days if d >= 0]
            delay = delays.now[name]
            assert (delay.counted, delay.aside) == (len(ordered), len(days) - len(ordered))
            assert delay.median == (statistics.median(ordered) if ordered else None)
        entered = [p for p, _ in stays if p.entered_on and period.since <= p.entered_on <= period.until]
        exited = [p for p, _ in stays if p.exited_on and period.since <= p.exited_on <= period.until]
        assert moves.entries == Count(len(entered), sum(sizes[p.household_id] for p in entered)) == Count(2, 3)
        assert moves.exits_total == Count(len(exited), sum(sizes[p.household_id] for p in exited)) == Count(1, 1)
        assert [(e.reason, e.outcome, e.count) for e in moves.exits] == [("logement_social", "positive", Count(1, 1))]
        assert moves.proposals.total == Count(len(proposals), 0) == Count(4, 0)
        assert moves.proposals.cells["refusee"].households == sum(o.ended_kind == "refusee" for o in proposals) == 1
        away = [p for p, o in stays if o.department_code != "44" and p.entered_on]
        assert [(f.department, f.departures.households, f.arrivals) for f in moves.flows] == [
            ("53", len(away), Count())
        ]


def test_places_equal_a_naive_count_on_any_day(town: Town) -> None:
    lively(town)
    for back in (0, 5, 15, 25):
        day = clock.today() - timedelta(days=back)
        with town.ddets53.acting() as identity:
            made = place_figures(identity, "53", day)
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
    made = figures(town.camille)
    with town.ddets53.acting() as identity:
        places = place_figures(identity, "53", clock.today())
    states = ("occupied", "reserved", "vacant", "unavailable")
    assert places.managers
    assert all(sum(getattr(m, s) for s in states) == m.open for m in places.managers)
    assert sum(places.motifs.values()) == places.sum("unavailable")
    stages = made.files.stages
    waiting = [stages.cells[s] for s in ("brouillon", "complet", "a_orienter", "orientation_en_cours")]
    assert made.files.waiting.total == total(waiting)
    gone = [stages.cells[s] for s in ("sorti", "archive")]
    assert made.files.dispositifs.total + total(gone) == stages.total == Count(5, 8)


def test_an_association_counts_its_own_files_alone(town: Town) -> None:
    lively(town)
    own, other = figures(town.camille), figures(town.neighbour)
    assert (own.whole_territory, other.whole_territory) == (False, False)
    assert (own.files.stages.total.households, other.files.stages.total.households) == (5, 1)
    assert other.movements.entries == Count()
    assert own.mandated == []


def test_nobody_counts_a_departement_of_others(town: Town) -> None:
    lively(town)
    for actor in (town.elsewhere, town.ddets53, town.operator, town.admin):
        with pytest.raises(PermissionError):
            figures(actor)


@pytest.mark.parametrize("function", ["department_movements", "department_proposals"])
def test_the_database_counts_for_nobody_else_either(town: Town, function: str) -> None:
    lively(town)
    statement = text(f"SELECT count(*) FROM odis.{function}('44', :since, :until)")
    seen = {}
    for name in ("ddets", "camille", "ddets53", "elsewhere", "operator", "admin"):
        with getattr(town, name).acting():
            period = around_now()
            seen[name] = db.execute(statement, {"since": period.since, "until": period.until}).scalar_one()
    assert seen.pop("camille") > 0
    assert set(seen.values()) == {0}


def test_an_empty_departement_has_no_figure_made_up(town: Town) -> None:
    period = month_of(clock.today() - timedelta(days=400))
    made = figures(town.ddets53, "53", period)
    assert made.places.sum("open") == 0
    assert made.places.rate.percent is None
    assert made.delays.now["entry"].median is None
    own = figures(town.neighbour, period=period)
    assert own.movements.proposals.total == Count()
