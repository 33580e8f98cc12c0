"""Reading offers, places and who is where; every list starts from ``policy.visible_*``."""

from odis_app.housing.queries.offers import (
    OfferFilter,
    QueueRow,
    address_of,
    describe,
    effective_status,
    events_of,
    host_of,
    list_offers,
    offer_places,
    queue,
    required_left,
)
from odis_app.housing.queries.places import (
    PlaceFilter,
    PlaceRow,
    free_windows,
    households_of,
    list_places,
    occupancies_of,
    place_counts,
    place_row,
    stale_places,
)

__all__ = [
    "OfferFilter",
    "PlaceFilter",
    "PlaceRow",
    "QueueRow",
    "address_of",
    "describe",
    "effective_status",
    "events_of",
    "free_windows",
    "host_of",
    "households_of",
    "list_offers",
    "list_places",
    "occupancies_of",
    "offer_places",
    "place_counts",
    "place_row",
    "queue",
    "required_left",
    "stale_places",
]
