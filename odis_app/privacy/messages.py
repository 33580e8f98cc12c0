"""The mails of privacy: neutral, with no household in them."""

from __future__ import annotations

from odis_app.notifications.messages import mail_kind

RETENTION_PATH = "/droits/conservation"
SHARES_PATH = "/menages"
SHARE_ENDED = mail_kind(
    "share_ended",
    subject="Un partage a pris fin dans OD&IS",
    page="mails/share_ended.html",
    fields={"organisation", "link"},
)
FILES_TO_ERASE = mail_kind(
    "files_to_erase",
    subject="Des dossiers seront bientôt effacés dans OD&IS",
    page="mails/files_to_erase.html",
    fields={"count", "until", "link"},
)
HANDOVERS_PATH = "/menages/passations"
HANDOVER_WAITS = mail_kind(
    "handover_waits",
    subject="Une passation attend dans OD&IS",
    page="mails/handover_waits.html",
    fields={"link"},
)
