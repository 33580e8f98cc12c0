"""What is closed to somebody, looked for on every other page: class 3 without a renewed proof, a share that narrowed or ended, the trail of a neighbour."""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from subprocess import CalledProcessError

import pytest
from flask import Flask
from sqlalchemy import text

from odis_app.core.db import db
from odis_app.core.permissions import guard_of
from odis_app.households.models import Household
from odis_app.households.operations.protected import Safety, update_member_safety
from odis_app.households.queries import present_members
from odis_app.organisations.seeds import Actor
from tests.reports.reading import pdf_text
from tests.security.bare import value
from tests.security.region import Region
from tests.security.test_attackers_sessions import unconfirmed
from tests.security.test_http import MARKS
from tests.security.visits import addresses, browser, lists
from tests.support.worlds import owner_unit

SECRET = ("Marqueurtrois", "Marqueurheure")
WORDS = ("lgbt", "FVV", "traite des êtres", "hébergée par des femmes")


def words_of(answer: object) -> str:
    """Everything that can be read in an answer: a page, a PDF's text, a workbook's strings."""
    data: bytes = answer.get_data()  # type: ignore[attr-defined]
    if data.startswith(b"%PDF"):
        with tempfile.TemporaryDirectory() as folder:
            try:
                return pdf_text(data, Path(folder)) or ""
            except CalledProcessError:  # a document that only begins like a PDF
                return data.decode("latin-1")
    if data.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            return " ".join(
                parts.read(name).decode("utf-8", "replace")
                for name in parts.namelist()
                if not parts.getinfo(name).flag_bits & 1
            )
    return data.decode("utf-8", "replace")


def everything(app: Flask, region: Region, actor: Actor) -> Iterator[tuple[str, int, str]]:
    """(address, status, words) of every page that this person may try."""
    client = browser(app, actor).browser
    for url in [url for _, url in addresses(app, region, "GET")] + lists(app):
        answer = client.get(url, buffered=True)
        yield url, answer.status_code, words_of(answer)
        answer.close()


@pytest.fixture(scope="module")
def endangered(region: Region) -> str:
    """The first file, where the first adult told what must stay between them and who follows them."""
    with region.camille.acting() as identity:
        household = db.get_one(Household, region.numbers["household"])
        adult = present_members(household.id)[0]
        told = Safety(
            fvv_teh=True,
            women_hosts_only=True,
            lgbt_safe=True,
            safe_channel="appel",
            safe_hours=SECRET[1],
            note=SECRET[0],
        )
        update_member_safety(identity, household=household, member=adult, safety=told, version=household.version)
        return household.public_id


def test_class_3_is_on_no_page_without_a_renewed_proof(app: Flask, region: Region, endangered: str) -> None:
    """A stolen session of the coordination, of the referent: every page, PDF and workbook; then the same, confirmed, to know that it was there."""
    for actor in (region.people["own", "co"], region.camille):
        shown = [
            url
            for url, _, words in everything(app, region, unconfirmed(actor))
            if any(mark in words for mark in SECRET)
        ]
        assert shown == []
        assert [url for url, _, words in everything(app, region, actor) if SECRET[0] in words]


def test_class_3_is_on_no_page_of_anybody_else(app: Flask, region: Region, endangered: str) -> None:
    """Colleagues of other functions, partners with a full share, the administration, the DDETS: however confirmed they are."""
    others = [region.people["own", letters] for letters in ("ts", "op", "qo", "ao", "dd")] + region.of(
        "full", "ts", "co", "op", "dd"
    )
    for actor in others:
        shown = [url for url, _, words in everything(app, region, actor) if any(mark in words for mark in SECRET)]
        assert shown == [], actor


def test_what_wants_a_renewed_proof_gives_nothing_before_it(app: Flask, region: Region) -> None:
    """Every endpoint whose permission asks for it, GET and POST, as a page and as a fragment."""
    tried = set()
    for letters in ("co", "ts", "ao", "ap"):
        client = browser(app, unconfirmed(region.people["own", letters]))
        headers = {"X-CSRFToken": client.token(), "Referer": "http://localhost/"}
        for verb in ("GET", "POST"):
            for endpoint, url in addresses(app, region, verb):
                mark = guard_of(app.view_functions[endpoint])
                if mark is None or mark.permission is None or not mark.permission.step_up:
                    continue
                tried.add(endpoint)
                for more in ({}, {"HX-Request": "true"}):
                    answer = client.browser.open(url, method=verb, headers={**headers, **more})
                    assert answer.status_code in {303, 204, 401, 403, 404}, (endpoint, answer.status_code)
                    assert not any(mark in answer.get_data(as_text=True) for mark in (*MARKS, *SECRET)), endpoint
    assert len(tried) >= 3


