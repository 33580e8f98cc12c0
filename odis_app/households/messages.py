"""The mails about files: that something waits, never of whom."""

from __future__ import annotations

from odis_app.notifications.messages import mail_kind

ASSIGNED = mail_kind(
    "household_assigned",
    subject="Un dossier vous est confié dans OD&IS",
    page="mails/household_assigned.html",
    fields={"by", "link"},
)
FILES_PATH = "/menages"
CONSENT_NEEDED = mail_kind(
    "consent_needed",
    subject="Un accord est à recueillir dans OD&IS",
    page="mails/consent_needed.html",
    fields={"link"},
)

JOINED = mail_kind(
    "household_joined",
    subject="Un rattachement en urgence dans OD&IS",
    page="mails/household_joined.html",
    fields={"link"},
)
JOIN_LATE = mail_kind(
    "household_join_late",
    subject="Un rattachement en urgence attend sa relecture dans OD&IS",
    page="mails/household_join_late.html",
    fields={"link"},
)
RAPPROCHEMENT = mail_kind(
    "household_rapprochement",
    subject="Une information vous attend dans OD&IS",
    page="mails/household_rapprochement.html",
    fields={"link"},
)
