"""The work list: what waits, when it should be done, and the one thing to press."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from odis_app.core.formats import duree, jour_court

WEEK = 7
SHOWN = 6
"""Lines of one kind on the page; beyond, the list behind it is one link away."""
BURNING = 2
LATE, TODAY, THIS_WEEK = "late", "today", "week"
TITLES = {LATE: "En retard", TODAY: "Aujourd’hui", THIS_WEEK: "Cette semaine"}


@dataclass(frozen=True, slots=True)
class Fresh:
    """A freshness mark: when, and the delays of its object, in days."""

    at: datetime
    half: int
    stale: int
    verb: str


@dataclass(frozen=True, slots=True)
class WorkItem:
    """One line. ``folder`` is « household » or « place »; ``endpoint`` and ``values`` make the address of the button.

    ``when`` replaces the written date (« avant 18 h »); ``note`` stands under it.
    """

    due: date
    title: str
    folder: str
    endpoint: str
    values: dict[str, Any]
    action: str
    number: str = ""
    why: str = ""
    note: str = ""
    when: str = ""
    urgency: int = 0
    fresh: Fresh | None = None


@dataclass(frozen=True, slots=True)
class More:
    """How many lines of one kind are not shown, how many of them are late, and where they are."""

    count: int
    late: int
    folder: str
    sentence: str
    endpoint: str
    values: dict[str, Any]


@dataclass(slots=True)
class Found:
    """What one source gives: the lines shown, and the others when there are."""

    items: list[WorkItem] = field(default_factory=list)
    more: More | None = None


@dataclass(frozen=True, slots=True)
class WorkList:
    """The page's list: (kind, title, lines) for each group that is not empty; the counts hold the lines that are not shown too."""

    groups: list[tuple[str, str, list[WorkItem]]]
    more: list[More]
    total: int
    late: int
    by_folder: dict[str, int]

    @property
    def first(self) -> WorkItem | None:
        """What burns most, if anything does: the only primary button of the list."""
        burning = (i for name, _, items in self.groups if name != THIS_WEEK for i in items if i.urgency >= BURNING)
        return next(burning, None)


def group_of(due: date, today: date) -> str:
    """In which group a due date falls; empty when it is more than a week away."""
    if due < today:
        return LATE
    if due == today:
        return TODAY
    return THIS_WEEK if due <= today + timedelta(days=WEEK) else ""


def work_list(sources: Iterable[Found], today: date, *, folder: str = "") -> WorkList:
    """Group the lines of every source, late first, then by urgency and date; ``folder`` keeps one kind of object."""
    found = list(sources)
    hidden = [source.more for source in found if source.more]
    every = _once([item for source in found for item in source.items if group_of(item.due, today)])
    shown = [item for item in every if folder in {"", item.folder}]
    groups = [(name, title, [i for i in shown if group_of(i.due, today) == name]) for name, title in TITLES.items()]
    return WorkList(
        groups=[group for group in groups if group[2]],
        more=[m for m in hidden if folder in {"", m.folder}],
        total=len(every) + sum(m.count for m in hidden),
        late=sum(item.due < today for item in every) + sum(m.late for m in hidden),
        by_folder={
            name: sum(i.folder == name for i in every) + sum(m.count for m in hidden if m.folder == name)
            for name in ("household", "place")
        },
    )


def _once(items: list[WorkItem]) -> list[WorkItem]:
    """By urgency then date; what leads to the same page for the same object is said once, by its most urgent line."""
    kept: dict[tuple[str, str], WorkItem] = {}
    for item in sorted(items, key=lambda i: (-i.urgency, i.due, i.number, i.title)):
        kept.setdefault((item.endpoint, str(item.values)), item)
    return list(kept.values())


def when(item: WorkItem, today: date) -> tuple[str, str]:
    """What stands in the date column: « 2 jours » and « dim. 15 » when late, « aujourd’hui », « jeu. 19 »."""
    if item.when:
        return item.when, item.note
    if item.due < today:
        return duree((today - item.due).days), jour_court(item.due)
    if item.due == today:
        return "aujourd’hui", item.note
    return ("demain" if item.due == today + timedelta(days=1) else weekday(item.due)), item.note


def weekday(day: date) -> str:
    """« jeu. 19 »."""
    return f"{('lun.', 'mar.', 'mer.', 'jeu.', 'ven.', 'sam.', 'dim.')[day.weekday()]} {day.day}"


def overflow(
    items: Sequence[WorkItem], *, total: int, late: int, today: date, sentence: str, endpoint: str, **values: Any
) -> More | None:
    """What is left when ``total`` lines exist, ``late`` of them late, and ``items`` are shown; None when nothing is."""
    left = total - len(items)
    if left <= 0:
        return None
    return More(left, late - sum(item.due < today for item in items), items[0].folder, sentence, endpoint, values)
