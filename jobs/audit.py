"""Seals on the trail."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from flask import current_app

from odis_app.audit import sealing
from odis_app.core import clock

if TYPE_CHECKING:
    from jobs.runner import RunningJob


def seal(job: RunningJob) -> dict[str, Any]:
    """Seal what has settled, and anchor yesterday's heads outside of the database. Run twice, the second finds nothing."""
    job.progress(10, "Sceau du journal des accès")
    count = sealing.seal_pending()
    folder = current_app.config["ODIS"].anchors_dir
    return {"events": count, "anchors": sealing.anchor(folder, clock.today() - timedelta(days=1))}
