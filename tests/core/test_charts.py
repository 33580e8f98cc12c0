"""Axes and labels of charts."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from odis_app.core import charts

sizes = st.floats(0.001, 1e9, allow_nan=False)


def test_round_axes() -> None:
    assert charts.scale([34, 19, None]).ticks == [0, 10, 20, 30, 40]
    assert charts.scale([2251]).ticks == [0, 1000, 2000, 3000]
    assert charts.scale([0.3]).ticks == [0, 0.1, 0.2, 0.3]
    assert charts.scale([]).ticks == [0, 1]
    assert charts.scale([None, 0]).ticks == [0, 1]


@given(st.lists(sizes, min_size=1, max_size=20), st.integers(2, 8))
def test_an_axis_starts_at_zero_and_holds_every_value(values: list[float], count: int) -> None:
    axis = charts.scale(values, count)
    assert axis.ticks[0] == 0
    assert axis.top == axis.ticks[-1] >= max(values) * (1 - 1e-9)
    assert len(axis.ticks) - 1 <= count
    assert axis.top <= max(values) * 5


@given(st.lists(st.tuples(st.floats(0, 200), st.floats(5, 40)), min_size=1, max_size=5))
def test_labels_never_overlap_nor_leave_the_chart(labels: list[tuple[float, float]]) -> None:
    wanted, heights = [w for w, _ in labels], [h for _, h in labels]
    placed = charts.spread(wanted, heights, 0, 200)
    shrink = min(1.0, 200 / sum(heights))
    boxes = sorted((y - h * shrink / 2, y + h * shrink / 2) for y, h in zip(placed, heights, strict=True))
    assert boxes[0][0] >= -1e-6
    assert boxes[-1][1] <= 200 + 1e-6
    assert all(above[1] <= below[0] + 1e-6 for above, below in itertools.pairwise(boxes))


def test_labels_that_do_not_meet_stay_where_they_are() -> None:
    assert charts.spread([20, 100], [18, 18], 0, 200) == [20, 100]
    assert charts.spread([], [], 0, 200) == []


def test_long_names_are_cut_between_words() -> None:
    assert charts.wrapped("proposition à entrée dans les lieux", 20) == ["proposition à entrée", "dans les lieux"]
