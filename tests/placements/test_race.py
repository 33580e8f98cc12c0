"""Two hundred people confirm the same place at once, against two real workers: one has it, the others read why."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from http.cookiejar import Cookie, CookieJar
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, ProxyHandler, build_opener

import pytest
from flask import Flask
from sqlalchemy import select, text

from odis_app.core.config import ROOT, Config
from odis_app.core.db import db, token_hash, unit_of_work
from odis_app.core.ids import new_public_id, new_token
from odis_app.core.requests import COOKIE
from odis_app.housing.models import Occupancy, OccupancyHousehold
from odis_app.placements import operations as do
from odis_app.placements.models import Orientation, Placement
from tests.placements.conftest import Town, found
from tests.support.worlds import WorldBuilder, owner_unit

PEOPLE = 200
WON = "Les deux accords sont donnés : la place est attribuée à ce ménage."
MARK = re.compile(r'name="csrf_token"[^>]* value="([^"]+)"')


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
    gunicorn = [sys.executable, "-m", "gunicorn", "wsgi:app", "--workers", "2", "--threads", "4", "--timeout", "120"]
    log = (tmp_path / "gunicorn.log").open("wb")
    process = subprocess.Popen(
        [*gunicorn, "--bind", f"127.0.0.1:{port}"],
        cwd=ROOT,
        env=os.environ | given,
        stdout=log,
        stderr=subprocess.STDOUT,
    )
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


def _sessions(town: Town, world: WorldBuilder, count: int) -> list[str]:
    """As many sessions of the operator as there are clients, minted in one statement; their tokens."""
    tokens = [new_token() for _ in range(count)]
    hashes = [token_hash(token) for token in tokens]
    who, org, minutes = town.operator.user_id, town.operator.org_id, 60
    proofs = [world.world.minter.proof(f"session|{h.hex()}|{who}|{org}|{minutes}|{minutes}") for h in hashes]
    given = {
        "hashes": hashes,
        "ids": [new_public_id() for _ in tokens],
        "proofs": proofs,
        "who": who,
        "org": org,
        "minutes": minutes,
    }
    with unit_of_work(None):
        minted = db.execute(_MINT, given).scalars().all()
    assert minted == [True] * count
    return tokens


_MINT = text("""SELECT odis.grant_mint(hash, public_id, :who, :org, 'navigateur', :minutes, :minutes, proof)
  FROM unnest(CAST(:hashes AS bytea[]), CAST(:ids AS text[]), CAST(:proofs AS bytea[])) AS client (hash, public_id, proof)""")


def _agreed(town: Town) -> list[str]:
    """Two hundred households to whom the same place is proposed, and who have all said yes; the public ids of the proposals.

    The first comes from the operations; the others are copies of its rows, made by the owner: proposing is not what is tried here.
    """
    with owner_unit():
        db.execute(
            text("INSERT INTO territory_rules (department_code, proposals_per_place) VALUES ('53', :n)"), {"n": PEOPLE}
        )
    first = town.propose()
    with town.camille.acting() as identity:
        do.accept_for_household(identity, orientation=found(first))
    with owner_unit():
        household = town.file().id
        for statement in COPIES:
            db.execute(text(statement), {"household": household, "copies": PEOPLE - 1})
        return list(db.execute(select(Orientation.public_id)).scalars())


COPIES = (
    """INSERT INTO records (kind, owner_org_id, department_code, dispositif_id)
       SELECT kind, owner_org_id, department_code, dispositif_id FROM records, generate_series(1, :copies) WHERE id = :household""",
    """INSERT INTO households SELECT (jsonb_populate_record(h, jsonb_build_object('id', r.id, 'public_id', 'copie' || r.id, 'number', h.number || '-' || r.id))).*
         FROM households h, records r WHERE h.id = :household AND r.id > h.id AND r.kind = 'household'""",
    """INSERT INTO household_tracking
       SELECT (jsonb_populate_record(t, jsonb_build_object('record_id', h.id, 'public_id', h.public_id, 'number', h.number))).*
         FROM household_tracking t, households h WHERE t.record_id = :household AND h.id > :household""",
    """INSERT INTO orientations OVERRIDING SYSTEM VALUE
       SELECT (jsonb_populate_record(o, jsonb_build_object('id', nextval(pg_get_serial_sequence('orientations', 'id')), 'public_id', h.public_id,
                                                           'household_id', h.id))).*
         FROM orientations o, households h WHERE o.household_id = :household AND h.id > :household""",
    """INSERT INTO household_facts (household_id, owner_org_id, kind, happened_on, subject, data)
       SELECT h.id, f.owner_org_id, f.kind, f.happened_on, CASE f.subject WHEN '' THEN '' ELSE h.public_id END, f.data
         FROM household_facts f, households h WHERE f.household_id = :household AND h.id > :household ORDER BY h.id, f.id""",
)


class Client:
    """A browser of the operator's, with cookies of its own and no proxy, in front of one proposal."""

    def __init__(self, server: str, token: str, public_id: str) -> None:
        jar = CookieJar()
        jar.set_cookie(
            Cookie(
                0, COOKIE, token, None, False, "127.0.0.1", False, False, "/", True, False, None, False, None, None, {}
            )
        )
        self._opener = build_opener(ProxyHandler({}), HTTPCookieProcessor(jar))
        self._page = f"{server}/orientations/{public_id}"
        self._body = b""

    def read(self) -> None:
        """The page, and the mark against forged requests in its form."""
        mark = MARK.search(self._get())
        assert mark is not None
        self._body = urlencode({"csrf_token": mark[1]}).encode()

    def confirm(self) -> str:
        """Press « Accepter » and read what the page then says."""
        said = unescape(self._get("/accord-hebergeur", self._body))
        return "won" if WON in said else "lost" if do.LOST in said else said

    def _get(self, path: str = "", body: bytes | None = None) -> str:
        answer: bytes = self._opener.open(f"{self._page}{path}", body, timeout=120).read()
        return answer.decode()


def test_two_hundred_people_confirm_the_same_place(town: Town, world: WorldBuilder, server: str) -> None:
    orientations = _agreed(town)
    assert len(orientations) == PEOPLE
    clients = [Client(server, *pair) for pair in zip(_sessions(town, world, PEOPLE), orientations, strict=True)]
    with ThreadPoolExecutor(PEOPLE) as pool:
        list(pool.map(Client.read, clients))
        outcomes = Counter(pool.map(Client.confirm, clients))  # all of them have the page open, and press at once
    assert outcomes == {"won": 1, "lost": PEOPLE - 1}
    with town.operator.acting():
        stays = db.execute(select(Occupancy).where(Occupancy.released_at.is_(None))).scalars().all()
        confirmed = db.execute(select(Orientation).where(Orientation.confirmed_at.is_not(None))).scalars().all()
        whose = db.execute(select(OccupancyHousehold.occupancy_id, OccupancyHousehold.subject)).all()
        assert [tuple(row) for row in whose] == [(o.id, c.public_id) for o, c in zip(stays, confirmed, strict=True)]
        assert len(confirmed) == 1
        assert [p.orientation_id for p in db.execute(select(Placement)).scalars()] == [confirmed[0].id]
    with town.camille.acting():
        stages = db.execute(text("SELECT status, count(*) FROM households GROUP BY status ORDER BY 2")).all()
        assert stages == [("orientation_en_cours", 1), ("a_orienter", PEOPLE - 1)]
