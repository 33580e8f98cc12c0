"""Bilans of a household and of a département: asked for, made apart, kept sealed, downloaded."""

from __future__ import annotations

from flask import Flask

from odis_app.core.slots import slot
from odis_app.reports import export_views, operations, views
from odis_app.reports.cli import bilan
from odis_app.reports.policy import EXPORT_CREATE, OFFER_EXPORT, PLACE_EXPORT, REPORT_HOUSEHOLD, REPORT_LIST

__all__ = ["export_views", "setup"]  # imported so that its routes join those of bilans


def setup(app: Flask) -> None:
    """Routes, the section of the masthead, the button on a file, the command."""
    app.register_blueprint(views.blueprint)
    slot("nav.main").add(
        label="Bilans", endpoint="reports.index", permission=REPORT_LIST, order=80, prefixes=("/bilans",)
    )
    slot("household.actions").add(
        label="Faire le bilan", endpoint="reports.of_household", permission=REPORT_HOUSEHOLD, order=80
    )
    slot("households.list").add(
        label="Exporter cette liste", endpoint="reports.new_export", permission=EXPORT_CREATE, order=10
    )
    slot("offers.list").add(
        label="Exporter cette liste", endpoint="reports.export_offers", permission=OFFER_EXPORT, order=10
    )
    slot("places.list").add(
        label="Exporter cette liste", endpoint="reports.export_places", permission=PLACE_EXPORT, order=10
    )
    slot("passation.proposed").add(provider=operations.join_packet)
    slot("passation.packet").add(provider=views.packet)
    app.cli.add_command(bilan)
