"""Where a proposal and a stay stand: pure functions of their dates, the same for a page, a list and a test."""

from __future__ import annotations

from datetime import date, datetime
from typing import Protocol

from odis_app.placements.enums import ExitReason, OrientationStatus, PlacementStatus

S, P = OrientationStatus, PlacementStatus


class Dates(Protocol):
    """What ``orientation_status`` reads."""

    expires_at: datetime
    seen_at: datetime | None
    household_accepted_at: datetime | None
    host_accepted_at: datetime | None
    confirmed_at: datetime | None
    entered_on: date | None
    ended_kind: str | None


class Stay(Protocol):
    """What ``placement_status`` reads."""

    entered_on: date | None
    ends_on: date | None
    extensions: int
    cancelled_at: datetime | None
    exited_on: date | None
    exit_reason: str | None


def orientation_status(dates: Dates, now: datetime) -> OrientationStatus:
    """The status at ``now``: an end first, then what was agreed on; silence past the delay is an end of its own."""
    if dates.ended_kind is not None:
        return S(dates.ended_kind)
    if dates.entered_on is not None:
        return S.ENTREE_EFFECTIVE
    if dates.confirmed_at is not None:
        return S.CONFIRMEE
    if dates.expires_at <= now:
        return S.EXPIREE
    if dates.host_accepted_at is not None:
        return S.ACCEPTEE_HEBERGEUR
    if dates.household_accepted_at is not None:
        return S.ACCEPTEE_MENAGE
    return S.VUE if dates.seen_at is not None else S.PROPOSEE


EARLY = frozenset({ExitReason.RUPTURE_HOTE, ExitReason.EXCLUSION, ExitReason.SANS_SOLUTION, ExitReason.PERTE_CONTACT})


def placement_status(stay: Stay) -> PlacementStatus:
    """Planned, in progress, extended, over, or broken off before its end for lack of agreement."""
    if stay.cancelled_at is not None:
        return P.ANNULE
    if stay.entered_on is None:
        return P.PREVU
    if stay.exited_on is None:
        return P.PROLONGE if stay.extensions else P.EN_COURS
    early = stay.ends_on is None or stay.exited_on < stay.ends_on
    return P.RUPTURE if early and stay.exit_reason in EARLY else P.TERMINE
