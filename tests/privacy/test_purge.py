"""``odis purge``: what approved plans say, and nothing else."""

from __future__ import annotations

from click.testing import Result
from flask import Flask
from sqlalchemy import func, select

from odis_app.core.db import db
from odis_app.households.models import Household
from odis_app.organisations.seeds import Actor
from odis_app.privacy import operations
from odis_app.privacy.models import RetentionPlan, RetentionPlanRow
from tests import conftest
from tests.privacy.conftest import Town, family, open_file, silent_since, town
from tests.support.worlds import WorldBuilder, owner_unit

__all__ = ["family", "town"]


def run(app: Flask, *options: str) -> Result:
    result = app.test_cli_runner().invoke(args=["purge", *options])
    conftest._configure(app)  # the command worked as the workers' role
    return result


def files() -> int:
    with owner_unit():
        return db.execute(select(func.count()).select_from(Household)).scalar_one()


def due(actor: Actor) -> None:
    """A file that nobody has touched for long, and whose referent was warned."""
    with actor.acting() as identity:
        record = open_file(identity).id
    silent_since(record, 900, warned_days=40)


def test_only_an_approved_plan_is_carried_out(database: Flask, world: WorldBuilder, town: Town) -> None:
    due(town.camille)
    nothing = run(database)
    assert nothing.exit_code == 0, nothing.output
    assert nothing.output.startswith("0\u00a0dossier effacé")
    with town.sacha.acting() as identity:
        plan = operations.plan_erasures(identity)
    waiting = run(database)
    assert "attend une approbation" in waiting.output
    assert files() == 1
    with world.actor("coordination", colleague_of=town.camille).acting() as identity:
        assert operations.approve_plan(identity, plan=db.get_one(RetentionPlan, plan.id))
    tried = run(database, "--dry-run")
    assert tried.exit_code == 0, tried.output
    assert ": à effacer." in tried.output
    assert "Rien n’est effacé" in tried.output
    assert files() == 1
    with owner_unit():
        assert db.scalars(select(RetentionPlanRow.state)).all() == ["due"], "the dry run judged for real"
    done = run(database)
    assert done.output.startswith("1\u00a0dossier effacé"), done.output
    assert files() == 0