@pytest.mark.parametrize("situation", ["neighbour", "elsewhere", "minimal"])
def test_no_trail_nor_review_nor_answer_names_a_neighbour_s_people(app: Flask, region: Region, situation: str) -> None:
    """The journal of accesses and its filters, reviews, « pourquoi je ne vois pas », the lists of handovers: no name, no number of theirs."""
    with owner_unit():
        taken = value("SELECT public_id FROM users WHERE id = :id", id=region.people[situation, "ts"].user_id)
    urls = [
        f"/journal-des-acces{part}?personne={who}"
        for part in ("", "/organisation")
        for who in ("Camille", "%25", "_", "Fictif", "Marqueuzine")
    ]
    for letters in ("ts", "co", "ao", "dd"):
        client = browser(app, region.people[situation, letters])
        for url in (*urls, "/relectures", "/menages/passations", "/passations"):
            page = client.browser.get(url).get_data(as_text=True)
            assert not [mark for mark in MARKS if mark in page and mark not in url], (letters, url)
    client = browser(app, region.people[situation, "ao"])
    answers = set()
    for number in ("M-44-0001", "M-44-9999", "m-44-0001 ", "%", ""):
        if situation == "minimal" and "0001" in number:
            continue
        page = client.browser.post(
            "/equipe/acces",
            data={"member": taken, "number": number},
            headers={"X-CSRFToken": client.token(), "Referer": "http://localhost/"},
        )
        answers.add("aucun" in page.get_data(as_text=True).lower() or page.status_code == 422)
    assert answers <= {True}


def test_the_administration_of_an_organisation_reads_no_name_in_its_trail(app: Flask, region: Region) -> None:
    for letters in ("ao", "ap", "qo"):
        for url in ("/journal-des-acces", "/journal-des-acces/organisation", "/equipe", "/relectures"):
            page = browser(app, region.people["own", letters]).browser.get(url).get_data(as_text=True)
            assert not [
                mark for mark in ("Nikadème", "Impasse Marqueur", "33639980001", "hote@exemple.test") if mark in page
            ], (letters, url)


def test_organisations_are_searched_by_name_not_listed(app: Flask, region: Region) -> None:
    """The picker of a request for access: no wildcard, no empty question, no platform."""
    client = browser(app, None)
    for typed in ("", "%%%", "___", ".*.", "\\\\\\", "%25%25%25", "a"):
        page = client.browser.get("/demande-d-acces", query_string={"nom": typed}).get_data(as_text=True)
        assert "organisation=" not in page, typed


def test_one_kind_of_link_is_not_another(app: Flask, region: Region) -> None:
    """The secret of one page, put by hand into the cookie of another, opens nothing there."""
    for place in ("/invitation", "/demande-d-acces/confirmer", "/disponibilites", "/nouveau-mot-de-passe"):
        client = browser(app, None).browser
        client.set_cookie("odis_lien", region.people["own", "ts"].token)
        answer = client.get(place)
        assert answer.status_code in {404, 410, 303}, place
        assert "Marqueuzine" not in answer.get_data(as_text=True)


# Last: what follows changes the shares of the region.


@pytest.mark.parametrize(("how", "left"), [("level = 'minimal', max_class = 1", "minimal"), ("expires_at = now() - interval '1 second', granted_at = now() - interval '2 days'", "none"),
                                           ("revoked_at = now()", "none")])  # fmt: skip
def test_a_share_that_narrows_or_ends_closes_everything_behind_it(
    app: Flask, region: Region, how: str, left: str
) -> None:
    """Journal, documents, bilan made before, members, lists, search, exports: as if it had never been wider."""
    partner, numbers = region.people["full", "ts"], region.numbers
    with owner_unit():
        db.execute(
            text(f"UPDATE grants SET {how} WHERE grantee_org_id = :org AND record_id IN (:a, :b)"),
            {"org": partner.org_id, "a": numbers["household"], "b": numbers["housed"]},
        )
    for actor in region.of("full", "ts", "co"):
        for url, status, words in everything(app, region, actor):
            if "/passations/" not in url:  # what its owner wrote to them, to propose the file, stays theirs to answer
                assert not [mark for mark in MARKS[:3] if mark in words], url
            if left == "none" and region.things["household"] in url:
                assert status == 404, url
        client = browser(app, actor)
        for term in ("Marqueuzine", "+33600000001", *(["M-44-0001"] if left == "none" else [])):
            page = client.browser.post(
                "/recherche", data={"q": term}, headers={"X-CSRFToken": client.token(), "Referer": "http://localhost/"}
            )
            assert region.things["household"] not in page.get_data(as_text=True), term
