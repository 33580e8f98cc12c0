"""What other pages show of this package: a card on the file, a list at home."""

from __future__ import annotations

from typing import Any

from odis_app.core.db import Question
from odis_app.core.identity import Identity
from odis_app.households.models import Household
from odis_app.privacy import policy, queries


def open_requests(who: Identity, household: Household) -> Question:
    """What the tab « Droits » says beside its word."""
    return queries.count_open.of(who, household.id)


def today(who: Identity) -> dict[str, Any] | None:
    """For the page « Aujourd’hui »: late requests, files soon erased, a plan to approve, the end of a certificate. None for nothing."""
    requests = queries.waiting_requests(who) if who.can(policy.RIGHTS_LIST) else []
    waiting, late = (len(requests), sum(r.is_late for r in requests)) if requests else (0, 0)
    if not who.can(policy.RIGHTS_LIST) and who.can(policy.RETENTION_MANAGE):
        waiting, late = queries.waiting_count()
    found = {
        "waiting": waiting,
        "late": late,
        "soon": queries.due_soon(who, mine=True) if who.can(policy.RETENTION_READ) else [],
        "plan": queries.open_plan(who) if who.can(policy.RETENTION_MANAGE) else None,
        "ends_soon": queries.class2_state().ends_soon if who.can(policy.HOSTING_MANAGE) else None,
    }
    return {**found, "may_list": who.can(policy.RIGHTS_LIST)} if any(found.values()) else None
