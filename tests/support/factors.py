"""Anouk has a password, an organisation to run, and a phone that shows codes: fixtures and gestures of the second factor."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

import pyotp
import pytest
from flask import Flask
from werkzeug.test import TestResponse

from odis_app.accounts.operations import hash_password
from odis_app.core import clock
from odis_app.core.permissions import Role
from odis_app.organisations import seeds
from odis_app.organisations.enums import OrganisationKind
from tests.support.client import StrictClient, text_of
from tests.support.worlds import owner_unit

ADDRESS, PHRASE = "anouk@test.odis.example", "une phrase de passe"
SECRET = re.compile(r"(?:[A-Z2-7]{4} ){7}[A-Z2-7]{4}")
BACKUP = re.compile(r"\b[a-z2-9]{5}-[a-z2-9]{5}\b")


@dataclass
class Phone:
    """Shows the code of each moment; ``later`` lets time pass for the whole product."""

    monkeypatch: pytest.MonkeyPatch
    secret: str = ""
    shift: timedelta = timedelta()

    def code(self, *, steps: int = 0) -> str:
        """The code of now, or of some steps of thirty seconds away."""
        moment = clock.now() + timedelta(seconds=30 * steps)
        return pyotp.TOTP(self.secret).at(moment)

    def later(self, **time: float) -> None:
        """Time passes."""
        self.shift += timedelta(**time)
        real, shift = datetime.now, self.shift
        self.monkeypatch.setattr(clock, "now", lambda: real(clock.UTC) + shift)


@pytest.fixture
def phone(monkeypatch: pytest.MonkeyPatch) -> Phone:
    return Phone(monkeypatch)


@pytest.fixture
def anouk(database: Flask) -> str:
    """The address of a social worker with a password, who also coordinates and administers the organisation."""
    with owner_unit():
        organisation = seeds.create_organisation(
            name="Association Essai",
            short_name="Essai",
            kind=OrganisationKind.ASSOCIATION,
            department="44",
            areas=("44",),
        )
        seeds.create_user(
            email=ADDRESS, first_name="Anouk", last_name="Fictive", organisation_id=organisation.id,
            roles=(Role.TRAVAILLEUR_SOCIAL, Role.COORDINATEUR, Role.ADMIN_ORGANISATION), password_hash=hash_password(PHRASE),
        )  # fmt: skip
    return ADDRESS


def give_password(client: StrictClient, target: str = "", *, status: int = 303) -> TestResponse:
    """From the sign-in page."""
    page = client.get("/connexion" + (f"?suite={target}" if target else ""))
    return client.submit(page, {"email": ADDRESS, "password": PHRASE}, action="/connexion", status=status)


def confirm(client: StrictClient, **typed: str) -> TestResponse:
    """Prove who one is once more, from the page that asks."""
    page = client.get("/compte/confirmer?suite=/compte/securite")
    return client.submit(page, typed or {"password": PHRASE}, action="/compte/confirmer")


def enrol(client: StrictClient, phone: Phone) -> list[str]:
    """Add an application of codes as somebody would; the backup codes."""
    client.submit(client.get("/compte/securite"), {}, button="Ajouter une application")
    page = client.get("/compte/securite/application")
    found = SECRET.search(text_of(page))
    assert found is not None
    phone.secret = found.group().replace(" ", "")
    shown = client.submit(page, {"code": phone.code()}, action="/compte/securite/application", status=200)
    return BACKUP.findall(text_of(shown))


@pytest.fixture
def enrolled(client: StrictClient, anouk: str, phone: Phone) -> list[str]:
    """Anouk added an application and signed out; her backup codes. The next code is a new one."""
    give_password(client)
    confirm(client)
    codes = enrol(client, phone)
    client.post("/deconnexion")
    phone.later(minutes=1)
    return codes
