"""Reads of this package."""

from odis_app.privacy.queries.erasures import due_soon, erasures_run, open_plan, plan_rows, plans
from odis_app.privacy.queries.lists import (
    class2_state,
    consents_of,
    copies_of,
    count_open,
    duration_changes,
    limitations_of,
    living_adults,
    purposes,
    recipients_of,
    requests_of,
    retention_rules,
    text_of,
    waiting_count,
    waiting_requests,
)

__all__ = [
    "class2_state",
    "consents_of",
    "copies_of",
    "count_open",
    "due_soon",
    "duration_changes",
    "erasures_run",
    "limitations_of",
    "living_adults",
    "open_plan",
    "plan_rows",
    "plans",
    "purposes",
    "recipients_of",
    "requests_of",
    "retention_rules",
    "text_of",
    "waiting_count",
    "waiting_requests",
]
