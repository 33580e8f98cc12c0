"""People who sign in, and their sessions."""

from __future__ import annotations

from flask import Flask

from odis_app.accounts.operations import Minter
from odis_app.accounts.views import blueprint


def setup(app: Flask) -> None:
    """Routes, and the minter under the installation's key."""
    app.extensions["odis_minter"] = Minter(app.config["ODIS"].identity_key)
    app.register_blueprint(blueprint)
