"""Bare SQL as every demonstration account: the second wall alone shows no row that the first one would not give."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Select, Table, func, literal, or_, select, union

from odis_app import PACKAGES
from odis_app.accounts.models import User
from odis_app.audit.models import AuditEvent
from odis_app.core.db import db
from odis_app.core.identity import ANONYMOUS, Identity
from odis_app.core.jobs import visible_jobs
from odis_app.core.permissions import Role
from odis_app.organisations.models import Mandate
from odis_app.organisations.seeds import PEOPLE, World

First = Callable[[Identity], Select[Any]]
ACCOUNTS = sorted({account for account, *_ in PEOPLE})


def own_records_events(who: Identity) -> Select[Any]:
    """« Qui a consulté ce dossier »: what was done to the records of one's organisation, class 3 to who may read class 3."""
    told = or_(AuditEvent.sensitivity <= 2, literal(who.level >= 3))
    return select(AuditEvent).where(AuditEvent.record_owner_org_id == who.case_org_id, told)


def every_account(who: Identity) -> Select[Any]:
    """The administration of the platform counts the accounts on its home page."""
    return select(User).where(literal(Role.ADMIN_PLATEFORME.value in who.roles))


def every_mandate(_who: Identity) -> Select[Any]:
    """Who is mandated where is no secret among those who sign in: whether the département is at work, whom to call (home)."""
    return select(Mandate)


BESIDES: dict[str, First] = {"audit_events": own_records_events, "mandates": every_mandate, "users": every_account}
"""Doors of the first wall that are no ``visible_*``, because the page asks of one record or counts only."""


def first_walls() -> dict[str, list[First]]:
    """By table, every ``visible_*`` select of the packages that asks nothing but who reads."""
    found: dict[str, list[First]] = {"jobs": [visible_jobs]}
    for package in PACKAGES:
        try:
            policy = import_module(f"odis_app.{package}.policy")
        except ModuleNotFoundError:
            continue
        for name, function in inspect.getmembers(policy, inspect.isfunction):
            alone = list(inspect.signature(function).parameters) == ["identity"]
            if name.startswith("visible_") and alone and function.__module__ == policy.__name__:
                found.setdefault(_table(function(ANONYMOUS)).name, []).append(function)
    return found


def _table(statement: Select[Any]) -> Table:
    table = statement.column_descriptions[0]["entity"].__table__
    assert isinstance(table, Table)
    return table


@pytest.fixture(params=ACCOUNTS)
def identity(request: pytest.FixtureRequest, demo: tuple[Flask, World]) -> Iterator[Identity]:
    _, world = demo
    with world[request.param].acting() as identity:
        yield identity


def test_no_row_without_the_first_wall_that_it_would_not_give(identity: Identity) -> None:
    beyond = {}
    for name, functions in first_walls().items():
        table = _table(functions[0](identity))
        keys = list(table.primary_key)
        doors = [*functions, *([BESIDES[name]] if name in BESIDES else [])]
        given = [function(identity).with_only_columns(*keys).order_by(None) for function in doors]
        bare = select(*keys).except_(union(*given) if len(given) > 1 else given[0])
        count = db.execute(select(func.count()).select_from(bare.subquery())).scalar_one()
        if count:
            beyond[name] = count
    assert beyond == {}


def test_the_comparison_looks_at_something(demo: tuple[Flask, World]) -> None:
    _, world = demo
    with world["coordination"].acting() as identity:
        seen = {
            name
            for name, functions in first_walls().items()
            if db.execute(select(func.count()).select_from(_table(functions[0](identity)))).scalar_one()
        }
    assert {
        "households",
        "offers",
        "places",
        "structures",
        "audit_events",
        "users",
        "journal_entries",
        "orientations",
    } <= seen
