"""Feasibility: the readings of the specification one by one, then equality with the naive validator."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odis_app.matching.engine import constraints
from odis_app.matching.engine.codes import Code, codes_in
from odis_app.matching.engine.constraints import FROM_COLUMNS, PairFacts, failing_blocks, failing_codes
from odis_app.matching.engine.facts import Household, Households, Offer, Offers

from . import naive
from .samples import FAMILY, HOME, SINGLE
from .strategies import household_lists, offer_lists


def codes(household: Household, offer: Offer, facts: PairFacts = FROM_COLUMNS) -> list[str]:
    """The codes of one pair."""
    mask = failing_codes(Households.build([household]), Offers.build([offer]), facts)
    return [code.value for code in codes_in(mask[0, 0])]


def test_the_sample_pair_is_feasible():
    assert codes(SINGLE, HOME) == []
    assert codes(FAMILY, HOME) == []


ENTRY = SINGLE.need_from
LAST = ENTRY + timedelta(days=90)
ONE_DAY = timedelta(days=1)
BOUNDARIES = [
    ("validated until the day itself passes", {}, {"validated_until": ENTRY}, []),
    ("validated until the day before fails", {}, {"validated_until": ENTRY - ONE_DAY}, ["H01"]),
    ("an empty validation is not validated", {}, {"validated_until": None}, ["H01"]),
    ("available from the day of entry passes", {}, {"available_from": ENTRY}, []),
    ("available from the day after fails", {}, {"available_from": ENTRY + ONE_DAY}, ["H02"]),
    ("available to the last day passes", {}, {"available_to": LAST}, []),
    ("available to the day before the last fails", {}, {"available_to": LAST - ONE_DAY}, ["H02"]),
    ("empty dates are available already and open-ended", {}, {"available_from": None, "available_to": None}, []),
    ("empty min_days asks for the day itself", {"min_days": None}, {"available_to": ENTRY}, []),
    ("empty min_days still asks for the day", {"min_days": None}, {"available_to": ENTRY - ONE_DAY}, ["H02"]),
    ("the longest stay of the host passes", {}, {"max_days": 90}, []),
    ("a day less fails", {}, {"max_days": 89}, ["H02"]),
    ("a stay that may be renewed has no end of its own", {}, {"max_days": 1, "renewable": True}, []),
    ("empty min_days stays as long as the host says", {"min_days": None}, {"max_days": 1}, []),
    ("an accepted composition passes", {"composition": "isole_femme"}, {"compositions": ("isole_femme",)}, []),
    ("another composition fails", {"composition": "isole_homme"}, {"compositions": ("isole_femme",)}, ["H21"]),
    ("an unknown composition is not among the accepted", {}, {"compositions": ("isole_femme",)}, ["H21"]),
    ("an accepted status passes", {}, {"accepted_statuses": ("apatride", "refugie")}, []),
    ("another status fails", {}, {"accepted_statuses": ("apatride",)}, ["H03"]),
    ("an unknown status is not among the accepted", {"status": None}, {"accepted_statuses": ("apatride",)}, ["H03"]),
    ("empty accepted statuses accept an unknown one", {"status": None}, {"accepted_statuses": ()}, []),
    ("as many people as places passes", {"size": 5}, {}, []),
    ("one person too many fails", {"size": 6}, {}, ["H04"]),
    ("a bedroom short fails", {}, {"bedrooms": 0}, ["H05"]),
    ("empty bedrooms fail at home", {}, {"bedrooms": None}, ["H05"]),
    ("a wheelchair needs a place for it", {"wheelchair": True}, {"ground_floor_or_lift": True}, ["H06"]),
    ("a wheelchair is offered", {"wheelchair": True}, {"wheelchair": True}, []),
    ("stairs fail", {"ground_floor_or_lift": True}, {"wheelchair": True}, ["H06"]),
    ("women hosts required", {"gender_constraint": "women_hosts"}, {}, ["H08"]),
    ("women hosts found", {"gender_constraint": "women_hosts"}, {"hosts_women_only": True}, []),
    (
        "a certified place stands for women hosts",
        {"gender_constraint": "women_hosts"},
        {"women_only_certified": True},
        [],
    ),
    ("a gender constraint that is not known excludes", {"gender_constraint": None}, {}, ["H08"]),
    ("animals refused", {"animals": True}, {}, ["H09"]),
    ("animals accepted", {"animals": True}, {"accepts_animals": True}, []),
    ("smoke not stood", {"smoking": "cannot_stand"}, {"smoking_allowed": True}, ["H10"]),
    ("no smoke", {"smoking": "cannot_stand"}, {}, []),
    ("a smoker in a shared home", {"smoking": "smoker"}, {"kind": "chambre_chez_habitant"}, ["H10"]),
    ("a smoker in a home of one's own", {"smoking": "smoker"}, {}, []),
    ("empty smoking is none", {"smoking": "none"}, {"kind": "chambre_chez_habitant"}, []),
    ("minors refused", {"minors": 1, "minors_under_2": 1}, {"accepts_minors": False}, ["H11"]),
    ("as many minors as allowed", {"minors": 1, "minors_under_2": 1}, {"max_minors": 1}, []),
    (
        "a child of the minimum age passes",
        {"minors": 1, "minors_under_2": 1, "youngest_minor": 6},
        {"min_child_age": 6},
        [],
    ),
    ("a younger child fails", {"minors": 1, "minors_under_2": 1, "youngest_minor": 5}, {"min_child_age": 6}, ["H11"]),
    ("an unknown age is not old enough", {"minors": 1, "minors_under_2": 1}, {"min_child_age": 1}, ["H11"]),
    ("a minimum of nought years takes a newborn", {"minors": 1, "minors_under_2": 1}, {"min_child_age": 0}, []),
    ("adults have no minimum age", {}, {"min_child_age": 17}, []),
    ("too many minors", {"minors": 2, "minors_under_2": 2}, {"max_minors": 1}, ["H11"]),
    ("no minor where none is accepted", {}, {"accepts_minors": False, "max_minors": 0}, []),
    ("an excluded département", {"excluded_departments": ("44", "53")}, {}, ["H12"]),
    ("exclusions that are not known exclude", {"excluded_departments": None}, {}, ["H12"]),
    ("an unknown département fails exclusions", {"excluded_departments": ("44",)}, {"department": None}, ["H12"]),
    ("an exclusive wish granted", {"departments_exclusive": True}, {}, []),
    ("an exclusive wish refused", {"departments_exclusive": True}, {"department": "44"}, ["H13"]),
    ("exclusive without any wish", {"departments_exclusive": True, "departments": ()}, {}, ["H13"]),
    ("a wish that is not exclusive", {}, {"department": "44"}, []),
    ("a rent at the maximum", {"max_rent": 500}, {"rent": 500}, []),
    ("a rent above", {"max_rent": 500}, {"rent": 500.01}, ["H14"]),
    ("an empty rent is no limit", {"max_rent": 0}, {"rent": None}, []),
    ("an empty maximum is no limit", {"max_rent": None}, {"rent": 5000}, []),
    ("violence needs a specialised place", {"fvv_teh": True}, {"hosts_women_only": True}, ["H17"]),
    ("violence in a specialised place", {"fvv_teh": True}, {"specialised_fvv_teh": True}, []),
    ("violence in a certified place", {"fvv_teh": True}, {"women_only_certified": True}, []),
    ("violence that is not known excludes", {"fvv_teh": None}, {}, ["H17"]),
]


@pytest.mark.parametrize(
    ("household", "offer", "expected"), [row[1:] for row in BOUNDARIES], ids=[r[0] for r in BOUNDARIES]
)
def test_boundary(household, offer, expected):
    pair = replace(SINGLE, **household), replace(HOME, **offer)
    assert codes(*pair) == expected
    assert naive.failing(*pair) == expected


@pytest.mark.parametrize(
    "kind",
    ["residence_collective", "foyer", "hotel", "centre_vacances", "local_entreprise", "place_dna", "sas_urgence"],
)
def test_a_collective_kind_passes_without_bedrooms_and_not_with_too_few(kind):
    assert codes(FAMILY, replace(HOME, kind=kind, bedrooms=None)) == []
    assert codes(FAMILY, replace(HOME, kind=kind, bedrooms=2)) == ["H05"]


def test_a_household_that_says_nothing_of_its_safety_goes_nowhere():
    bare = Household(id="M3", size=1, adults=1, need_from=date(2026, 12, 1))
    assert codes(bare, HOME) == ["H08", "H12", "H17"]


def test_the_application_decides_safety_and_the_columns_are_not_read():
    hunted = replace(SINGLE, fvv_teh=True, gender_constraint="women_hosts", excluded_departments=("53",))
    assert codes(hunted, HOME, PairFacts(safety_ok=np.array([True]))) == []
    assert codes(SINGLE, HOME, PairFacts(safety_ok=np.array([False]))) == ["securite"]


def test_safety_that_is_not_known_excludes():
    assert codes(SINGLE, HOME, PairFacts(safety_ok=np.array([None]))) == ["securite"]


@pytest.mark.parametrize("code", [Code.H15, Code.H16])
def test_refusals_and_perimeter_are_part_of_the_opaque_decision(code):
    facts = PairFacts(safety_ok=np.array([True]), fails={code: np.array([True])})
    assert codes(SINGLE, HOME, facts) == ["securite"]


@pytest.mark.parametrize("code", [Code.H07, Code.H18, Code.H19, Code.H20])
@pytest.mark.parametrize(("value", "fails"), [(True, True), (None, True), (False, False)])
def test_masks_from_outside_and_an_unknown_one_fails(code, value, fails):
    facts = PairFacts(safety_ok=np.array([True]), fails={code: np.array([value])})
    assert codes(SINGLE, HOME, facts) == ([code.value] if fails else [])


@pytest.mark.parametrize("code", [Code.H01, Code.H08, Code.H12, Code.H17, Code.SAFETY])
def test_a_mask_for_a_code_of_the_columns_is_refused(code):
    with pytest.raises(ValueError, match="columns decide"):
        PairFacts(safety_ok=None, fails={code: np.array([True])})


@pytest.mark.parametrize("values", [[True], [True, True, True], []])
def test_a_mask_of_another_length_is_refused_not_broadcast(values):
    two = Offers.build([HOME, replace(HOME, id="P2")])
    with pytest.raises(ValueError, match="shape"):
        failing_codes(Households.build([SINGLE]), two, PairFacts(safety_ok=np.array(values)))


@settings(max_examples=400)
@given(household_lists(), offer_lists())
def test_codes_equal_the_naive_validator(households, offers):
    masks = failing_codes(Households.build(households), Offers.build(offers), FROM_COLUMNS)
    assert masks.shape == (len(households), len(offers))
    for i, household in enumerate(households):
        for j, offer in enumerate(offers):
            assert [code.value for code in codes_in(masks[i, j])] == naive.failing(household, offer)


@given(household_lists(), offer_lists(), st.data())
def test_codes_equal_the_naive_validator_in_the_application(households, offers, data):
    shape = (len(households), len(offers))
    size = shape[0] * shape[1]
    safe = data.draw(st.lists(st.sampled_from([True, True, False, None]), min_size=size, max_size=size))
    far = data.draw(st.lists(st.booleans(), min_size=size, max_size=size))
    refused = data.draw(st.lists(st.booleans(), min_size=size, max_size=size))
    facts = PairFacts(
        safety_ok=np.array(safe, dtype=object).reshape(shape),
        fails={
            Code.H07: np.array(far, dtype=bool).reshape(shape),
            Code.H15: np.array(refused, dtype=bool).reshape(shape),
        },
    )
    masks = failing_codes(Households.build(households), Offers.build(offers), facts)
    for pair, (i, j) in enumerate(np.ndindex(shape)):
        outside = ["H07"] * far[pair] + ["H15"] * refused[pair]
        expected = naive.failing(households[i], offers[j], safety_ok=safe[pair], fails=outside)
        assert [code.value for code in codes_in(masks[i, j])] == expected


@given(household_lists(), offer_lists(), st.integers(1, 20))
def test_blocks_give_the_same_codes_as_one_piece(households, offers, pairs):
    columns, facing = Households.build(households), Offers.build(offers)
    shape = (len(households), len(offers))
    facts = PairFacts(safety_ok=np.arange(shape[0] * shape[1]).reshape(shape) % 3 > 0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(constraints, "PAIRS_PER_BLOCK", pairs)
        found = np.zeros(shape, dtype=np.uint32)
        for rows, masks in failing_blocks(columns, facing, facts):
            found[rows] = masks
    assert np.array_equal(found, failing_codes(columns, facing, facts))
