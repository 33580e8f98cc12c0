"""Files that wait for the antivirus."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from odis_app.documents.operations import scan_quarantine

if TYPE_CHECKING:
    from jobs.runner import RunningJob


def scan(job: RunningJob) -> dict[str, Any]:
    """Judge the files in quarantine. Run twice, the second finds those that still wait."""
    job.progress(10, "Analyse des documents")
    return {"documents": scan_quarantine(job.identity)}
