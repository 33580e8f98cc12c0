"""Bilans: made for who asked, thrown away after a year."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import current_app

from odis_app.documents.storage import Store
from odis_app.reports import operations
from odis_app.reports.printing import pdf_of

if TYPE_CHECKING:
    from jobs.runner import RunningJob


def run(job: RunningJob) -> dict[str, Any]:
    """Make the bilan named in the job. Run twice, the second changes nothing.

    ``faults`` of the summary holds what would stop a screen reader, empty when all is well.
    """
    jinja = current_app.jinja_env
    return operations.generate(
        job.identity,
        public_id=job.params["report"],
        attempt=job.attempt,
        store=_store(),
        draw=lambda bilan: pdf_of(bilan, jinja),
        progress=job.progress,
    )


def purge(job: RunningJob) -> dict[str, Any]:
    """Throw old bilans away. Run twice, the second finds nothing."""
    job.progress(10, "Suppression des bilans de plus d’un an")
    return {"reports": operations.purge(store=_store())}


def _store() -> Store:
    return Store(current_app.config["ODIS"].documents_dir / "bilans")
