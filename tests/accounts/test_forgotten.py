"""A forgotten password, from the address to the next sign-in; and everything that such a link must never do."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import text

from odis_app.accounts.operations import passwords
from odis_app.core.db import db, token_hash, unit_of_work
from odis_app.core.requests import COOKIE
from tests.accounts.conftest import EMAIL, OTHER, PHRASE, LetPass, mailbox, sign_in, told
from tests.support.client import StrictClient, text_of
from tests.support.sql import recorded
from tests.support.worlds import owner_unit

DEAD = "Ce lien n’est plus valable"


def ask(client: StrictClient, email: str = EMAIL, *, status: int = 303) -> str:
    page = client.submit(
        client.get("/mot-de-passe-oublie"), {"email": email}, action="/mot-de-passe-oublie", status=status
    )
    return page.headers.get("Location", "") if status == 303 else text_of(page)


def link() -> str:
    return str(mailbox("reset")[0].context["link"])


def choose(client: StrictClient, path: str, new: str = OTHER, *, again: str | None = None, status: int = 303) -> str:
    arrived = client.get(path, status=303)
    assert arrived.headers["Location"] == "/nouveau-mot-de-passe"  # the secret is no longer in the address
    page = client.get("/nouveau-mot-de-passe")
    answer = client.submit(
        page, {"new": new, "again": new if again is None else again}, action="/nouveau-mot-de-passe", status=status
    )
    return text_of(client.get("/connexion")) if status == 303 else text_of(answer)


def test_the_sign_in_page_leads_there(client: StrictClient) -> None:
    assert 'href="/mot-de-passe-oublie"' in client.get("/connexion").get_data(as_text=True)


def test_a_new_password_opens_the_account_and_the_old_one_does_not(client: StrictClient, somebody: str) -> None:
    assert ask(client, "  CAMILLE@test.odis.example ") == "/mot-de-passe-oublie/envoye"
    assert "sert une seule fois" in text_of(client.get("/mot-de-passe-oublie/envoye"))
    assert "Connectez-vous avec le nouveau." in choose(client, link())
    sign_in(client.as_(None), password=PHRASE, status=422)
    sign_in(client.as_(None), password=OTHER).get("/menages")
    assert mailbox("password_changed")[0].to == EMAIL
    events = "SELECT string_agg(action, ' ' ORDER BY id) FROM audit_events WHERE action LIKE 'account:%'"
    assert told(events) == "account:forget account:reset"


def test_every_session_of_the_account_ends(client: StrictClient, somebody: str) -> None:
    elsewhere = sign_in(client.as_(None))
    elsewhere.get("/menages")
    ask(client)
    choose(client, link())
    assert elsewhere.get("/menages", status=303).headers["Location"].startswith("/connexion")


def test_no_session_opens_by_itself(client: StrictClient, somebody: str) -> None:
    """The second factor, where there is one, is asked for at the sign-in that follows."""
    ask(client)
    choose(client, link())
    assert client.browser.get_cookie(COOKIE) is None
    client.get("/menages", status=303)


@pytest.mark.parametrize("change", ["", "deactivated_at = now()", "is_demo = true"])
def test_known_unknown_closed_and_demonstration_answer_the_same(
    client: StrictClient, somebody: str, change: str
) -> None:
    if change:
        with owner_unit():
            db.execute(text(f"UPDATE users SET {change}"))
    statements, answers = [], []
    for address in (EMAIL, "personne@test.odis.example"):
        page = client.get("/mot-de-passe-oublie")
        with recorded() as said:
            answers.append(client.submit(page, {"email": address}, action="/mot-de-passe-oublie").headers["Location"])
        statements.append([one.partition("\n")[0] for one in said])
    assert answers[0] == answers[1]
    assert statements[0] == statements[1]
    assert len(mailbox()) == 2
    assert [m.kind.name for m in mailbox()] == ["no_account", "no_account" if change else "reset"]


def test_asking_hashes_no_password_for_anybody(
    client: StrictClient, somebody: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What takes time is never done here, for a known address no more than for an unknown one; the statements are the same (above)."""

    class Refusing:
        def __getattr__(self, name: str) -> object:
            raise AssertionError(f"the hasher is asked to {name}")

    monkeypatch.setattr(passwords, "_hasher", Refusing())
    for address in (EMAIL, "personne@test.odis.example"):
        assert ask(client, address) == "/mot-de-passe-oublie/envoye"
    assert len(mailbox()) == 2


def test_an_address_that_is_none_is_told_so(client: StrictClient, database: Flask) -> None:
    assert "n’est pas complète" in ask(client, "camille", status=422)
    assert mailbox() == []


def test_three_mails_an_hour_at_most_in_silence(client: StrictClient, somebody: str, let_pass: LetPass) -> None:
    for _ in range(5):
        assert ask(client) == "/mot-de-passe-oublie/envoye"
        assert ask(client, "personne@test.odis.example") == "/mot-de-passe-oublie/envoye"
    assert [len(mailbox("reset")), len(mailbox("no_account"))] == [3, 3]
    let_pass(timedelta(minutes=61))
    ask(client)
    assert len(mailbox("reset")) == 4


