"""The photos of an offer, the oldest first."""

from __future__ import annotations

from collections.abc import Sequence

from odis_app.core.db import db
from odis_app.core.identity import Identity
from odis_app.documents.models import Document
from odis_app.housing.models import Offer
from odis_app.housing.policy import visible_offers, visible_photos


def photos_of(identity: Identity, offer: Offer) -> Sequence[Document]:
    """Those of one offer that the identity may see."""
    kept = visible_photos(identity).where(Document.record_id == offer.id).order_by(Document.id)
    return db.execute(kept).scalars().all()


def offer_of(identity: Identity, photo: Document) -> Offer:
    """The offer that a photo shows."""
    return db.execute(visible_offers(identity).where(Offer.id == photo.record_id)).scalar_one()
