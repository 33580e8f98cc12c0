"""Lists of files that leave: made for who asked, gone after two days."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import current_app

from odis_app.documents.storage import Store
from odis_app.reports import exports

if TYPE_CHECKING:
    from jobs.runner import RunningJob


def run(job: RunningJob) -> dict[str, Any]:
    """Make the export named in the job. Run twice, the second changes nothing."""
    return exports.generate(
        job.identity, public_id=job.params["export"], attempt=job.attempt, store=_store(), progress=job.progress
    )


def purge(job: RunningJob) -> dict[str, Any]:
    """Throw away what is older than two days. Run twice, the second finds nothing."""
    job.progress(10, "Suppression des exports de plus de 48 heures")
    return {"exports": exports.purge(store=_store())}


def _store() -> Store:
    return Store(current_app.config["ODIS"].documents_dir / "exports")
