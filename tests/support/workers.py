"""A worker in the test's own process: the job runs as the workers' role, under its own token."""

from __future__ import annotations

from flask import Flask

from jobs.runner import perform
from odis_app.core import db


def run_job(app: Flask, task: str, job_id: int | None) -> str:
    """Run a job that was asked for; how it ended (« done », « failed », …)."""
    config = app.config["ODIS"]
    db.configure("app", config.worker_database_url)
    try:
        with app.app_context():
            return perform(task, job_id or 0)
    finally:
        db.configure("app", config.database_url)
