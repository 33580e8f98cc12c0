"""The demonstration's homes."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import select, text

from odis_app.core.cli import owner_unit
from odis_app.core.db import db
from odis_app.housing import queries, seeds
from odis_app.housing.models import Offer
from odis_app.organisations.seeds import load_accounts, open_sessions
from odis_app.structures import seeds as structure_seeds


def test_offers_at_every_stage_and_places_at_every_freshness(database):
    with database.app_context(), owner_unit():
        world = load_accounts(database.extensions["odis_minter"], "mot de passe")
    with database.app_context():
        open_sessions(world)
        structure_seeds.load(world)
        seeds.load(world)
    with world["association"].acting() as identity:
        stages = Counter(o.qualification_status for o in db.execute(select(Offer)).scalars())
        assert {
            "recue",
            "a_completer",
            "appel_fait",
            "visite_planifiee",
            "visite_faite",
            "validee",
            "refusee",
            "suspendue",
            "retiree",
        } <= set(stages)
        assert queries.queue_counts(identity).total == 11
        told = db.execute(select(Offer)).scalars().all()
        assert any(o.risk_flag for o in told)
        assert all(
            any(getattr(o, name) for o in told)
            for name in ("charges", "max_stay_days", "min_child_age", "accepted_compositions", "employment_area")
        )
    with world["operateur"].acting() as identity:
        counts = queries.place_counts(identity, queries.PlaceFilter())
        assert counts["toutes"] == 41
        assert 0 < counts["a_confirmer"] < counts["toutes"]
        assert counts["libres"] > 0
        page = queries.list_places(identity, queries.PlaceFilter(), number=1)
        assert {"disponible", "occupee", "en_liberation", "indisponible", "a_remettre_en_etat", "en_creation"} <= {
            row.state.value for row in page.items
        }
        assert page.items[0].place.confirmed_at == min(row.place.confirmed_at for row in page.items)
    with world["autre"].acting():
        departments = {
            row[0]
            for row in db.execute(text("SELECT department_code FROM places UNION SELECT department_code FROM offers"))
        }
        assert departments == {"33"}
