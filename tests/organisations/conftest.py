"""A team, its mailbox (a demonstration keeps its mails), and the scheduled job as a worker runs it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from flask import Flask
from sqlalchemy import text

from jobs.runner import perform
from jobs.schedule import SCHEDULE
from jobs.scheduler import plan
from odis_app.core import clock
from odis_app.core import db as core_db
from odis_app.core.config import libpq
from odis_app.core.db import db, unit_of_work
from odis_app.core.permissions import Role
from odis_app.notifications import queries as mails
from odis_app.notifications.queries import Kept
from odis_app.organisations.seeds import Actor
from tests.support.client import StrictClient
from tests.support.worlds import WorldBuilder, owner_unit

PHRASE = "une longue phrase de passe"
LINE = next(item for item in SCHEDULE if item.name == "entrance")


@dataclass(slots=True)
class Team:
    """An association of Loire-Atlantique: who runs it, who leads, who works; and its neighbour."""

    boss: Actor
    lead: Actor
    worker: Actor
    elsewhere: Actor


@pytest.fixture
def team(world: WorldBuilder) -> Team:
    boss = world.actor("admin_organisation", "44")
    return Team(
        boss=boss, lead=world.actor("coordination", "44", colleague_of=boss), worker=world.actor("association", "44", colleague_of=boss),
        elsewhere=world.actor("admin_organisation", "44", roles=(Role.ADMIN_ORGANISATION, Role.COORDINATEUR)),
    )  # fmt: skip


def mailbox(kind: str | None = None) -> list[Kept]:
    """The mails kept so far, the newest first; of one kind when it is named."""
    with unit_of_work(None, readonly=True):
        return [m for m in mails.mailbox() if kind is None or m.kind.name == kind]


def link(kind: str) -> str:
    """The link of the newest mail of a kind."""
    return str(mailbox(kind)[0].context["link"])


def invite(client: StrictClient, boss: Actor, email: str = "lou@essai.example", *roles: str) -> str:
    """An invitation through the page; its link."""
    browser = client.as_(boss)
    page = browser.get("/equipe/inviter")
    browser.submit(page, {"email": email, "roles": list(roles or ("travailleur_social",))}, action="/equipe/inviter")
    return link("invitation")


def account(**typed: Any) -> dict[str, Any]:
    """What somebody new writes in answer to an invitation."""
    return {"first_name": "Lou", "last_name": "Fictif", "password": PHRASE, "again": PHRASE, "charter": "y"} | typed


def events(action: str) -> int:
    """How many events of this action the trail has."""
    with owner_unit():
        return int(db.execute(text("SELECT count(*) FROM audit_events WHERE action = :a"), {"a": action}).scalar_one())


def told(sql: str, **values: Any) -> Any:
    """One value, read behind the walls."""
    with owner_unit():
        return db.execute(text(sql), values).scalar_one()


@pytest.fixture
def let_pass(admin_url: str, database: Flask) -> Callable[[str, str, timedelta], None]:
    """Let time pass for every row of a table: its instants move back."""

    def move(table: str, columns: str, by: timedelta) -> None:
        moved = ", ".join(f"{column} = {column} - %(by)s" for column in columns.split())
        with psycopg.connect(libpq(admin_url), autocommit=True) as admin:
            admin.execute(f"UPDATE {table} SET {moved}", {"by": by})

    return move


class Rounds:
    """The scheduled job in this process, under the workers' role; each round is ten minutes after the one before."""

    def __init__(self, app: Flask) -> None:
        self.app, self.config, self.now = app, app.config["ODIS"], clock.now()

    def run(self) -> dict[str, int]:
        self.now: datetime = self.now + timedelta(minutes=10)
        core_db.configure("app", self.config.worker_database_url)
        try:
            (job_id,) = plan(self.now, [LINE])
            with self.app.app_context():
                assert perform(LINE.task, job_id) == "done"
        finally:
            core_db.configure("app", self.config.database_url)
        found = told("SELECT result FROM jobs WHERE id = :id", id=job_id)
        return {name: int(count) for name, count in found.items()}


@pytest.fixture
def rounds(database: Flask) -> Rounds:
    return Rounds(database)
