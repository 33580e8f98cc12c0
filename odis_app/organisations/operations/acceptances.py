"""Accepting the charter, for oneself, and the convention, for one's organisation."""

from __future__ import annotations

from sqlalchemy import text

from odis_app.audit.operations import record_event
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.core.identity import Identity
from odis_app.organisations import texts

CHANGED = "Le texte a changé depuis que vous avez ouvert cette page. Relisez-le, puis acceptez-le."


def accept_charter(identity: Identity, *, version: str) -> None:
    """Write down that one accepts this version, the one in force. Accepted already: nothing changes. Raises RuleError."""
    if version != texts.current(texts.CHARTER).version:
        raise RuleError("", CHANGED)
    if identity.charter_version == version:
        return
    db.execute(text("SELECT odis.charter_accept(:version)"), {"version": version})
    record_event(identity, "charter:accept", summary="Charte acceptée", data={"version": version})


def accept_convention(identity: Identity, *, version: str, signed_as: str) -> None:
    """Accept the convention in the name of one's organisation, which is then open. Raises RuleError on ``signed_as``."""
    if version != texts.current(texts.CONVENTION).version:
        raise RuleError("", CHANGED)
    if not signed_as.strip():
        raise RuleError("signed_as", "Écrivez votre fonction. Exemple : directrice, président.")
    statement = text("SELECT odis.convention_accept(:version, :signed_as)")
    if not db.execute(statement, {"version": version, "signed_as": signed_as.strip()}).scalar_one():
        raise RuleError("", "Seule l’administration de l’organisation accepte la convention.")
    record_event(identity, "convention:accept", summary="Convention acceptée", data={"version": version})
