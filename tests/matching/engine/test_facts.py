"""Columns: bedrooms, vocabularies, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given

from odis_app.matching.engine.constraints import FROM_COLUMNS, failing_codes
from odis_app.matching.engine.facts import Household, Households, Offer, Offers, bedrooms_needed
from odis_app.matching.engine.policy import Policy
from odis_app.matching.engine.shortlist import shortlist

from . import naive
from .samples import FAMILY, HOME, SINGLE
from .strategies import households


def people(adults: int, couples: int = 0, babies: int = 0, young: int = 0, boys: int = 0, girls: int = 0) -> Household:
    """A household by its composition."""
    minors = babies + young + boys + girls
    parts = {"minors_under_2": babies, "boys_12_plus": boys, "girls_12_plus": girls, "couples": couples}
    return replace(SINGLE, size=adults + minors, adults=adults, minors=minors, **parts)


@pytest.mark.parametrize(
    ("household", "rooms"),
    [
        pytest.param(people(1), 1, id="one adult"),
        pytest.param(people(2), 2, id="two adults who are no couple"),
        pytest.param(people(2, couples=1), 1, id="a couple"),
        pytest.param(people(3, couples=1), 2, id="a couple and a grandmother"),
        pytest.param(people(1, babies=2), 1, id="babies sleep in their parent's room"),
        pytest.param(people(1, young=1), 2, id="a child of 2 to 11 has a room"),
        pytest.param(people(1, young=2), 2, id="two children share"),
        pytest.param(people(1, young=3), 3, id="three children take two rooms"),
        pytest.param(people(1, boys=1, girls=1), 3, id="a boy and a girl of 12 do not share"),
        pytest.param(people(1, boys=2), 2, id="two boys share"),
        pytest.param(people(1, boys=1, young=1), 2, id="a child takes the bed beside an older one"),
        pytest.param(people(1, boys=1, girls=1, young=2), 3, id="two children take both free beds"),
        pytest.param(people(1, boys=2, young=1), 3, id="no free bed beside two boys"),
        pytest.param(people(1, boys=3, girls=2, young=2, babies=1), 5, id="a large family"),
    ],
)
def test_bedrooms_needed(household, rooms):
    assert bedrooms_needed(household) == rooms == naive.rooms(household)


@given(households())
def test_bedrooms_equal_the_naive_formula(household):
    assert bedrooms_needed(household) == naive.rooms(household)


def test_columns_and_rows_build_the_same_offers():
    rows = [HOME, Offer(id="P2", kind="foyer", department="44", capacity=2)]
    columns = {
        "id": ["P1", "P2"],
        "kind": ["logement_location", "foyer"],
        "department": ["53", "44"],
        "capacity": [5, 2],
    }
    given_columns = Offers.from_columns(columns)
    built = Offers.build(
        [
            replace(
                rows[0], bedrooms=None, accepts_minors=False, languages=(), employment_area=None, validated_until=None
            ),
            rows[1],
        ]
    )
    for name in ("capacity", "bedrooms", "department", "validated_until", "accepts_minors", "languages"):
        assert np.array_equal(getattr(given_columns, name), getattr(built, name)), name


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"id": ["1"], "kind": ["foyer"], "department": ["44"]}, "missing: .'capacity'"),
        ({"id": ["1"], "kind": ["foyer"], "department": ["44"], "capacity": [1], "size": [1]}, "unknown: .'size'"),
        ({"id": ["1"], "kind": ["foyer"], "department": ["44"], "capacity": [1, 2]}, "unequal"),
        ({"id": ["1", "1"], "kind": ["foyer"] * 2, "department": ["44"] * 2, "capacity": [1, 2]}, "twice"),
    ],
)
def test_columns_that_cannot_be_trusted_are_refused(columns, message):
    with pytest.raises(ValueError, match=message):
        Offers.from_columns(columns)


def test_two_households_with_one_id_are_refused():
    with pytest.raises(ValueError, match="twice"):
        Households.build([SINGLE, SINGLE])


def test_more_than_sixty_four_languages_and_statuses_stay_apart():
    offers = Offers.build(
        [replace(HOME, id=f"{n:03d}", languages=(f"l{n}",), accepted_statuses=(f"s{n}",)) for n in range(150)]
    )
    household = replace(SINGLE, languages=("l149", "unheard"), status="s149")
    answer = shortlist(household, offers, Policy(), FROM_COLUMNS)
    assert [(pair.id, pair.criteria["langue"]) for pair in answer.ranked] == [("149", 1.0)]
    assert answer.counts == {"H03": 149}


def test_nothing_against_nothing_has_a_shape():
    assert failing_codes(Households.build([]), Offers.build([]), FROM_COLUMNS).shape == (0, 0)
    assert failing_codes(Households.build([FAMILY]), Offers.build([]), FROM_COLUMNS).shape == (1, 0)
    assert failing_codes(Households.build([]), Offers.build([HOME]), FROM_COLUMNS).shape == (0, 1)
