"""Somebody with a password, their mailbox, and time that passes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from flask import Flask
from sqlalchemy import text

from odis_app.accounts.operations import hash_password
from odis_app.core.config import libpq
from odis_app.core.db import db, unit_of_work
from odis_app.core.permissions import Role
from odis_app.notifications import queries as mails
from odis_app.notifications.queries import Kept
from odis_app.organisations import seeds
from odis_app.organisations.enums import OrganisationKind
from tests.support.client import StrictClient
from tests.support.factors import anouk, enrolled, phone  # noqa: F401 - fixtures
from tests.support.worlds import owner_unit

EMAIL, PHRASE, OTHER = "camille@test.odis.example", "une phrase de passe", "tournesol vélo bleu quinze"
LetPass = Callable[[timedelta], None]


@pytest.fixture
def somebody(database: Flask) -> str:
    """The address of Camille, who has a password."""
    with owner_unit():
        organisation = seeds.create_organisation(
            name="Association Essai", short_name="Essai", kind=OrganisationKind.ASSOCIATION, department="44", areas=("44",)
        )  # fmt: skip
        seeds.create_user(
            email=EMAIL, first_name="Camille", last_name="Fictive", organisation_id=organisation.id,
            roles=(Role.TRAVAILLEUR_SOCIAL,), password_hash=hash_password(PHRASE),
        )  # fmt: skip
    return EMAIL


def sign_in(client: StrictClient, email: str = EMAIL, password: str = PHRASE, *, status: int = 303) -> StrictClient:
    """Through the page."""
    client.submit(client.get("/connexion"), {"email": email, "password": password}, action="/connexion", status=status)
    return client


def mailbox(kind: str | None = None) -> list[Kept]:
    """The mails kept so far, the newest first; of one kind when it is named."""
    with unit_of_work(None, readonly=True):
        return [m for m in mails.mailbox() if kind is None or m.kind.name == kind]


def told(sql: str, **values: Any) -> Any:
    """One value, read behind the walls."""
    with owner_unit():
        return db.execute(text(sql), values).scalar_one()


@pytest.fixture
def behind(admin_url: str, database: Flask) -> Callable[[str], Any]:
    """``behind("SELECT …")``: the rows, with no wall at all."""

    def ask(sql: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(libpq(admin_url), autocommit=True) as admin:
            cursor = admin.execute(sql)
            return cursor.fetchall() if cursor.description else []

    return ask


@pytest.fixture
def let_pass(behind: Callable[[str], Any]) -> LetPass:
    """Time passes for tries, links and sessions: their instants move back."""

    def move(by: timedelta) -> None:
        seconds = f"make_interval(secs => {by.total_seconds()})"
        behind(f"UPDATE private.attempts SET at = at - {seconds}")
        behind(f"UPDATE private.password_resets SET expires_at = expires_at - {seconds}")
        behind(
            f"UPDATE private.sessions SET last_seen_at = last_seen_at - {seconds}, expires_at = expires_at - {seconds}, "
            f"absolute_until = absolute_until - {seconds}, created_at = created_at - {seconds}"
        )

    return move
