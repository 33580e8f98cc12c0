"""How strong a chosen password is, told by the form's answer; in the browser, told while one types, and nothing leaves."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from playwright.sync_api import Browser, expect

from odis_app.accounts.operations import hash_password
from odis_app.accounts.strength import LEVELS, estimate
from odis_app.core.permissions import Role
from odis_app.organisations import seeds
from odis_app.organisations.enums import OrganisationKind
from tests.accounts.test_browser import port
from tests.support.browser import PHONE, Person, axe
from tests.support.client import StrictClient, text_of
from tests.support.worlds import owner_unit

__all__ = ["port"]
EMAIL, PHRASE, ONE_WORD, WORDS = "camille@test.odis.example", "une phrase de passe", "tournesol2024!", "cheval correct batterie agrafe"  # fmt: skip


@pytest.mark.parametrize(
    ("password", "score", "why"),
    [
        ("soleil", 0, "moins de 12 caractères"),
        ("azertyuiop12", 0, "un mot courant"),
        ("Marseille13000", 0, "un mot courant"),
        ("Doudou19850312", 0, "une date"),
        ("aaaaaaaaaaaa", 0, "une répétition"),
        (ONE_WORD, 2, "un seul mot"),
        (WORDS, 4, "Difficile à deviner"),
        ("xK9!vb2#Lq8z", 4, "Difficile à deviner"),
        ("x" * 1000, 0, "une répétition"),
    ],
)
def test_a_level_and_its_reason(password: str, score: int, why: str) -> None:
    found = estimate(password)
    assert (found.score, found.label) == (score, LEVELS[score])
    assert why in found.why


@pytest.fixture
def camille(database: Flask) -> None:
    """An account with a password."""
    with owner_unit():
        here = seeds.create_organisation(name="Essai", short_name="Essai", kind=OrganisationKind.ASSOCIATION, department="44", areas=("44",))  # fmt: skip
        seeds.create_user(
            email=EMAIL, first_name="Camille", last_name="Fictive", organisation_id=here.id, roles=(Role.TRAVAILLEUR_SOCIAL,), password_hash=hash_password(PHRASE),
        )  # fmt: skip


def test_the_answer_says_it_without_javascript_and_refuses_nothing_more(camille: None, client: StrictClient) -> None:
    client.get("/connexion")
    client.post("/connexion", data={"email": EMAIL, "password": PHRASE})
    assert "Mot de passe envoyé" not in text_of(client.get("/compte"))
    typed = {"current": PHRASE, "new": ONE_WORD, "again": "autre chose encore"}
    refused = client.post("/compte/mot-de-passe", data=typed, status=422)
    assert "Mot de passe envoyé : moyen. C’est un seul mot." in text_of(refused)
    [meter] = re.findall(r"<meter[^>]*>", refused.get_data(as_text=True))
    assert 'value="2"' in meter
    assert "hidden" not in meter
    assert ONE_WORD not in refused.get_data(as_text=True)
    client.post("/compte/mot-de-passe", data=typed | {"again": ONE_WORD}, status=303)
    assert "Votre mot de passe est changé. Il est moyen." in text_of(client.get("/compte"))


@pytest.mark.browser
def test_it_is_said_while_one_types_and_nothing_leaves(camille: None, chromium: Browser, port: int) -> None:
    who = Person(chromium, f"http://127.0.0.1:{port}", viewport=PHONE)
    sent: list[str] = []
    try:
        who.go("/connexion").write("Adresse e-mail", EMAIL).write("Mot de passe", PHRASE).press("Se connecter")
        who.go("/compte")
        who.page.on("request", lambda request: sent.append(request.url))
        box, told = who.page.locator("#new"), who.page.locator("[data-odis-strength=new] p")
        meter = who.page.locator("[data-odis-strength=new] meter")
        expect(meter).to_be_hidden()
        for typed, level in (("azerty", 0), ("azertyuiop12", 0), (ONE_WORD, 2), (WORDS, 4)):
            box.fill(typed)
            expect(told).to_contain_text(f"Mot de passe : {LEVELS[level]}.")
            expect(meter).to_have_js_property("value", level)
        assert axe(who.page) == []
        box.fill("")
        expect(meter).to_be_hidden()
        assert sent == []
    finally:
        who.close()
