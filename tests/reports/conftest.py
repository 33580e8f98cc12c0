"""The town of the placements, and a worker in this very process: the job runs as the workers' role, under its own token."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from odis_app.core import clock, db
from odis_app.organisations.seeds import Actor
from odis_app.pilotage.period import Period, last_month
from odis_app.reports import operations
from odis_app.reports.models import Report
from odis_app.reports.policy import counts_territory
from tests.placements.conftest import Town, town
from tests.support.workers import run_job
from tests.support.worlds import owner_unit

__all__ = ["town"]


def lately(days: int = 90) -> Period:
    return Period(clock.today() - timedelta(days=days), clock.today())


def ask_department(actor: Actor, department: str = "44") -> str:
    """Last month for a service of the State, ninety days for an association's own files."""
    with actor.acting() as identity:
        period = last_month(clock.today()) if counts_territory(identity, department) else lately()
        return operations.request_department_report(identity, department=department, period=period).public_id


def ask_household(actor: Actor, town: Town, household: str = "") -> str:
    with actor.acting() as identity:
        return operations.request_household_report(identity, household=town.file(household), period=lately()).public_id


def row(public_id: str) -> Report:
    """The row, seen by the installation."""
    with owner_unit():
        return db.db.execute(select(Report).where(Report.public_id == public_id)).scalar_one()


@pytest.fixture
def work(database: Flask) -> Callable[[str], str]:
    """``work(public_id)`` runs the job of a bilan and says how it ended."""
    return lambda public_id: run_job(database, "jobs.reports.run", row(public_id).job_id)
