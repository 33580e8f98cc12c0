"""Shortlists: ranking, counts, concession, and what must never change."""

import random
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odis_app.matching.engine.codes import CONCESSION_CODES, SAFETY_CODES, Code
from odis_app.matching.engine.constraints import FROM_COLUMNS, PairFacts
from odis_app.matching.engine.facts import Household, Households, Offer, Offers
from odis_app.matching.engine.policy import Policy
from odis_app.matching.engine.shortlist import Shortlist, candidates, shortlist

from . import naive
from .samples import FAMILY, HOME, SINGLE
from .strategies import household_lists, households, offer_lists, offers

POLICY = Policy()


def offers_of(household: Household, rows: list[Offer], limit: int = 50) -> Shortlist:
    """The shortlist on columns alone."""
    return shortlist(household, Offers.build(rows), POLICY, FROM_COLUMNS, limit=limit)


def check_counts(answer: Shortlist, failures: list[list[str]], ids: list[str]) -> None:
    """Feasible, counts, first codes, concession and exclusions against the naive validator's codes."""
    assert answer.total == len(failures)
    assert answer.feasible == sum(not codes for codes in failures)
    assert answer.counts == naive.counts(failures)
    assert answer.first_counts == naive.first_counts(failures)
    best = answer.concession
    assert (None if best is None else (best.code, best.opens)) == naive.concession(failures)
    found = {excluded.id: list(excluded.codes) for excluded in answer.excluded()}
    assert found == {name: codes for name, codes in zip(ids, failures, strict=True) if codes}
    assert [excluded.id for excluded in answer.excluded()] == sorted(found)


@settings(max_examples=400)
@given(households(), offer_lists())
def test_the_offers_of_a_household_equal_the_naive_answer(household, rows):
    failures = [naive.failing(household, offer) for offer in rows]
    answer = offers_of(household, rows)
    check_counts(answer, failures, [offer.id for offer in rows])
    possible = [offer for offer, codes in zip(rows, failures, strict=True) if not codes]
    possible.sort(key=lambda offer: (-round(naive.score(household, offer), 6), offer.id))
    assert [ranked.id for ranked in answer.ranked] == [offer.id for offer in possible]
    assert [rows[ranked.index].id for ranked in answer.ranked] == [offer.id for offer in possible]


@settings(max_examples=400)
@given(offers(), household_lists())
def test_the_households_of_an_offer_equal_the_naive_answer(offer, rows):
    failures = [naive.failing(household, offer) for household in rows]
    answer = candidates(offer, Households.build(rows), POLICY, FROM_COLUMNS)
    check_counts(answer, failures, [household.id for household in rows])
    possible = [household for household, codes in zip(rows, failures, strict=True) if not codes]
    possible.sort(key=lambda h: (-h.priority, -round(naive.score(h, offer), 6), h.id))
    assert [ranked.id for ranked in answer.ranked] == [household.id for household in possible]


@given(households(), offers())
def test_both_directions_give_a_pair_the_same_score_and_codes(household, offer):
    one = offers_of(household, [offer])
    other = candidates(offer, Households.build([household]), POLICY, FROM_COLUMNS)
    assert [(pair.score, pair.criteria) for pair in one.ranked] == [
        (pair.score, pair.criteria) for pair in other.ranked
    ]
    assert one.counts == other.counts


@given(households(), offer_lists(), st.randoms(use_true_random=False))
def test_permuting_the_offers_changes_nothing(household, rows, order: random.Random):
    shuffled = order.sample(rows, len(rows))
    one, other = offers_of(household, rows), offers_of(household, shuffled)
    assert [(p.id, p.score) for p in one.ranked] == [(p.id, p.score) for p in other.ranked]
    assert (one.counts, one.first_counts) == (other.counts, other.first_counts)
    assert [(c.code, c.opens, [p.id for p in c.best]) for c in one.concessions] == [
        (c.code, c.opens, [p.id for p in c.best]) for c in other.concessions
    ]
    assert [(e.id, e.codes) for e in one.excluded()] == [(e.id, e.codes) for e in other.excluded()]


@given(households(), offer_lists(), offers("new"))
def test_adding_an_offer_never_lowers_the_list(household, rows, extra):
    before, after = offers_of(household, rows), offers_of(household, [*rows, extra])
    assert after.feasible >= before.feasible
    assert [(p.id, p.score) for p in after.ranked if p.id != "new"] == [(p.id, p.score) for p in before.ranked]
    assert all(late.score >= early.score for early, late in zip(before.ranked, after.ranked, strict=False))


@given(households(), offer_lists())
def test_what_a_concession_opens_is_feasible_without_that_code_alone(household, rows):
    answer = offers_of(household, rows)
    for concession in answer.concessions:
        assert concession.code in CONCESSION_CODES
        assert concession.opens == len(concession.best)
        for pair in concession.best:
            assert naive.failing(household, rows[pair.index]) == [concession.code]


@given(households(), offer_lists(), st.data())
def test_no_safety_code_is_ever_a_concession(household, rows, data):
    safe = data.draw(st.lists(st.sampled_from([True, False, None]), min_size=len(rows), max_size=len(rows)))
    refused = data.draw(st.lists(st.booleans(), min_size=len(rows), max_size=len(rows)))
    fails = {Code.H15: np.array(refused, dtype=bool)}
    for facts in (
        PairFacts(safety_ok=np.array(safe, dtype=object), fails=fails),
        PairFacts(safety_ok=None, fails=fails),
    ):
        answer = shortlist(household, Offers.build(rows), POLICY, facts)
        assert not SAFETY_CODES & {concession.code for concession in answer.concessions}


