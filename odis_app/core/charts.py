"""The arithmetic of our charts; the drawing is in ``templates/components/charts.html``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """A vertical or horizontal axis that starts at zero: its last tick, and all its ticks, in the data's unit."""

    top: float
    ticks: list[float]


def scale(values: Iterable[float | None], count: int = 4) -> Scale:
    """An axis from 0 to a round number above the greatest value, in ``count`` steps at most.

    Missing values (None) count for nothing; with no positive value the axis goes from 0 to 1.
    """
    greatest = max((v for v in values if v is not None), default=0)
    if greatest <= 0:
        return Scale(1, [0, 1])
    magnitude = 10.0 ** _exponent(greatest / count)
    step = next(m * magnitude for m in (1, 2, 2.5, 5, 10) if m * magnitude * count >= greatest * (1 - 1e-12))
    steps = next(n for n in range(1, count + 1) if step * n >= greatest * (1 - 1e-12))
    ticks = [_clean(step * n) for n in range(steps + 1)]
    return Scale(ticks[-1], ticks)


def _exponent(value: float) -> int:
    return int(f"{value:e}".split("e")[1])


def _clean(value: float) -> float:
    """0.30000000000000004 is written 0.3, and 20.0 is written 20."""
    value = float(f"{value:.10g}")
    return int(value) if value.is_integer() else value


def spread(wanted: list[float], gap: float, low: float, high: float) -> list[float]:
    """Positions of labels nearest to the ``wanted`` ones, ``gap`` apart, within ``low``–``high``, in the given order.

    Used for the names at the end of lines: two lines that end close together keep legible names. When they cannot all
    fit, the gap shrinks evenly.
    """
    if not wanted:
        return []
    gap = min(gap, (high - low) / max(len(wanted) - 1, 1))
    order = sorted(range(len(wanted)), key=wanted.__getitem__)
    placed = [0.0] * len(wanted)
    floor = low
    for index in order:
        placed[index] = floor = max(wanted[index], floor)
        floor += gap
    ceiling = high
    for index in reversed(order):
        placed[index] = min(placed[index], ceiling)
        ceiling = placed[index] - gap
    return placed
