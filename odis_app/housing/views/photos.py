"""/offres/<id>/photos and /offres/photos/<id>: adding, showing and removing the photos of an offer."""

from __future__ import annotations

from flask import Response, flash

from odis_app.core.errors import RuleError
from odis_app.core.permissions import guard
from odis_app.core.requests import note_sensitivity
from odis_app.core.web import identity, redirect_to
from odis_app.documents.fields import uploads
from odis_app.documents.models import Document
from odis_app.documents.sending import sent
from odis_app.housing import operations
from odis_app.housing.forms import PhotoForm
from odis_app.housing.models import Offer
from odis_app.housing.policy import OFFER_HOST_READ, OFFER_UPDATE, find_clean_photo, find_offer, find_photo
from odis_app.housing.queries.photos import offer_of
from odis_app.housing.views.offers import blueprint, offer_page

AGAIN = "Choisissez de nouveau la photo : le navigateur ne la garde pas."


@blueprint.post("/<public_id>/photos")
@guard(OFFER_UPDATE, public_id=find_offer)
def add_photo(public_id: Offer) -> Response:
    """Add one photo, with what it shows and the host's agreement."""
    offer, form = public_id, PhotoForm()
    valid, files = form.validate_on_submit(), uploads([form.photo.data])
    if not files:
        form.add_error(RuleError("photo", "Choisissez une photo."))
    elif not valid:
        form.add_error(RuleError("photo", AGAIN))
    else:
        try:
            operations.add_photo(
                identity(), offer=offer, upload=files[0], caption=form.caption.data, agreed=form.agreed.data
            )
        except RuleError as error:
            form.add_error(error)
        else:
            flash("Photo ajoutée.")
            return redirect_to("offers.show", public_id=offer.public_id, _anchor="t-photos")
    return offer_page(offer, photo_form=form, status=422)


@blueprint.get("/photos/<photo>")
@guard(OFFER_HOST_READ, photo=find_clean_photo)
def photo(photo: Document) -> Response:
    """The picture itself, once the antivirus let it go; kept nowhere."""
    note_sensitivity(photo.sensitivity)
    return sent(photo, attachment=False)


@blueprint.post("/photos/<photo>/retirer")
@guard(OFFER_UPDATE, photo=find_photo)
def remove_photo(photo: Document) -> Response:
    """Take a photo off its offer."""
    offer = offer_of(identity(), photo)
    operations.remove_photo(identity(), photo=photo)
    flash("Photo retirée.")
    return redirect_to("offers.show", public_id=offer.public_id, _anchor="t-photos")
