"""A territory told to who reads none of its files: nothing to subtract, whatever is asked for and however often."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.pilotage.figures import Count, Delay, DepartmentFigures, total
from odis_app.pilotage.period import Period, last_month, months_before
from odis_app.pilotage.queries import department_figures, file_figures, may_tell
from odis_app.pilotage.secrecy import LEAST, SECRET, STEP, protected, published, told_delay
from odis_app.placements import operations as do
from odis_app.placements.enums import ExitReason
from odis_app.reports.operations import request_department_report
from tests.placements.conftest import Town, stay
from tests.support.client import StrictClient, text_of
from tests.support.worlds import owner_unit

NUMBERS = st.dictionaries(st.text("abcdef", min_size=1, max_size=2), st.integers(0, 60), min_size=1, max_size=6)
REASONS = (ExitReason.LOGEMENT_SOCIAL, ExitReason.DECES, ExitReason.INCARCERATION, ExitReason.RETOUR_PAYS)
Bounds = dict[tuple[date, str], list[int]]


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


def test_a_median_of_few_is_secret_and_others_are_to_five_days() -> None:
    assert told_delay(Delay(41.0, 9, 3)) == Delay(None, None, None)
    assert told_delay(Delay(42.5, 13, 0)) == Delay(45.0, 10, None)


def test_the_database_rounds_as_the_application(town: Town) -> None:
    with town.ddets.acting():
        rows = db.execute(text("SELECT n, odis.published(n) FROM generate_series(0, 60) n")).all()
    assert [(n, told) for n, told in rows if published(n) != told] == []


# ── Through what a service of the State truly obtains ───────────────────────


def crowd(town: Town, stays: list[tuple[date, ExitReason]]) -> None:
    """As many stays that ended those days for those reasons, each the copy of a real one."""
    entered = town.entered(0, household=town.household)
    with town.operator.acting() as identity:
        do.exit_placement(identity, placement=stay(entered), reason=REASONS[0].value, exited_on=clock.today())
    for number, (day, reason) in enumerate(stays):
        given = {
            "number": str(number),
            "day": day,
            "before": day - timedelta(days=3),
            "reason": reason.value,
            "outcome": reason.outcome.value,
        }
        with owner_unit():
            given["orientation"] = _copied("orientations", "id = (SELECT min(id) FROM orientations)", given)
            _copied("placements", "id = (SELECT min(id) FROM placements)", given)


def _copied(table: str, which: str, given: dict[str, object]) -> int:
    changed = {"public_id": "'essai' || lpad(:number, 11, '0')"}
    if table == "placements":
        changed |= {"orientation_id": ":orientation", "planned_on": ":before", "entered_on": ":before", "ends_on": "NULL", "exited_on": ":day",
                    "exit_reason": ":reason", "exit_outcome": ":outcome"}  # fmt: skip
    columns = [
        row[0]
        for row in db.execute(
            text(
                "SELECT column_name FROM information_schema.columns WHERE table_name = :t AND is_identity = 'NO' AND is_generated = 'NEVER'"
            ),
            {"t": table},
        )
    ]
    values = ", ".join(changed.get(name, name) for name in columns)
    used = {key: value for key, value in given.items() if f":{key}" in values}
    made = db.execute(
        text(f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM {table} WHERE {which} RETURNING id"),
        used,
    )
    return int(made.scalar_one())


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


def test_months_quarters_and_years_subtracted_give_no_household(town: Town) -> None:
    draw, (months, longer) = Random(5), calendar()
    weights = [(REASONS[0], 12), (REASONS[1], 1), (REASONS[2], 3), (REASONS[3], 10)]
    drawn = [
        (m.since + timedelta(days=draw.randrange(28)), r)
        for m in months
        for r, most in weights
        for _ in range(draw.randint(0, most))
    ]
    crowd(town, drawn)
    true = {
        (m.since, r.value): sum(m.since <= d <= m.until and r == why for d, why in drawn)
        for m in months
        for r in REASONS
    }
    bounds: Bounds = {cell: [0, 300] for cell in true}
    facts: list[tuple[list[tuple[date, str]], int, int]] = []
    for period in (*months, *longer):
        with town.ddets.acting():  # bare, without the second secrets that the bilan adds
            asked = {"since": period.since, "until": period.until}
            rows = {
                (r.measure, r.key): r.households
                for r in db.execute(text("SELECT * FROM odis.territory_figures('44', :since, :until)"), asked)
            }
        within = [m.since for m in months if period.since <= m.since <= period.until]
        groups = {("reason", r.value): [r.value] for r in REASONS} | {("exits", ""): [r.value for r in REASONS]}
        groups |= {
            ("outcome", o): [r.value for r in REASONS if r.outcome == o] for o in {r.outcome.value for r in REASONS}
        }
        for key, reasons in groups.items():
            cells = [(since, reason) for since in within for reason in reasons]
            least, most = possible(rows.get(key), LEAST - 1)
            assert least <= sum(true[c] for c in cells) <= most
            facts.append((cells, least, most))
    narrow(bounds, facts)
    few = {cell: bounds[cell] for cell, n in true.items() if n < LEAST}
    assert len(few) > 30
    assert all(low <= true[cell] <= high for cell, (low, high) in few.items())
    assert [b for b in few.values() if b[1] - b[0] < 3] == []


def narrow(bounds: Bounds, facts: list[tuple[list[tuple[date, str]], int, int]]) -> None:
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


def test_a_line_written_afterwards_changes_nothing_that_was_told(town: Town) -> None:
    """Asked again after each household leaves, a total that moves by five would tell why that one left."""
    month = last_month(clock.today())
    crowd(town, [(month.since, REASONS[0])] * 14)
    first = figures(town, month)
    assert first.movements.exits_total.households == 10
    with owner_unit():
        db.execute(
            text("UPDATE placements SET entered_on = :day, exited_on = :day WHERE exited_on > :until"),
            {"day": month.since, "until": month.until},
        )
        assert (
            db.execute(
                text("SELECT count(*) FROM placements WHERE exited_on BETWEEN :a AND :b"),
                {"a": month.since, "b": month.until},
            ).scalar_one()
            == 15
        )
    assert figures(town, month).movements == first.movements


@pytest.mark.parametrize("shift", [(1, 0), (0, -1), (-1, 0)])
def test_two_periods_that_differ_by_a_day_are_not_told(
    town: Town, client: StrictClient, shift: tuple[int, int]
) -> None:
    month = last_month(clock.today())
    period = Period(month.since + timedelta(days=shift[0]), month.until + timedelta(days=shift[1]))
    with town.ddets.acting() as identity:
        with pytest.raises(PermissionError):
            department_figures(identity, "44", period)
        with pytest.raises(RuleError, match="un mois, un trimestre ou une année"):
            request_department_report(identity, department="44", period=period)
        asked = {"since": period.since, "until": period.until}
        assert (
            db.execute(text("SELECT count(*) FROM odis.territory_figures('44', :since, :until)"), asked).scalar_one()
            == 0
        )
    browser = client.as_(town.ddets)
    values = {
        "kind": "department",
        "department": "44",
        "since": period.since.isoformat(),
        "until": period.until.isoformat(),
    }
    page = browser.submit(browser.get("/bilans/nouveau"), values, status=422)
    assert "désigneraient un ménage" in text_of(page)


def test_the_running_month_is_not_told_yet() -> None:
    assert not may_tell(months_before(clock.today(), 0))
    assert may_tell(last_month(clock.today()))
    year = clock.today().year - 1
    assert may_tell(Period(date(year, 1, 1), date(year, 12, 31)))
    assert may_tell(Period(date(year, 4, 1), date(year, 6, 30)))
    assert not may_tell(Period(date(year, 2, 1), date(year, 4, 30)))
    assert not may_tell(Period(date(year, 1, 1), date(year, 6, 30)))


def test_a_territory_of_one_household_is_secret_all_over(town: Town) -> None:
    made = figures(town, last_month(clock.today()))
    counts = [
        *made.files.stages.cells.values(),
        made.files.stages.total,
        *made.files.waiting.cells.values(),
        *made.files.dispositifs.cells.values(),
    ]
    counts += [
        made.files.opened,
        made.movements.entries,
        made.movements.exits_total,
        *(e.count for e in made.movements.exits),
    ]
    assert set(counts) == {SECRET}
    assert (made.files.signalled, {m.files for m in made.mandated}) == (None, {None})
    assert {(d.median, d.counted) for d in made.delays.now.values()} == {(None, None)}


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
