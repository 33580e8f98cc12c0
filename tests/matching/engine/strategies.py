"""Households and offers drawn so that every constraint both passes and fails often."""

from datetime import date, timedelta

from hypothesis import strategies as st

from odis_app.matching.engine.facts import Household, Offer

KINDS = ["chambre_chez_habitant", "logement_location", "logement_social", "foyer", "hotel", "place_dna"]
DEPARTMENTS = ["44", "49", "53", "72", "85"]
STATUSES = ["refugie", "protection_subsidiaire", "protection_temporaire"]
LANGUAGES = ["fr", "en", "uk", "fa"]
AREAS = ["Laval", "Nantes", "Angers"]
DAYS = st.integers(0, 40).map(lambda days: date(2026, 11, 1) + timedelta(days=days))


def maybe(strategy: st.SearchStrategy) -> st.SearchStrategy:
    """The fact, or nothing one time in a few."""
    return st.one_of(st.none(), strategy, strategy)


def lists(values: list[str]) -> st.SearchStrategy:
    """A short list without repetition, in any order."""
    return st.lists(st.sampled_from(values), unique=True, max_size=4).map(tuple)


def rarely() -> st.SearchStrategy:
    """A need that few households have."""
    return st.sampled_from([False, False, False, True])


def mostly() -> st.SearchStrategy:
    """An amenity that most offers have."""
    return st.sampled_from([True, True, True, False])


@st.composite
def households(draw: st.DrawFn, id: str = "M1") -> Household:
    """A household whose parts add up."""
    adults, babies = draw(st.integers(1, 3)), draw(st.integers(0, 1))
    boys, girls, young = draw(st.tuples(*[st.sampled_from([0, 0, 0, 1, 2, 3])] * 3))
    minors = babies + boys + girls + young
    return Household(
        id=id,
        size=adults + minors,
        adults=adults,
        minors=minors,
        minors_under_2=babies,
        couples=draw(st.integers(0, adults // 2)),
        boys_12_plus=boys,
        girls_12_plus=girls,
        status=draw(maybe(st.sampled_from(STATUSES))),
        departments=draw(lists(DEPARTMENTS)),
        departments_exclusive=draw(rarely()),
        excluded_departments=draw(st.one_of(st.just(()), lists(DEPARTMENTS), st.none())),
        need_from=draw(DAYS),
        min_days=draw(maybe(st.integers(0, 40))),
        wheelchair=draw(rarely()),
        ground_floor_or_lift=draw(rarely()),
        gender_constraint=draw(st.sampled_from(["none", "none", "none", "women_hosts", None])),
        animals=draw(rarely()),
        smoking=draw(st.sampled_from(["none", "none", "smoker", "cannot_stand"])),
        fvv_teh=draw(st.sampled_from([False, False, False, True, None])),
        max_rent=draw(maybe(st.integers(300, 600))),
        languages=draw(lists(LANGUAGES)),
        employment_area=draw(maybe(st.sampled_from(AREAS))),
        priority=draw(st.integers(0, 3)),
    )


@st.composite
def offers(draw: st.DrawFn, id: str = "P1") -> Offer:
    """An offer that suits many households and has every kind of gap."""
    start = draw(maybe(DAYS))
    end = draw(maybe(st.integers(0, 90)))
    return Offer(
        id=id,
        kind=draw(st.sampled_from(KINDS)),
        department=draw(st.sampled_from([*DEPARTMENTS, None])),
        capacity=draw(st.integers(0, 9)),
        bedrooms=draw(maybe(st.integers(0, 6))),
        max_minors=draw(maybe(st.integers(0, 5))),
        available_from=start,
        available_to=None if end is None else (start or date(2026, 11, 1)) + timedelta(days=end),
        wheelchair=draw(st.booleans()),
        ground_floor_or_lift=draw(st.booleans()),
        hosts_women_only=draw(rarely()),
        accepts_animals=draw(st.booleans()),
        animals_present=draw(rarely()),
        smoking_allowed=draw(st.booleans()),
        accepts_minors=draw(mostly()),
        specialised_fvv_teh=draw(st.booleans()),
        women_only_certified=draw(rarely()),
        rent=draw(maybe(st.integers(300, 600))),
        accepted_statuses=draw(st.one_of(st.just(()), lists(STATUSES))),
        languages=draw(lists(LANGUAGES)),
        employment_area=draw(maybe(st.sampled_from(AREAS))),
        validated_until=draw(st.one_of(DAYS, st.just(date(2027, 6, 30)), st.just(date(2027, 6, 30)), st.none())),
    )


def offer_lists(max_size: int = 8) -> st.SearchStrategy:
    """Several offers, each with its own id; `07` and `7` are two ids."""
    ids = st.lists(st.sampled_from(["07", "7", "P1", "P10", "P2", "p1", "é", "A", "Z"]), unique=True, max_size=max_size)
    return ids.flatmap(lambda names: st.tuples(*[offers(id=name) for name in names]).map(list))


def household_lists(max_size: int = 6) -> st.SearchStrategy:
    """Several households, each with its own id."""
    return st.integers(0, max_size).flatmap(
        lambda count: st.tuples(*[households(id=f"M{number}") for number in range(count)]).map(list)
    )
