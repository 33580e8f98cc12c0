"""The mails of orientations: that something happened and where to read it, never of whom."""

from __future__ import annotations

from odis_app.notifications.messages import mail_kind

ORIENTATIONS_PATH = "/orientations/"
STATE_REFUSED = mail_kind(
    "orientation_state_refused",
    subject="La DDETS a refusé une proposition dans OD&IS",
    page="mails/orientation_state_refused.html",
    fields={"link"},
)
