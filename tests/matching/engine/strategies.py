"""Households and offers drawn so that one pair in a few is feasible, and every constraint fails often enough.

Each row is drawn by a generator that Hypothesis seeds: quick enough for thousands of pairs, and reproducible.
"""

from datetime import date, timedelta
from random import Random

from hypothesis import strategies as st

from odis_app.matching.engine.facts import Household, Offer

KINDS = ["chambre_chez_habitant", "logement_location", "logement_social", "foyer", "hotel", "place_dna"]
DEPARTMENTS = ["44", "49", "53", "72", "85"]
STATUSES = ["refugie", "protection_subsidiaire", "protection_temporaire"]
LANGUAGES = ["fr", "en", "uk", "fa"]
COMPOSITIONS = ["isole_femme", "isole_homme", "monoparental"]
AREAS = ["Laval", "Nantes", "Angers"]
START = date(2026, 11, 1)
NAMES = ["07", "7", "P1", "P10", "P2", "p1", "é", "A", "Z"]
"""Ids as written: `07` is not `7`, capitals and accents sort as texts do."""


def day(random: Random, first: int, last: int) -> date:
    return START + timedelta(days=random.randint(first, last))


def some(random: Random, values: list[str]) -> tuple[str, ...]:
    return tuple(random.sample(values, random.randint(0, 3)))


def chance(random: Random, share: float) -> bool:
    return random.random() < share


def make_household(random: Random, name: str) -> Household:
    """A household whose parts add up."""
    adults, babies = random.choice([1, 1, 2, 2, 3]), random.choice([0, 0, 0, 1, 2])
    boys, girls, young = random.choices([0, 1, 2, 3], [8, 2, 1, 1], k=3)
    minors = babies + boys + girls + young
    return Household(
        id=name,
        size=adults + minors,
        adults=adults,
        minors=minors,
        minors_under_2=babies,
        couples=random.randint(0, adults // 2),
        boys_12_plus=boys,
        girls_12_plus=girls,
        status=random.choice([None, *STATUSES]),
        departments=some(random, DEPARTMENTS),
        departments_exclusive=chance(random, 0.1),
        excluded_departments=random.choice([(), (), (), (), (), some(random, DEPARTMENTS), None]),
        need_from=day(random, 10, 20),
        min_days=random.choice([None, 0, 1, random.randint(2, 40), random.randint(2, 40)]),
        wheelchair=chance(random, 0.1),
        ground_floor_or_lift=chance(random, 0.1),
        gender_constraint=random.choice(["none"] * 8 + ["women_hosts", None]),
        animals=chance(random, 0.2),
        smoking=random.choice(["none", "none", "smoker", "cannot_stand"]),
        fvv_teh=random.choice([False] * 8 + [True, None]),
        max_rent=random.choice([None, 400, 500, 600]),
        languages=some(random, LANGUAGES),
        employment_area=random.choice([None, *AREAS]),
        priority=random.randint(0, 3),
        composition=random.choice([None, *COMPOSITIONS]),
        youngest_minor=random.choice([None, 0, 2, 6, 17]) if minors else None,
    )


def make_offer(random: Random, name: str) -> Offer:
    """An offer that suits many households and has every kind of gap."""
    return Offer(
        id=name,
        kind=random.choice(KINDS),
        department=random.choice([*DEPARTMENTS, *DEPARTMENTS, None]),
        capacity=random.choice([0, 1, 2, 3, 4, 5, 6, 8, 8, 8, 9]),
        bedrooms=random.choice([None, 0, 1, 2, 3, 4, 5, 6, 6]),
        max_minors=random.choice([None, None, None, 0, 1, 3]),
        available_from=random.choice([None, day(random, 0, 12), day(random, 0, 12), day(random, 10, 20)]),
        available_to=random.choice([None, day(random, 20, 40), day(random, 50, 90), day(random, 50, 90)]),
        wheelchair=chance(random, 0.5),
        ground_floor_or_lift=chance(random, 0.5),
        hosts_women_only=chance(random, 0.2),
        accepts_animals=chance(random, 0.6),
        animals_present=chance(random, 0.3),
        smoking_allowed=chance(random, 0.4),
        accepts_minors=chance(random, 0.85),
        specialised_fvv_teh=chance(random, 0.3),
        women_only_certified=chance(random, 0.2),
        rent=random.choice([None, 0, 400, 400.5, 500, 550]),
        accepted_statuses=random.choice([(), (), (), some(random, STATUSES), tuple(STATUSES)]),
        languages=some(random, LANGUAGES),
        employment_area=random.choice([None, *AREAS]),
        validated_until=random.choice([None, day(random, 10, 20), *[day(random, 20, 200)] * 8]),
        max_days=random.choice([None, None, 1, 20, 40]),
        renewable=chance(random, 0.3),
        min_child_age=random.choice([None, None, None, 0, 3, 12]),
        compositions=random.choice([(), (), (), some(random, COMPOSITIONS)]),
    )


def seeds() -> st.SearchStrategy[Random]:
    """A generator seeded by Hypothesis."""
    return st.integers(0, 2**32 - 1).map(Random)


def households(name: str = "M1") -> st.SearchStrategy[Household]:
    return seeds().map(lambda random: make_household(random, name))


def offers(name: str = "P1") -> st.SearchStrategy[Offer]:
    return seeds().map(lambda random: make_offer(random, name))


def offer_lists() -> st.SearchStrategy[list[Offer]]:
    """Up to nine offers, each with its own id, in any order."""
    pairs = st.lists(st.tuples(st.sampled_from(NAMES), seeds()), unique_by=lambda pair: pair[0], max_size=len(NAMES))
    return pairs.map(lambda drawn: [make_offer(random, name) for name, random in drawn])


def household_lists() -> st.SearchStrategy[list[Household]]:
    """Up to six households, each with its own id."""
    drawn = st.lists(seeds(), max_size=6)
    return drawn.map(lambda randoms: [make_household(random, f"M{place}") for place, random in enumerate(randoms)])
