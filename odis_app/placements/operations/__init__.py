"""Every write on orientations and stays; each may be sent twice and is done once."""

from odis_app.placements.operations.answers import (
    LOST,
    accept_for_host,
    accept_for_household,
    cancel,
    mark_seen,
    refuse,
    set_admissible,
)
from odis_app.placements.operations.expiry import expire_orientations
from odis_app.placements.operations.proposal import propose
from odis_app.placements.operations.stays import (
    confirm_exclusion,
    exit_placement,
    extend,
    note_departure,
    record_entry,
    withdraw_exclusion,
)
from odis_app.placements.operations.steering import refuse_for_state

__all__ = [
    "LOST",
    "accept_for_host",
    "accept_for_household",
    "cancel",
    "confirm_exclusion",
    "exit_placement",
    "expire_orientations",
    "extend",
    "mark_seen",
    "note_departure",
    "propose",
    "record_entry",
    "refuse",
    "refuse_for_state",
    "set_admissible",
    "withdraw_exclusion",
]
