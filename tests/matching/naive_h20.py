"""H20 written a second time, pair by pair, from matching.md, domain.md and adr/0010, and from nothing of the application.

A household may hold several registrations to a dispositif; those that go on today count, their first and last days included.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Registered:
    scheme: str
    first: date
    last: date | None


@dataclass(frozen=True)
class Home:
    scheme: str
    department: str
    decided_by: str
    is_own: bool


def closed(registrations: list[Registered], home: Home, mandates: set[tuple[str, str]], day: date) -> bool:
    """Whether H20 closes ``home`` on ``day`` to a household; ``mandates``: (département, dispositif) of those in force."""
    if home.decided_by != "association_mandatee":
        return True
    if not home.is_own and (home.department, home.scheme) not in mandates:
        return True
    for one in registrations:
        ended = one.last is not None and one.last < day
        if one.scheme == home.scheme and one.first <= day and not ended:
            return False
    return True
