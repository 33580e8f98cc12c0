"""Two hundred people confirm the same place at once, against two real workers: one has it, the others read why."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.cookiejar import Cookie, CookieJar
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, ProxyHandler, build_opener

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from sqlalchemy import select, text

from odis_app.core import clock
from odis_app.core.config import ROOT, Config
from odis_app.core.db import db
from odis_app.core.requests import COOKIE
from odis_app.housing.models import Occupancy
from odis_app.placements import operations as do
from odis_app.placements.models import Orientation, Placement
from tests.placements.conftest import Town, complete, open_file
from tests.support.worlds import owner_unit

PEOPLE, THREADS, BATCH = 200, 32, 20
WON = "Les deux accords sont donnés : la place est attribuée à ce ménage."


@pytest.fixture
def server(database: Flask, tmp_path: Path) -> Iterator[str]:
    """The application in two gunicorn workers, on a port of its own; its address."""
    config: Config = database.config["ODIS"]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    given = {
        "ODIS_DATA_DIR": str(tmp_path), "ODIS_DATABASE_URL": config.database_url, "ODIS_WORKER_DATABASE_URL": config.worker_database_url,
        "ODIS_MIGRATE_DATABASE_URL": config.migrate_database_url, "ODIS_REDIS_URL": config.redis_url, "ODIS_SECRET_KEY": config.secret_key,
        "ODIS_IDENTITY_KEY": config.identity_key, "ODIS_MASTER_KEY": config.master_key, "ODIS_INDEX_KEY": config.index_key, "ODIS_ASSETS": "local",
        "PORT": str(port),
    }  # fmt: skip
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "wsgi:app",
        "--workers",
        "2",
        "--threads",
        "4",
        "--bind",
        f"127.0.0.1:{port}",
        "--timeout",
        "120",
    ]
    log = (tmp_path / "gunicorn.log").open("wb")
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ | given, stdout=log, stderr=subprocess.STDOUT)
    try:
        _until_it_answers(process, port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=30)
        log.close()


def _until_it_answers(process: subprocess.Popen[bytes], port: int) -> None:
    """Gunicorn listens before it forks: connections wait in the kernel, so one that is accepted is enough."""
    for _ in range(10_000):
        assert process.poll() is None, "the server stopped"
        with socket.socket() as probe:
            probe.settimeout(0.2)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
            try:
                process.wait(timeout=0.1)
            except subprocess.TimeoutExpired:
                continue


def _browser(token: str) -> OpenerDirector:
    """A browser of the operator's, with cookies of its own and no proxy."""
    jar = CookieJar()
    jar.set_cookie(
        Cookie(0, COOKIE, token, None, False, "127.0.0.1", False, False, "/", True, False, None, False, None, None, {})
    )
    return build_opener(ProxyHandler({}), HTTPCookieProcessor(jar))


def _words(html: bytes) -> str:
    return " ".join(BeautifulSoup(html, "html.parser").get_text(" ").split())


def _agreed(town: Town) -> list[str]:
    """Two hundred households to whom the same place is proposed, and who have all said yes."""
    with owner_unit():
        db.execute(
            text("INSERT INTO territory_rules (department_code, proposals_per_place) VALUES ('53', :n)"), {"n": PEOPLE}
        )
    found = []
    for _ in range(0, PEOPLE, BATCH):
        with town.camille.acting() as identity:
            for _ in range(BATCH):
                household = open_file(identity)
                complete(identity, household)
                orientation = do.propose(identity, household=household, place=town.home(), starts_on=clock.today())
                do.accept_for_household(identity, orientation=orientation)
                found.append(orientation.public_id)
    return found


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_two_hundred_people_confirm_the_same_place(town: Town, server: str) -> None:
    orientations = _agreed(town)

    def confirm(public_id: str) -> str:
        browser = _browser(town.operator.token)
        page = f"{server}/orientations/{public_id}"
        form = BeautifulSoup(browser.open(page, timeout=120).read(), "html.parser").find(
            "input", attrs={"name": "csrf_token"}
        )
        assert form is not None
        body = urlencode({"csrf_token": form["value"]}).encode()  # type: ignore[index]
        read = _words(browser.open(f"{page}/accord-hebergeur", body, timeout=120).read())
        return "won" if WON in read else "lost" if do.LOST in read else read[:500]

    with ThreadPoolExecutor(THREADS) as pool:
        outcomes = Counter(pool.map(confirm, orientations))
    assert outcomes == {"won": 1, "lost": PEOPLE - 1}
    with town.operator.acting():
        stays = db.execute(select(Occupancy).where(Occupancy.released_at.is_(None))).scalars().all()
        confirmed = db.execute(select(Orientation).where(Orientation.confirmed_at.is_not(None))).scalars().all()
        assert [o.subject for o in stays] == [o.public_id for o in confirmed]
        assert len(confirmed) == 1
        assert [p.orientation_id for p in db.execute(select(Placement)).scalars()] == [confirmed[0].id]
    with town.camille.acting():
        stages = db.execute(text("SELECT status, count(*) FROM households GROUP BY status ORDER BY 2")).all()
        assert stages == [("orientation_en_cours", 1), ("a_orienter", PEOPLE)]  # the first file of the town waits too
