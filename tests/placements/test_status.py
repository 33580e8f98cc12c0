"""Where a proposal and a stay stand, whatever their dates."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from odis_app.placements.enums import ACTIVE, EndKind, ExitReason, OrientationStatus, PlacementStatus
from odis_app.placements.status import EARLY, orientation_status, placement_status

S, P = OrientationStatus, PlacementStatus
INSTANTS = st.datetimes(datetime(2024, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))
DAYS = st.dates(date(2024, 1, 1), date(2028, 1, 1))


@dataclass(frozen=True)
class Dates:
    expires_at: datetime
    seen_at: datetime | None
    household_accepted_at: datetime | None
    host_accepted_at: datetime | None
    confirmed_at: datetime | None
    entered_on: date | None
    ended_kind: str | None


@dataclass(frozen=True)
class Stay:
    entered_on: date | None
    ends_on: date | None
    extensions: int
    cancelled_at: datetime | None
    exited_on: date | None
    exit_reason: str | None


MAYBE = st.none() | INSTANTS
ANY_DATES = st.builds(
    Dates,
    INSTANTS,
    MAYBE,
    MAYBE,
    MAYBE,
    MAYBE,
    st.none() | DAYS,
    st.none() | st.sampled_from([k.value for k in EndKind]),
)
OPEN = ANY_DATES.map(lambda d: replace(d, ended_kind=None, confirmed_at=None, entered_on=None))
ANY_STAY = st.builds(
    Stay,
    st.none() | DAYS,
    st.none() | DAYS,
    st.integers(0, 3),
    MAYBE,
    st.none() | DAYS,
    st.sampled_from([r.value for r in ExitReason]),
)


@given(ANY_DATES, INSTANTS)
def test_what_ended_stays_what_it_was_at_any_time(dates: Dates, now: datetime) -> None:
    if dates.ended_kind is not None:
        assert orientation_status(dates, now).value == dates.ended_kind


@given(ANY_DATES, INSTANTS)
def test_an_answer_is_awaited_only_before_the_delay_and_before_both_agreed(dates: Dates, now: datetime) -> None:
    over = dates.ended_kind or dates.entered_on or dates.confirmed_at or dates.expires_at <= now
    assert orientation_status(dates, now).is_active is (not over)
    assert (orientation_status(dates, now) in ACTIVE) is (not over)


@given(ANY_DATES, INSTANTS, st.timedeltas(timedelta(0), timedelta(days=900)))
def test_time_alone_expires_and_does_nothing_else(dates: Dates, now: datetime, later: timedelta) -> None:
    before, after = orientation_status(dates, now), orientation_status(dates, now + later)
    assert after is before or (before.is_active and after is S.EXPIREE)


@given(OPEN, INSTANTS)
def test_the_sides_answer_in_either_order(dates: Dates, now: datetime) -> None:
    status = orientation_status(dates, now)
    if status.is_active:
        assert (status is S.ACCEPTEE_HEBERGEUR) is (dates.host_accepted_at is not None)
        assert (status is S.ACCEPTEE_MENAGE) is (
            dates.household_accepted_at is not None and dates.host_accepted_at is None
        )
        silent = dates.host_accepted_at is None and dates.household_accepted_at is None
        assert (status is S.VUE) is (silent and dates.seen_at is not None)


@given(ANY_DATES, INSTANTS)
def test_once_confirmed_the_delay_says_nothing_more(dates: Dates, now: datetime) -> None:
    agreed = replace(dates, ended_kind=None, confirmed_at=now)
    expected = S.CONFIRMEE if dates.entered_on is None else S.ENTREE_EFFECTIVE
    assert (
        orientation_status(agreed, now)
        is orientation_status(replace(agreed, expires_at=now - timedelta(days=1)), now)
        is expected
    )


@given(ANY_STAY)
def test_a_stay_is_in_one_place_of_its_life(stay: Stay) -> None:
    status = placement_status(stay)
    assert (status is P.ANNULE) is (stay.cancelled_at is not None)
    if stay.cancelled_at is None:
        assert (status is P.PREVU) is (stay.entered_on is None)
        here = stay.entered_on is not None and stay.exited_on is None
        assert (status in {P.EN_COURS, P.PROLONGE}) is here
        assert (status is P.PROLONGE) is (here and stay.extensions > 0)
        assert (status in {P.TERMINE, P.RUPTURE}) is (stay.entered_on is not None and stay.exited_on is not None)


@given(ANY_STAY, DAYS, DAYS)
def test_broken_off_only_before_the_end_and_for_lack_of_agreement(stay: Stay, entered: date, exited: date) -> None:
    left = replace(stay, cancelled_at=None, entered_on=entered, exited_on=exited)
    broken = placement_status(left) is P.RUPTURE
    assert broken is (stay.exit_reason in EARLY and (stay.ends_on is None or exited < stay.ends_on))
    assert placement_status(replace(left, ends_on=exited)) is P.TERMINE  # on the very day agreed on, nothing is broken
