"""Organisations: the tenants, their members, areas and mandates; how people get in."""

from __future__ import annotations

from flask import Flask

from odis_app.core.slots import slot
from odis_app.organisations.policy import ACCESS_DECIDE, CHARTER_ACCEPT, CONVENTION_ACCEPT, TEAM_READ, TERRITORY_READ
from odis_app.organisations.views import blueprint
from odis_app.organisations.views.acceptances import ask_first


def setup(app: Flask) -> None:
    """Routes, the gate of the charter and of the convention, the sections of the masthead."""
    app.register_blueprint(blueprint)
    app.before_request(ask_first)
    texts = slot("account.links")
    texts.add(label="Charte d’utilisation", endpoint="organisations.charter", permission=CHARTER_ACCEPT, order=60)
    texts.add(
        label="Convention de mon organisation",
        endpoint="organisations.convention",
        permission=CONVENTION_ACCEPT,
        order=61,
    )
    slot("nav.main").add(label="Équipe", endpoint="organisations.team", permission=TEAM_READ, order=90)
    slot("nav.main").add(
        label="Demandes d’accès", endpoint="organisations.access_requests", permission=ACCESS_DECIDE, order=91
    )
    slot("nav.main").add(
        label="Organisation du département", endpoint="organisations.territory", permission=TERRITORY_READ, order=16
    )
