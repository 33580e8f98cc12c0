"""Matching: the constraints, the score, and the shortlists that explain them. It proposes; a person decides."""

from __future__ import annotations

from flask import Flask

from odis_app.core.slots import slot
from odis_app.matching.policy import MATCHING_PLACE, MATCHING_QUEUE, MATCHING_READ
from odis_app.matching.queries import standing_of
from odis_app.matching.views import blueprint


def setup(app: Flask) -> None:
    """Routes, the section of the masthead, and the buttons on the files."""
    app.register_blueprint(blueprint)
    slot("nav.main").add(
        label="Appariement",
        endpoint="matching.index",
        permission=MATCHING_QUEUE,
        order=40,
        folder="household",
        prefixes=("/appariement",),
    )
    slot("household.actions").add(
        label="Chercher un logement", endpoint="matching.of_household", permission=MATCHING_READ, order=10, primary=True
    )
    slot("orientation.score").add(label="Score", provider=standing_of)
    slot("place.actions").add(
        label="Chercher un ménage", endpoint="matching.of_place", permission=MATCHING_PLACE, order=10
    )
