"""What goes wrong at the front desk, each with the real thing."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import People, Products

pytestmark = pytest.mark.browser


def test_a_wrong_password_is_refused_in_one_sentence(products: Products, people: People) -> None:
    product = products("incidents")
    who = people(product)
    who.go("/connexion")
    who.write("Adresse e-mail", "association@demo.odis.example").write("Mot de passe", "pas le bon")
    who.press("Se connecter")
    who.reads("Adresse e-mail ou mot de passe incorrect.")
    expect(who.page.get_by_label("Adresse e-mail")).to_have_value("association@demo.odis.example")
    expect(who.page.get_by_label("Mot de passe")).to_have_value("")
