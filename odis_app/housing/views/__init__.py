"""/offres and /places."""

from odis_app.housing.views import place_forms, qualification
from odis_app.housing.views.offers import blueprint as offers
from odis_app.housing.views.places import blueprint as places

__all__ = ["offers", "place_forms", "places", "qualification"]
