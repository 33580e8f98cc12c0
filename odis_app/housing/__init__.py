"""Housing: offers of hosts and their qualification, places of operators and their availability."""

from __future__ import annotations

from flask import Flask

from odis_app.core.slots import slot
from odis_app.exchange.kinds import register
from odis_app.households.enums import Language
from odis_app.housing import views
from odis_app.housing.enums import QualificationStatus
from odis_app.housing.imports import KIND
from odis_app.housing.operations.places import close_places_of, follow_secrecy
from odis_app.housing.policy import PLACE_LIST
from odis_app.territories.queries import label_of


def setup(app: Flask) -> None:
    """Routes and the entry of the masthead.

    Slots to fill: ``offers.list`` and ``places.list`` (links that take the query of the list), ``offer.tabs`` and ``place.actions``
    (their endpoints take ``offer=``, ``place=``).
    """
    app.register_blueprint(views.offers)
    app.register_blueprint(views.places)
    app.register_blueprint(views.structures)
    app.register_blueprint(views.availability)
    register(KIND)
    slot("structure.sheets").add(permission=PLACE_LIST, provider=views.held)
    slot("structure.closing").add(provider=close_places_of)
    slot("structure.secrecy").add(provider=follow_secrecy)
    app.jinja_env.filters.update(langue=Language.label_of, etape=QualificationStatus.label_of, commune=label_of)
    slot("nav.main").add(
        label="Offres et places",
        endpoint="places.index",
        permission=PLACE_LIST,
        order=30,
        folder="place",
        prefixes=("/offres", "/places", "/structures"),
    )
