"""What a bilan is about, and what came of it."""

from __future__ import annotations

from odis_app.core.enums import Labelled


class ReportKind(Labelled):
    """The object of a bilan."""

    HOUSEHOLD = "household", "Un ménage"
    DEPARTMENT = "department", "Un département"


class ReportOutcome(Labelled):
    """What the job left."""

    WAITING = "waiting", "En préparation"
    READY = "ready", "Prêt"
    EMPTY = "empty", "Vide"
