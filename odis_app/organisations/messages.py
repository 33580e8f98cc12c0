"""The mails of getting in: invitations and access requests. They speak of organisations and colleagues, never of a household."""

from __future__ import annotations

from datetime import timedelta

from odis_app.notifications.messages import mail_kind

INVITATION_PATH = "/invitation/"
CONFIRM_PATH = "/demande-d-acces/confirmer/"
REQUESTS_PATH = "/demandes-d-acces"
INVITATION = mail_kind(
    "invitation",
    subject="Votre invitation dans OD&IS",
    page="mails/invitation.html",
    fields={"inviter", "organisation", "roles", "until", "link"},
    lasts=timedelta(days=14),
)
INVITATION_REMINDER = mail_kind(
    "invitation_reminder",
    subject="Votre invitation dans OD&IS attend une réponse",
    page="mails/invitation_reminder.html",
    fields={"organisation", "until", "link"},
)
WELCOME = mail_kind(
    "welcome",
    subject="Bienvenue dans OD&IS",
    page="mails/welcome.html",
    fields={"organisation", "roles", "link"},
    lasts=timedelta(days=7),
)
ACCESS_CONFIRM = mail_kind(
    "access_confirm",
    subject="Confirmez votre adresse pour OD&IS",
    page="mails/access_confirm.html",
    fields={"name", "organisation", "link"},
    lasts=timedelta(days=2),
)
ACCESS_WAITING = mail_kind(
    "access_waiting",
    subject="Une demande d’accès à OD&IS attend votre réponse",
    page="mails/access_waiting.html",
    fields={"name", "organisation", "since", "link"},
)
ACCESS_APPROVED = mail_kind(
    "access_approved",
    subject="Votre demande d’accès à OD&IS est acceptée",
    page="mails/access_approved.html",
    fields={"name", "organisation", "roles", "until", "link"},
    lasts=timedelta(days=8),
)
ACCESS_REFUSED = mail_kind(
    "access_refused",
    subject="Votre demande d’accès à OD&IS",
    page="mails/access_refused.html",
    fields={"name", "organisation", "reason"},
    lasts=timedelta(days=7),
)
HOME_PATH = "/"
QUALIFIER_SET = mail_kind(
    "qualifier_set",
    subject="Votre organisation qualifie des offres dans OD&IS",
    page="mails/qualifier_set.html",
    fields={"dispositif", "department", "since", "until", "link"},
)
QUALIFIER_ENDED = mail_kind(
    "qualifier_ended",
    subject="La fin de la qualification des offres par votre organisation dans OD&IS",
    page="mails/qualifier_ended.html",
    fields={"dispositif", "department", "until", "link"},
)
MANDATE_SET = mail_kind(
    "mandate_set",
    subject="Un mandat de votre organisation dans OD&IS",
    page="mails/mandate_set.html",
    fields={"dispositif", "department", "since", "until", "link"},
)
MANDATE_ENDED = mail_kind(
    "mandate_ended",
    subject="La fin d’un mandat de votre organisation dans OD&IS",
    page="mails/mandate_ended.html",
    fields={"dispositif", "department", "until", "link"},
)
