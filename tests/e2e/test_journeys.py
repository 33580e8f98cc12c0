"""The main job, end to end: with a mouse, without JavaScript, with keys only; and what a stranger finds behind its addresses."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Browser
from psycopg import sql

from odis_app.core.requests import COOKIE
from tests.e2e.conftest import People, Products
from tests.e2e.story import FAMILY, Story
from tests.support.browser import Mode

pytestmark = pytest.mark.browser
MODES = pytest.mark.parametrize("mode", list(Mode))
NAMES_ONE = re.compile(r"/[0-9a-z]{16}(/|$)")
OWNERS = {"owner_org_id", "household_owner_org_id", "place_owner_org_id", "grantee_org_id", "org_id"}
PUBLIC_FACTS = {"organisations", "organisation_areas", "mandates"}  # who is mandated where is no secret
Stories = Callable[[Mode], Story]


@pytest.fixture(scope="session")
def stories(products: Products, chromium: Browser, workbooks: dict[str, Path]) -> Iterator[Stories]:
    """``stories(mode)``: the people of one mode, on an installation of their own."""
    told: dict[Mode, Story] = {}

    def story(mode: Mode) -> Story:
        if mode not in told:
            told[mode] = Story(products(mode.name.lower()), chromium, mode, workbooks)
        return told[mode]

    yield story
    for one in told.values():
        one.close()


@MODES
def test_1_the_association_imports_understands_and_proposes(stories: Stories, mode: Mode) -> None:
    story = stories(mode)
    story.propose()
    assert story.product.faults() == []


@MODES
def test_2_the_operator_answers_on_a_phone_and_the_place_is_taken_once(stories: Stories, mode: Mode) -> None:
    story = stories(mode)
    story.accept()
    assert len(story.refusal) > 40  # a sentence
    assert story.product.faults() == []


@MODES
def test_3_the_ddets_follows_answers_and_prints(stories: Stories, mode: Mode) -> None:
    story = stories(mode)
    story.arbitrate()
    assert story.product.faults() == []


def test_4_a_stranger_finds_nothing_at_any_address(stories: Stories, people: People) -> None:
    story = stories(Mode.MOUSE)
    story.arbitrate()
    stranger = people(story.product, "autre")
    token = stranger.page.locator("input[name=csrf_token]").first.get_attribute("value")
    asked = [address for address in story.addresses() if NAMES_ONE.search(address[1])]
    assert len(asked) > 15
    ask = stranger.context.request
    headers = {"X-CSRFToken": str(token), "Referer": story.product.address}
    answers = {(m, path): ask.fetch(path, method=m, headers=headers, max_redirects=0).status for m, path in asked}
    assert {address: status for address, status in answers.items() if status != 404} == {}


def test_4_bare_sql_as_a_stranger_returns_nothing_of_44(stories: Stories, people: People) -> None:
    story = stories(Mode.MOUSE)
    story.arbitrate()
    stranger = people(story.product, "autre")
    token = next(str(c["value"]) for c in stranger.context.cookies() if c["name"] == COOKIE)
    with story.product.database() as behind:
        theirs = {row[0] for row in behind.execute("SELECT id FROM organisations WHERE department_code = '44'")}
        mine = "SELECT h.id FROM households h JOIN memberships m ON m.organisation_id = h.owner_org_id JOIN users u ON u.id = m.user_id WHERE u.email LIKE 'autre@%'"
        own = {row[0] for row in behind.execute(mine)}
        tables = [
            str(row[0])
            for row in behind.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        ]
        filled = {
            name
            for name in tables
            if behind.execute(sql.SQL("SELECT 1 FROM {} LIMIT 1").format(sql.Identifier(name))).fetchone()
        }
    assert {"households", "members", "orientations", "places", "journal_entries"} <= filled
    leaks = {}
    with story.product.as_role() as bare:
        for name in tables:
            with bare.transaction():
                bare.execute("SELECT set_config('odis.token', %s, true)", (token,))
                leaks[name] = _of_44(bare, name, theirs, own)
    assert {name: rows for name, rows in leaks.items() if rows} == {}


def _of_44(
    bare: psycopg.Connection[tuple[object, ...]], table: str, theirs: set[object], own: set[object]
) -> list[str]:
    """Rows of a table that belong to an organisation of Loire-Atlantique, or that name one of its families, files or offers.

    The stranger follows families in Loire-Atlantique too: what hangs on these files is theirs to read, whoever wrote it.
    """
    try:
        with bare.transaction():
            cursor = bare.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(table)))
            columns = [column.name for column in cursor.description or ()]
            rows = [dict(zip(columns, row, strict=True)) for row in cursor]
    except psycopg.errors.InsufficientPrivilege:
        return []
    found = []
    for row in rows:
        owners = {row[name] for name in OWNERS & row.keys()}
        told = re.search(rf"\b[MOP]-44-\d|{FAMILY}", repr(row))
        elsewhere = (
            table in PUBLIC_FACTS or row.get("department_code") == "33"
        )  # an offer that they know of in the stranger's own
        if own & {row.get("record_id"), row.get("household_id"), row.get("id") if table == "households" else None}:
            continue
        if told or (owners & theirs and not elsewhere):
            found.append(repr(row)[:200])
    return found
