"""The gate of class 2, and the switch that stops every planned erasure."""

from __future__ import annotations

from datetime import date

from sqlalchemy import func, select

from odis_app.audit.operations import record_event
from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.core.identity import Identity


def record_hosting(
    identity: Identity,
    *,
    applies: bool,
    host: str = "",
    certificate: str = "",
    valid_until: date | None = None,
    reason: str = "",
) -> None:
    """Open class 2: with the certified host of health data (HDS) until its certificate ends, or with why none is needed. Raises RuleError."""
    if applies:
        if not host:
            raise RuleError("host", "Écrivez le nom de l’hébergeur certifié.")
        if not certificate:
            raise RuleError("certificate", "Écrivez la référence du certificat.")
        if valid_until is None or valid_until < clock.today():
            raise RuleError("valid_until", "Donnez la date de fin du certificat, aujourd’hui au plus tôt.")
        reason = ""
    else:
        if not reason:
            raise RuleError("reason", "Écrivez pourquoi l’hébergement de données de santé ne s’applique pas.")
        host, certificate, valid_until = "", "", None
    if not db.execute(select(func.odis.record_hosting(applies, host, certificate, valid_until, reason))).scalar_one():
        raise PermissionError("an administrator of the platform records the hosting")
    until = valid_until.isoformat() if valid_until else None
    record_event(
        identity,
        "hosting:record",
        summary="Hébergement des données de santé enregistré",
        data={"applies": applies, "until": until},
    )


def switch_erasures(identity: Identity, *, running: bool) -> None:
    """Stop or let run the planned erasures of the whole installation."""
    if not db.execute(select(func.odis.set_erasures(running))).scalar_one():
        raise PermissionError("an administrator of the platform stops the erasures")
    record_event(
        identity,
        "retention:switch",
        summary="Effacements repris" if running else "Effacements arrêtés",
        data={"running": running},
    )
