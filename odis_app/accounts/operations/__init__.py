"""Who signs in, with what, in which organisation."""

from odis_app.accounts.operations.own_sessions import close_other_sessions, close_own_session
from odis_app.accounts.operations.passwords import (
    SHORTEST_PASSWORD,
    change_password,
    check_change,
    check_new_password,
    hash_password,
    is_own_password,
)
from odis_app.accounts.operations.resets import ask_reset, forgetful_by_link, reset_password
from odis_app.accounts.operations.sessions import (
    ABSOLUTE_MINUTES,
    IDLE_MINUTES,
    REFUSED,
    Minter,
    open_session,
    record_failed_sign_in,
    record_sign_in,
    sign_out,
    switch_organisation,
)
from odis_app.accounts.operations.verification import Entry, enter, sign_in

__all__ = [
    "ABSOLUTE_MINUTES",
    "IDLE_MINUTES",
    "REFUSED",
    "SHORTEST_PASSWORD",
    "Entry",
    "Minter",
    "ask_reset",
    "change_password",
    "check_change",
    "check_new_password",
    "close_other_sessions",
    "close_own_session",
    "enter",
    "forgetful_by_link",
    "hash_password",
    "is_own_password",
    "open_session",
    "record_failed_sign_in",
    "record_sign_in",
    "reset_password",
    "sign_in",
    "sign_out",
    "switch_organisation",
]
