"""Mails on their way out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import current_app

from odis_app.notifications.delivery import send_due

if TYPE_CHECKING:
    from jobs.runner import RunningJob


def send(job: RunningJob) -> dict[str, Any]:
    """Send the mails that are due. Run twice, or twice at once, each mail is taken by one run only."""
    job.progress(10, "Envoi des courriels")
    return send_due(current_app.config["ODIS"], current_app.jinja_env)
