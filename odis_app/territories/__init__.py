"""Communes, EPCI, départements and régions of France, and how people name them."""

from __future__ import annotations

from flask import Flask

from odis_app.territories.cli import cli
from odis_app.territories.queries import employment_zone
from odis_app.territories.views import blueprint


def setup(app: Flask) -> None:
    """The routes of the commune picker, and the commands."""
    app.register_blueprint(blueprint)
    app.jinja_env.filters["zone_emploi"] = employment_zone
    app.cli.add_command(cli)
