"""The tables that the national demonstration writes, parents first."""

from __future__ import annotations

ORDER = (
    "organisations", "organisation_areas", "users", "memberships", "private.credentials", "mandates", "records", "record_keys", "structures",
    "structure_addresses", "offers", "offer_hosts", "offer_addresses", "offer_events", "places", "place_addresses", "households", "household_identities",
    "household_administrative", "household_requests", "household_enrolments", "household_versions", "household_wishes", "household_needs",
    "household_resources", "household_health_needs", "household_tokens", "household_marks", "household_facts", "household_tracking", "members",
    "member_safety", "household_changes", "orientations", "orientation_choices", "placements", "placement_departures", "occupancies",
    "occupancy_households", "grants", "journal_entries",
)  # fmt: skip
NUMBERED = (
    "organisations", "organisation_areas", "users", "memberships", "mandates", "records", "offer_events", "places", "household_facts", "members",
    "household_changes", "orientations", "placements", "placement_departures", "occupancies", "grants", "journal_entries",
)  # fmt: skip
"""Those whose key is drawn by the table: the next one follows the last that was written."""
WALLED = tuple(name for name in ORDER if "." not in name)
ACTING = {"offers": "keep_qualification_insert"}
"""Triggers that judge who acts, table → name."""
