"""Proving who one is once more: what asks for it, how one comes back, and for how long."""

from __future__ import annotations

import psycopg
from bs4 import BeautifulSoup
from flask import Flask

from odis_app.core.config import libpq
from odis_app.core.identity import Identity
from odis_app.core.requests import COOKIE
from tests.support.client import StrictClient, text_of
from tests.support.factors import PHRASE, Phone, confirm, give_password
from tests.support.worlds import WorldBuilder

PAGE = "/compte/confirmer"


def test_a_page_that_needs_it_leads_there_and_back(client: StrictClient, anouk: str) -> None:
    give_password(client)
    asked = client.get("/compte/securite/application", status=303).headers["Location"]
    page = client.get(asked)
    answer = client.submit(page, {"password": PHRASE}, action=PAGE)
    assert answer.headers["Location"] == "/compte/securite/application"


def test_a_form_comes_back_with_what_was_typed(client: StrictClient, anouk: str) -> None:
    give_password(client)
    form = client.get("/equipe/securite")
    asked = client.submit(form, {"when": "date", "since": "2031-05-01"}, action="/equipe/securite", status=401)
    wrong = client.submit(asked, {"password": "une autre phrase"}, action=PAGE, status=422)
    resumed = client.submit(wrong, {"password": PHRASE}, action=PAGE, status=200)
    assert "Votre identité est confirmée" in text_of(resumed)
    back = client.submit(resumed, {}, action="/equipe/securite", status=200)
    kept = BeautifulSoup(back.get_data(as_text=True), "html.parser").find("input", attrs={"name": "since"})
    assert kept["value"] == "2031-05-01"
    client.submit(back, {}, action="/equipe/securite")


def test_a_button_without_a_field_goes_on_where_it_was(client: StrictClient, anouk: str) -> None:
    give_password(client)
    asked = client.post("/compte/securite/application/nouvelle", status=401)
    resumed = client.submit(asked, {"password": PHRASE}, action=PAGE, status=200)
    assert "Continuez là où vous en étiez." in text_of(resumed)
    going = client.submit(resumed, {}, action="/compte/securite/application/nouvelle")
    assert going.headers["Location"] == "/compte/securite/application"


def test_the_session_changes_its_token_and_the_old_one_is_worth_nothing(client: StrictClient, anouk: str) -> None:
    give_password(client)
    before = client.browser.get_cookie(COOKIE).value
    confirm(client)
    assert client.browser.get_cookie(COOKIE).value != before
    client.browser.set_cookie(COOKIE, before)
    client.get("/compte", status=303)


def test_it_lasts_ten_minutes(client: StrictClient, anouk: str, admin_url: str) -> None:
    give_password(client)
    confirm(client)
    client.post("/compte/securite/application/nouvelle")
    with psycopg.connect(libpq(admin_url), autocommit=True) as connection:
        (left,) = connection.execute("SELECT step_up_until - now() FROM private.sessions").fetchone()
        assert 0 < left.total_seconds() <= 600
        connection.execute("UPDATE private.sessions SET step_up_until = now() - interval '1 second'")
    client.post("/compte/securite/application/nouvelle", status=401)


def test_signing_in_is_not_enough(client: StrictClient, anouk: str) -> None:
    give_password(client)
    client.post("/compte/securite/codes", status=401)


def test_a_second_factor_confirms_and_the_password_no_longer_does(
    client: StrictClient, enrolled: list[str], phone: Phone
) -> None:
    page = client.get(give_password(client).headers["Location"])
    client.submit(page, {"code": phone.code()}, action="/connexion/verification")
    phone.later(minutes=1)
    page = client.get(PAGE)
    assert "Mot de passe" not in text_of(page)
    client.submit(page, {"password": PHRASE}, action=PAGE, status=422)
    client.submit(page, {"code": phone.code()}, action=PAGE)


def test_five_wrong_answers_end_the_session(client: StrictClient, anouk: str, admin_url: str) -> None:
    give_password(client)
    for _ in range(5):
        client.submit(client.get(PAGE), {"password": "une autre phrase"}, action=PAGE, status=422)
    ended = client.submit(client.get(PAGE), {"password": PHRASE}, action=PAGE, status=422)
    assert "Recommencez par votre mot de passe" in text_of(ended)
    client.get("/compte", status=303)
    with psycopg.connect(libpq(admin_url)) as connection:
        refused = connection.execute(
            "SELECT count(*) FROM audit_events WHERE action = 'session:refuse' AND actor_user_id IS NOT NULL"
        ).fetchone()
    assert refused == (5,)


def test_a_fragment_leads_there_too(client: StrictClient, anouk: str) -> None:
    give_password(client)
    headers = {"HX-Current-URL": "http://localhost/compte/securite"}
    answer = client.get("/compte/securite/application", htmx=True, status=204, headers=headers)
    assert answer.headers["HX-Redirect"] == f"{PAGE}?suite=/compte/securite"


def test_the_way_back_is_one_of_ours(client: StrictClient, anouk: str) -> None:
    give_password(client)
    page = client.get(f"{PAGE}?suite=//ailleurs.example/")
    assert client.submit(page, {"password": PHRASE}, action=PAGE).headers["Location"] == "/"


def test_a_job_is_confirmed_as_its_author_was_and_the_installation_always(database: Flask, world: WorldBuilder) -> None:
    assert Identity(kind="system").is_confirmed
    for kind in ("user", "job", "anonymous"):
        assert not Identity(kind=kind).is_confirmed
