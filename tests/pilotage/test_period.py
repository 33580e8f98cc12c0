"""Periods: names, comparisons, months; rates rounded as people round."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odis_app.pilotage.figures import Share
from odis_app.pilotage.period import Period, last_month, month_of

DAYS = st.dates(date(2001, 1, 1), date(2099, 12, 31))


@pytest.mark.parametrize(
    ("since", "until", "label", "previous"),
    [
        (date(2026, 10, 1), date(2026, 10, 31), "octobre 2026", "septembre 2026"),
        (date(2026, 1, 1), date(2026, 12, 31), "année 2026", "année 2025"),
        (date(2026, 1, 1), date(2026, 3, 31), "du 1ᵉʳ janvier au 31 mars 2026", "du 1ᵉʳ octobre au 31 décembre 2025"),
        (
            date(2025, 12, 20),
            date(2026, 1, 5),
            "du 20 décembre 2025 au 5 janvier 2026",
            "du 3 décembre au 19 décembre 2025",
        ),
        (date(2024, 2, 29), date(2024, 2, 29), "29 février 2024", "28 février 2024"),
    ],
)
def test_a_period_has_a_name_and_one_before(since: date, until: date, label: str, previous: str) -> None:
    period = Period(since, until)
    assert period.label.replace("\u00a0", " ") == label
    assert period.previous.label.replace("\u00a0", " ") == previous
    assert period.previous.until == since - timedelta(days=1)


def test_a_period_is_never_backwards() -> None:
    with pytest.raises(ValueError, match="ends on the day"):
        Period(date(2026, 2, 2), date(2026, 2, 1))


@given(DAYS, st.integers(0, 900))
def test_the_period_before_touches_this_one_and_is_as_long(since: date, length: int) -> None:
    period = Period(since, since + timedelta(days=length))
    before = period.previous
    assert before.until + timedelta(days=1) == since
    assert before.is_whole_months if period.is_whole_months else before.days == period.days


@given(DAYS)
def test_twelve_months_follow_each_other_up_to_the_last(day: date) -> None:
    months = month_of(day).year_of_months
    assert len(months) == 12
    assert months[-1] == month_of(day)
    assert all(a.until + timedelta(days=1) == b.since for a, b in pairwise(months))
    assert last_month(day).until == month_of(day).since - timedelta(days=1)


@given(st.integers(0, 10**6), st.integers(1, 10**6))
def test_a_rate_is_rounded_half_up_once(part: int, whole: int) -> None:
    exact = (Decimal(part) * 100 / Decimal(whole)).quantize(Decimal("0.1"), ROUND_HALF_UP)
    assert Share(part, whole).percent == pytest.approx(float(exact), abs=1e-9)
    assert Share(part, 0).percent is None
