"""Passkeys, through a software authenticator that really signs."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from flask import Flask

from odis_app.accounts.operations import passkeys
from odis_app.core.config import libpq
from odis_app.core.requests import COOKIE
from tests.support.authenticator import Authenticator, with_challenge
from tests.support.client import StrictClient, text_of
from tests.support.factors import BACKUP, Phone, confirm, enrol, give_password

REGISTER, ADD = "/compte/securite/cles/defi", "/compte/securite/cles"
CHALLENGE, VERIFY = "/connexion/cle/defi", "/connexion/verification"


@pytest.fixture
def origin(database: Flask) -> str:
    return str(database.config["ODIS"].address)


def ask(client: StrictClient, address: str) -> dict[str, Any]:
    answer = client.post(address, status=200)
    assert answer.mimetype == "application/json"
    return dict(answer.get_json())


def add(client: StrictClient, key: Authenticator, name: str = "Clé bleue", *, status: int = 303):
    return client.post(ADD, {"name": name, "answer": key.create(ask(client, REGISTER))}, status=status)


def signed_out_with(client: StrictClient, key: Authenticator) -> None:
    """Anouk has this key and is signed out."""
    give_password(client)
    confirm(client)
    add(client, key, status=200)
    client.post("/deconnexion")


def count(admin_url: str, sql: str) -> int:
    with psycopg.connect(libpq(admin_url)) as connection:
        return int(connection.execute(sql).fetchone()[0])


def test_the_first_key_comes_with_backup_codes_and_is_told_by_mail(
    client: StrictClient, anouk: str, origin: str, admin_url: str
) -> None:
    give_password(client)
    confirm(client)
    shown = add(client, Authenticator(origin), status=200)
    assert len(BACKUP.findall(text_of(shown))) == 10
    add(client, Authenticator(origin), "Téléphone")
    page = text_of(client.get("/compte/securite"))
    assert "Clé bleue" in page
    assert "Téléphone" in page
    assert count(admin_url, "SELECT count(*) FROM mails WHERE template = 'factor_changed'") == 2


def test_a_key_is_the_second_factor(client: StrictClient, anouk: str, origin: str) -> None:
    key = Authenticator(origin)
    signed_out_with(client, key)
    page = client.get(give_password(client, "/compte").headers["Location"])
    options = ask(client, CHALLENGE)
    assert [c["id"] for c in options["allowCredentials"]]
    answer = client.submit(page, {"answer": key.get(options)}, action=VERIFY)
    assert answer.headers["Location"] == "/compte"
    client.get("/compte")


def test_a_key_alone_signs_in_because_it_is_unlocked(client: StrictClient, anouk: str, origin: str) -> None:
    key = Authenticator(origin)
    signed_out_with(client, key)
    options = ask(client, CHALLENGE)
    assert options["userVerification"] == "required"
    assert not options.get("allowCredentials")
    client.post(VERIFY, {"answer": key.get(options), "suite": "/compte"})
    assert "Anouk Fictive" in text_of(client.get("/compte"))


def test_a_key_confirms_one_s_identity(client: StrictClient, anouk: str, origin: str) -> None:
    key = Authenticator(origin)
    signed_out_with(client, key)
    client.post(VERIFY, {"answer": key.get(ask(client, CHALLENGE))})
    page = client.get("/compte/confirmer?suite=/compte/securite")
    before = client.browser.get_cookie(COOKIE).value
    client.submit(page, {"answer": key.get(ask(client, "/compte/confirmer/cle/defi"))}, action="/compte/confirmer")
    assert client.browser.get_cookie(COOKIE).value != before
    client.post("/compte/securite/codes", status=200)


@pytest.mark.parametrize("spoilt", ["origin", "locked", "challenge", "stranger", "nonsense", "counter", "replay"])
def test_what_is_not_the_answer_expected_opens_nothing(
    client: StrictClient, anouk: str, origin: str, spoilt: str
) -> None:
    key = Authenticator(origin, sign_count=5)
    signed_out_with(client, key)
    options = ask(client, CHALLENGE)
    if spoilt == "origin":
        key.origin = "https://odis-connexion.example"
    elif spoilt == "locked":
        key.verified = False
    elif spoilt == "challenge":
        options = with_challenge(options, "A" * 43)
    elif spoilt == "counter":
        key.sign_count = 3
    elif spoilt == "stranger":
        key = Authenticator(origin)
    answer = "{}" if spoilt == "nonsense" else key.get(options)
    if spoilt == "replay":
        client.post(VERIFY, {"answer": answer})
        client.post("/deconnexion")
        ask(client, CHALLENGE)
    refused = client.post(VERIFY, {"answer": answer}, status=422)
    assert passkeys.REFUSED in text_of(refused)
    assert client.browser.get_cookie(COOKIE) is None
    client.get("/compte", status=303)


def test_a_challenge_serves_once(client: StrictClient, anouk: str, origin: str) -> None:
    key = Authenticator(origin)
    signed_out_with(client, key)
    options = ask(client, CHALLENGE)
    client.post(VERIFY, {"answer": "{}"}, status=422)
    client.post(VERIFY, {"answer": key.get(options)}, status=422)


def test_a_challenge_given_to_register_signs_nobody_in(client: StrictClient, anouk: str, origin: str) -> None:
    key = Authenticator(origin)
    signed_out_with(client, key)
    client.post(VERIFY, {"answer": key.get(ask(client, CHALLENGE))})
    confirm(client, answer=key.get(ask(client, "/compte/confirmer/cle/defi")))
    options = ask(client, REGISTER)
    wrong = {"challenge": options["challenge"], "rpId": options["rp"]["id"]}
    page = client.get("/compte/confirmer?suite=/")
    client.submit(page, {"answer": key.get(wrong)}, action="/compte/confirmer", status=422)


def test_somebody_else_s_key_is_no_second_factor(
    client: StrictClient, anouk: str, origin: str, admin_url: str, phone: Phone
) -> None:
    key = Authenticator(origin)
    signed_out_with(client, key)
    with psycopg.connect(libpq(admin_url), autocommit=True) as connection:
        connection.execute("UPDATE private.passkeys SET user_id = 999999")
    page = client.get(give_password(client).headers["Location"])
    client.submit(page, {"answer": key.get(ask(client, CHALLENGE))}, action=VERIFY, status=422)
    assert client.browser.get_cookie(COOKIE) is None


def test_a_key_that_was_removed_opens_nothing(client: StrictClient, anouk: str, origin: str, phone: Phone) -> None:
    give_password(client)
    confirm(client)
    enrol(client, phone)
    key = Authenticator(origin)
    add(client, key)
    client.submit(client.get("/compte/securite"), {}, button="Retirer la clé Clé bleue")
    assert "Clé bleue" not in text_of(client.get("/compte/securite")).replace("« Clé bleue »", "")
    client.post("/deconnexion")
    client.post(VERIFY, {"answer": key.get(ask(client, CHALLENGE))}, status=422)


def test_the_same_key_is_not_added_twice(client: StrictClient, anouk: str, origin: str) -> None:
    give_password(client)
    confirm(client)
    key = Authenticator(origin)
    add(client, key, status=200)
    assert "déjà connue" in text_of(add(client, key, status=422))


def test_without_a_script_the_page_says_so(client: StrictClient, anouk: str) -> None:
    give_password(client)
    said = text_of(client.get("/compte/securite"))
    assert "JavaScript y est désactivé" in said
    assert "L’application de codes fonctionne partout." in said
