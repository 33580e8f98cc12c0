"""The score: each criterion's reading, then equality with exact fractions."""

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odis_app.matching.engine.constraints import FROM_COLUMNS
from odis_app.matching.engine.facts import Offers
from odis_app.matching.engine.policy import Criterion, Policy
from odis_app.matching.engine.shortlist import Ranked, shortlist

from . import naive
from .samples import FAMILY, HOME
from .strategies import households, offer_lists

ROUNDING = Fraction(1, 2_000_000) + Fraction(1, 10**9)
LAST = FAMILY.need_from + timedelta(days=90)


def pair(household, offer, policy: Policy | None = None) -> Ranked:
    """The only pair, which must be feasible."""
    (ranked,) = shortlist(household, Offers.build([offer]), policy or Policy(), FROM_COLUMNS).ranked
    return ranked


READINGS = [
    ("first wish", "localisation", {}, {}, 1.0),
    ("second wish", "localisation", {}, {"department": "72"}, 0.8),
    ("third wish", "localisation", {}, {"department": "61"}, 0.6),
    ("fourth wish", "localisation", {"departments": ("1", "2", "3", "53")}, {}, 0.4),
    ("fifth wish is as the fourth", "localisation", {"departments": ("1", "2", "3", "4", "53")}, {}, 0.4),
    ("a wish told twice counts once, at its best", "localisation", {"departments": ("53", "72", "53")}, {}, 1.0),
    ("not wished", "localisation", {}, {"department": "44"}, 0.0),
    ("no wish at all", "localisation", {"departments": ()}, {}, 0.5),
    ("unknown département", "localisation", {}, {"department": None}, None),
    ("exact size", "taille", {}, {}, 1.0),
    ("larger than needed", "taille", {}, {"capacity": 8}, 0.625),
    ("same employment area", "bassin_emploi", {}, {}, 1.0),
    ("another employment area", "bassin_emploi", {}, {"employment_area": "Angers"}, 0.0),
    ("no employment area wanted", "bassin_emploi", {"employment_area": None}, {}, None),
    ("employment area of the offer unknown", "bassin_emploi", {}, {"employment_area": None}, None),
    ("a language shared", "langue", {}, {}, 1.0),
    ("no language shared", "langue", {}, {"languages": ("de",)}, 0.0),
    ("languages of the household unknown", "langue", {"languages": ()}, {}, None),
    ("languages of the offer unknown", "langue", {}, {"languages": ()}, None),
    ("open-ended", "duree", {}, {}, 1.0),
    ("both ends counted", "duree", {}, {"available_to": LAST}, 91 / 180),
    (
        "available before the need counts from the need",
        "duree",
        {},
        {"available_from": LAST - timedelta(200), "available_to": LAST},
        91 / 180,
    ),
    ("twice the days asked is enough", "duree", {}, {"available_to": FAMILY.need_from + timedelta(days=179)}, 1.0),
    ("min_days empty", "duree", {"min_days": None}, {}, None),
    ("min_days empty and an end", "duree", {"min_days": None}, {"available_to": LAST}, None),
    ("no day asked", "duree", {"min_days": 0}, {"available_to": FAMILY.need_from}, 1.0),
    ("no smoke, no animal", "mode_de_vie", {}, {}, 1.0),
    ("smoking allowed", "mode_de_vie", {}, {"smoking_allowed": True}, 0.75),
    ("an animal present", "mode_de_vie", {}, {"animals_present": True}, 0.75),
    ("both", "mode_de_vie", {}, {"animals_present": True, "smoking_allowed": True}, 0.5),
    ("a smoker", "mode_de_vie", {"smoking": "smoker"}, {"smoking_allowed": True}, 1.0),
    ("cannot stand smoke", "mode_de_vie", {"smoking": "cannot_stand"}, {}, 1.0),
    (
        "animals on both sides",
        "mode_de_vie",
        {"animals": True},
        {"animals_present": True, "accepts_animals": True},
        1.0,
    ),
]


@pytest.mark.parametrize(
    ("criterion", "household", "offer", "expected"), [row[1:] for row in READINGS], ids=[r[0] for r in READINGS]
)
def test_reading(criterion, household, offer, expected):
    assert pair(replace(FAMILY, **household), replace(HOME, **offer)).criteria.get(criterion) == expected


def test_a_perfect_pair_is_worth_a_hundred():
    assert pair(FAMILY, HOME).score == 100.0


def test_the_unknown_is_left_out_and_not_zero():
    """The mock-up's second line: 62.7 points out of the 86 that are known."""
    offer = replace(
        HOME, capacity=6, languages=(), employment_area="Château-Gontier", smoking_allowed=True, animals_present=True
    )
    assert pair(FAMILY, offer).score == pytest.approx(100 * (34 + 100 / 6 + 8 + 4) / 86, abs=5e-7)


def test_another_policy_gives_other_ranks_and_weights():
    policy = Policy.from_mapping({"weights": {"localisation": 100, "taille": 0}, "ranks": [0.9, 0.3]})
    third = pair(FAMILY, replace(HOME, department="61"), policy)
    assert third.criteria[Criterion.LOCATION] == 0.3
    assert third.score == round(100 * (30 + 46) / 146, 6)


def test_a_policy_whose_only_criterion_is_unknown_gives_zero():
    policy = Policy.from_mapping({"weights": {name: 0 for name in naive.WEIGHTS if name != "langue"}})
    assert pair(FAMILY, replace(HOME, languages=()), policy).score == 0.0


WEIGHTS = st.fixed_dictionaries({name: st.integers(0, 50) for name in naive.WEIGHTS}).filter(lambda w: any(w.values()))
RANKS = st.lists(st.sampled_from([0, 0.25, 0.5, 0.8, 1]), min_size=1, max_size=4)


@settings(max_examples=400)
@given(households(), offer_lists(), WEIGHTS, RANKS)
def test_scores_equal_exact_fractions(household, offers, weights, ranks):
    policy = Policy.from_mapping({"weights": weights, "ranks": ranks})
    by_id = {offer.id: offer for offer in offers}
    for ranked in shortlist(household, Offers.build(offers), policy, FROM_COLUMNS).ranked:
        offer = by_id[ranked.id]
        expected = naive.agreement(household, offer, ranks)
        assert list(ranked.criteria) == [name for name in naive.WEIGHTS if name in expected]
        assert all(abs(ranked.criteria[name] - expected[name]) < 1e-12 for name in expected)
        assert abs(Fraction(ranked.score) - naive.score(household, offer, weights, ranks)) <= ROUNDING
        assert ranked.score == round(ranked.score, 6)
        assert 0 <= ranked.score <= 100
