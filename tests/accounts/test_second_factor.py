"""A second factor: adding it, signing in with it, losing it."""

from __future__ import annotations

import psycopg
import pytest
from bs4 import BeautifulSoup
from flask import Flask

from odis_app.accounts.operations.totp import matching_step
from odis_app.core.config import libpq
from odis_app.core.requests import COOKIE
from tests.support.client import StrictClient, text_of
from tests.support.factors import ADDRESS, PHRASE, Phone, confirm, enrol, give_password

REFUSED = "Ce code n’est pas le bon, ou il a déjà servi."
HOME = "Ce qui m’attend aujourd’hui"


def rows(admin_url: str, sql: str) -> list[tuple]:
    with psycopg.connect(libpq(admin_url)) as connection:
        return connection.execute(sql).fetchall()


def give_code(client: StrictClient, code: str, *, status: int = 303):
    page = client.get("/connexion/verification")
    return client.submit(page, {"code": code}, action="/connexion/verification", status=status)


def test_changing_factors_asks_for_the_password_again(client: StrictClient, anouk: str) -> None:
    give_password(client)
    answer = client.submit(client.get("/compte/securite"), {}, button="Ajouter une application", status=401)
    assert "Confirmer votre identité" in text_of(answer)
    assert "Ce que vous écriviez" not in text_of(answer)  # a button alone: nothing was being written


def test_an_application_is_added_with_its_first_code_and_gives_ten_backup_codes(
    client: StrictClient, anouk: str, phone: Phone, admin_url: str
) -> None:
    give_password(client)
    confirm(client)
    codes = enrol(client, phone)
    assert len(set(codes)) == 10
    page = text_of(client.get("/compte/securite"))
    assert "En service" in page
    assert "10 codes" in page
    kept = " ".join(str(row) for row in rows(admin_url, "SELECT * FROM private.totp, private.backup_codes"))
    assert phone.secret not in kept
    assert not any(code in kept or code.replace("-", "") in kept for code in codes)
    assert rows(admin_url, "SELECT count(*) FROM mails WHERE template = 'factor_changed'") == [(1,)]
    assert rows(admin_url, "SELECT summary FROM audit_events WHERE action = 'account:factor'") == [
        ("Application de codes ajoutée",)
    ]


def test_the_qr_code_is_drawn_here(client: StrictClient, anouk: str) -> None:
    give_password(client)
    confirm(client)
    client.submit(client.get("/compte/securite"), {}, button="Ajouter une application")
    drawing = client.get("/compte/securite/application/qr.svg")
    assert drawing.mimetype == "image/svg+xml"
    assert drawing.headers["Cache-Control"] == "no-store"
    assert BeautifulSoup(drawing.get_data(as_text=True), "xml").find("path") is not None


def test_a_wrong_first_code_adds_nothing(client: StrictClient, anouk: str, phone: Phone) -> None:
    give_password(client)
    confirm(client)
    client.submit(client.get("/compte/securite"), {}, button="Ajouter une application")
    page = client.get("/compte/securite/application")
    refused = client.submit(page, {"code": "000000"}, action="/compte/securite/application", status=422)
    assert "Ce code n’est pas le bon" in text_of(refused)
    assert "Aucune" in text_of(client.get("/compte/securite"))


def test_the_password_alone_opens_nothing_any_more(client: StrictClient, enrolled: list[str]) -> None:
    answer = give_password(client, "/compte")
    assert answer.headers["Location"].startswith("/connexion/verification")
    assert client.browser.get_cookie(COOKIE) is None
    assert client.get("/compte", status=303).headers["Location"].startswith("/connexion")


def test_what_the_browser_holds_between_is_no_session(
    client: StrictClient, enrolled: list[str], database: Flask
) -> None:
    give_password(client)
    cookie = client.browser.get_cookie("odis_verification", path="/connexion")
    assert cookie is not None
    client.browser.set_cookie(COOKIE, cookie.value)
    assert client.get("/compte", status=303).headers["Location"].startswith("/connexion")
    with psycopg.connect(libpq(database.config["ODIS"].database_url)) as connection:
        connection.execute("SELECT set_config('odis.token', %s, true)", (cookie.value,))
        seen = connection.execute(
            "SELECT odis.user_id(), odis.org(), odis.level(), odis.case_org(), odis.step_up_until(), odis.is_confirmed()"
        ).fetchone()
    assert seen == (None, None, None, None, None, False)


