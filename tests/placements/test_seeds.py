"""The demonstration's proposals and stays: every stage is there, and every file's stage follows from its facts."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import select

from odis_app.core.db import db
from odis_app.organisations.seeds import World
from odis_app.placements.models import Orientation, Placement


def test_every_stage_is_shown(demo: tuple[Flask, World]) -> None:
    with demo[1]["association"].acting():
        orientations = {o.status.value for o in db.execute(select(Orientation)).scalars()}
        stays = {p.status.value for p in db.execute(select(Placement)).scalars()}
    assert orientations >= {
        "proposee",
        "vue",
        "acceptee_menage",
        "acceptee_hebergeur",
        "confirmee",
        "entree_effective",
        "refusee",
        "annulee",
    }
    assert stays >= {"prevu", "en_cours", "prolonge", "termine", "rupture_anticipee"}
