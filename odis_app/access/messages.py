"""The mails about decisions read over: that something changed, never of whom."""

from __future__ import annotations

from odis_app.notifications.messages import mail_kind

REVIEWS_PATH = "/relectures"
FILES_PATH = "/orientations"
DECISION_CONTESTED = mail_kind(
    "decision_contested",
    subject="Une de vos décisions a été contestée dans OD&IS",
    page="mails/decision_contested.html",
    fields={"organisation", "link"},
)
FILES_TOUCHED = mail_kind(
    "files_touched",
    subject="Une proposition ou un hébergement a changé dans OD&IS",
    page="mails/files_touched.html",
    fields={"organisation", "link"},
)