def test_password_then_code_leads_where_one_was_going(client: StrictClient, enrolled: list[str], phone: Phone) -> None:
    page = client.get(give_password(client, "/compte").headers["Location"])
    answer = client.submit(page, {"code": phone.code()}, action="/connexion/verification")
    assert answer.headers["Location"] == "/compte"
    assert "Anouk Fictive" in text_of(client.get("/compte"))


def test_a_code_serves_once(client: StrictClient, enrolled: list[str], phone: Phone) -> None:
    code = phone.code()
    give_password(client)
    give_code(client, code)
    client.post("/deconnexion")
    give_password(client)
    assert REFUSED in text_of(give_code(client, code, status=422))


@pytest.mark.parametrize(("steps", "status"), [(-2, 422), (-1, 303), (0, 303), (1, 303), (2, 422)])
def test_a_clock_may_be_thirty_seconds_off(
    client: StrictClient, enrolled: list[str], phone: Phone, steps: int, status: int
) -> None:
    give_password(client)
    give_code(client, phone.code(steps=steps), status=status)


def test_an_older_code_is_refused_after_a_newer_one(client: StrictClient, enrolled: list[str], phone: Phone) -> None:
    older = phone.code()
    give_password(client)
    give_code(client, phone.code(steps=1))
    client.post("/deconnexion")
    give_password(client)
    give_code(client, older, status=422)


def test_two_requests_with_the_same_code_open_one_session(
    client: StrictClient, enrolled: list[str], phone: Phone, database: Flask, admin_url: str
) -> None:
    minter = database.extensions["odis_minter"]
    ((who,),) = rows(admin_url, f"SELECT id FROM users WHERE email = '{ADDRESS}'")
    step = matching_step(phone.secret, phone.code())
    arguments = (who, step, minter.proof(f"totp-use|{who}|{step}"))
    url = libpq(database.config["ODIS"].database_url)
    with psycopg.connect(url, autocommit=True) as one, psycopg.connect(url, autocommit=True) as other:
        used = [c.execute("SELECT odis.totp_use(%s, %s, %s)", arguments).fetchone() for c in (one, other)]
    assert used == [(True,), (False,)]


def test_a_backup_code_serves_once_is_told_by_mail_and_says_how_many_are_left(
    client: StrictClient, enrolled: list[str], admin_url: str
) -> None:
    give_password(client)
    give_code(client, f" {enrolled[0].upper()} ")
    assert "9 codes" in text_of(client.get("/compte/securite"))
    assert rows(admin_url, "SELECT count(*) FROM mails WHERE template = 'backup_code_used'") == [(1,)]
    client.post("/deconnexion")
    give_password(client)
    give_code(client, enrolled[0], status=422)
    give_code(client, enrolled[1])


def test_a_new_set_of_codes_kills_the_old_one(client: StrictClient, enrolled: list[str], phone: Phone) -> None:
    give_password(client)
    give_code(client, phone.code())
    phone.later(minutes=1)
    confirm(client, code=phone.code())
    client.submit(client.get("/compte/securite"), {}, button="Créer et afficher les codes", status=200)
    client.post("/deconnexion")
    give_password(client)
    give_code(client, enrolled[0], status=422)


def test_five_wrong_codes_and_the_password_is_asked_for_again(
    client: StrictClient, enrolled: list[str], phone: Phone, admin_url: str
) -> None:
    give_password(client)
    for _ in range(4):
        give_code(client, "000000", status=422)
    last = give_code(client, "000000", status=422)
    assert "Recommencez par votre mot de passe" in text_of(last)
    assert client.get("/connexion/verification", status=303).headers["Location"] == "/connexion"
    told = rows(admin_url, "SELECT row_to_json(e)::text FROM audit_events e WHERE action = 'session:refuse'")
    assert len(told) == 5
    assert not any("000000" in line or ADDRESS in line for (line,) in told)
    give_password(client)
    give_code(client, phone.code())


