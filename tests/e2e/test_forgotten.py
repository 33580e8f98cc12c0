"""A forgotten password, on a phone and on a desk: from the sign-in page to the account, by the mailbox."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import People, Products
from tests.support.browser import DESK, PHONE

pytestmark = pytest.mark.browser
ADDRESS = "dihal@demo.odis.example"
PHRASES = {320: "tournesol vélo bleu quinze", 1280: "un marché de hamacs au nord"}


@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["320", "1280"])
def test_somebody_gets_their_account_back(products: Products, people: People, viewport: dict[str, int]) -> None:
    product, phrase = products("incidents"), PHRASES[viewport["width"]]
    with product.database() as behind:  # the shared accounts of a demonstration keep their password
        behind.execute("UPDATE users SET is_demo = false WHERE email = %s", (ADDRESS,))
    who = people(product, viewport=viewport)
    who.go("/connexion").follow("Mot de passe oublié")
    who.write("Adresse e-mail de votre compte", "dihal").press("Recevoir un lien")
    who.reads("Cette adresse e-mail n’est pas complète.")
    who.write("Adresse e-mail de votre compte", ADDRESS).press("Recevoir un lien")
    who.reads("Vérifiez votre courriel")
    who.go("/demo/courriels").follow("Choisir un nouveau mot de passe pour OD&IS", within="main")
    link = who.page.get_by_role("link", name="Ouvrir le lien du courriel").get_attribute("href")
    assert link
    who.follow("Ouvrir le lien du courriel")
    assert who.path() == "/nouveau-mot-de-passe"
    who.write("Nouveau mot de passe", "motdepasse1234").write(
        "Nouveau mot de passe, une seconde fois", "motdepasse1234"
    )
    who.press("Changer le mot de passe").reads("Choisissez plutôt quatre mots sans rapport entre eux.")
    who.write("Nouveau mot de passe", phrase).write("Nouveau mot de passe, une seconde fois", phrase)
    who.press("Changer le mot de passe").reads("Connectez-vous avec le nouveau.")
    who.write("Adresse e-mail", ADDRESS).write("Mot de passe", phrase).press("Se connecter")
    who.go("/compte").reads("Mes sessions", "Celle-ci")
    who.go(link, status=410)
    who.reads("Ce lien n’est plus valable")
