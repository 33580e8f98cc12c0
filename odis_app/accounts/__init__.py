"""People who sign in, their sessions, their own account."""

from __future__ import annotations

from flask import Flask

from odis_app.accounts.operations import Minter
from odis_app.accounts.policy import ACCOUNT_READ
from odis_app.accounts.views import blueprint
from odis_app.core.slots import slot


def setup(app: Flask) -> None:
    """Routes, the minter under the installation's key, the account in the masthead."""
    app.extensions["odis_minter"] = Minter(app.config["ODIS"].identity_key)
    app.register_blueprint(blueprint)
    slot("shell").add(label="Mon compte", endpoint="accounts.account", permission=ACCOUNT_READ, role="account_url")
