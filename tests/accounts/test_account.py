"""My account: what it says, the password, working for another organisation."""

from __future__ import annotations

import ast
from datetime import date
from pathlib import Path

import pytest
from flask import Flask

from odis_app.accounts import drafts
from odis_app.accounts.operations import hash_password
from odis_app.core.db import db
from odis_app.core.permissions import Role
from odis_app.core.requests import COOKIE
from odis_app.organisations import seeds
from odis_app.organisations.enums import OrganisationKind
from odis_app.organisations.models import Membership, Organisation
from tests.support.client import StrictClient, text_of
from tests.support.sql import LIST_LIMIT, recorded
from tests.support.worlds import owner_unit

EMAIL, PHRASE, OTHER = "camille@test.odis.example", "une phrase de passe", "une autre longue phrase"


@pytest.fixture
def camille(database: Flask, client: StrictClient) -> StrictClient:
    """Camille, signed in through the page, who works for two organisations."""
    with owner_unit():
        first = seeds.create_organisation(
            name="Association Essai",
            short_name="Essai",
            kind=OrganisationKind.ASSOCIATION,
            department="44",
            areas=("44",),
        )
        second = seeds.create_organisation(
            name="Toits Essai", short_name="Toits", kind=OrganisationKind.OPERATEUR, department="49", areas=("49",)
        )
        seeds.create_organisation(
            name="Association Voisine",
            short_name="Voisine",
            kind=OrganisationKind.ASSOCIATION,
            department="44",
            areas=("44",),
        )
        user = seeds.create_user(
            email=EMAIL, first_name="Camille", last_name="Fictive", organisation_id=first.id, roles=(Role.TRAVAILLEUR_SOCIAL, Role.QUALIFICATEUR_OFFRES),
            password_hash=hash_password(PHRASE),
        )  # fmt: skip
        db.add(
            Membership(
                user_id=user.id, organisation_id=second.id, role=Role.OPERATEUR.value, starts_on=date(2020, 1, 1)
            )
        )
    return sign_in(client, PHRASE)


def sign_in(client: StrictClient, password: str, *, status: int = 303) -> StrictClient:
    client.submit(client.get("/connexion"), {"email": EMAIL, "password": password}, status=status)
    return client


def organisation(name: str) -> str:
    with owner_unit():
        return db.query(Organisation).filter_by(short_name=name).one().public_id


def change(client: StrictClient, status: int, **typed: str):
    page = client.get("/compte")
    return client.submit(
        page, {"current": PHRASE, "new": OTHER, "again": OTHER, **typed}, action="/compte/mot-de-passe", status=status
    )


def test_the_account_says_who_where_and_since_when(camille: StrictClient) -> None:
    text = text_of(camille.get("/compte"))
    for said in (
        "Camille Fictive",
        EMAIL,
        "Association Essai",
        "Travail social, Qualification des offres",
        "Mes dernières connexions",
        "Toits Essai",
    ):
        assert said in text
    assert "Association Voisine" not in text


def test_the_masthead_leads_there(camille: StrictClient) -> None:
    assert 'href="/compte"' in camille.get("/").get_data(as_text=True)


def test_a_stranger_is_asked_to_sign_in(client: StrictClient) -> None:
    client.get("/compte", status=303)


def test_a_new_password_replaces_the_old_one_and_is_written_down(camille: StrictClient) -> None:
    change(camille, 303)
    assert "Votre mot de passe est changé" in text_of(camille.get("/compte"))
    camille.post("/deconnexion")
    sign_in(camille, PHRASE, status=422)
    sign_in(camille, OTHER)
    with owner_unit():
        assert (
            db.execute(seeds.text("SELECT count(*) FROM audit_events WHERE action = 'account:password'")).scalar_one()
            == 1
        )


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"current": "pas la bonne phrase"}, "Ce n’est pas votre mot de passe actuel."),
        ({"new": "trop court", "again": "trop court"}, "12 caractères au moins"),
        ({"again": "une faute de frappe"}, "Les deux écritures du nouveau mot de passe diffèrent."),
        ({"new": PHRASE, "again": PHRASE}, "Choisissez un mot de passe différent"),
        ({"new": EMAIL.upper(), "again": EMAIL.upper()}, "Choisissez un mot de passe différent"),
        ({"current": "", "new": "", "again": ""}, "Écrivez votre mot de passe actuel."),
    ],
)
def test_what_is_refused_says_why_and_changes_nothing(camille: StrictClient, typed: dict[str, str], said: str) -> None:
    page = change(camille, 422, **typed)
    assert said in text_of(page)
    assert PHRASE not in page.get_data(as_text=True)
    camille.post("/deconnexion")
    sign_in(camille, PHRASE)


def test_a_demonstration_account_keeps_its_password(camille: StrictClient) -> None:
    with owner_unit():
        db.execute(seeds.text("UPDATE users SET is_demo = true"))
    assert "compte de démonstration" in text_of(change(camille, 422))


def test_switching_closes_the_session_and_opens_another(camille: StrictClient) -> None:
    before = camille.browser.get_cookie(COOKIE).value
    camille.post("/compte/organisation", {"organisation": organisation("Toits")})
    assert camille.browser.get_cookie(COOKIE).value != before
    text = text_of(camille.get("/"))
    assert "Toits Essai" in text
    assert "Maine-et-Loire (49)" in text
    camille.browser.set_cookie(COOKIE, before)
    camille.get("/compte", status=303)


def test_one_cannot_switch_to_an_organisation_where_one_has_no_role(camille: StrictClient) -> None:
    before = camille.browser.get_cookie(COOKIE).value
    camille.post("/compte/organisation", {"organisation": organisation("Voisine")}, status=404)
    camille.post("/compte/organisation", {"organisation": "n-existe-pas"}, status=404)
    assert camille.browser.get_cookie(COOKIE).value == before
    assert "Association Essai" in text_of(camille.get("/compte"))


def test_the_page_stays_within_its_statements(camille: StrictClient) -> None:
    camille.get("/compte")
    with recorded() as statements:
        camille.get("/compte")
    assert 0 < len(statements) <= LIST_LIMIT, statements.told()


def test_no_password_field_is_carried_by_the_sign_in_page() -> None:
    """A session that expires while a password is changed: the page that asks to sign in holds none of what was typed there."""
    found = {
        node.targets[0].id
        for path in Path("odis_app").rglob("forms*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Call)
        and getattr(node.value.func, "id", "") == "PasswordField"
    }
    assert found
    assert found <= drafts.NEVER
