"""The mail that asks an operator for news of its places: a structure, a number, a link. Never a household, never an address."""

from __future__ import annotations

from datetime import timedelta

from odis_app.notifications.messages import mail_kind

LINK_PATH = "/disponibilites/"
LASTS = timedelta(days=7)
AVAILABILITY_REMINDER = mail_kind(
    "availability_reminder",
    subject="Vos places attendent de vos nouvelles",
    page="mails/availability_reminder.html",
    fields={"structure", "places", "until", "link"},
    lasts=LASTS,
)
