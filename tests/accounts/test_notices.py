"""What the person is told although they changed nothing, and the name of the session's cookie over https."""

from __future__ import annotations

from dataclasses import replace

from bs4 import BeautifulSoup
from flask import Flask

from odis_app import create_app
from odis_app.core.requests import COOKIE
from tests.accounts.conftest import EMAIL, PHRASE, mailbox, sign_in
from tests.accounts.test_second_factor import give_code
from tests.support.client import StrictClient
from tests.support.factors import ADDRESS, Phone, give_password


def test_a_browser_never_seen_is_told_once_and_says_neither_place_nor_address(
    database: Flask, client: StrictClient, somebody: str
) -> None:
    sign_in(client)
    [first] = mailbox("new_browser")
    assert (first.to, set(first.context)) == (EMAIL, {"link"})
    client.post("/deconnexion")
    sign_in(client)
    assert len(mailbox("new_browser")) == 1, "this browser is known from now on"
    sign_in(StrictClient(database))
    assert len(mailbox("new_browser")) == 2
    sign_in(StrictClient(database), password="une autre phrase", status=422)
    assert len(mailbox("new_browser")) == 2, "who does not get in tells nothing"


def test_a_code_that_served_is_refused_and_its_owner_told(
    client: StrictClient, enrolled: list[str], phone: Phone
) -> None:
    code = phone.code()
    give_password(client)
    give_code(client, code)
    client.post("/deconnexion")
    give_password(client)
    give_code(client, "000000", status=422)
    assert mailbox("code_replayed") == []
    give_code(client, code, status=422)
    [told] = mailbox("code_replayed")
    assert (told.to, set(told.context)) == (ADDRESS, {"link"})


def test_over_https_the_session_is_a_host_cookie_and_leaves_with_it(database: Flask, somebody: str) -> None:
    app = create_app(replace(database.config["ODIS"], base_url="https://localhost"))
    browser, there = app.test_client(), {"base_url": "https://localhost", "headers": {"Referer": "https://localhost/"}}
    form = BeautifulSoup(browser.get("/connexion", **there).get_data(as_text=True), "html.parser")
    token = form.find("input", attrs={"name": "csrf_token"})["value"]
    typed = {"csrf_token": token, "email": EMAIL, "password": PHRASE}
    answer = browser.post("/connexion", data=typed, **there)
    assert answer.status_code == 303
    [kept] = [line for line in answer.headers.getlist("Set-Cookie") if COOKIE in line]
    assert kept.startswith(f"__Host-{COOKIE}=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= {part.strip() for part in kept.split(";")}
    assert "Domain" not in kept
    page = browser.get("/compte", **there)
    assert page.status_code == 200
    token = BeautifulSoup(page.get_data(as_text=True), "html.parser").find("input", attrs={"name": "csrf_token"})[
        "value"
    ]
    left = browser.post("/deconnexion", data={"csrf_token": token}, **there)
    assert left.status_code == 303
    assert browser.get("/compte", **there).status_code == 303
    assert browser.get_cookie(f"__Host-{COOKIE}") is None
