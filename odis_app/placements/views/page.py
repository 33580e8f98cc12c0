"""What the pages of orientations and stays share: signs of states, countdowns, and an act that may be refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Blueprint

from odis_app.core import clock
from odis_app.core.errors import RuleError
from odis_app.core.formats import pluriel
from odis_app.core.forms import Form
from odis_app.placements.enums import OrientationStatus, PlacementStatus

blueprint = Blueprint("placements", __name__)
S, P = OrientationStatus, PlacementStatus
SIGNS = {
    S.PROPOSEE: "wait", S.VUE: "wait", S.ACCEPTEE_MENAGE: "info", S.ACCEPTEE_HEBERGEUR: "info", S.CONFIRMEE: "ok", S.ENTREE_EFFECTIVE: "ok",
    S.REFUSEE: "off", S.EXPIREE: "late", S.ANNULEE: "off", S.OBSOLETE: "off",
    P.PREVU: "wait", P.EN_COURS: "ok", P.PROLONGE: "ok", P.RUPTURE: "late", P.TERMINE: "off", P.ANNULE: "off",
}  # fmt: skip
LAST_HOURS = 48


def countdown(expires_at: datetime) -> str:
    """« encore 3 jours », « encore 5 h », « délai passé »."""
    hours = int((expires_at - clock.now()).total_seconds() // 3600)
    if hours < 0:
        return "délai passé"
    if hours < 1:
        return "moins d’une heure"
    if hours < LAST_HOURS:
        return f"encore {hours}\u00a0h"
    return f"encore {pluriel((expires_at.astimezone(clock.PARIS).date() - clock.today()).days, 'jour')}"


def attempt(form: Form, act: Callable[[], Any]) -> bool:
    """Run an operation if the form is right; what it refuses is shown on the form."""
    if not form.validate_on_submit():
        return False
    try:
        act()
    except RuleError as error:
        form.add_error(error)
        return False
    return True


def refused(act: Callable[[], Any]) -> str:
    """Run an operation without fields; the sentence with which it refuses, or nothing."""
    try:
        act()
    except RuleError as error:
        return error.message
    return ""
