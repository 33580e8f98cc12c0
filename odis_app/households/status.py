"""The stage of a file: a pure function of its facts and of the day. Nothing else may decide it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Protocol

from odis_app.households.enums import FactKind, HouseholdStatus, StatusReason

FOLLOW_UP_AFTER = timedelta(days=7)


class Fact(Protocol):
    """What ``compute_status`` reads of a fact."""

    kind: str
    happened_on: date
    subject: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Stage:
    """The stage, why, since when, and the dates by which the State steers."""

    status: HouseholdStatus
    reason: StatusReason
    since: date
    first_proposed_on: date | None = None
    entered_on: date | None = None
    exited_on: date | None = None


@dataclass(slots=True)
class _State:
    complete_on: date | None = None
    dated_on: date | None = None
    opened_on: date | None = None
    active: dict[str, date] = field(default_factory=dict)
    fell_on: date | None = None
    confirmed: dict[str, date] = field(default_factory=dict)
    entered: dict[str, date] = field(default_factory=dict)
    left: dict[str, date] = field(default_factory=dict)
    exited_on: date | None = None
    waits_again: bool = False
    archived_on: date | None = None
    first_proposed_on: date | None = None
    first_entered_on: date | None = None


def compute_status(facts: Sequence[Fact], today: date) -> Stage:
    """The stage after ``facts`` (in the order recorded), seen on ``today``. Raises ValueError when there is no fact."""
    if not facts:
        raise ValueError("a file has at least the fact that it was opened")
    state = _State()
    for fact in facts:
        _apply(state, fact)
    status, reason, since = _read(state, today)
    return Stage(status, reason, since, state.first_proposed_on, state.first_entered_on, state.exited_on)


def _apply(state: _State, fact: Fact) -> None:  # noqa: C901, PLR0912 - one branch per kind of fact, nothing else
    day, subject = fact.happened_on, fact.subject
    match FactKind(fact.kind):
        case FactKind.OPENED:
            state.opened_on = day
        case FactKind.COMPLETED:
            state.complete_on = state.complete_on or day
        case FactKind.INCOMPLETE:
            state.complete_on = None
        case FactKind.NEED_DATED:
            state.dated_on = state.dated_on or day
        case FactKind.NEED_UNDATED:
            state.dated_on = None
        case FactKind.PROPOSED:
            state.active[subject] = day
            state.first_proposed_on = state.first_proposed_on or day
        case FactKind.PROPOSAL_ENDED:
            state.confirmed.pop(subject, None)
            if state.active.pop(subject, None) is not None:
                state.fell_on = day
        case FactKind.CONFIRMED:
            state.active.pop(subject, None)
            state.confirmed[subject] = day
        case FactKind.ENTERED:
            state.confirmed.pop(subject, None)
            state.entered[subject] = day
            state.first_entered_on = state.first_entered_on or day
            state.waits_again, state.exited_on = False, None
        case FactKind.EXITED:
            if subject in state.entered:
                state.left[subject] = state.entered.pop(subject)
            state.exited_on = day
            state.waits_again = bool(fact.data.get("waits_again"))
        case FactKind.EXIT_UNDONE:
            if subject in state.left:
                state.entered[subject] = state.left.pop(subject)
                state.waits_again, state.exited_on = False, None
        case FactKind.ARCHIVED:
            state.archived_on = day
        case FactKind.REOPENED:
            state.archived_on = None
            state.waits_again = state.waits_again or state.exited_on is not None


def _read(state: _State, today: date) -> tuple[HouseholdStatus, StatusReason, date]:  # noqa: PLR0911 - one answer per stage, in order
    opened = state.opened_on or today
    if state.archived_on:
        return HouseholdStatus.ARCHIVE, StatusReason.ARCHIVE, state.archived_on
    if state.entered:
        since = min(state.entered.values())
        if today - since > FOLLOW_UP_AFTER:
            return HouseholdStatus.SUIVI, StatusReason.SUIVI, since + FOLLOW_UP_AFTER
        return HouseholdStatus.PLACE, StatusReason.ENTREE, since
    if state.confirmed:
        return HouseholdStatus.ORIENTATION_EN_COURS, StatusReason.CONFIRMEE, min(state.confirmed.values())
    if state.active:
        return HouseholdStatus.ORIENTATION_EN_COURS, StatusReason.PROPOSITION, min(state.active.values())
    if state.exited_on and not state.waits_again:
        return HouseholdStatus.SORTI, StatusReason.SORTIE, state.exited_on
    if state.complete_on is None:
        return HouseholdStatus.BROUILLON, StatusReason.IL_MANQUE, opened
    if state.dated_on is None:
        return HouseholdStatus.COMPLET, StatusReason.SANS_DATE, state.complete_on
    since = max(state.complete_on, state.dated_on)
    if state.exited_on and state.exited_on >= since:
        return HouseholdStatus.A_ORIENTER, StatusReason.RETOUR, state.exited_on
    if state.fell_on and state.fell_on >= since:
        return HouseholdStatus.A_ORIENTER, StatusReason.PROPOSITION_TOMBEE, state.fell_on
    return HouseholdStatus.A_ORIENTER, StatusReason.PRET, since
