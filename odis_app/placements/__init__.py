"""Placements: orientations that both sides accept, the stays that follow, and how they end."""

from __future__ import annotations

from flask import Flask

from odis_app.core.slots import slot
from odis_app.placements import views
from odis_app.placements.policy import ORIENTATION_LIST, ORIENTATION_READ


def setup(app: Flask) -> None:
    """Routes, the entry of the masthead, the tab and the card of a household. Slot to fill: ``orientation.score`` (views/proposal.py)."""
    app.register_blueprint(views.blueprint)
    slot("nav.main").add(
        label="Orientations", endpoint="placements.index", permission=ORIENTATION_LIST, order=45, folder="household",
        prefixes=("/orientations", "/hebergements"),
    )  # fmt: skip
    slot("household.tabs").add(
        label="Logement",
        endpoint="placements.of_household",
        permission=ORIENTATION_READ,
        order=60,
        provider=views.tab.count,
    )
    slot("household.aside").add(label="Logement", permission=ORIENTATION_READ, order=20, provider=views.tab.card)
    slot("passation.steps").add(provider=views.tab.steps)
