"""Structures: who runs them, where, for how many, until when; what places hang on."""

from __future__ import annotations

from flask import Flask

from odis_app.structures import views


def setup(app: Flask) -> None:
    """Routes. Slots to fill: ``structure.sheets`` (who, structure → mark-up of its page), ``structure.closing`` (who, structure, day: raises
    RuleError) and ``structure.hidden`` (who, structure that has just become secret).
    """
    app.register_blueprint(views.blueprint)
