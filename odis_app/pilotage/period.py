"""A period of whole days, its French name, and the one it is compared with."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

from odis_app.core.formats import MONTHS, NBSP, jour_long


@dataclass(frozen=True, slots=True)
class Period:
    """From ``since`` to ``until``, both included. Raises ValueError when they are the wrong way round."""

    since: date
    until: date

    def __post_init__(self) -> None:
        """A period has at least one day."""
        if self.until < self.since:
            raise ValueError("a period ends on the day it begins, or later")

    @property
    def days(self) -> int:
        """How many days, both ends counted."""
        return (self.until - self.since).days + 1

    @property
    def is_whole_months(self) -> bool:
        """From a first to a last day of month."""
        return self.since.day == 1 and self.until == month_of(self.until).until

    @property
    def is_calendar(self) -> bool:
        """A month, a quarter or a year of the calendar."""
        months = (self.until.year - self.since.year) * 12 + self.until.month - self.since.month + 1
        return self.is_whole_months and months in {1, 3, 12} and (self.since.month - 1) % months == 0

    @property
    def label(self) -> str:
        """« octobre 2026 », « année 2026 », « du 1ᵉʳ septembre au 15 octobre 2026 »."""
        if self.is_whole_months and (self.since.year, self.since.month) == (self.until.year, self.until.month):
            return f"{MONTHS[self.since.month - 1]}{NBSP}{self.since.year}"
        if (
            self.is_whole_months
            and self.since.month == 1
            and self.until.month == 12
            and self.since.year == self.until.year
        ):
            return f"année{NBSP}{self.since.year}"
        if self.since == self.until:
            return jour_long(self.since)
        since = jour_long(self.since)
        return f"du {since.removesuffix(f' {self.until.year}')} au {jour_long(self.until)}"

    @property
    def previous(self) -> Period:
        """As many whole months just before, or as many days."""
        last = self.since - timedelta(days=1)
        if not self.is_whole_months:
            return Period(last - timedelta(days=self.days - 1), last)
        count = (self.until.year - self.since.year) * 12 + self.until.month - self.since.month
        return Period(months_before(last, count).since, last)

    @property
    def year_of_months(self) -> list[Period]:
        """The twelve months that end with the month of ``until``, oldest first."""
        return [months_before(self.until, n) for n in range(11, -1, -1)]


def month_of(day: date) -> Period:
    """The month of a day."""
    return Period(day.replace(day=1), day.replace(day=monthrange(day.year, day.month)[1]))


def months_before(day: date, count: int) -> Period:
    """The month that lies ``count`` months before that of ``day``."""
    index = day.year * 12 + day.month - 1 - count
    return month_of(date(index // 12, index % 12 + 1, 1))


def last_month(today: date) -> Period:
    """The last month that is over."""
    return months_before(today, 1)
