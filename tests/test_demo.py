"""The demonstration loads whole, through operations, the same for everybody today."""

from __future__ import annotations

from collections import defaultdict

from bs4 import BeautifulSoup
from flask import Flask
from sqlalchemy import func, select

from odis_app.core import clock
from odis_app.core.db import db, unit_of_work
from odis_app.households.models import Household, HouseholdFact, HouseholdTracking
from odis_app.households.status import compute_status
from odis_app.housing.models import Place
from odis_app.organisations.seeds import World
from tests.support.client import StrictClient


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


def test_every_stage_is_what_its_facts_say_and_what_pages_show(demo: tuple[Flask, World]) -> None:
    app, world = demo
    stages = {}
    with unit_of_work(None, engine_name="owner"):
        facts = defaultdict(list)
        for fact in db.scalars(select(HouseholdFact).order_by(HouseholdFact.id)):
            facts[fact.household_id].append(fact)
        tracked = {row.record_id: row for row in db.scalars(select(HouseholdTracking))}
        for file in db.scalars(select(Household)):
            stage = stages[file.number, file.owner_org_id] = compute_status(facts[file.id], clock.today())
            assert (file.status, file.status_reason, file.status_since) == (stage.status, stage.reason, stage.since), (
                file.number
            )
            row = tracked[file.id]
            assert (row.status, row.status_since, row.first_proposed_on, row.entered_on, row.exited_on) == (
                stage.status, stage.since, stage.first_proposed_on, stage.entered_on, stage.exited_on,
            ), file.number  # fmt: skip
    assert len({stage.status for stage in stages.values()}) >= 5
    actor, shown = world["association"], {}
    client = StrictClient(app).as_(actor)
    for number in (1, 2):
        page = BeautifulSoup(client.get(f"/menages?page={number}").get_data(as_text=True), "html.parser")
        for line in page.select("#menages-resultats tbody tr"):
            told = line.select_one("th small").get_text()
            if "partagé par" not in told:
                shown[told.split(",")[0].strip()] = line.select_one("td[data-label=Étape]").get_text(" ", strip=True)
    assert len(shown) >= 40
    assert shown == {number: stages[number, actor.org_id].status.label for number in shown}