def test_the_draft_of_an_expired_session_comes_back_after_the_second_factor(
    client: StrictClient, enrolled: list[str], phone: Phone
) -> None:
    give_password(client)
    give_code(client, phone.code())
    phone.later(minutes=1)
    page = client.get("/menages/nouveau")
    token = str(BeautifulSoup(page.get_data(as_text=True), "html.parser").find(attrs={"name": "csrf_token"})["value"])
    client.browser.delete_cookie(COOKIE)
    typed = {"csrf_token": token, "first_name": "Prénom tapé"}
    asked = client.browser.post("/menages/nouveau", data=typed)
    assert asked.status_code == 401
    second = client.submit(asked, {"email": ADDRESS, "password": PHRASE}, action="/connexion", status=200)
    assert "Ce que vous écriviez est gardé" in text_of(second)
    refused = client.submit(second, {"code": "000000"}, action="/connexion/verification", status=422)
    resumed = client.submit(refused, {"code": phone.code()}, action="/connexion/verification", status=200)
    form = BeautifulSoup(resumed.get_data(as_text=True), "html.parser").find("form", action="/menages/nouveau")
    assert form.find("input", attrs={"name": "first_name"})["value"] == "Prénom tapé"
    assert form.find("input", attrs={"name": "_reprise"}) is not None


def test_removing_the_last_factor_leaves_the_password_and_no_code(
    client: StrictClient, enrolled: list[str], phone: Phone, admin_url: str
) -> None:
    give_password(client)
    give_code(client, phone.code())
    phone.later(minutes=1)
    confirm(client, code=phone.code())
    client.submit(client.get("/compte/securite"), {}, button="Retirer l’application de codes")
    assert rows(admin_url, "SELECT count(*) FROM private.backup_codes") == [(0,)]
    client.post("/deconnexion")
    give_password(client)
    assert HOME in text_of(client.get("/"))


def test_a_shared_demonstration_account_gets_no_factor(client: StrictClient, anouk: str, admin_url: str) -> None:
    with psycopg.connect(libpq(admin_url), autocommit=True) as connection:
        connection.execute("UPDATE users SET is_demo = true")
    give_password(client)
    confirm(client)
    assert "compte de démonstration" in text_of(client.get("/compte/securite"))
    refused = client.post("/compte/securite/application/nouvelle", status=422)
    assert "garde son seul mot de passe" in text_of(refused)


@pytest.mark.parametrize(
    "call",
    [
        "odis.totp_of(1, sha256('faux'))", "odis.totp_use(1, 99999999, sha256('faux'))", "odis.backup_use(1, sha256('x'), sha256('faux'))",
        "odis.has_factor(1, sha256('faux'))", "odis.verification_open(sha256('x'), 1, sha256('faux'))", "odis.totp_candidate(sha256('faux'))",
        "odis.confirm_session(sha256('x'), sha256('faux'))", "odis.totp_begin('x')", "odis.totp_remove()", "odis.backup_replace(ARRAY[sha256('x')])",
        "odis.second_factor_require(current_date)", "odis.member_reset_factors('x')",
    ],
)  # fmt: skip
def test_sql_alone_reads_and_accepts_nothing(database: Flask, enrolled: list[str], call: str) -> None:
    with psycopg.connect(libpq(database.config["ODIS"].database_url)) as connection:
        assert connection.execute(f"SELECT {call}").fetchone() in [(None,), (False,)]


@pytest.mark.parametrize("table", ["totp", "backup_codes", "passkeys", "verifications", "challenges"])
def test_the_application_reads_no_table_of_factors(database: Flask, table: str) -> None:
    with (
        psycopg.connect(libpq(database.config["ODIS"].database_url)) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(f"SELECT * FROM private.{table}")


def test_nobody_gives_themselves_a_factor_by_a_plain_update(client: StrictClient, anouk: str, database: Flask) -> None:
    give_password(client)
    with psycopg.connect(libpq(database.config["ODIS"].database_url)) as connection:
        connection.execute("SELECT set_config('odis.token', %s, true)", (client.browser.get_cookie(COOKIE).value,))
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("UPDATE users SET second_factor_since = now()")
