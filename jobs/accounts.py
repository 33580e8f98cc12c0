"""Signing in: what is kept a day, then forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from odis_app.accounts.operations import attempts

if TYPE_CHECKING:
    from jobs.runner import RunningJob


def purge(job: RunningJob) -> dict[str, Any]:
    """Forget tries and links of more than a day. Run twice, the second finds nothing."""
    job.progress(10, "Oubli des essais de connexion")
    return {"forgotten": attempts.purge()}
