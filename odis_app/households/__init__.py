"""Households: the file of those who look for a home, its stage, its readers."""

from __future__ import annotations

from flask import Flask

from odis_app.core.slots import slot
from odis_app.households.policy import HOUSEHOLD_LIST
from odis_app.households.views import blueprint
from odis_app.households.views.page import register_tabs


def setup(app: Flask) -> None:
    """Routes, the entry of the masthead, the tabs of the file."""
    app.register_blueprint(blueprint)
    slot("nav.main").add(
        label="Ménages",
        endpoint="households.index",
        permission=HOUSEHOLD_LIST,
        order=20,
        folder="household",
        prefixes=("/menages",),
    )
    register_tabs()
