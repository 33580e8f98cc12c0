"""Getting in, and getting back what one was writing."""

from __future__ import annotations

import subprocess
import sys

import psycopg
import pytest
from argon2 import Type, extract_parameters
from flask import Flask
from sqlalchemy import text

from odis_app.accounts.operations import REFUSED, hash_password, passwords
from odis_app.core.config import libpq
from odis_app.core.db import db
from odis_app.core.permissions import Role
from odis_app.core.requests import COOKIE
from odis_app.organisations import seeds
from odis_app.organisations.enums import OrganisationKind
from tests.support.client import StrictClient, text_of
from tests.support.worlds import WorldBuilder, owner_unit


@pytest.fixture
def camille(database: Flask) -> str:
    """The address of someone with a password."""
    with owner_unit():
        organisation = seeds.create_organisation(
            name="Association Essai",
            short_name="Essai",
            kind=OrganisationKind.ASSOCIATION,
            department="44",
            areas=("44",),
        )
        seeds.create_user(
            email="camille@test.odis.example", first_name="Camille", last_name="Fictive", organisation_id=organisation.id,
            roles=(Role.TRAVAILLEUR_SOCIAL,), password_hash=hash_password("une phrase de passe"),
        )  # fmt: skip
    return "camille@test.odis.example"


def sign_in(client: StrictClient, email: str, password: str, *, status: int = 303):
    page = client.get("/connexion")
    return client.submit(page, {"email": email, "password": password}, status=status)


def test_who_has_no_account_finds_the_way_to_ask_for_one(client: StrictClient, database: Flask) -> None:
    page = client.as_(None).get("/connexion")
    assert 'href="/demande-d-acces"' in page.text
    assert "session" not in text_of(page)  # nobody was signed in here


def test_the_right_password_opens_a_session(client: StrictClient, camille: str) -> None:
    answer = sign_in(client, camille, "une phrase de passe")
    assert answer.headers["Location"] == "/"
    assert "Ce qui m’attend aujourd’hui" in text_of(client.get("/"))


def test_unknown_address_and_wrong_password_get_the_same_answer(client: StrictClient, camille: str) -> None:
    unknown = text_of(sign_in(client, "personne@test.odis.example", "une phrase de passe", status=422))
    wrong = text_of(sign_in(client, camille, "une autre phrase", status=422))
    assert REFUSED in unknown
    assert unknown.replace("personne@test.odis.example", camille) == wrong


def test_a_password_is_hashed_at_the_cost_that_the_library_advises() -> None:
    """By the product itself, away from the quicker hashing of this suite: 64 MiB, three rounds (RFC 9106, low memory)."""
    told = "from odis_app.accounts.operations import hash_password; print(hash_password('une phrase de passe'))"
    made = subprocess.run([sys.executable, "-c", told], check=True, capture_output=True, text=True).stdout.strip()
    used = extract_parameters(made)
    assert (used.type, used.memory_cost, used.time_cost, used.salt_len) == (Type.ID, 65536, 3, 16)


class Verifying:
    """The application's own hasher, and the hashes that it verified."""

    def __init__(self) -> None:
        self.hasher, self.parameters = passwords._hasher, []

    def verify(self, stored: str, password: str) -> bool:
        self.parameters.append(extract_parameters(stored))
        return self.hasher.verify(stored, password)


def test_an_unknown_address_costs_the_very_hashing_of_a_known_one(
    client: StrictClient, camille: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One verification, with the same parameters, whoever is asked for: what takes time is the same, whatever the clock says."""
    spent = {}
    for address in (camille, "personne@test.odis.example"):
        watched = Verifying()
        monkeypatch.setattr(passwords, "_hasher", watched)
        sign_in(client, address, "une autre phrase", status=422)
        spent[address] = watched.parameters
        monkeypatch.setattr(passwords, "_hasher", watched.hasher)
    assert spent[camille] == spent["personne@test.odis.example"]
    assert len(spent[camille]) == 1


def test_a_closed_account_costs_the_same_too(
    client: StrictClient, camille: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with owner_unit():
        db.execute(text("UPDATE users SET deactivated_at = now()"))
    watched = Verifying()
    monkeypatch.setattr(passwords, "_hasher", watched)
    assert REFUSED in text_of(sign_in(client, camille, "une phrase de passe", status=422))
    assert watched.parameters == [extract_parameters(passwords._DECOY)]


def test_a_wrong_password_is_written_down_without_the_address(
    client: StrictClient, camille: str, admin_url: str
) -> None:
    sign_in(client, camille, "une autre phrase", status=422)
    with psycopg.connect(libpq(admin_url)) as connection:
        rows = connection.execute(
            "SELECT row_to_json(audit_events)::text FROM audit_events WHERE action = 'session:refuse'"
        ).fetchall()
    assert len(rows) == 1
    assert camille not in rows[0][0]


def test_signing_out_makes_the_token_worthless(client: StrictClient, camille: str) -> None:
    sign_in(client, camille, "une phrase de passe")
    token = client.browser.get_cookie(COOKIE).value
    client.post("/deconnexion")
    client.browser.set_cookie(COOKIE, token)
    assert client.get("/", status=303).headers["Location"].startswith("/connexion")


def test_a_forged_token_opens_nothing(client: StrictClient, world: WorldBuilder) -> None:
    client.browser.set_cookie(COOKIE, "n-importe-quoi")
    client.get("/", status=303)


def test_the_destination_must_be_one_of_ours(client: StrictClient, camille: str) -> None:
    page = client.get("/connexion?suite=//ailleurs.example/")
    answer = client.submit(page, {"email": camille, "password": "une phrase de passe"})
    assert answer.headers["Location"] == "/"


def test_the_token_is_not_readable_by_the_application(database: Flask, camille: str) -> None:
    with (
        psycopg.connect(libpq(database.config["ODIS"].database_url)) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("SELECT * FROM private.sessions")


def test_a_session_cannot_be_minted_without_the_proof(database: Flask, camille: str) -> None:
    with psycopg.connect(libpq(database.config["ODIS"].database_url)) as connection:
        minted = connection.execute(
            "SELECT odis.grant_mint(sha256('x'), 'abc', 1, 1, '', 30, 60, sha256('faux'))"
        ).fetchone()
        found = connection.execute("SELECT count(*) FROM odis.auth_organisations(1, sha256('faux'))").fetchone()
    assert minted == (False,)
    assert found == (0,)
