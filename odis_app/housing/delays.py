"""Working days, in which qualification delays are counted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache


@lru_cache(maxsize=64)
def holidays(year: int) -> frozenset[date]:
    """The eleven public holidays of France in ``year`` (code du travail, L3133-1)."""
    easter = _easter(year)
    moving = (easter + timedelta(days=n) for n in (1, 39, 50))
    fixed = (date(year, m, d) for m, d in ((1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25)))
    return frozenset((*moving, *fixed))


@lru_cache(maxsize=64)
def _lost(year: int) -> tuple[date, ...]:
    """The public holidays of ``year`` that fall from Monday to Friday."""
    return tuple(day for day in sorted(holidays(year)) if day.weekday() < 5)


def is_working(day: date) -> bool:
    """Monday to Friday, public holidays apart."""
    return day.weekday() < 5 and day not in holidays(day.year)


def add_working_days(start: date, count: int) -> date:
    """The ``count``-th working day after ``start``."""
    day = start
    while count > 0:
        day += timedelta(days=1)
        count -= is_working(day)
    return day


def working_days(start: date, end: date) -> int:
    """How many working days lie after ``start`` and up to ``end``; negative when ``end`` comes first."""
    if end < start:
        return -working_days(end, start)
    weeks, rest = divmod((end - start).days, 7)
    week_days = 5 * weeks + sum((start.weekday() + n) % 7 < 5 for n in range(1, rest + 1))
    return week_days - sum(start < day <= end for year in range(start.year, end.year + 1) for day in _lost(year))


@dataclass(frozen=True, slots=True)
class Deadline:
    """Where a delay stands: ``elapsed`` and ``allowed`` in working days, ``left`` negative when it is late."""

    due_on: date
    elapsed: int
    allowed: int
    left: int

    @property
    def share(self) -> int:
        """Elapsed part, 0 to 100."""
        return min(100, round(100 * self.elapsed / self.allowed))


def deadline(start: date, allowed: int, today: date) -> Deadline:
    """The delay of ``allowed`` working days from ``start``, seen today."""
    due = add_working_days(start, allowed)
    return Deadline(due, working_days(start, today), allowed, working_days(today, due))


def _easter(year: int) -> date:
    """Easter Sunday (Meeus, Jones and Butcher's Gregorian computus)."""
    a, (b, c) = year % 19, divmod(year, 100)
    (d, e), f = divmod(b, 4), (b + 8) // 25
    g = (b - f + 1) // 3
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    ell = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 22 * ell) // 451
    month, day = divmod(h + ell - 7 * m + 114, 31)
    return date(year, month, day + 1)
