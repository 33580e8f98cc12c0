"""A territory told to who reads none of its files: nothing to subtract, whatever is asked for and however often."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from odis_app.core import clock
from odis_app.core.db import db
from odis_app.pilotage.figures import Count, DepartmentFigures, total
from odis_app.pilotage.period import Period, last_month, months_before
from odis_app.pilotage.queries import department_figures, file_figures
from odis_app.pilotage.secrecy import LEAST, SECRET, STEP, protected, published
from odis_app.placements import operations as do
from odis_app.placements.enums import EndedBy, ExitReason, Outcome
from tests.placements.conftest import Town, found, stay
from tests.support.client import StrictClient, text_of
from tests.support.worlds import owner_unit

NUMBERS = st.dictionaries(st.text("abcdef", min_size=1, max_size=2), st.integers(0, 60), min_size=1, max_size=6)
REASONS = (ExitReason.LOGEMENT_SOCIAL,)
Bounds = dict[tuple[date, str], list[int]]
Facts = list[tuple[list[tuple[date, str]], int, int]]
ENDS = {"expiree": "systeme", "annulee": "association", "obsolete": "systeme", "refusee": "menage"}  # who ends it so


def possible(value: int | None, most: int) -> tuple[int, int]:
    """What a told number may have been; ``most`` when it is secret."""
    return (0, most) if value is None else (value, value + STEP - 1)


@given(NUMBERS)
def test_a_secret_keeps_four_values_whatever_is_subtracted(numbers: dict[str, int]) -> None:
    told = protected(
        {k: Count(n, 3 * n) for k, n in numbers.items()}, Count(sum(numbers.values()), 3 * sum(numbers.values()))
    )
    least, most = possible(told.total.households, LEAST - 1)
    for key, count in told.cells.items():
        assert (count.households is None) == (count.people is None)
        if count.households is None:
            others = [possible(c.households, most) for k, c in told.cells.items() if k != key]
            low, high = max(0, least - sum(o[1] for o in others)), min(most, most - sum(o[0] for o in others))
            assert low <= numbers[key] <= high
            assert high - low >= 3, told
        else:
            assert count.households == numbers[key] - numbers[key] % STEP >= LEAST


@given(NUMBERS)
def test_what_is_told_is_told_again_the_same(numbers: dict[str, int]) -> None:
    once = protected({k: Count(n, n) for k, n in numbers.items()}, Count(sum(numbers.values()), sum(numbers.values())))
    assert protected(once.cells, once.total) == once


def test_the_database_rounds_as_the_application(town: Town) -> None:
    with town.ddets.acting():
        rows = db.execute(text("SELECT n, odis.published(n) FROM generate_series(0, 60) n")).all()
    assert [(n, told) for n, told in rows if published(n) != told] == []


# ── Through what a service of the State truly obtains ───────────────────────


def crowd(town: Town, stays: list[tuple[date, ExitReason]], *, household: str = "", place: str = "") -> None:
    """As many stays that ended those days for those reasons, each the copy of a real one."""
    entered = town.entered(0, household=household or town.household, place=place)
    with town.operator.acting() as identity:
        do.exit_placement(identity, placement=stay(entered), reason=REASONS[0].value, exited_on=clock.today())
    with owner_unit():
        left = stay(entered)
        source, kept = left.orientation_id, left.id
    for number, (day, reason) in enumerate(stays):
        given = {
            "number": f"{'t' if place else 's'}{number}",
            "day": day,
            "reason": reason.value,
            "outcome": reason.outcome.value,
        }
        with owner_unit():
            given["orientation"] = _copied("orientations", source, given, {})
            _copied("placements", kept, given, {
                "orientation_id": ":orientation", "planned_on": ":day", "entered_on": ":day", "ends_on": "NULL", "exited_on": ":day",
                "exit_reason": ":reason", "exit_outcome": ":outcome", "review_due": "true"})  # fmt: skip


def proposed(town: Town, made: list[tuple[date, str]]) -> None:
    """As many proposals made those days that ended so, each the copy of a real one."""
    refused = town.propose()
    with town.operator.acting() as identity:
        do.refuse(identity, orientation=found(refused), party=EndedBy.HEBERGEUR, motif="dates")
    with owner_unit():
        source = found(refused).id
    for number, (day, end) in enumerate(made):
        given = {
            "number": f"p{number}",
            "day": datetime.combine(day, time(12), clock.PARIS),
            "end": end,
            "by": ENDS[end],
        }
        with owner_unit():
            changed = {"proposed_at": ":day", "ended_kind": ":end", "ended_by": ":by"}
            _copied("orientations", source, given, changed)


def _copied(table: str, source: int, given: dict[str, object], changed: dict[str, str]) -> int:
    changed = {"public_id": "'essai' || lpad(:number, 11, '0')"} | changed
    listed = "SELECT column_name FROM information_schema.columns WHERE table_name = :t AND is_identity = 'NO' AND is_generated = 'NEVER'"
    columns = [row[0] for row in db.execute(text(listed), {"t": table})]
    values = ", ".join(changed.get(name, name) for name in columns)
    used = {key: value for key, value in given.items() if f":{key}" in values}
    copy = f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM {table} WHERE id = {source} RETURNING id"
    return int(db.execute(text(copy), used).scalar_one())


def figures(town: Town, period: Period) -> DepartmentFigures:
    with town.ddets.acting() as identity:
        return department_figures(identity, "44", period)


def calendar() -> tuple[list[Period], list[Period]]:
    """The twelve months of last year, and its quarters with the year."""
    last = date(clock.today().year - 1, 12, 31)
    months = months_before(last, 0).year_of_months
    return months, [
        *(Period(months[n].since, months[n + 2].until) for n in range(0, 12, 3)),
        Period(months[0].since, last),
    ]


def told(town: Town, period: Period) -> dict[tuple[str, str], int | None]:
    """What bare SQL obtains, without the second secrets that the bilan adds."""
    with town.ddets.acting():
        asked = {"since": period.since, "until": period.until}
        rows = db.execute(text("SELECT * FROM odis.territory_figures('44', :since, :until)"), asked)
        return {(r.measure, r.key): r.households for r in rows}


def test_months_quarters_and_years_subtracted_tell_no_proposal(town: Town) -> None:
    draw, (months, longer) = Random(5), calendar()
    weights = list(zip(ENDS, (12, 1, 3, 10), strict=True))
    drawn = [
        (m.since + timedelta(days=draw.randrange(28)), end)
        for m in months
        for end, most in weights
        for _ in range(draw.randint(0, most))
    ]
    proposed(town, drawn)
    true = {(m.since, end): sum(m.since <= d <= m.until and end == e for d, e in drawn) for m in months for end in ENDS}
    bounds: Bounds = {cell: [0, 300] for cell in true}
    facts: Facts = []
    for period in (*months, *longer):
        rows = told(town, period)
        within = [m.since for m in months if period.since <= m.since <= period.until]
        for key, ends in [("", tuple(ENDS)), *((end, (end,)) for end in ENDS)]:
            cells = [(since, end) for since in within for end in ends]
            least, most = possible(rows.get(("proposals", key)), LEAST - 1)
            assert least <= sum(true[c] for c in cells) <= most
            facts.append((cells, least, most))
    narrow(bounds, facts)
    few = {cell: bounds[cell] for cell, n in true.items() if n < LEAST}
    assert len(few) > 30
    assert all(low <= true[cell] <= high for cell, (low, high) in few.items())
    assert [b for b in few.values() if b[1] - b[0] < 3] == []


def test_how_and_why_they_left_subtracted_from_their_number_tell_no_household(town: Town) -> None:
    """Exits are known to the unit: whatever is told of them, each reason and each outcome keeps four values, or all that are left."""
    draw, last = Random(11), clock.today().year - 1
    most = {reason: draw.choice((0, 0, 2, 9, 16)) for reason in ExitReason}
    drawn = [
        (date(last - back, 1 + draw.randrange(12), 1 + draw.randrange(28)), reason)
        for back in range(5)
        for reason in ExitReason
        for _ in range(draw.randint(0, most[reason] if back else most[reason] // 8))
    ]
    drawn += [(date(last - 5, 3, 3), ExitReason.LOGEMENT_SOCIAL)] * 12  # twelve of twelve: told, nobody died
    crowd(town, drawn)
    shown: set[str] = set()
    for back in range(6):
        year = Period(date(last - back, 1, 1), date(last - back, 12, 31))
        rows, left = told(town, year), [r for d, r in drawn if d.year == last - back]
        assert figures(town, year).movements.exits_total.households == len(left)
        true = {r.value: left.count(r) for r in ExitReason}
        bounds: Bounds = {(year.since, name): list(possible(rows.get(("reason", name)), len(left))) for name in true}
        facts: Facts = [(list(bounds), len(left), len(left))]
        for outcome in Outcome:
            cells = [(year.since, r.value) for r in ExitReason if r.outcome == outcome]
            facts.append((cells, *possible(rows.get(("outcome", outcome.value)), len(left))))
        narrow(bounds, facts)
        for (_, name), (low, high) in bounds.items():
            assert low <= true[name] <= high
            assert high - low >= min(3, len(left)), (name, rows)
        shown |= {measure for measure, _ in rows}
    assert {"reason", "outcome"} <= shown
    month = Period(date(last - 5, 3, 1), date(last - 5, 3, 31))
    assert {measure for measure, _ in told(town, month)} & {"reason", "outcome"} == set()
    twelve = Period(date(last - 5, 1, 1), date(last - 5, 12, 31))
    assert {measure for measure, _ in told(town, twelve)} & {"reason", "outcome"} == set()


def narrow(bounds: Bounds, facts: Facts) -> None:
    """What somebody who subtracts everything from everything is left with: each cell, given the bounds of the others."""
    last: Bounds = {}
    while last != bounds:
        last = {cell: list(b) for cell, b in bounds.items()}
        for cells, least, most in facts:
            for cell in cells:
                others = [bounds[c] for c in cells if c != cell]
                low, high = bounds[cell]
                bounds[cell] = [
                    max(low, least - sum(o[1] for o in others)),
                    min(high, most - sum(o[0] for o in others)),
                ]


def test_where_they_went_subtracted_from_entries_tells_no_household(town: Town) -> None:
    """Entries are known to the unit, on both sides for who steers both: told for a year where four of them at least stayed."""
    last = clock.today().year - 1
    for counts, near in (((10, 23, 14), False), ((0, 1, 10), True)):  # who went to Mayenne, who stayed, year by year
        drawn = [(date(last - back, 5, 5), REASONS[0]) for back, count in enumerate(counts) for _ in range(count)]
        near_by = {"household": town.another_file(), "place": town.another_place(commune="44109")} if near else {}
        crowd(town, drawn, **near_by)
    shown = []
    for back in range(3):
        year, month = (
            Period(date(last - back, 1, 1), date(last - back, 12, 31)),
            Period(date(last - back, 5, 1), date(last - back, 5, 31)),
        )
        assert figures(town, year).movements.entries.households == (10, 24, 24)[back]
        with town.ddets53.acting():
            asked = {"since": year.since, "until": year.until}
            there = {
                r.key: r.households
                for r in db.execute(text("SELECT * FROM odis.territory_figures('53', :since, :until)"), asked)
                if r.measure == "arrivals"
            }
        here = {key: count for (measure, key), count in told(town, year).items() if measure == "departures"}
        shown.append((here, there.get("44")))
        assert {
            count for (measure, _), count in told(town, month).items() if measure in {"arrivals", "departures"}
        } <= {None}
    assert shown == [({"": None}, None), ({"": None}, None), ({"": 10, "53": 10}, 10)]


def test_a_line_written_afterwards_changes_nothing_that_was_told(town: Town) -> None:
    """Asked again after each answer, a total that moves by five would tell what that one was."""
    month = last_month(clock.today())
    proposed(town, [(month.since, "expiree")] * 14)
    first = figures(town, month)
    assert first.movements.proposals.total.households == 10
    with owner_unit():
        later = {"day": datetime.combine(month.since, time(12), clock.PARIS)}
        db.execute(text("UPDATE orientations SET proposed_at = :day"), later)
    assert figures(town, month).movements == first.movements


@pytest.mark.parametrize("shift", [(1, 0), (0, -1), (-1, 0), (30, 40)])
def test_two_periods_that_differ_by_a_day_tell_nothing_more_than_each_file(town: Town, shift: tuple[int, int]) -> None:
    month = last_month(clock.today())
    proposed(town, [(month.since + timedelta(days=5), "expiree")] * 14)
    crowd(town, [(month.since + timedelta(days=5), REASONS[0])] * 14)
    whole = figures(town, month).movements
    assert (whole.exits_total.households, whole.proposals.total.households) == (14, 10)
    period = Period(month.since + timedelta(days=shift[0]), month.until + timedelta(days=shift[1]))
    made = figures(town, period).movements
    assert made.proposals.total == made.flows_total.arrivals == made.flows_total.departures == SECRET
    assert {e.reason for e in made.exits} <= {""}
    assert told(town, period) == {}


def test_a_territory_of_one_household_tells_what_its_file_says_and_nothing_else(town: Town) -> None:
    made = figures(town, last_month(clock.today()))
    assert made.files.stages.total.households == 1
    assert [m.files for m in made.mandated if m.files] == [1]
    assert (made.movements.exits, made.movements.entries) == ([], Count())
    assert made.movements.proposals.total == made.movements.flows_total.arrivals == SECRET
    assert set(made.movements.proposals.cells.values()) == {SECRET}


def test_what_the_home_page_counts_exactly_is_a_list_that_its_reader_opens(town: Town, client: StrictClient) -> None:
    """A service of the State follows each file of its département by number and stage: those counts hide nothing, and open their list."""
    town.another_file()
    with town.ddets.acting() as identity:
        stages = file_figures(identity, "44", last_month(clock.today())).stages.cells
    browser = client.as_(town.ddets)
    shown = {key: count.households for key, count in stages.items() if count.households}
    assert sum(shown.values()) == total(stages.values()).households == 2
    for stage, count in shown.items():
        page = text_of(browser.get(f"/suivi?etape={stage}&departement=44"))
        assert f"{count} dossier" in page.replace("\u00a0", " ")
