"""Mails: written beside what causes them, sealed, rendered and sent by a job; on a demonstration, kept and shown."""

from __future__ import annotations

from flask import Flask

from odis_app.notifications.views import blueprint


def setup(app: Flask) -> None:
    """The outgoing mailbox, on a demonstration only."""
    if app.config["ODIS"].demo:
        app.register_blueprint(blueprint)
