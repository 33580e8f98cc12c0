"""Files that move because days pass: their stage, and who follows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from odis_app.households import operations

if TYPE_CHECKING:
    from jobs.runner import RunningJob


def refresh_stages(job: RunningJob) -> dict[str, Any]:
    """Recompute every stage that time alone can change. Run twice, the second changes nothing."""
    job.progress(10, "Étapes des dossiers")
    return {"households": operations.refresh_all_stages(job.identity)}


def rapprochements(job: RunningJob) -> dict[str, Any]:
    """Compare, tell, close. Run twice, the second tells nobody again."""
    job.progress(10, "Rapprochements")
    return {"told": operations.run_rapprochements(job.identity)}


def move_passations(job: RunningJob) -> dict[str, Any]:
    """Hand over the files whose accepted day has come. Run twice, the second finds none."""
    job.progress(10, "Passations du jour")
    return {"passations": operations.move_due_passations(job.identity)}


def tell_joins(job: RunningJob) -> dict[str, Any]:
    """Write to who follows a file that somebody tried to join, remind who has not read an access over. Run twice, the second finds none."""
    job.progress(10, "Rattachements en urgence")
    return {"joins": operations.tell_joins(job.identity)}
