"""Who signs in, with what, in which organisation."""

from odis_app.accounts.operations.passwords import (
    SHORTEST_PASSWORD,
    change_password,
    check_new_password,
    hash_password,
    is_own_password,
)
from odis_app.accounts.operations.sessions import (
    ABSOLUTE_MINUTES,
    IDLE_MINUTES,
    REFUSED,
    Minter,
    open_session,
    record_failed_sign_in,
    record_sign_in,
    sign_in,
    sign_out,
    switch_organisation,
)

__all__ = [
    "ABSOLUTE_MINUTES",
    "IDLE_MINUTES",
    "REFUSED",
    "SHORTEST_PASSWORD",
    "Minter",
    "change_password",
    "check_new_password",
    "hash_password",
    "is_own_password",
    "open_session",
    "record_failed_sign_in",
    "record_sign_in",
    "sign_in",
    "sign_out",
    "switch_organisation",
]
