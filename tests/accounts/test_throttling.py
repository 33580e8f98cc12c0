"""Guessing passwords is slowed, per account and per network; and nobody is ever locked out by a stranger."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from jobs.runner import perform
from jobs.schedule import SCHEDULE
from jobs.scheduler import plan
from odis_app import create_app
from odis_app.accounts.operations.attempts import Kind, TooOftenError, Visitor, take
from odis_app.accounts.visitors import COOKIE, place
from odis_app.core import clock
from odis_app.core import db as core_db
from tests.accounts.conftest import EMAIL, OTHER, PHRASE, LetPass, mailbox, sign_in, told
from tests.organisations.conftest import invite
from tests.support.client import StrictClient, text_of
from tests.support.worlds import WorldBuilder

WAIT = "Trop d’essais pour cette adresse e-mail. Attendez"
QUARTER = timedelta(minutes=15, seconds=1)


def guess(client: StrictClient, email: str = EMAIL, times: int = 1, *, status: int = 422, place: str = "203.0.113.9"):
    """Wrong passwords from a browser that nobody knows."""
    answer = None
    for _ in range(times):
        browser = client.as_(None)
        page = browser.get("/connexion")
        token = page.get_data(as_text=True).partition('name="csrf_token" type="hidden" value="')[2].partition('"')[0]
        answer = browser.browser.post(
            "/connexion", data={"email": email, "password": "au hasard", "csrf_token": token},
            environ_overrides={"REMOTE_ADDR": place},
        )  # fmt: skip
        assert answer.status_code == status, text_of(answer)
    return answer


def test_after_five_failures_unknown_browsers_wait(client: StrictClient, somebody: str, let_pass: LetPass) -> None:
    guess(client, times=5)
    refused = guess(client, status=429)
    assert WAIT in text_of(refused)
    assert 840 < int(refused.headers["Retry-After"]) <= 900
    assert "Mot de passe oublié" in text_of(refused)
    sign_in(client.as_(None), status=429)  # even with the right password, and it is not said to be right
    let_pass(QUARTER)
    sign_in(client.as_(None))


def test_waiting_is_enough_whoever_goes_on_trying(client: StrictClient, somebody: str, let_pass: LetPass) -> None:
    """A refused try is not counted: a stranger who insists does not prolong the wait for ever."""
    guess(client, times=5)
    let_pass(timedelta(minutes=10))
    guess(client, times=3, status=429)
    let_pass(timedelta(minutes=5, seconds=1))
    sign_in(client.as_(None))


def test_a_stranger_never_locks_the_owner_out_of_a_known_browser(client: StrictClient, somebody: str) -> None:
    mine = sign_in(client.as_(None))
    mine.post("/deconnexion")
    guess(client, times=5)
    guess(client, times=2, status=429)
    sign_in(mine, password="une faute", status=422)
    sign_in(mine)


def test_a_network_that_is_refused_does_not_lock_known_browsers_out(client: StrictClient, somebody: str) -> None:
    mine = sign_in(client.as_(None))
    mine.post("/deconnexion")
    for number in range(30):
        guess(client, f"personne{number}@test.odis.example", place="127.0.0.1")
    sign_in(client.as_(None), status=429)
    sign_in(mine)


def test_a_known_browser_has_a_limit_of_its_own(client: StrictClient, somebody: str) -> None:
    mine = sign_in(client.as_(None))
    mine.post("/deconnexion")
    for _ in range(10):
        sign_in(mine, password="une faute", status=422)
    sign_in(mine, password="une faute", status=429)
    sign_in(client.as_(None))  # an unknown one has its own


def test_the_mark_of_a_browser_serves_one_account_and_cannot_be_made(client: StrictClient, somebody: str) -> None:
    mine = sign_in(client.as_(None))
    cookie = mine.browser.get_cookie(COOKIE)
    assert cookie is not None
    assert cookie.http_only
    assert EMAIL not in cookie.value
    guess(client, "autre@test.odis.example", times=5)
    mine.post("/deconnexion")
    sign_in(mine, "autre@test.odis.example", status=429)
    forged = client.as_(None)
    guess(client, times=5)
    forged.browser.set_cookie(COOKIE, cookie.value[:-4] + "aaaa")
    sign_in(forged, status=429)


def test_a_new_password_by_mail_is_a_way_in_during_an_attack(client: StrictClient, somebody: str) -> None:
    guess(client, times=5)
    mine = client.as_(None)
    mine.submit(mine.get("/mot-de-passe-oublie"), {"email": EMAIL}, action="/mot-de-passe-oublie")
    mine.get(str(mailbox("reset")[0].context["link"]), status=303)
    page = mine.get("/nouveau-mot-de-passe")
    mine.submit(page, {"new": OTHER, "again": OTHER}, action="/nouveau-mot-de-passe")
    guess(client, status=429)
    sign_in(mine, password=OTHER)


def test_a_new_password_by_mail_is_a_way_in_after_ones_own_mistakes(client: StrictClient, somebody: str) -> None:
    mine = sign_in(client.as_(None))
    mine.post("/deconnexion")
    for status in (*[422] * 10, 429):
        sign_in(mine, password="une faute", status=status)
    mine.submit(mine.get("/mot-de-passe-oublie"), {"email": EMAIL}, action="/mot-de-passe-oublie")
    mine.get(str(mailbox("reset")[0].context["link"]), status=303)
    page = mine.get("/nouveau-mot-de-passe")
    mine.submit(page, {"new": OTHER, "again": OTHER}, action="/nouveau-mot-de-passe")
    sign_in(mine, password=OTHER)


def test_a_right_password_is_not_counted(client: StrictClient, somebody: str) -> None:
    for _ in range(7):
        sign_in(client.as_(None))
    guess(client, times=4)
    sign_in(client.as_(None))
    guess(client)
    guess(client, status=429)


def test_an_address_that_nobody_has_counts_the_same(client: StrictClient, somebody: str) -> None:
    told_of = []
    for email in (EMAIL, "personne@test.odis.example"):
        guess(client, email, times=5, place="203.0.113.50")
        told_of.append(text_of(guess(client, email.upper(), status=429)).replace(email.upper(), "").replace(email, ""))
    assert told_of[0] == told_of[1]


def test_thirty_failures_from_one_network_and_not_from_another(
    client: StrictClient, somebody: str, let_pass: LetPass
) -> None:
    for number in range(30):
        guess(client, f"personne{number}@test.odis.example")
    refused = guess(client, "encore@test.odis.example", status=429)
    assert "Trop d’essais viennent de votre réseau. Attendez 15 minutes, puis recommencez." in text_of(refused)
    assert int(refused.headers["Retry-After"]) > 0
    guess(client, "encore@test.odis.example", place="198.51.100.7")
    let_pass(QUARTER)
    guess(client, "encore@test.odis.example")


def test_simultaneous_guesses_are_counted_one_by_one(database: Flask) -> None:
    def one(_: int) -> bool:
        with suppress(TooOftenError):
            take(Kind.PASSWORD, address="cible@test.odis.example", visitor=Visitor("203.0.113.9"))
            return True
        return False

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(one, range(24))) == 5


@pytest.mark.parametrize(
    ("header", "peer", "proxies", "seen"),
    [
        ("198.51.100.1", "203.0.113.9", 0, "203.0.113.9"),  # nobody is believed by default
        ("198.51.100.1", "203.0.113.9", 1, "198.51.100.1"),
        ("10.0.0.1, 198.51.100.1", "203.0.113.9", 1, "198.51.100.1"),  # what the visitor wrote before the proxy is not
        ("", "2001:db8:1:2:3:4:5:6", 0, "2001:db8:1:2::/64"),  # one subscriber has all of these
        ("", "::ffff:203.0.113.9", 0, "203.0.113.9"),
    ],
)
def test_the_network_is_the_one_that_connects_unless_a_proxy_is_trusted(
    database: Flask, header: str, peer: str, proxies: int, seen: str
) -> None:
    from dataclasses import replace

    app = create_app(replace(database.config["ODIS"], trusted_proxies=proxies)) if proxies else database
    found: list[str] = []

    def look(environ: dict[str, Any], start: Any) -> list[bytes]:
        with database.request_context(environ):
            found.append(place())
        start("200 OK", [])
        return []

    inner = getattr(app.wsgi_app, "app", None)
    headers = {"HTTP_X_FORWARDED_FOR": header} if header else {}
    environ = database.test_request_context(
        "/connexion", environ_overrides={"REMOTE_ADDR": peer, **headers}
    ).request.environ
    if proxies:
        assert inner is not None
        app.wsgi_app.app = look  # type: ignore[attr-defined]
        app.wsgi_app(environ, lambda *_: None)
    else:
        look(environ, lambda *_: None)
    assert found == [seen]


def test_neither_an_address_nor_a_network_is_kept_in_clear(client: StrictClient, somebody: str, behind) -> None:
    guess(client)
    sign_in(client.as_(None), password="une faute", status=422)
    kept = str(behind("SELECT row_to_json(a)::text FROM private.attempts a"))
    assert "203.0.113.9" not in kept
    assert "camille" not in kept
    assert len(behind("SELECT 1 FROM private.attempts")) == 2


def test_requests_for_an_access_or_a_password_are_counted_too(client: StrictClient, database: Flask) -> None:
    for number in range(30):
        take(Kind.ACCESS, address=f"{number}@test.odis.example", visitor=Visitor("127.0.0.1"))
    page = client.get("/demande-d-acces/personne?nouvelle=Toits+Essai")
    values = {
        "new_kind": "association", "new_department": "44", "first_name": "Lou", "last_name": "Fictif", "email": "lou@essai.example",
    }  # fmt: skip
    refused = client.submit(page, values, action="/demande-d-acces/personne", status=429)
    assert "Trop d’essais viennent de votre réseau." in text_of(refused)
    assert mailbox() == []
    for number in range(30):
        take(Kind.RESET, address=f"{number}@test.odis.example", visitor=Visitor("127.0.0.1"))
    page = client.get("/mot-de-passe-oublie")
    client.submit(page, {"email": EMAIL}, action="/mot-de-passe-oublie", status=429)


def test_answering_an_invitation_is_not_a_way_to_guess_a_password(
    client: StrictClient, somebody: str, world: WorldBuilder
) -> None:
    path = invite(client, world.actor("admin_organisation", "44"), EMAIL)
    for status in (*[422] * 5, 429):
        browser = client.as_(None)
        browser.get(path, status=303)
        typed = {"password": "au hasard", "charter": "y"}
        browser.submit(browser.get("/invitation"), typed, action="/invitation", status=status)
    sign_in(client.as_(None), status=429)  # it is one counter


def test_changing_a_password_is_not_a_way_to_guess_it(client: StrictClient, somebody: str) -> None:
    sign_in(client)
    typed = {"current": "au hasard", "new": OTHER, "again": OTHER}
    for status in (*[422] * 10, 429):
        client.submit(client.get("/compte"), typed, action="/compte/mot-de-passe", status=status)
    client.submit(client.get("/compte"), typed | {"current": PHRASE}, action="/compte/mot-de-passe", status=429)


def test_a_refused_new_password_is_no_guess(client: StrictClient, somebody: str) -> None:
    sign_in(client)
    for _ in range(12):
        typed = {"current": PHRASE, "new": "motdepasse1234", "again": "motdepasse1234"}
        client.submit(client.get("/compte"), typed, action="/compte/mot-de-passe", status=422)


def test_a_day_later_all_is_forgotten(client: StrictClient, somebody: str, let_pass: LetPass, behind) -> None:
    guess(client, times=2)
    client.submit(client.get("/mot-de-passe-oublie"), {"email": EMAIL}, action="/mot-de-passe-oublie")
    rounds = [timedelta(hours=23), timedelta(hours=3)]
    found = []
    line = next(item for item in SCHEDULE if item.name == "purge-attempts")
    for number, by in enumerate(rounds, 1):
        let_pass(by)
        found.append(_run(client.app, line, hours=number))
    assert [row["forgotten"] for row in found] == [0, 5]  # two guesses, two counters of the request, the link
    assert behind("SELECT (SELECT count(*) FROM private.attempts), (SELECT count(*) FROM private.password_resets)") == [
        (0, 0)
    ]


def _run(app: Flask, line: Any, *, hours: int) -> dict[str, int]:
    config = app.config["ODIS"]
    core_db.configure("app", config.worker_database_url)
    try:
        (job_id,) = plan(clock.now() + timedelta(hours=hours), [line])
        with app.app_context():
            assert perform(line.task, job_id) == "done"
    finally:
        core_db.configure("app", config.database_url)
    return dict(told("SELECT result FROM jobs WHERE id = :id", id=job_id))
