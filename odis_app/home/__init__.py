"""Navigation, the home page of each role, errors, health, legal pages; on a demonstration, its own pages."""

from __future__ import annotations

from flask import Flask

from odis_app.core.slots import slot
from odis_app.home import components, demo_views, errors, shell, views
from odis_app.home.cli import demo, registre
from odis_app.home.policy import SEARCH_USE, STEERING_READ


def setup(app: Flask) -> None:
    """Routes and handlers. The demonstration's pages exist on a demonstration only."""
    app.register_blueprint(views.blueprint)
    app.cli.add_command(demo)
    app.cli.add_command(registre)
    app.context_processor(shell.context)
    errors.init_app(app)
    slot("nav.main").add(label="Aujourd’hui", endpoint="home.index", order=1)
    slot("nav.main").add(label="Suivi des dossiers", endpoint="home.tracking", permission=STEERING_READ, order=15)
    slot("shell").add(label="Recherche", endpoint="home.search", permission=SEARCH_USE, role="search_url")
    if app.config["ODIS"].demo:
        app.register_blueprint(components.blueprint)
        app.register_blueprint(demo_views.blueprint)
