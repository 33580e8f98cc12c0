"""The arithmetic of our charts; the drawing is in ``templates/components/charts.html``."""

from __future__ import annotations

import textwrap
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


def spread(wanted: list[float], heights: list[float], low: float, high: float) -> list[float]:
    """Centres of labels nearest to the ``wanted`` ones, so that labels of these ``heights`` do not overlap.

    All within ``low``–``high`` and in the order of ``wanted``: two lines that end close together keep legible names. When
    they cannot all fit, their heights are shrunk evenly, so that the order still shows.
    """
    shrink = min(1.0, (high - low) / sum(heights)) if wanted else 1.0
    half = [height * shrink / 2 for height in heights]
    order = sorted(range(len(wanted)), key=wanted.__getitem__)
    placed = [0.0] * len(wanted)
    floor = low
    for index in order:
        placed[index] = max(wanted[index], floor + half[index])
        floor = placed[index] + half[index]
    ceiling = high
    for index in reversed(order):
        placed[index] = min(placed[index], ceiling - half[index])
        ceiling = placed[index] - half[index]
    return placed


def wrapped(text: str, width: int = 20) -> list[str]:
    """The text in lines of ``width`` characters at most, cut between words: SVG does not wrap by itself."""
    return textwrap.wrap(text, width, break_long_words=False)