@pytest.mark.parametrize("code", sorted(SAFETY_CODES - {Code.SAFETY}))
def test_an_offer_closed_by_safety_alone_opens_by_no_concession(code):
    closed = {
        Code.H08: replace(SINGLE, gender_constraint="women_hosts"),
        Code.H12: replace(SINGLE, excluded_departments=("53",)),
        Code.H17: replace(SINGLE, fvv_teh=True),
    }
    outside = {} if code in closed else {code: np.array([True])}
    answer = shortlist(closed.get(code, SINGLE), Offers.build([HOME]), POLICY, PairFacts(safety_ok=None, fails=outside))
    assert answer.counts == {code: 1}
    assert answer.concession is None


@given(households(), offer_lists(), st.data())
def test_the_cause_of_a_safety_exclusion_leaves_no_trace(household, rows, data):
    """Two households that differ by their class 3 facts alone, with the same decision, get the same answer."""
    safe = np.array(data.draw(st.lists(st.booleans(), min_size=len(rows), max_size=len(rows))), dtype=bool)
    hidden = replace(household, fvv_teh=None, gender_constraint=None, excluded_departments=None)
    known = replace(household, fvv_teh=True, gender_constraint="women_hosts", excluded_departments=("44", "53"))
    facing = Offers.build(rows)
    by_columns = shortlist(hidden, facing, POLICY, PairFacts(safety_ok=safe))
    refused = {Code.H15: ~safe, Code.H16: np.zeros(len(rows), dtype=bool)}
    by_refusal = shortlist(known, facing, POLICY, PairFacts(safety_ok=np.ones(len(rows), dtype=bool), fails=refused))
    assert by_columns.ranked == by_refusal.ranked
    assert by_columns.concessions == by_refusal.concessions
    assert (by_columns.counts, by_columns.first_counts) == (by_refusal.counts, by_refusal.first_counts)
    assert by_columns.excluded() == by_refusal.excluded()


def test_the_best_concession_opens_most_then_has_the_lower_code():
    dear = [replace(HOME, id=f"D{n}", rent=900) for n in range(2)]
    far = [replace(HOME, id=f"F{n}", department="44") for n in range(2)]
    late = [replace(HOME, id="L", available_from=SINGLE.need_from + timedelta(days=1))]
    picky = replace(SINGLE, max_rent=500, departments_exclusive=True)
    answer = offers_of(picky, dear + far + late)
    assert [(c.code, c.opens) for c in answer.concessions] == [(Code.H13, 2), (Code.H14, 2), (Code.H02, 1)]
    assert answer.concession == answer.concessions[0]


def test_an_offer_closed_twice_is_opened_by_no_single_concession():
    answer = offers_of(replace(SINGLE, max_rent=500, animals=True), [replace(HOME, rent=900)])
    assert answer.counts == {Code.H09: 1, Code.H14: 1}
    assert answer.first_counts == {Code.H09: 1}
    assert answer.concession is None


def test_ties_go_by_id_as_text():
    rows = [replace(HOME, id=name) for name in ["é", "7", "P2", "07", "P10"]]
    assert [pair.id for pair in offers_of(FAMILY, rows).ranked] == ["07", "7", "P10", "P2", "é"]


@given(st.permutations(range(30)), st.integers(0, 32))
def test_a_limit_keeps_the_head_of_the_list(order, limit):
    """Thirty offers with few different scores, so that the cut falls among ties."""
    rows = [replace(HOME, id=f"{n:02d}", capacity=5 + n % 3) for n in order]
    whole, cut = offers_of(FAMILY, rows), offers_of(FAMILY, rows, limit=limit)
    assert [pair.id for pair in cut.ranked] == [pair.id for pair in whole.ranked][:limit]
    assert cut.feasible == whole.feasible == 30


def test_the_most_urgent_household_comes_before_a_better_score():
    urgent = replace(FAMILY, id="urgent", priority=3, departments=("44",))
    calm = replace(FAMILY, id="calm", priority=0)
    answer = candidates(HOME, Households.build([calm, urgent]), POLICY, FROM_COLUMNS)
    assert [pair.id for pair in answer.ranked] == ["urgent", "calm"]
    assert answer.ranked[0].score < answer.ranked[1].score


def test_an_unknown_distance_is_feasible_and_to_be_checked():
    rows = Offers.build([HOME, replace(HOME, id="P2")])
    unknown = {Code.H07: np.array([True, False]), Code.H18: np.array([None, False])}
    answer = shortlist(FAMILY, rows, POLICY, PairFacts(safety_ok=np.array([True, True]), to_check=unknown))
    assert [(pair.id, pair.to_check) for pair in answer.ranked] == [("P1", (Code.H07, Code.H18)), ("P2", ())]


def test_excluded_are_found_by_the_code_shown():
    small, unvalidated = replace(HOME, id="S", capacity=1), replace(HOME, id="U", capacity=1, validated_until=None)
    answer = offers_of(FAMILY, [unvalidated, small, HOME])
    assert [(e.id, e.first, e.codes) for e in answer.excluded(Code.H04)] == [("S", Code.H04, (Code.H04,))]
    assert [(e.id, e.codes) for e in answer.excluded(Code.H01)] == [("U", (Code.H01, Code.H04))]
    assert len(answer.excluded(limit=1)) == 1


def test_no_offer_gives_an_empty_answer():
    answer = offers_of(FAMILY, [])
    assert (answer.ranked, answer.total, answer.counts, answer.concession) == ((), 0, {}, None)
    assert candidates(HOME, Households.build([]), POLICY, FROM_COLUMNS).ranked == ()
