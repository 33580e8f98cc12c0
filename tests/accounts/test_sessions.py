"""One's own sessions: seen, closed from elsewhere, and never alive again."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest
from flask import Flask

from odis_app.accounts.devices import device_label
from odis_app.core.config import libpq
from odis_app.core.requests import COOKIE, device
from tests.accounts.conftest import LetPass, sign_in, told
from tests.support.client import StrictClient, text_of
from tests.support.worlds import WorldBuilder

AGENT = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1"


def opened(client: StrictClient, agent: str) -> StrictClient:
    browser = client.as_(None)
    browser.browser.environ_base["HTTP_USER_AGENT"] = agent
    return sign_in(browser)


@pytest.mark.parametrize(
    ("agent", "said"),
    [
        (AGENT, "Firefox sur Windows"),
        (PHONE, "Safari sur iPhone"),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
            "Edge sur Windows",
        ),
        (
            "Mozilla/5.0 (Linux; Android 15; SM-A556B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36",
            "Samsung Internet sur Android",
        ),
        (
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
            "Chrome sur Linux",
        ),
        ("curl/8.5.0", "Navigateur inconnu"),
        ("", "Navigateur inconnu"),
    ],
)
def test_a_browser_is_named_as_people_say_it(agent: str, said: str) -> None:
    assert device_label(agent) == said


def test_the_account_lists_ones_sessions_and_says_until_when(client: StrictClient, somebody: str) -> None:
    opened(client, PHONE)
    page = text_of(opened(client, AGENT).get("/compte"))
    for said in (
        "Mes sessions", "Celle-ci Firefox sur Windows", "Safari sur iPhone", "Depuis le réseau 127.0.0.x", "après 30 minutes, donc à",
    ):  # fmt: skip
        assert said in page
    assert page.count("Fermer cette session") == 1


def test_closing_another_session_asks_it_to_sign_in_at_once(client: StrictClient, somebody: str) -> None:
    phone, desk = opened(client, PHONE), opened(client, AGENT)
    phone.get("/menages")
    desk.submit(desk.get("/compte"), {}, button="Fermer cette session")
    assert phone.get("/menages", status=303).headers["Location"].startswith("/connexion")
    page = text_of(desk.get("/compte"))
    assert "La session est fermée" in page
    assert "iPhone" not in page
    assert told("SELECT count(*) FROM audit_events WHERE action = 'session:revoke'") == 1


def test_closing_all_the_others_keeps_this_one(client: StrictClient, somebody: str) -> None:
    others, desk = [opened(client, PHONE) for _ in range(3)], opened(client, AGENT)
    desk.submit(desk.get("/compte"), {}, button="Fermer toutes les autres")
    assert "3 autres sessions fermées." in text_of(desk.get("/compte")).replace("\xa0", " ")
    for phone in others:
        phone.get("/menages", status=303)
    assert "Fermer toutes les autres" not in text_of(desk.get("/compte"))


def test_nobody_closes_somebody_elses_session(client: StrictClient, somebody: str, world: WorldBuilder, behind) -> None:
    desk, stranger = opened(client, AGENT), client.as_(world.actor("association", "44"))
    ((theirs,),) = behind("SELECT s.public_id FROM private.sessions s WHERE s.device LIKE '%Firefox%'")
    stranger.post("/compte/sessions/fermer", {"session": theirs}, status=404)
    stranger.post("/compte/sessions/fermer", {"session": "n-existe-pas"}, status=404)
    stranger.post("/compte/sessions/fermer-les-autres")
    desk.get("/menages")


def test_the_present_session_is_closed_by_signing_out_only(client: StrictClient, somebody: str, behind) -> None:
    desk = opened(client, AGENT)
    ((mine,),) = behind("SELECT public_id FROM private.sessions WHERE kind = 'user'")
    desk.post("/compte/sessions/fermer", {"session": mine}, status=404)
    desk.get("/menages")


@pytest.mark.parametrize("after", [timedelta(minutes=31), timedelta(hours=12, seconds=1)])
def test_a_session_ends_after_half_an_hour_without_anything(
    client: StrictClient, somebody: str, let_pass: LetPass, after: timedelta
) -> None:
    desk = sign_in(client)
    let_pass(timedelta(minutes=29))
    desk.get("/menages")
    let_pass(timedelta(minutes=29))
    desk.get("/menages")  # each page counts
    let_pass(after)
    desk.get("/menages", status=303)
    assert "Votre session a pris fin : trente minutes sans activité" in text_of(desk.get("/connexion?suite=/menages"))


def test_a_session_ends_after_twelve_hours_whatever_is_done(
    client: StrictClient, somebody: str, let_pass: LetPass
) -> None:
    desk = sign_in(client)
    for _ in range(25):  # every twenty-nine minutes: twelve hours and five minutes
        let_pass(timedelta(minutes=28, seconds=46))
        desk.get("/menages")
    let_pass(timedelta(seconds=60))
    desk.get("/menages", status=303)


def test_a_request_still_on_its_way_does_not_open_a_closed_session_again(
    client: StrictClient, database: Flask, somebody: str, behind
) -> None:
    """The page began before the sign-out and ends after it: what it then writes (touch_session) finds no session."""
    desk = sign_in(client)
    cookie = desk.browser.get_cookie(COOKIE)
    assert cookie is not None
    with psycopg.connect(libpq(database.config["ODIS"].database_url)) as slow:
        slow.execute("SELECT set_config('odis.token', %s, true)", (cookie.value,))
        assert slow.execute("SELECT odis.user_id()").fetchone() != (None,)
        desk.post("/deconnexion")
        slow.execute("SELECT odis.touch_session()")
    assert behind("SELECT count(*) FROM private.sessions WHERE kind = 'user'") == [(0,)]
    desk.browser.set_cookie(COOKIE, cookie.value)
    desk.get("/menages", status=303)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("203.0.113.77", "203.0.113.x"),
        ("::ffff:203.0.113.77", "203.0.113.x"),
        ("2001:db8:1:2::7", "2001:0db8:0001:"),
        ("?", ""),
    ],
)
def test_a_session_remembers_a_network_never_an_address(app: Flask, address: str, said: str) -> None:
    with app.test_request_context("/", environ_base={"REMOTE_ADDR": address}, headers={"User-Agent": AGENT}):
        assert device() == f"{AGENT}\n{said}"
