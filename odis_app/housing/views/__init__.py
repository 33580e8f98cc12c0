"""/offres, /places, /structures and the list that a reminder's link opens."""

from odis_app.housing.views import photos, place_forms, qualification
from odis_app.housing.views.link import blueprint as availability
from odis_app.housing.views.offers import blueprint as offers
from odis_app.housing.views.places import blueprint as places
from odis_app.housing.views.structures import blueprint as structures
from odis_app.housing.views.structures import held

__all__ = ["availability", "held", "offers", "photos", "place_forms", "places", "qualification", "structures"]