def test_opening_the_link_consumes_nothing(client: StrictClient, somebody: str) -> None:
    ask(client)
    for _ in range(3):
        other = client.as_(None)
        other.get(link(), status=303)
        assert EMAIL in text_of(other.get("/nouveau-mot-de-passe"))
    choose(client, link())


def test_every_dead_link_gets_the_same_page(client: StrictClient, somebody: str, let_pass: LetPass) -> None:
    ask(client)
    old = link()
    let_pass(timedelta(minutes=61))
    ask(client)
    used = link()
    ask(client)
    replaced = link()  # by the change that the other made
    ask(client, "personne@test.odis.example")
    choose(client, used)
    pages = set()
    for path in (old, used, replaced, "/nouveau-mot-de-passe/" + "x" * 43, "/nouveau-mot-de-passe/court"):
        other = client.as_(None)
        other.get(path, status=303)
        pages.add(text_of(other.get("/nouveau-mot-de-passe", status=410)))
    assert len(pages) == 1
    assert DEAD in pages.pop()
    assert 'href="/mot-de-passe-oublie"' in client.as_(None).get("/nouveau-mot-de-passe", status=410).text


def test_a_link_serves_once_even_when_sent_twice(client: StrictClient, somebody: str) -> None:
    ask(client)
    first, second = client.as_(None), client.as_(None)
    for browser in (first, second):
        browser.get(link(), status=303)
    pages = [browser.get("/nouveau-mot-de-passe") for browser in (first, second)]
    first.submit(pages[0], {"new": OTHER, "again": OTHER}, action="/nouveau-mot-de-passe")
    late = second.submit(pages[1], {"new": PHRASE * 2, "again": PHRASE * 2}, action="/nouveau-mot-de-passe", status=410)
    assert DEAD in text_of(late)
    sign_in(client.as_(None), password=OTHER)


@pytest.mark.parametrize(
    ("new", "again", "said"),
    [
        ("court", None, "12 caractères au moins"),
        (OTHER, "une faute de frappe", "Les deux écritures du nouveau mot de passe diffèrent."),
        (EMAIL, None, "différent de l’actuel, de votre nom et de votre adresse"),
        ("Camille-Fictive-44", None, "font presque tout ce mot de passe"),
        ("P@ssw0rd20262026", None, "que l’on essaie en premier"),
    ],
)
def test_the_rules_of_a_new_password_hold_and_the_link_still_serves(
    client: StrictClient, somebody: str, new: str, again: str | None, said: str
) -> None:
    ask(client)
    assert said in choose(client, link(), new, again=again, status=422)
    choose(client, link())


def test_the_database_keeps_no_secret_and_sql_alone_replaces_nothing(
    client: StrictClient, somebody: str, behind
) -> None:
    ask(client)
    secret = link().rpartition("/")[2]
    ((kept,),) = behind("SELECT row_to_json(r)::text FROM private.password_resets r")
    assert secret not in kept
    with unit_of_work(None):  # as the web's own role, with any statement but without the application's key
        forged = {"hash": token_hash("à moi"), "address": EMAIL, "proof": b"x" * 32}
        assert not db.execute(text("SELECT odis.reset_ask(:address, :hash, :proof)"), forged).scalar_one()
        used = text("SELECT odis.reset_use(:hash, :proof, 'x')")
        assert db.execute(used, {"hash": token_hash(secret), "proof": b"x" * 32}).scalar_one() is None
    assert behind("SELECT count(*) FROM private.password_resets") == [(1,)]
    choose(client, link())


def test_changing_it_from_the_account_is_told_by_mail_too(client: StrictClient, somebody: str) -> None:
    sign_in(client)
    client.submit(
        client.get("/compte"), {"current": PHRASE, "new": OTHER, "again": OTHER}, action="/compte/mot-de-passe"
    )
    assert mailbox("password_changed")[0].to == EMAIL


def test_the_mails_read_well_as_text_and_as_html(client: StrictClient, database: Flask, somebody: str) -> None:
    ask(client)
    ask(client, "personne@test.odis.example")
    choose(client, link())
    from odis_app.notifications.rendering import words_of

    with database.app_context():
        for mail in mailbox():
            words = words_of(database.jinja_env, mail.kind, mail.context, address="https://odis.example")
            assert "https://odis.example/" in words.text
            assert "https://odis.example/" in words.html
            assert "Camille" not in words.text


def test_who_waits_for_a_code_with_the_former_password_waits_for_nothing(
    client: StrictClient, somebody: str, behind
) -> None:
    behind("INSERT INTO private.totp (user_id, sealed, confirmed_at) SELECT id, 'x', now() FROM users")
    behind("UPDATE users SET second_factor_since = now()")
    thief = client.as_(None)
    page = thief.submit(thief.get("/connexion"), {"email": EMAIL, "password": PHRASE}, action="/connexion")
    assert page.headers["Location"].startswith("/connexion/verification")
    assert behind("SELECT count(*) FROM private.verifications") == [(1,)]
    ask(client)
    choose(client, link())
    assert behind("SELECT count(*) FROM private.verifications") == [(0,)]
    thief.get("/connexion/verification", status=303)
