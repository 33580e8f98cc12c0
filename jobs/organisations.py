"""Getting in: reminders and purges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import current_app

from odis_app.organisations import operations

if TYPE_CHECKING:
    from jobs.runner import RunningJob


def entrance(job: RunningJob) -> dict[str, Any]:
    """Tell those who decide, remind those who were invited, forget what has ended. Run twice, the second finds nothing."""
    job.progress(10, "Invitations et demandes d’accès")
    return {
        "told": operations.notify_approvers(job.identity),
        "reminded": operations.remind_invited(job.identity, current_app.extensions["odis_minter"]),
        "forgotten": operations.purge_entrance(),
    }
