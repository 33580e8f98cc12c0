"""Large imports: recorded apart, all or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from odis_app.exchange import operations
from odis_app.exchange.policy import find_import

if TYPE_CHECKING:
    from jobs.runner import RunningJob


def record(job: RunningJob) -> dict[str, Any]:
    """Record the draft named in the job, under its author's rights of now. Run twice, the second finds it recorded."""
    found = find_import(job.identity, job.params["import"])
    if found is None:
        raise PermissionError("the draft is gone, or its author may not read it any more")
    return operations.record_as_asked(
        job.identity, found=found, checked_at=job.params["checked_at"], progress=job.progress
    )
