"""One household and one offer that suit each other; a test changes the fact that it is about."""

from datetime import date

from odis_app.matching.engine.facts import Household, Offer

SINGLE = Household(
    id="M1",
    size=1,
    adults=1,
    need_from=date(2026, 12, 1),
    min_days=90,
    status="refugie",
    departments=("53", "72", "61"),
    excluded_departments=(),
    gender_constraint="none",
    fvv_teh=False,
    languages=("fa", "en"),
    employment_area="Laval",
)
FAMILY = Household(
    id="M2",
    size=5,
    adults=2,
    minors=3,
    couples=1,
    boys_12_plus=1,
    girls_12_plus=1,
    need_from=date(2026, 12, 1),
    min_days=90,
    status="refugie",
    departments=("53", "72", "61"),
    excluded_departments=(),
    gender_constraint="none",
    fvv_teh=False,
    languages=("fa", "en"),
    employment_area="Laval",
)
HOME = Offer(
    id="P1",
    kind="logement_location",
    department="53",
    capacity=5,
    bedrooms=3,
    accepts_minors=True,
    languages=("en", "fr"),
    employment_area="Laval",
    validated_until=date(2027, 6, 30),
)
