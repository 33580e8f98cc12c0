"""The general search: households by name or number, places and offers, communes; only what the person may see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import func

from odis_app.core.db import db
from odis_app.core.identity import Identity
from odis_app.home.queries.tracking import numbered
from odis_app.households.models import Household, HouseholdIdentity, HouseholdTracking
from odis_app.households.policy import HOUSEHOLD_LIST, HOUSEHOLD_TRACK
from odis_app.households.queries import HouseholdFilter, filtered
from odis_app.housing.models import Offer
from odis_app.housing.policy import OFFER_LIST, PLACE_LIST
from odis_app.housing.queries import OfferFilter, PlaceFilter, PlaceRow, list_offers, list_places
from odis_app.territories.queries import CommuneMatch, search_communes

SHORTEST, LONGEST = 2, 100
SHOWN = 10


@dataclass(slots=True)
class Results:
    """What was found, ten of each kind at most; the totals say how many there are."""

    households: list[tuple[Household, str]] = field(default_factory=list)
    household_total: int = 0
    tracked: list[HouseholdTracking] = field(default_factory=list)
    places: Sequence[PlaceRow] = ()
    place_total: int = 0
    offers: Sequence[Offer] = ()
    offer_total: int = 0
    communes: Sequence[CommuneMatch] = ()

    @property
    def is_empty(self) -> bool:
        """Nothing at all."""
        return not (self.households or self.tracked or self.places or self.offers or self.communes)


def search(identity: Identity, q: str) -> Results:
    """Everything that answers ``q``, each kind when the person may see it; about nine statements."""
    found = Results(communes=search_communes(q, limit=SHOWN))
    if identity.can(HOUSEHOLD_LIST):
        found.households, found.household_total = _households(identity, q)
    if identity.can(HOUSEHOLD_TRACK):
        shown = {household.id for household, _ in found.households}
        found.tracked = [row for row in numbered(identity, q) if row.record_id not in shown]
    if identity.can(PLACE_LIST):
        page = list_places(identity, PlaceFilter(scope="territoire", q=q), number=1)
        found.places, found.place_total = page.items[:SHOWN], page.total
    if identity.can(OFFER_LIST):
        offers = list_offers(identity, OfferFilter(q=q), number=1)
        found.offers, found.offer_total = offers.items[:SHOWN], offers.total
    return found


def _households(identity: Identity, q: str) -> tuple[list[tuple[Household, str]], int]:
    """(file, name or initials) and how many match, in one statement."""
    statement = filtered(identity, HouseholdFilter(q=q)).outerjoin(
        HouseholdIdentity, HouseholdIdentity.household_id == Household.id
    )
    rows = db.execute(
        statement.add_columns(HouseholdIdentity.name, func.count().over().label("total")).limit(SHOWN)
    ).all()
    return [(row.Household, row.name or row.Household.initials) for row in rows], rows[0].total if rows else 0
