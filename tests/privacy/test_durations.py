"""How long data are kept: changed by the platform alone, between bounds that are data, under a renewed proof; the next plan uses it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select, text

from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.core.identity import Identity
from odis_app.core.permissions import StepUpNeededError
from odis_app.households.models import Household
from odis_app.organisations.seeds import Actor
from odis_app.privacy import operations
from odis_app.privacy.models import RetentionChange, RetentionRule
from odis_app.privacy.policy import find_rule
from tests.privacy.conftest import Town, silent_since
from tests.support.client import StrictClient
from tests.support.worlds import WorldBuilder, confirmed, owner_unit

Find = Callable[[Identity, str], Household]
FILES = "dossier_menage"


@pytest.fixture(autouse=True)
def as_before(database: object) -> object:
    """Rules are reference data that emptying the database leaves alone."""
    yield
    with owner_unit():
        db.execute(text("UPDATE retention_rules SET months = 24 WHERE code = 'dossier_menage'"))


def months() -> int:
    with owner_unit():
        return int(db.execute(select(RetentionRule.months).where(RetentionRule.code == FILES)).scalar_one() or 0)


def change(actor: Actor, duration: int, motive: str = "Avis du délégué") -> None:
    with actor.acting() as identity:
        rule = find_rule(identity, FILES)
        assert rule is not None
        operations.set_duration(identity, rule=rule, duration=duration, motive=motive)


def test_the_next_plan_uses_the_new_duration(town: Town, family: str, file_of: Find) -> None:
    with town.camille.acting() as identity:
        household_id = file_of(identity, family).id
    silent_since(household_id, 400, warned_days=31)
    with town.sacha.acting() as identity, pytest.raises(RuleError, match="Rien n’est à effacer"):
        operations.plan_erasures(identity)
    change(confirmed(town.admin), 12)
    with town.sacha.acting() as identity:
        plan = operations.plan_erasures(identity)
        rows = (
            db.execute(text("SELECT record_id FROM retention_plan_rows WHERE plan_id = :id"), {"id": plan.id})
            .scalars()
            .all()
        )
        assert rows == [household_id]


def test_only_the_platform_after_a_renewed_proof_within_the_bounds(town: Town, world: WorldBuilder) -> None:
    sure = confirmed(town.admin)
    with pytest.raises(StepUpNeededError):
        change(town.admin, 18)
    for duration in (11, 25, 0, -3):
        with pytest.raises(RuleError, match="de 12 à 24 mois"):
            change(sure, duration)
    with pytest.raises(RuleError, match="pourquoi"):
        change(sure, 18, motive="")
    with pytest.raises(RuleError, match="déjà"):
        change(sure, 24)
    for actor in (
        confirmed(town.sacha),
        confirmed(town.ddets),
        confirmed(world.actor("admin_organisation", "44", colleague_of=town.camille)),
    ):
        with pytest.raises(PermissionError):
            change(actor, 18)
    with sure.acting():  # the second wall
        bare = text("SELECT odis.set_retention(:code, CAST(:months AS smallint), :why)")
        for code, duration, why in (
            (FILES, 25, "x"),
            (FILES, 11, "x"),
            (FILES, 18, " "),
            ("copie", 3, "x"),
            ("rien", 3, "x"),
        ):
            assert db.execute(bare, {"code": code, "months": duration, "why": why}).scalar_one() is False
    assert months() == 24
    change(sure, 18)
    assert months() == 18
    with sure.acting():
        row = db.execute(select(RetentionChange)).scalar_one()
        assert (row.rule_code, row.before, row.after, row.motive, row.by_id) == (
            FILES,
            24,
            18,
            "Avis du délégué",
            town.admin.user_id,
        )
    with town.sacha.acting():
        assert db.execute(select(RetentionChange.id)).all() == []
    with owner_unit():
        assert (
            db.execute(text("SELECT data FROM audit_events WHERE action = 'retention:set'")).scalar_one()["after"]
            == "18 mois"
        )


def test_the_pages(town: Town, client: StrictClient) -> None:
    asked = client.as_(town.admin).get("/droits/durees", status=303)
    assert "/compte/confirmer" in asked.headers["Location"]
    me = client.as_(confirmed(town.admin))
    assert "Changer les durées" in me.get("/droits").text
    assert "de 12 à 24 mois" in me.get("/droits/durees").text
    me.get("/droits/durees/copie", status=404)
    form = me.get(f"/droits/durees/{FILES}")
    refused = me.submit(form, {"duration": "36", "motive": "Trop court"}, status=422).text
    assert "Trop court" in refused
    assert "de 12 à 24 mois" in refused
    me.submit(form, {"duration": "18", "motive": "Avis du délégué"})
    page = me.get("/droits/durees").text
    assert "de 24 à 18 mois" in page
    assert "Avis du délégué" in page
    assert "depuis 18 mois" in client.as_(town.sacha).get("/droits/conservation").text
    client.as_(confirmed(town.sacha)).get("/droits/durees", status=403)
