"""Import and export engines: what partners keep in spreadsheets comes in checked, and goes out safe to open."""

from __future__ import annotations

from flask import Flask

from odis_app.core.slots import slot
from odis_app.exchange.cells import cell_text
from odis_app.exchange.cli import import_command
from odis_app.exchange.policy import IMPORT_USE
from odis_app.exchange.views import blueprint


def setup(app: Flask) -> None:
    """Routes, the section of the masthead, the command."""
    app.register_blueprint(blueprint)
    app.jinja_env.filters["cellule"] = cell_text
    slot("nav.main").add(
        label="Imports",
        endpoint="exchange.index",
        permission=IMPORT_USE,
        order=90,
        prefixes=("/imports",),
    )
    app.cli.add_command(import_command)
