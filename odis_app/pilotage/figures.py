"""What the figures of a département are made of. A figure that is missing, or secret, is None, never zero; a rate keeps its two numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from odis_app.pilotage.period import Period


@dataclass(frozen=True, slots=True)
class Count:
    """Files (or stays) and the people in them; None when the number is secret (``secrecy``)."""

    households: int | None = 0
    people: int | None = 0

    def __add__(self, other: Count) -> Count:
        """Both together; a secret makes a secret."""
        return Count(_plus(self.households, other.households), _plus(self.people, other.people))


def _plus(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other


def total(counts: Iterable[Count]) -> Count:
    """The sum of some counts."""
    return sum(counts, Count())


@dataclass(frozen=True, slots=True)
class Group:
    """Counts by key and their total, which is no sum once numbers are rounded."""

    cells: dict[str, Count]
    total: Count

    @classmethod
    def of(cls, cells: Mapping[str, Count]) -> Group:
        """Exact counts and their sum."""
        return cls(dict(cells), total(cells.values()))


@dataclass(frozen=True, slots=True)
class Share:
    """A rate with its numerator and its denominator."""

    part: int
    whole: int

    @property
    def percent(self) -> float | None:
        """0 to 100, one decimal, half up; None when there is nothing to divide by."""
        return (2000 * self.part + self.whole) // (2 * self.whole) / 10 if self.whole else None


@dataclass(frozen=True, slots=True)
class Delay:
    """A median in days over ``counted`` files; ``aside``: files left out because their dates are the wrong way round."""

    median: float | None
    counted: int
    aside: int = 0


@dataclass(frozen=True, slots=True)
class Exit:
    """Exits for one reason; an empty reason stands for all those that concern too few households to be told."""

    reason: str
    outcome: str
    count: Count


@dataclass(frozen=True, slots=True)
class Flow:
    """Stays that began between this département and another one; « » stands for those with whom too few households are concerned."""

    department: str
    arrivals: Count
    departures: Count


@dataclass(frozen=True, slots=True)
class Manager:
    """The open places of one organisation on the day of the figures; ``confirmed``: those heard of lately."""

    organisation: str
    open: int
    capacity: int
    occupied: int
    reserved: int
    vacant: int
    unavailable: int
    confirmed: int
    last_heard: datetime | None

    @property
    def stale(self) -> int:
        """Open places not heard of for too long."""
        return self.open - self.confirmed

    @property
    def answers(self) -> bool:
        """One place at least was confirmed lately."""
        return self.confirmed > 0

    @property
    def rate(self) -> Share:
        """Occupied over open."""
        return Share(self.occupied, self.open)


@dataclass(frozen=True, slots=True)
class Mandated:
    """A mandated association and how many files it follows here."""

    organisation: str
    files: int


@dataclass(frozen=True, slots=True)
class FileFigures:
    """Files on the day of the computation, and what happened to them during the period. Keys are stored values."""

    stages: Group
    dispositifs: Group
    waiting: Group
    opened: Count
    opened_before: Count
    signalled: int


@dataclass(frozen=True, slots=True)
class DelayFigures:
    """Delays that ended within the period, within the one before, and the first of them month by month."""

    now: dict[str, Delay]
    before: dict[str, Delay]
    months: list[tuple[Period, Delay]]


@dataclass(frozen=True, slots=True)
class MovementFigures:
    """Stays that began and ended, proposals and what became of them (as households, without people)."""

    entries: Count
    entries_before: Count
    exits: list[Exit]
    outcomes: Group
    exits_before: Count
    flows: list[Flow]
    flows_total: Flow
    proposals: Group

    @property
    def exits_total(self) -> Count:
        """All exits."""
        return self.outcomes.total


@dataclass(frozen=True, slots=True)
class PlaceFigures:
    """Places on ``day``: one line per manager, and why some cannot be used."""

    day: date
    stale_days: int
    managers: list[Manager]
    motifs: dict[str, int]

    def sum(self, name: str) -> int:
        """A column of the managers, added up."""
        return sum(int(getattr(m, name)) for m in self.managers)

    @property
    def rate(self) -> Share:
        """Occupied over open."""
        return Share(self.sum("occupied"), self.sum("open"))

    @property
    def answering(self) -> Share:
        """Organisations that answered, out of those that manage places."""
        return Share(sum(m.answers for m in self.managers), len(self.managers))


@dataclass(frozen=True, slots=True)
class DepartmentFigures:
    """Everything a bilan or a dashboard says of a département; nobody's name, no file's number."""

    department: str
    whole_territory: bool
    organisation: str
    period: Period
    computed_at: datetime
    files: FileFigures
    delays: DelayFigures
    movements: MovementFigures
    places: PlaceFigures
    mandated: list[Mandated] = field(default_factory=list)
