"""People who sign in, their sessions, their own account."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from odis_app.accounts.operations import Minter, breached
from odis_app.accounts.policy import ACCOUNT_READ
from odis_app.accounts.proconnect import Provider
from odis_app.accounts.views import blueprint, gate
from odis_app.accounts.views.confirmation import ask_to_confirm
from odis_app.core.permissions import StepUpNeededError
from odis_app.core.slots import slot


def setup(app: Flask) -> None:
    """Routes, the minter under the installation's key, the account in the masthead."""
    app.extensions["odis_minter"] = Minter(app.config["ODIS"].identity_key)
    config = app.config["ODIS"]
    if config.has_proconnect:
        app.extensions["odis_proconnect"] = Provider(
            config.proconnect_issuer, config.proconnect_client_id, config.proconnect_client_secret,
            tuple(config.proconnect_acr.split()),
        )  # fmt: skip
    leaked = config.breached_passwords
    breached.configure(Path(leaked) if leaked else None)
    app.register_blueprint(blueprint)
    app.before_request(gate.ask_to_enrol)
    app.register_error_handler(StepUpNeededError, ask_to_confirm)
    slot("shell").add(label="Mon compte", endpoint="accounts.account", permission=ACCOUNT_READ, role="account_url")
