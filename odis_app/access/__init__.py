"""Rights: records and grants, the decision behind the marks."""

from __future__ import annotations

from flask import Flask

from odis_app.access import keys, views
from odis_app.access.cli import permissions
from odis_app.access.enforcement import enforce


def setup(app: Flask) -> None:
    """Judge every request before its view; the table on the command line."""
    app.before_request(enforce)
    app.register_blueprint(views.blueprint)
    keys.configure(app.config["ODIS"].erasures_dir)
    app.cli.add_command(permissions)
