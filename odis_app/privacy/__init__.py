"""Privacy: legal bases, consent, requests of the people concerned, how long data are kept and how they go."""

from __future__ import annotations

from flask import Flask

from odis_app.access import erasures
from odis_app.core.slots import slot
from odis_app.privacy import operations, policy, views
from odis_app.privacy.cli import purge


def setup(app: Flask) -> None:
    """Routes, the tab of a file, what waits today, the command."""
    app.register_blueprint(views.blueprint)
    erasures.on_replay(operations.erase_again)
    erasures.on_withdrawal(operations.withdraw_again)
    slot("household.tabs").add(
        label="Droits",
        endpoint="privacy.of_household",
        permission=policy.RIGHTS_HANDLE,
        order=115,
        provider=views.cards.open_requests,
    )
    slot("home.today").add(
        label="Droits des personnes", order=10, provider=views.cards.today, template="privacy/_today.html"
    )
    app.cli.add_command(purge)
