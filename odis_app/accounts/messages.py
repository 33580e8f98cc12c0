"""The mails of one's own account: something about its protection changed."""

from __future__ import annotations

from datetime import timedelta

from odis_app.notifications.messages import mail_kind

RESET_REQUEST_PATH = "/mot-de-passe-oublie"
RESET_PATH = "/nouveau-mot-de-passe/"
RESET = mail_kind(
    "reset",
    subject="Choisir un nouveau mot de passe pour OD&IS",
    page="mails/reset.html",
    fields={"link"},
    lasts=timedelta(hours=1),
)
NO_ACCOUNT = mail_kind(
    "no_account",
    subject="Choisir un nouveau mot de passe pour OD&IS",
    page="mails/no_account.html",
    fields={"link"},
    lasts=timedelta(hours=1),
)
PASSWORD_CHANGED = mail_kind(
    "password_changed",
    subject="Votre mot de passe OD&IS a été changé",
    page="mails/password_changed.html",
    fields={"link"},
)

IDENTITY_LINKED = mail_kind(
    "identity_linked",
    subject="Votre compte OD&IS est relié à ProConnect",
    page="mails/identity_linked.html",
    fields={"link"},
)
FACTOR_CHANGED = mail_kind(
    "factor_changed",
    subject="La protection de votre compte OD&IS a changé",
    page="mails/factor_changed.html",
    fields={"told", "link"},
)
FACTOR_RESET = mail_kind(
    "factor_reset",
    subject="Le second facteur de votre compte OD&IS est retiré",
    page="mails/factor_reset.html",
    fields={"by", "link"},
)
NEW_BROWSER = mail_kind(
    "new_browser",
    subject="Une connexion à votre compte OD&IS depuis un autre navigateur",
    page="mails/new_browser.html",
    fields={"link"},
)
CODE_REPLAYED = mail_kind(
    "code_replayed",
    subject="Un code déjà servi a été refusé sur votre compte OD&IS",
    page="mails/code_replayed.html",
    fields={"link"},
)
BACKUP_CODE_USED = mail_kind(
    "backup_code_used",
    subject="Un code de secours de votre compte OD&IS a servi",
    page="mails/backup_code_used.html",
    fields={"left", "link"},
)
