"""Places whose news are old: their operators are asked, on working days."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import current_app

from odis_app.core import clock
from odis_app.housing import operations
from odis_app.housing.delays import is_working

if TYPE_CHECKING:
    from jobs.runner import RunningJob


def remind_operators(job: RunningJob) -> dict[str, Any]:
    """Write to those whose places have no news, once a week each; forget old links. Run twice, the second finds nothing."""
    job.progress(10, "Places sans nouvelle")
    working = is_working(clock.today())
    return {
        "reminded": operations.remind_operators(job.identity, current_app.extensions["odis_minter"]) if working else 0,
        "forgotten": operations.forget_links(job.identity),
    }
