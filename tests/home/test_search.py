"""The general search: by POST, only what one may see, nothing of it in an address."""

from __future__ import annotations

import logging

import pytest
from bs4 import BeautifulSoup

from tests.home.conftest import Day
from tests.support.client import StrictClient, text_of
from tests.support.sql import LIST_LIMIT, recorded


def find(client: StrictClient, actor, typed: str):
    """Through the form of the masthead, as anybody would."""
    browser = client.as_(actor)
    page = browser.get("/mentions-legales" if actor is None else "/recherche")
    form = BeautifulSoup(page.get_data(as_text=True), "html.parser").find("header").find("form", role="search")
    token = form.find("input", attrs={"name": "csrf_token"})["value"]
    assert (form["method"], form["action"]) == ("post", "/recherche")
    return browser.browser.post("/recherche", data={"csrf_token": token, "q": typed})


def test_a_family_is_found_by_name_with_its_accents_or_without(client: StrictClient, day: Day) -> None:
    for typed in ("Nemounehzadeh", "némounehzadeh", "Laila Nemouneh"):
        page = find(client, day.camille, typed)
        assert page.status_code == 200
        assert f"/menages/{day.family}" in page.get_data(as_text=True)


def test_the_answer_is_not_kept_and_what_was_typed_is_in_no_address_nor_log(
    client: StrictClient, day: Day, caplog: pytest.LogCaptureFixture, capsys
) -> None:
    with caplog.at_level(logging.DEBUG):
        page = find(client, day.camille, "Nemounehzadeh")
    assert page.headers["Cache-Control"] == "no-store"
    assert "Nemounehzadeh" not in caplog.text + capsys.readouterr().out
    soup = BeautifulSoup(page.get_data(as_text=True), "html.parser")
    assert not [a["href"] for a in soup.find_all("a", href=True) if "emouneh" in a["href"]]


def test_nobody_finds_what_they_may_not_see(client: StrictClient, day: Day) -> None:
    for actor in (day.elsewhere, day.operator):
        text = text_of(find(client, actor, "Nemounehzadeh"))
        assert "Rien ne répond à" in text
        assert "M-44-" not in text


def test_a_number_gives_the_ddets_its_tracking_and_no_name(client: StrictClient, day: Day) -> None:
    text = text_of(find(client, day.ddets, "M-44-0001"))
    assert "Suivi, sans nom" in text
    assert "Nemounehzadeh" not in text
    assert "Rien ne répond à" in text_of(find(client, day.ddets, "Nemounehzadeh"))


def test_places_offers_and_communes_come_grouped(client: StrictClient, day: Day) -> None:
    place = day.homes.place(day.operator)
    offer = day.homes.offer(day.camille)
    text = text_of(find(client, day.camille, "Nantes"))
    assert "Communes" in text
    assert "Nantes (44)" in text
    assert place.number in text
    assert offer.number in text
    assert text_of(find(client, day.operator, place.number)).count(place.number) >= 1


@pytest.mark.parametrize("typed", ["", " ", "a", "%", "'; DROP TABLE households; --", "x" * 5000, "\u202eNantes"])
def test_odd_words_do_no_harm(client: StrictClient, day: Day, typed: str) -> None:
    assert find(client, day.camille, typed).status_code == 200


def test_a_null_byte_is_refused(client: StrictClient, day: Day) -> None:
    assert find(client, day.camille, "\x00Nantes").status_code == 400


def test_without_token_nothing_is_searched(client: StrictClient, day: Day) -> None:
    answer = client.as_(day.camille).browser.post("/recherche", data={"q": "Nemounehzadeh"})
    assert answer.status_code == 400
    assert day.family not in answer.get_data(as_text=True)


def test_a_stranger_is_asked_to_sign_in(client: StrictClient) -> None:
    client.get("/recherche", status=303)


def test_the_search_stays_within_its_statements(client: StrictClient, day: Day) -> None:
    day.homes.place(day.operator)
    browser = client.as_(day.camille)
    token = browser.token()
    with recorded() as statements:
        browser.browser.post("/recherche", data={"csrf_token": token, "q": "Nantes"})
    assert 0 < len(statements) <= LIST_LIMIT, statements.told()
