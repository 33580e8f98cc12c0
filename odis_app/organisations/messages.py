"""The mails of getting in: invitations and access requests. They speak of organisations and colleagues, never of a household."""

from __future__ import annotations

from datetime import timedelta

from odis_app.notifications.messages import mail_kind

INVITATION = mail_kind(
    "invitation",
    subject="Votre invitation dans OD&IS",
    page="mails/invitation.html",
    fields={"inviter", "organisation", "roles", "until", "link"},
    lasts=timedelta(days=14),
)
