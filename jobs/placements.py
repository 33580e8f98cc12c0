"""Proposals that nobody answered in time, ended so that their places are free again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from odis_app.placements import operations

if TYPE_CHECKING:
    from jobs.runner import RunningJob


def expire_orientations(job: RunningJob) -> dict[str, Any]:
    """End the proposals past their delay. Run twice, the second finds none."""
    job.progress(10, "Propositions sans réponse")
    return {"orientations": operations.expire_orientations(job.identity)}
