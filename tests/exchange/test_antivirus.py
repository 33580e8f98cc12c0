"""A spreadsheet passes the antivirus before anything opens it: what it refuses, or cannot judge, leaves nothing behind."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from odis_app.core.db import db
from odis_app.documents import operations as documents
from odis_app.exchange import kinds
from odis_app.exchange.models import Import, ImportRow
from tests.exchange import real_kind
from tests.support.clamav import clamav, closed_port
from tests.support.client import StrictClient, text_of
from tests.support.worlds import WorldBuilder, owner_unit

__all__ = ["clamav"]
HEADERS = "N° dossier;Nom;Prénom;Naissance;Taille;Dép.;Tél.;Divers\n"
CLEAN = HEADERS + "E-1;Exemplova;Nour;12/03/1990;2;44;0639980100;x\n"
INFECTED = CLEAN + "E-2;Fictive;Amina;1988;1;44;;EICAR\n"


@pytest.fixture(autouse=True)
def kind() -> Iterator[None]:
    """The test kind alone, so that what the packages register changes nothing here."""
    kept = dict(kinds._KINDS)
    kinds._KINDS.clear()
    kinds.register(real_kind.KIND)
    yield
    kinds._KINDS.clear()
    kinds._KINDS.update(kept)


@pytest.fixture
def scanned(app: Flask) -> Iterator[Callable[[str], None]]:
    """Say where the antivirus is, for one test."""
    yield lambda address: documents.configure(replace(app.config["ODIS"], clamav=address))
    documents.configure(app.config["ODIS"])


@pytest.fixture
def browser(client: StrictClient, world: WorldBuilder) -> StrictClient:
    return client.as_(world.actor("association", "44"))


def load(
    browser: StrictClient, content: str, *, status: int, here: str = "/imports/nouveau?genre=essai"
) -> TestResponse:
    return browser.post(here, {"file": (io.BytesIO(content.encode()), "suivi.csv")}, status=status)


def kept() -> tuple[int, int]:
    with owner_unit():
        return tuple(db.execute(select(func.count()).select_from(m)).scalar_one() for m in (Import, ImportRow))


def test_a_clean_file_is_read_and_an_infected_one_leaves_nothing(
    browser: StrictClient, scanned: Callable[[str], None], clamav: str
) -> None:
    scanned(clamav)
    page = load(browser, INFECTED, status=422).text
    assert documents.INFECTED in page
    assert "Fictive" not in page
    assert kept() == (0, 0)
    draft = load(browser, CLEAN, status=303).headers["Location"].split("/")[2]
    assert kept() == (1, 1)
    load(browser, INFECTED, status=303, here=f"/imports/{draft}/recharger")
    assert documents.INFECTED in text_of(browser.get(f"/imports/{draft}", follow=True))
    assert kept() == (1, 1)


def test_a_silent_antivirus_refuses_the_file(browser: StrictClient, scanned: Callable[[str], None]) -> None:
    scanned(closed_port())
    assert documents.UNSCANNED in load(browser, CLEAN, status=422).text
    assert kept() == (0, 0)
