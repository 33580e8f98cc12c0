"""Every write on a household file. ``record_fact`` is the only door to its stage."""

from odis_app.households.operations.assigning import assign_household
from odis_app.households.operations.composition import add_member, change_member, close_member
from odis_app.households.operations.facts import record_fact, refresh_all_stages, refresh_completeness, refresh_status
from odis_app.households.operations.file import (
    archive_household,
    confirm_review,
    normal_phone,
    open_household,
    reopen_household,
    update_identity,
)
from odis_app.households.operations.joining import join_file, tell_joins, tries_left
from odis_app.households.operations.languages import Spoken
from odis_app.households.operations.needs import update_administrative, update_needs, update_request
from odis_app.households.operations.passation import (
    Packet,
    accept_passation,
    ask_passation,
    decline_request,
    move_due_passations,
    propose_passation,
    refuse_passation,
    withdraw_passation,
)
from odis_app.households.operations.protected import update_health_needs, update_member_safety
from odis_app.households.operations.rapprochement import answer_rapprochement, run_rapprochements
from odis_app.households.operations.sharing import (
    renew_household_share,
    revoke_household_share,
    share_household,
    signal_household,
)
from odis_app.households.operations.situation import Registration, update_enrolments, update_resources

__all__ = [
    "Packet",
    "Registration",
    "Spoken",
    "accept_passation",
    "add_member",
    "answer_rapprochement",
    "archive_household",
    "ask_passation",
    "assign_household",
    "change_member",
    "close_member",
    "confirm_review",
    "decline_request",
    "join_file",
    "move_due_passations",
    "normal_phone",
    "open_household",
    "propose_passation",
    "record_fact",
    "refresh_all_stages",
    "refresh_completeness",
    "refresh_status",
    "refuse_passation",
    "renew_household_share",
    "reopen_household",
    "revoke_household_share",
    "run_rapprochements",
    "share_household",
    "signal_household",
    "tell_joins",
    "tries_left",
    "update_administrative",
    "update_enrolments",
    "update_health_needs",
    "update_identity",
    "update_member_safety",
    "update_needs",
    "update_request",
    "update_resources",
    "withdraw_passation",
]
