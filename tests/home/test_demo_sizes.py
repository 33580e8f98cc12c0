"""The larger demonstrations: two files drawn from a seed, that the import takes without an error."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import func, select

from odis_app.core.db import db
from odis_app.exchange.models import Import
from odis_app.home.demo.sizes import Size, fill, households, offers
from odis_app.households.models import Household
from odis_app.housing.models import Offer
from odis_app.organisations.seeds import World
from tests.support.worlds import WorldBuilder, confirmed, owner_unit


def test_the_same_seed_draws_the_same_people_and_another_draws_others() -> None:
    for drawing in (households, offers):
        assert list(drawing(50, 7)) == list(drawing(50, 7))
        assert list(drawing(50, 7)) != list(drawing(50, 8))
        assert list(drawing(20, 7)) == list(drawing(50, 7))[:20]
    assert len({str(line["Nom"]) for line in households(2_000, 1)}) == 2_000


def test_every_line_is_taken_and_what_it_makes_is_as_varied_as_a_departement(
    database: Flask, world: WorldBuilder
) -> None:
    actor = confirmed(world.actor("association", "44"))  # what is said of safety is class 3
    stage: World = world.world
    stage.actors["association"] = actor
    fill(stage, Size(60, 20), seed=3)
    with owner_unit():
        assert db.scalars(select(Import.creates).order_by(Import.id)).all() == [60, 20]
        assert db.execute(select(func.count()).select_from(Household)).scalar_one() == 60
        assert db.execute(select(func.count()).select_from(Offer)).scalar_one() == 20
        assert len(set(db.scalars(select(Household.status)).all())) >= 2
        assert len(set(db.scalars(select(Household.size)).all())) >= 4
        assert len(set(db.scalars(select(Offer.commune_code)).all())) >= 5


def test_the_small_one_adds_nothing(database: Flask, world: WorldBuilder) -> None:
    fill(world.world, Size(0, 0), seed=1)
    with owner_unit():
        assert db.execute(select(func.count()).select_from(Import)).scalar_one() == 0
