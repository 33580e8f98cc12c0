"""Every write of this package."""

from odis_app.privacy.operations.consents import close_uncovered, give_consent, withdraw_consent
from odis_app.privacy.operations.copies import content_of, generate_copy, note_download, request_copy
from odis_app.privacy.operations.durations import set_duration
from odis_app.privacy.operations.erasures import (
    approve_plan,
    cancel_plan,
    erase_again,
    erase_on_request,
    is_due,
    plan_erasures,
    remove_erased_files,
    run_erasures,
    warn_referents,
)
from odis_app.privacy.operations.hosting import record_hosting, switch_erasures
from odis_app.privacy.operations.requests import answer_request, extend_request, lift_limitation, register_request
from odis_app.privacy.operations.withdrawals import withdraw_again

__all__ = [
    "answer_request",
    "approve_plan",
    "cancel_plan",
    "close_uncovered",
    "content_of",
    "erase_again",
    "erase_on_request",
    "extend_request",
    "generate_copy",
    "give_consent",
    "is_due",
    "lift_limitation",
    "note_download",
    "plan_erasures",
    "record_hosting",
    "register_request",
    "remove_erased_files",
    "request_copy",
    "run_erasures",
    "set_duration",
    "switch_erasures",
    "warn_referents",
    "withdraw_again",
    "withdraw_consent",
]
