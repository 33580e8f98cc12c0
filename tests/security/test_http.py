"""What somebody with a browser, a notebook of identifiers and bad intentions would send. Each test fails if the hole is open."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from odis_app.accounts.operations import hash_password
from odis_app.core.db import db, token_hash
from odis_app.core.ids import new_public_id, new_token
from odis_app.core.requests import COOKIE
from odis_app.core.web import is_safe_path
from odis_app.organisations.seeds import Actor
from tests.security.region import NAMED, Region
from tests.security.visits import addresses, browser
from tests.support.client import form_values
from tests.support.worlds import owner_unit

MARKS = (
    "Marqueuzine",
    "Lalarème",
    "Nikadème",
    "Marqueuse",
    "Impasse Marqueur",
    "hote@exemple.test",
    "33639980001",
    "33600000001",
)


@pytest.fixture
def neighbour(region: Region) -> Actor:
    return region.people["neighbour", "ts"]


def body(response: object) -> str:
    """The words of an answer without what is different at each request."""
    raw = response.get_data(as_text=True)  # type: ignore[attr-defined]
    return re.sub(r'(value|content|nonce)="[^"]{20,}"|"X-CSRFToken": ?"[^"]*"', "", raw)


# ── Identifiers ─────────────────────────────────────────────────────────────


def test_a_foreign_thing_answers_as_a_missing_one(app: Flask, region: Region, neighbour: Actor) -> None:
    """Status, headers and body: nothing tells « not yours » from « not there »."""
    client = browser(app, region.people["elsewhere", "ts"]).browser
    client.get("/")  # the first page of a browser gives it a cookie
    known = {
        value
        for name, value in region.things.items()
        if len(value) == 16 and name in NAMED | {"offer", "housed", "taken", "child"}
    }
    for endpoint, url in addresses(app, region, "GET"):
        missing = url
        for public_id in known:
            missing = missing.replace(public_id, "0" * 16)
        theirs, none = client.get(url), client.get(missing)
        assert (theirs.status_code, none.status_code) == (404, 404), endpoint
        assert body(theirs).replace(url, "") == body(none).replace(missing, ""), endpoint
        assert {k for k, _ in theirs.headers} == {k for k, _ in none.headers}, endpoint


@pytest.mark.parametrize("situation", ["neighbour", "elsewhere"])
def test_head_and_options_open_nothing(app: Flask, region: Region, situation: str) -> None:
    client = browser(app, region.people[situation, "op"]).browser
    for endpoint, url in addresses(app, region, "GET"):
        head, options = client.head(url), client.options(url)
        assert head.status_code == 404, endpoint
        assert "ETag" not in head.headers, endpoint
        assert "Last-Modified" not in head.headers, endpoint
        told = options.get_data(as_text=True)
        assert not [mark for mark in MARKS if mark in told], endpoint


def test_conditional_requests_and_ranges_find_nothing(app: Flask, region: Region, neighbour: Actor) -> None:
    """No answer of a person's page may be kept: no-store, no ETag; a stranger's If-None-Match or Range changes nothing."""
    own, stranger = (
        browser(app, region.people["own", "co"]).browser,
        browser(app, region.people["elsewhere", "co"]).browser,
    )
    headers = {"If-None-Match": "*", "If-Modified-Since": "Wed, 21 Oct 2099 07:28:00 GMT", "Range": "bytes=0-10"}
    for endpoint, url in addresses(app, region, "GET"):
        assert stranger.get(url, headers=headers).status_code == 404, endpoint
        answer = own.get(url, buffered=True)
        assert answer.headers["Cache-Control"] == "no-store", endpoint
        assert "ETag" not in answer.headers, endpoint
        answer.close()


def test_method_override_and_case_open_nothing(app: Flask, region: Region, neighbour: Actor) -> None:
    client = browser(app, region.people["elsewhere", "co"]).browser
    path = f"/menages/{region.things['household']}"
    for url in (
        path.upper(),
        f"{path}/",
        f"/{path}",
        f"{path}%00",
        f"{path};jsessionid=1",
        f"/menages/..{path}",
        f"{path}/../{region.things['household']}",
        f"{path}%2f",
    ):
        assert client.get(url).status_code in {301, 308, 400, 404}, url
    for verb in ("PUT", "PATCH", "DELETE", "TRACE"):
        assert client.open(path, method=verb).status_code in {404, 405}, verb
    override = {"X-HTTP-Method-Override": "POST", "X-Original-URL": path, "X-Rewrite-URL": path}
    assert region.things["household"] not in client.get("/menages", headers=override).get_data(as_text=True)


# ── Lists as oracles ────────────────────────────────────────────────────────


QUERIES = [
    f"{name}={value}" for name in ("q", "tri", "vue", "etape", "departement", "page", "priorite", "dispositif", "referent", "organisation", "statut", "view", "sort")
    for value in ("Marqueuzine", "M-44-0001", "44", "1", "-numero", "tous", "toutes", "99999999")
]  # fmt: skip


@pytest.mark.parametrize("situation", ["neighbour", "elsewhere"])
def test_no_filter_nor_sort_nor_page_shows_or_counts_a_foreign_file(app: Flask, region: Region, situation: str) -> None:
    """Whatever is asked of a list, a stranger's page holds none of the file's words, its ids, nor another count than nothing."""
    client = browser(app, region.people[situation, "ts"]).browser
    household = {
        region.things[name]
        for name in (
            "household",
            "housed",
            "member",
            "entry",
            "document",
            "report",
            "orientation",
            "placement",
            "found",
        )
    }
    for url in ("/menages", "/orientations", "/hebergements", "/bilans", "/imports", "/appariement", "/suivi"):
        empty = words(client, url)
        for query in QUERIES if url in {"/menages", "/suivi"} else QUERIES[::7]:
            page = client.get(f"{url}?{query}").get_data(as_text=True)
            assert not [mark for mark in (*MARKS, *household) if mark in page.replace(query.partition("=")[2], "")], (
                f"{url}?{query}"
            )
        assert words(client, url) == empty


def words(client: FlaskClient, url: str) -> str:
    main = BeautifulSoup(client.get(url).get_data(as_text=True), "html.parser").find("main")
    assert main is not None, url
    return " ".join(main.get_text(" ").split())


@pytest.mark.parametrize("situation", ["neighbour", "elsewhere", "minimal"])
def test_search_finds_no_name_outside(app: Flask, region: Region, situation: str) -> None:
    """By name, phone, number; a minimal share is found by number only, never by a name that it does not read."""
    for letters in ("ts", "op", "dd", "qo", "ao", "ap"):
        client = browser(app, region.people[situation, letters])
        for term in ("Marqueuzine", "Lalareme", "0600000001", "+33600000001", "Marqueuse", "hote@exemple.test"):
            page = client.browser.post(
                "/recherche", data={"q": term}, headers={"X-CSRFToken": client.token(), "Referer": "http://localhost/"}
            )
            text_ = page.get_data(as_text=True)
            assert region.things["household"] not in text_, (letters, term)
            assert not [m for m in MARKS if m in text_ and m not in term], (letters, term)


def test_exact_search_by_phone_finds_nothing_of_a_neighbour(app: Flask, region: Region, neighbour: Actor) -> None:
    client = browser(app, neighbour)
    page = client.get("/menages/recherche")
    fields = form_values(client._form(page, None, None))
    for name in fields:
        sent = {**fields, name: "+33600000001"}
        answer = client.browser.post("/menages/recherche", data=sent, headers={"Referer": "http://localhost/"})
        assert region.things["household"] not in answer.get_data(as_text=True)


def test_tracking_stays_in_its_departement(app: Flask, region: Region) -> None:
    for actor, shown in ((region.people["elsewhere", "dd"], False), (region.people["neighbour", "dd"], True)):
        client = browser(app, actor).browser
        for url in ("/suivi", "/suivi?departement=44", "/suivi?departement=44&departement=33&tri=numero"):
            page = client.get(url).get_data(as_text=True)
            assert (
                "M-44-"
                in re.sub(r"q=M-44|value=\"[^\"]*\"|placeholder=\"[^\"]*\"", "", page).replace("Numéro : M-44", "")
            ) is shown, url
            assert not [mark for mark in MARKS if mark in page], url


# ── Writing ─────────────────────────────────────────────────────────────────


def test_readers_of_a_note_come_from_the_organisations_that_hold_the_file(
    app: Flask, region: Region, neighbour: Actor
) -> None:
    """A forged reader (a stranger's public id) is refused or ignored: no row names them."""
    with owner_unit():
        stranger = db.execute(
            text("SELECT public_id FROM users WHERE id = :id"), {"id": neighbour.user_id}
        ).scalar_one()
    client = browser(app, region.people["own", "ts"])
    url = f"/{region.things['record']}/journal"
    fields = form_values(client._form(client.get(url), url, None))
    sent = {**fields, "body": "Note forgée", "audience": "choisis", "readers": [stranger]}
    answer = client.browser.post(url, data=sent, headers={"Referer": "http://localhost/"})
    assert answer.status_code in {303, 422}
    with owner_unit():
        assert (
            db.execute(
                text("SELECT count(*) FROM journal_readers WHERE user_id = :id"), {"id": neighbour.user_id}
            ).scalar_one()
            == 0
        )


def test_a_document_of_another_file_is_not_hung_on_one_s_own_note(app: Flask, region: Region) -> None:
    """The journal's form with the identifier of a document that belongs to another file: no such attachment."""
    author = region.people["full", "ts"]
    client = browser(app, author)
    url = f"/{region.things['record']}/journal"
    fields = form_values(client._form(client.get(url), url, None))
    for name in ("documents", "document", "attachments", "document_id", "files"):
        sent = {**fields, "body": "Note avec pièce", "audience": "organisation", name: region.things["document"]}
        assert client.browser.post(url, data=sent, headers={"Referer": "http://localhost/"}).status_code in {303, 422}
    assert client.browser.get(f"/documents/{region.things['document']}").status_code == 404
    with owner_unit():
        assert db.execute(text("SELECT count(*) FROM journal_attachments")).scalar_one() == 0


def test_no_share_is_renewed_or_withdrawn_through_another_file(app: Flask, region: Region, neighbour: Actor) -> None:
    """The address names two things: a share under somebody else's own file is not found."""
    client = browser(app, region.people["own", "ts"])
    for act in ("prolonger", "retirer"):
        url = f"/menages/{region.things['housed']}/partages/{region.things['share']}/{act}"
        assert client.post(url, {}, status=404).status_code == 404
    member = f"/menages/{region.things['housed']}/composition/{region.things['member']}/modifier"
    assert client.browser.get(member).status_code == 404


def test_nothing_is_written_without_the_form_s_own_token(app: Flask, region: Region) -> None:
    client = browser(app, region.people["own", "co"]).browser
    for endpoint, url in addresses(app, region, "POST"):
        for data, kind in (
            ({}, None),
            ("{}", "application/json"),
            ("<a/>", "application/xml"),
            ("csrf_token=x", "text/plain"),
        ):
            answer = client.post(url, data=data, content_type=kind)
            assert answer.status_code == 400, (endpoint, kind, answer.status_code)


# ── Sessions, addresses ─────────────────────────────────────────────────────


def test_a_session_is_not_fixed_nor_taken_from_the_address(app: Flask, region: Region) -> None:
    actor = region.people["own", "ts"]
    client = app.test_client()
    for url in (f"/menages?{COOKIE}={actor.token}", f"/menages?token={actor.token}&session={actor.token}"):
        assert client.get(url).status_code == 303
    assert (
        client.get("/menages", headers={"Authorization": f"Bearer {actor.token}", "X-Session": actor.token}).status_code
        == 303
    )
    with owner_unit():
        email = db.execute(text("SELECT email FROM users WHERE id = :id"), {"id": actor.user_id}).scalar_one()
        db.execute(
            text("INSERT INTO private.credentials (user_id, password_hash) VALUES (:id, :hash)"),
            {"id": actor.user_id, "hash": hash_password("motdepasse-de-test")},
        )
    client.set_cookie(COOKIE, "choisi-par-un-autre")
    page = client.get("/connexion")
    token = BeautifulSoup(page.get_data(as_text=True), "html.parser").find("input", attrs={"name": "csrf_token"})[
        "value"
    ]  # type: ignore[index]
    answer = client.post(
        "/connexion",
        data={"csrf_token": token, "email": email, "password": "motdepasse-de-test", "suite": "//mechant.example/"},
        headers={"Referer": "http://localhost/"},
    )
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/"
    kept = [c for c in answer.headers.getlist("Set-Cookie") if c.startswith(COOKIE)]
    assert len(kept) == 1
    assert "choisi-par-un-autre" not in kept[0]
    assert "HttpOnly" in kept[0]
    assert "SameSite=Lax" in kept[0]
    assert "Domain" not in kept[0]


@pytest.mark.parametrize(
    "suite",
    [
        "//mechant.example",
        "https://mechant.example",
        "/\\mechant.example",
        "\\\\mechant.example",
        "javascript:alert(1)",
        "/%0d%0aSet-Cookie:x=1",
        "/\t/mechant.example",
        "/\n/mechant.example",
        "http:mechant.example",
    ],
)
def test_sign_in_leads_nowhere_else(app: Flask, region: Region, suite: str) -> None:
    target = suite if is_safe_path(suite) else "/"
    assert re.match(r"^/(?![/\\\t\n\r])[^\t\n\r\\]*$", target), repr(target)
    page = app.test_client().get(f"/connexion?suite={quote(suite)}")
    assert page.status_code == 200


def test_a_session_that_was_closed_opens_nothing(app: Flask, region: Region) -> None:
    actor = region.people["full", "co"]
    first, second = browser(app, actor), browser(app, actor)
    token = first.token()
    second.post("/deconnexion", {}, status=303)
    page = first.browser.get(f"/menages/{region.things['household']}")
    assert (page.status_code, page.headers["Location"].startswith("/connexion")) == (303, True)
    answer = first.browser.post(
        f"/{region.things['record']}/journal",
        data={"body": "x"},
        headers={"X-CSRFToken": token, "Referer": "http://localhost/"},
    )
    assert answer.status_code == 401


def test_a_job_s_token_is_no_session(app: Flask, region: Region) -> None:
    """What the queue holds opens no page."""
    token = new_token()
    with region.people["own", "co"].acting():
        db.execute(text("SELECT odis.mint_job_token(:h, :p, 10)"), {"h": token_hash(token), "p": new_public_id()})
    client = app.test_client()
    client.set_cookie(COOKIE, token)
    assert client.get(f"/menages/{region.things['household']}").status_code == 303


def test_the_host_of_a_request_is_never_repeated(app: Flask, region: Region) -> None:
    client = browser(app, region.people["own", "ts"]).browser
    for headers in (
        {"Host": "mechant.example"},
        {"X-Forwarded-Host": "mechant.example", "Forwarded": "host=mechant.example"},
    ):
        for url in ("/", "/menages", "/connexion", "/mentions-legales", "/menages/0"):
            answer = client.get(url, headers=headers)
            assert "mechant.example" not in answer.get_data(as_text=True), url
            assert "mechant.example" not in str(answer.headers), url
