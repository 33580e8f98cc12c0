"""A figure beside its limit, tables of them, and how they are printed and written."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Figure:
    """``value`` in ``unit``; ``limit`` is the most that it may be (None: told for itself)."""

    value: float
    unit: str = ""
    limit: float | None = None

    @property
    def is_over(self) -> bool:
        """Whether the bar is missed."""
        return self.limit is not None and self.value > self.limit

    def __str__(self) -> str:
        shown = _number(self.value) + (f" {self.unit}" if self.unit else "")
        if self.limit is None:
            return shown
        return f"{shown} {'>' if self.is_over else '≤'} {_number(self.limit)}{' ✗' if self.is_over else ''}"


def _number(value: float) -> str:
    digits = 0 if value == int(value) or abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f}".replace(",", "\u202f").replace(".", ",")


Cell = str | Figure


@dataclass(slots=True)
class Table:
    """Rows of cells under ``head``; ``notes`` say how they were obtained."""

    title: str
    head: tuple[str, ...]
    rows: list[tuple[Cell, ...]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def over(self) -> list[str]:
        """The rows with a missed bar, or a page that answers an error, in a few words."""
        return [
            f"{row[0]} : {self.head[n].lower()} {cell}"
            for row in self.rows
            for n, cell in enumerate(row)
            if (cell.is_over if isinstance(cell, Figure) else cell.startswith(("réponse", "n’a pas tourné")))
        ]

    def printed(self) -> str:
        """For a terminal."""
        lines = [self.head, *(tuple(map(str, row)) for row in self.rows)]
        widths = [max(len(line[n]) for line in lines) for n in range(len(self.head))]
        body = [
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
        ]
        return "\n".join([f"\n{self.title}", *body, *(f"  {note}" for note in self.notes)])

    def markdown(self) -> str:
        """For ``docs/benchmarks.md``."""
        rows = ["| " + " | ".join(map(str, row)) + " |" for row in self.rows]
        head = [f"| {' | '.join(self.head)} |", "|" + "---|" * len(self.head)]
        return "\n".join([f"## {self.title}", "", *head, *rows, "", *(f"{note}\n" for note in self.notes)])


def milliseconds(call: Callable[[], object]) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    call()
    return (time.perf_counter() - start) * 1000


def alternated(calls: Sequence[Callable[[], object]], repeat: int, *, warm: int = 3) -> list[list[float]]:
    """Milliseconds of each call, in turns, so that what disturbs the machine disturbs them all alike."""
    for _ in range(warm):
        for call in calls:
            call()
    times: list[list[float]] = [[] for _ in calls]
    for _ in range(repeat):
        for call, found in zip(calls, times, strict=True):
            found.append(milliseconds(call))
    return times


def p50(times: Sequence[float]) -> float:
    """The median."""
    return statistics.median(times)


def p95(times: Sequence[float]) -> float:
    """The value that 95 % do not pass."""
    return sorted(times)[math.ceil(0.95 * len(times)) - 1]
