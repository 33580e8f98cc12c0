"""The stage is a function of facts: every sequence has one, and it means what it says."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odis_app.households.enums import FactKind, HouseholdStatus, StatusReason
from odis_app.households.status import FOLLOW_UP_AFTER, compute_status

TODAY = date(2026, 11, 21)


@dataclass(frozen=True)
class Told:
    kind: str
    happened_on: date = TODAY
    subject: str = ""
    data: dict[str, Any] = field(default_factory=dict)


def told(*kinds: FactKind, subject: str = "p1", day: date = TODAY, **data: Any) -> list[Told]:
    about = {FactKind.PROPOSED, FactKind.PROPOSAL_ENDED, FactKind.CONFIRMED, FactKind.ENTERED, FactKind.EXITED}
    return [Told(k.value, day, subject if k in about else "", data if k is FactKind.EXITED else {}) for k in kinds]


READY = told(FactKind.OPENED, FactKind.COMPLETED, FactKind.NEED_DATED)
K, S, R = FactKind, HouseholdStatus, StatusReason
CASES = [
    (told(K.OPENED), S.BROUILLON, R.IL_MANQUE),
    (told(K.OPENED, K.COMPLETED), S.COMPLET, R.SANS_DATE),
    (told(K.OPENED, K.NEED_DATED), S.BROUILLON, R.IL_MANQUE),
    (READY, S.A_ORIENTER, R.PRET),
    ([*READY, *told(K.INCOMPLETE)], S.BROUILLON, R.IL_MANQUE),
    ([*READY, *told(K.NEED_UNDATED)], S.COMPLET, R.SANS_DATE),
    ([*READY, *told(K.PROPOSED)], S.ORIENTATION_EN_COURS, R.PROPOSITION),
    ([*READY, *told(K.PROPOSED, K.PROPOSAL_ENDED)], S.A_ORIENTER, R.PROPOSITION_TOMBEE),
    (
        [*READY, *told(K.PROPOSED), *told(K.PROPOSED, K.PROPOSAL_ENDED, subject="p2")],
        S.ORIENTATION_EN_COURS,
        R.PROPOSITION,
    ),
    ([*READY, *told(K.PROPOSED, K.CONFIRMED)], S.ORIENTATION_EN_COURS, R.CONFIRMEE),
    ([*READY, *told(K.PROPOSED, K.CONFIRMED, K.ENTERED)], S.PLACE, R.ENTREE),
    ([*READY, *told(K.ENTERED, day=TODAY - timedelta(days=7))], S.PLACE, R.ENTREE),
    ([*READY, *told(K.ENTERED, day=TODAY - timedelta(days=8))], S.SUIVI, R.SUIVI),
    ([*READY, *told(K.ENTERED, K.EXITED, outcome="positive")], S.SORTI, R.SORTIE),
    ([*READY, *told(K.ENTERED, K.EXITED, outcome="negative", waits_again=True)], S.A_ORIENTER, R.RETOUR),
    ([*READY, *told(K.ENTERED, K.EXITED, outcome="negative"), *told(K.ARCHIVED, K.REOPENED)], S.A_ORIENTER, R.RETOUR),
    ([*READY, *told(K.ENTERED, K.ARCHIVED)], S.ARCHIVE, R.ARCHIVE),
    ([*READY, *told(K.ARCHIVED, K.REOPENED)], S.A_ORIENTER, R.PRET),
]


@pytest.mark.parametrize(("facts", "status", "reason"), CASES)
def test_each_stage_follows_from_its_facts(facts: list[Told], status: HouseholdStatus, reason: StatusReason) -> None:
    stage = compute_status(facts, TODAY)
    assert (stage.status, stage.reason) == (status, reason)


def test_every_stage_and_every_reason_is_reached() -> None:
    assert {case[1] for case in CASES} == set(HouseholdStatus)
    assert {case[2] for case in CASES} == set(StatusReason)


def test_a_file_without_any_fact_is_refused() -> None:
    with pytest.raises(ValueError, match="at least the fact"):
        compute_status([], TODAY)


any_fact = st.builds(
    Told,
    kind=st.sampled_from([k.value for k in FactKind]),
    happened_on=st.dates(TODAY - timedelta(days=400), TODAY),
    subject=st.sampled_from(["", "p1", "p2", "s1"]),
    data=st.sampled_from([{}, {"outcome": "positive"}, {"outcome": "negative", "waits_again": True}]),
)
unhurried = settings(
    deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=80
)  # a busy machine proves nothing
lives = st.lists(any_fact, max_size=25).map(lambda facts: [*told(K.OPENED), *facts])


@unhurried
@given(lives)
def test_no_life_is_without_a_stage(facts: list[Told]) -> None:
    stage = compute_status(facts, TODAY)
    assert stage.status in HouseholdStatus
    assert stage == compute_status(list(facts), TODAY)
    assert stage.since <= TODAY + FOLLOW_UP_AFTER


@unhurried
@given(lives)
def test_archiving_wins_over_everything_and_reopening_undoes_it(facts: list[Told]) -> None:
    archived = [*facts, *told(K.ARCHIVED)]
    assert compute_status(archived, TODAY).status is S.ARCHIVE
    assert compute_status([*archived, *told(K.REOPENED)], TODAY).status is not S.ARCHIVE


@unhurried
@given(lives)
def test_who_lives_somewhere_is_housed_whatever_was_proposed(facts: list[Told]) -> None:
    housed = [*(f for f in facts if f.kind != K.ARCHIVED), *told(K.ENTERED, subject="here")]
    assert compute_status(housed, TODAY).status in {S.PLACE, S.SUIVI}
    assert compute_status([*housed, *told(K.PROPOSED, subject="elsewhere")], TODAY).status in {S.PLACE, S.SUIVI}


@unhurried
@given(lives, st.integers(0, 60))
def test_days_that_pass_only_turn_an_entry_into_follow_up(facts: list[Told], days: int) -> None:
    now, later = compute_status(facts, TODAY).status, compute_status(facts, TODAY + timedelta(days=days)).status
    assert later is now or (now is S.PLACE and later is S.SUIVI)


@unhurried
@given(lives)
def test_an_incomplete_file_is_never_to_be_oriented(facts: list[Told]) -> None:
    quiet = [f for f in facts if f.kind not in {K.ENTERED, K.CONFIRMED, K.PROPOSED, K.EXITED, K.ARCHIVED, K.COMPLETED}]
    assert compute_status(quiet, TODAY).status is S.BROUILLON
