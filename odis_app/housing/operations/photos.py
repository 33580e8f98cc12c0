"""The photos of an offer: documents of its record, whose name is what the photo shows."""

from __future__ import annotations

from sqlalchemy import func, select

from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.core.identity import Identity
from odis_app.documents import content
from odis_app.documents.enums import Audience
from odis_app.documents.models import Document
from odis_app.documents.operations import Upload, store_document, withdraw_document
from odis_app.housing.models import Offer
from odis_app.housing.policy import visible_photos

MAX_PHOTOS = 8
FULL = f"Cette offre a déjà {MAX_PHOTOS} photos. Retirez-en une avant d’en ajouter une autre."
UNTOLD = "Écrivez ce que montre la photo, par exemple « Chambre, vue de la porte »."
NOT_AGREED = "Demandez son accord à l’hébergeur, puis cochez la case : sans accord, aucune photo n’est gardée."


def add_photo(identity: Identity, *, offer: Offer, upload: Upload, caption: str, agreed: bool) -> Document:
    """Keep a photo that the host agreed to; the trail says who took that agreement. Raises RuleError (photo, caption, agreed)."""
    if not caption.strip():
        raise RuleError("caption", UNTOLD)
    if not agreed:
        raise RuleError("agreed", NOT_AGREED)
    db.execute(
        select(Offer.id).where(Offer.id == offer.id).with_for_update()
    )  # two people at once do not pass the limit
    held = visible_photos(identity).where(Document.record_id == offer.id).subquery()
    if db.execute(select(func.count()).select_from(held)).scalar_one() >= MAX_PHOTOS:
        raise RuleError("photo", FULL)
    if not content.is_picture(upload.stream):
        raise RuleError(
            "photo",
            f"« {content.shown_name(upload.filename)} » n’est pas une photo, quel que soit son nom. Choisissez une image JPEG, PNG ou WebP.",
        )
    return store_document(
        identity, record_id=offer.id, owner_org_id=offer.owner_org_id, upload=upload, audience=Audience.ORGANISATION, field="photo",
        name=caption.strip(), action="offer:photo_add", summary="Photo ajoutée, avec l’accord de l’hébergeur",
    )  # fmt: skip


def remove_photo(identity: Identity, *, photo: Document) -> None:
    """Take a photo off its offer; twice is once."""
    withdraw_document(identity, document=photo, action="offer:photo_remove", summary="Photo retirée")
