"""The demonstration loads whole, through operations, the same for everybody today."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import func, select

from odis_app.core.db import db
from odis_app.households.models import Household
from odis_app.housing.models import Place
from odis_app.organisations.seeds import World


def test_everybody_has_something_to_look_at(demo: tuple[Flask, World]) -> None:
    _, world = demo
    with world["association"].acting():
        files, statuses = db.execute(select(func.count(), func.count(func.distinct(Household.status)))).one()
        places = db.execute(select(func.count()).select_from(Place)).scalar_one()
    assert files >= 40
    assert statuses >= 4
    assert places >= 30


def test_the_other_association_sees_its_own_only(demo: tuple[Flask, World]) -> None:
    _, world = demo
    with world["autre"].acting() as identity:
        owners = set(db.execute(select(Household.owner_org_id)).scalars())
        departments = set(db.execute(select(Place.department_code)).scalars())
    assert owners == {identity.org_id}
    assert departments <= {"33"}
