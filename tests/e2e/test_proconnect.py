"""ProConnect in a browser, against a provider on this machine: tied once, then one click; it ends with the session."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.conftest import People, Products
from tests.support.browser import DESK, PHONE, Mode
from tests.support.oidc import CLIENT, SECRET, Oidc

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def oidc() -> Iterator[Oidc]:
    running = Oidc(back="").start()
    yield running
    running.stop()


@pytest.mark.parametrize(
    ("viewport", "mode", "account"),
    [(PHONE, Mode.NO_SCRIPT, "aval"), (DESK, Mode.KEYS, "operateur")],
    ids=["320 sans JavaScript", "1280 clavier"],
)
def test_somebody_ties_proconnect_then_enters_with_it(
    products: Products, people: People, oidc: Oidc, viewport: dict[str, int], mode: Mode, account: str
) -> None:
    product = products(
        "proconnect", proconnect_issuer=oidc.issuer, proconnect_client_id=CLIENT, proconnect_client_secret=SECRET
    )
    oidc.back = f"{product.address}/connexion/proconnect/retour"
    oidc.email, oidc.subject = f"{account}@demo.odis.example", f"sub-{account}"
    with product.database() as behind:  # the shared accounts of a demonstration are tied to nobody
        behind.execute("UPDATE users SET is_demo = false WHERE email = %s", (oidc.email,))
    who = people(product, viewport=viewport, mode=mode)
    who.go("/places").follow("Se connecter avec ProConnect")  # the page one came for is found again
    who.reads("ProConnect confirme qui vous êtes. Écrivez une fois le mot de passe")
    who.write("Adresse e-mail", oidc.email).write("Mot de passe", product.password).press("Se connecter")
    assert who.path() == "/places"
    who.go("/compte").reads("ProConnect ouvre ce compte")
    again = people(product, viewport=viewport, mode=mode)
    again.go("/places").follow("Se connecter avec ProConnect")
    assert again.path() == "/places"
    again.go("/compte").press("Délier ProConnect")
    assert "ProConnect ouvre ce compte" not in again.page.locator("main").inner_text()
    third = people(product, viewport=viewport, mode=mode)
    third.go("/connexion").follow("Se connecter avec ProConnect").reads("Écrivez une fois le mot de passe")
