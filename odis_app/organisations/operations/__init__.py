"""Getting in and staying in: invitations, access requests, members, what is accepted."""

from odis_app.organisations.operations.acceptances import accept_charter, accept_convention
from odis_app.organisations.operations.decisions import (
    approve_request,
    notify_approvers,
    purge_entrance,
    refuse_request,
)
from odis_app.organisations.operations.invitations import (
    Invited,
    accept_invitation,
    invite,
    invited_by_link,
    remind_invited,
    renew_invitation,
    withdraw_invitation,
)
from odis_app.organisations.operations.members import remove_member, set_roles
from odis_app.organisations.operations.requests import Asking, ask_access, asked_by_link, confirm_request
from odis_app.organisations.operations.territory import (
    end_mandate,
    end_qualifier,
    set_mandate,
    set_qualifier,
    set_rules,
    set_words,
)

__all__ = [
    "Asking",
    "Invited",
    "accept_charter",
    "accept_convention",
    "accept_invitation",
    "approve_request",
    "ask_access",
    "asked_by_link",
    "confirm_request",
    "end_mandate",
    "end_qualifier",
    "invite",
    "invited_by_link",
    "notify_approvers",
    "purge_entrance",
    "refuse_request",
    "remind_invited",
    "remove_member",
    "renew_invitation",
    "set_mandate",
    "set_qualifier",
    "set_roles",
    "set_rules",
    "set_words",
    "withdraw_invitation",
]
