"""« Qui peut lire ceci » on a home: its exact address, and who offers it."""

from __future__ import annotations

from odis_app.access.readers import WhoReads, readers_of
from odis_app.housing.models import Offer, Place
from odis_app.housing.policy import OFFER_HOST_READ, OFFER_READ, PLACE_READ

LODGED = (
    "L’organisation qui suit un ménage accueilli ici, une fois les deux accords donnés et tant que la place lui est gardée.",
)


def address_readers(home: Offer | Place) -> WhoReads:
    """Who reads the exact address of an offer or a place: neither the State nor a mandated association, as such."""
    return readers_of(
        label="Adresse exacte", permission=OFFER_READ if isinstance(home, Offer) else PLACE_READ, record_id=home.record_id,
        owner_org_id=home.owner_org_id, more=LODGED,
    )  # fmt: skip


def host_readers(offer: Offer) -> WhoReads:
    """Who reads who offers a home: its own organisation alone."""
    return readers_of(
        label="Qui propose", permission=OFFER_HOST_READ, record_id=offer.record_id, owner_org_id=offer.owner_org_id
    )
