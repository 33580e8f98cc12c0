"""Where a mail is on its way."""

from __future__ import annotations

from odis_app.core.enums import Labelled


class MailState(Labelled):
    """The words that the page of who caused the mail shows."""

    WAITING = "waiting", "En attente d’envoi"
    SENDING = "sending", "En cours d’envoi"
    HANDING = "handing", "Remise au serveur"
    SENT = "sent", "Envoyé"
    FAILED = "failed", "Refusé par le serveur du destinataire"
    UNSURE = "unsure", "Envoi incertain"
    EXPIRED = "expired", "Abandonné, trop tard pour être utile"
    KEPT = "kept", "Gardé dans la boîte d’envoi de la démonstration"
