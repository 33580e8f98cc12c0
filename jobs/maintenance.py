"""Housekeeping of the machinery itself: rows with no more use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from odis_app.core.db import db

if TYPE_CHECKING:
    from jobs.runner import RunningJob

JOB_DAYS = 30


def purge_sessions(job: RunningJob) -> dict[str, Any]:
    """Delete expired sessions. Run twice, the second finds nothing."""
    job.progress(10, "Suppression des sessions expirées")
    return {"sessions": db().execute(text("SELECT odis.purge_sessions()")).scalar_one()}


def purge_imports(job: RunningJob) -> dict[str, Any]:
    """Forget import drafts and their lines past their time. Run twice, the second finds nothing."""
    job.progress(10, "Suppression des brouillons d’import")
    db().execute(text("SELECT odis.import_purge()"))
    return {}


def purge_jobs(job: RunningJob) -> dict[str, Any]:
    """Delete jobs that ended more than 30 days ago; the last run of each schedule stays. Run twice, the second finds nothing."""
    job.progress(10, "Suppression des travaux terminés depuis 30 jours")
    count = db().execute(text("SELECT odis.job_purge(make_interval(days => :days))"), {"days": JOB_DAYS}).scalar_one()
    return {"jobs": count}
