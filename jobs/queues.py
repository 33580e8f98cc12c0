"""The queues and the tasks that may run, as data. A name that is not in ``ALLOWED`` is refused by every worker.

A task is a function ``(job: RunningJob) -> dict`` in ``jobs/<domain>.py``: it reads ids in ``job.params``, calls one
operation, returns a small summary for the page. It may run again after a crash; its writes and the end of the job are one
transaction, so that what it writes in the database is there exactly once.
"""

from __future__ import annotations

from dataclasses import dataclass

RAPIDE, BILANS, NUIT = "rapide", "bilans", "nuit"


@dataclass(frozen=True, slots=True)
class QueueRule:
    """What a queue promises: no job of it runs longer than ``timeout`` seconds."""

    timeout: int
    label: str


QUEUES = {  # in the order that a worker serves them
    RAPIDE: QueueRule(60, "Travaux courts"),
    BILANS: QueueRule(300, "Bilans et exports"),
    NUIT: QueueRule(3600, "Travaux de nuit"),
}
MAX_ATTEMPTS = 3
HEARTBEAT_SECONDS = 10
STALE_SECONDS = 60  # a running job that has not beaten for so long has lost its worker

ALLOWED = frozenset(
    {
        "jobs.accounts.purge",
        "jobs.audit.seal",
        "jobs.documents.scan",
        "jobs.exchange.record",
        "jobs.households.move_passations",
        "jobs.households.rapprochements",
        "jobs.exports.purge",
        "jobs.exports.run",
        "jobs.households.refresh_stages",
        "jobs.households.tell_joins",
        "jobs.housing.remind_operators",
        "jobs.maintenance.purge_imports",
        "jobs.maintenance.purge_jobs",
        "jobs.maintenance.purge_sessions",
        "jobs.notifications.send",
        "jobs.organisations.entrance",
        "jobs.placements.expire_orientations",
        "jobs.privacy.copy",
        "jobs.privacy.erase",
        "jobs.privacy.nightly",
        "jobs.privacy.settle",
        "jobs.reports.purge",
        "jobs.reports.run",
    }
)
