"""Every write on a household file. ``record_fact`` is the only door to its stage."""

from odis_app.households.operations.composition import add_member, change_member, close_member
from odis_app.households.operations.facts import record_fact, refresh_all_stages, refresh_completeness, refresh_status
from odis_app.households.operations.file import (
    archive_household,
    confirm_review,
    normal_phone,
    open_household,
    phone_words,
    reopen_household,
    update_identity,
)
from odis_app.households.operations.needs import update_administrative, update_needs, update_request
from odis_app.households.operations.protected import update_health_needs, update_member_safety
from odis_app.households.operations.sharing import (
    renew_household_share,
    revoke_household_share,
    share_household,
    signal_household,
)

__all__ = [
    "add_member",
    "archive_household",
    "change_member",
    "close_member",
    "confirm_review",
    "normal_phone",
    "open_household",
    "phone_words",
    "record_fact",
    "refresh_all_stages",
    "refresh_completeness",
    "refresh_status",
    "renew_household_share",
    "reopen_household",
    "revoke_household_share",
    "share_household",
    "signal_household",
    "update_administrative",
    "update_health_needs",
    "update_identity",
    "update_member_safety",
    "update_needs",
    "update_request",
]
