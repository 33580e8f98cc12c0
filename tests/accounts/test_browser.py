"""The second factor in a real browser: an application of codes at both widths, a passkey with Chromium's own authenticator."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace

import pyotp
import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, Playwright, expect
from werkzeug.serving import make_server

from odis_app.core import clock
from tests.conftest import FLAGS
from tests.support.browser import DESK, PHONE, Person, axe
from tests.support.factors import ADDRESS, PHRASE

pytestmark = pytest.mark.browser
AUTHENTICATOR = {
    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True,
    "automaticPresenceSimulation": True,
}  # fmt: skip


@pytest.fixture
def port(database: Flask) -> Iterator[int]:
    """The application on a port of its own."""
    server = make_server("127.0.0.1", 0, database, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield int(server.port)
    server.shutdown()
    thread.join()
    server.server_close()


def code(secret: str, *, later: int = 0) -> str:
    """What the phone shows, now or some seconds later."""
    return pyotp.TOTP(secret).at(int(clock.now().timestamp()) + later)


INJECTED = """source => new Promise(done => {
  document.addEventListener("securitypolicyviolation", event => done(event.effectiveDirective), { once: true });
  const script = document.createElement("script");
  script.onload = () => done("loaded");
  script.src = source;
  document.head.appendChild(script);
})"""


def test_what_is_typed_in_a_password_is_shown_when_asked(chromium: Browser, port: int) -> None:
    """The script that shows it carries the page's nonce; the same file without it, our own or not, is refused."""
    who = Person(chromium, f"http://127.0.0.1:{port}", viewport=PHONE)
    try:
        who.go("/connexion").write("Mot de passe", PHRASE)
        box = who.page.get_by_label("Mot de passe")
        expect(box).to_have_attribute("type", "password")
        who.press("Afficher le mot de passe")
        expect(box).to_have_attribute("type", "text")
        assert axe(who.page) == []
        who.press("Cacher le mot de passe")
        expect(box).to_have_attribute("type", "password")
        ours = who.page.locator("script[src]").first.get_attribute("src")
        assert who.page.evaluate(INJECTED, ours) == "script-src-elem"
    finally:
        who.close()


@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["320", "1280"])
def test_an_application_is_added_then_asked_for(
    chromium: Browser, port: int, anouk: str, viewport: dict[str, int]
) -> None:
    who = Person(chromium, f"http://127.0.0.1:{port}", viewport=viewport)
    try:
        who.go("/connexion").write("Adresse e-mail", ADDRESS).write("Mot de passe", PHRASE).press("Se connecter")
        who.go("/compte").follow("Ajouter mon second facteur").press("Ajouter une application")
        who.step_up(PHRASE).press("Continuer")
        drawn = who.page.locator("img.od-qr")
        expect(drawn).to_be_visible()
        assert drawn.evaluate("e => e.complete && e.naturalWidth > 0")
        secret = who.text(".od-secret").replace(" ", "")
        who.write("Code affiché par l’application", "000000").press("Ajouter l’application")
        who.reads(re.compile("Ce code n’est pas le bon"))
        who.write("Code affiché par l’application", code(secret)).press("Ajouter l’application")
        assert who.page.locator(".od-codes li").count() == 10
        who.follow("J’ai gardé mes codes").reads("En service")
        who.page.context.clear_cookies()
        who.go("/connexion").write("Adresse e-mail", ADDRESS).write("Mot de passe", PHRASE).press("Se connecter")
        who.write("Code de vérification", "000000").press("Valider le code").reads(re.compile("n’est pas le bon"))
        who.write("Code de vérification", code(secret, later=30)).press("Valider le code")
        who.reads("Ce qui m’attend aujourd’hui")
        who.go("/equipe").reads("Oui").follow("Sécurité de l’organisation").reads("Personne ne manque")
    finally:
        who.close()


@pytest.fixture
def localhost(playwright: Playwright, port: int, database: Flask) -> Iterator[Page]:
    """A page of the application under a name: no passkey is made for a bare network address."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("Chromium is not installed on this machine")
    flags = [flag.replace("EXCLUDE 127.0.0.1", "EXCLUDE 127.0.0.1 , EXCLUDE localhost") for flag in FLAGS]
    browser = playwright.chromium.launch(executable_path=path, args=[*flags, "--no-sandbox"])
    known, address = database.config["ODIS"], f"http://localhost:{port}"
    database.config["ODIS"] = replace(known, base_url=address)
    page = browser.new_page(base_url=address, viewport=PHONE)  # type: ignore[arg-type]
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    yield page
    database.config["ODIS"] = known
    browser.close()


def test_a_passkey_is_added_then_opens_the_account(localhost: Page, anouk: str) -> None:
    page, faults = localhost, []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto("/connexion")
    page.get_by_label("Adresse e-mail").fill(ADDRESS)
    page.get_by_label("Mot de passe").fill(PHRASE)
    page.get_by_role("button", name="Se connecter", exact=True).click()
    page.goto("/compte/confirmer?suite=/compte/securite")
    page.get_by_label("Mot de passe").fill(PHRASE)
    page.get_by_role("button", name="Confirmer mon identité").click()
    page.get_by_label("Nom de la clé").fill("Téléphone inventé")
    assert axe(page) == []
    page.get_by_role("button", name="Ajouter une clé d’accès").click()
    expect(page.locator(".od-codes li")).to_have_count(10)
    page.get_by_role("link", name="J’ai gardé mes codes").click()
    expect(page.get_by_role("rowheader", name="Téléphone inventé")).to_be_visible()
    page.context.clear_cookies()
    page.goto("/connexion?suite=/compte")
    page.get_by_role("button", name="Se connecter avec une clé d’accès").click()
    expect(page.get_by_role("heading", name="Mon compte", exact=True)).to_be_visible()
    page.context.clear_cookies()
    page.goto("/connexion")
    page.get_by_label("Adresse e-mail").fill(ADDRESS)
    page.get_by_label("Mot de passe").fill(PHRASE)
    page.get_by_role("button", name="Se connecter", exact=True).click()
    assert axe(page) == []
    page.get_by_role("button", name="Utiliser ma clé d’accès").click()
    expect(page.get_by_role("heading", name="Ce qui m’attend aujourd’hui")).to_be_visible()
    assert faults == []
