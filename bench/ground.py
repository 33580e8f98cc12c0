"""What is measured stands on: embedded services with their real settings, and the demonstration loaded by its own code."""

from __future__ import annotations

import os
import re
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import psycopg
from flask import Flask
from flask.testing import FlaskClient
from psycopg import sql

from odis_app import create_app
from odis_app.core import db as core_db
from odis_app.core import migrate
from odis_app.core.config import ROOT, Config, libpq
from odis_app.core.crypto import new_key
from odis_app.core.requests import COOKIE
from odis_app.core.services import process, serve
from odis_app.core.services.embedded import Embedded, embedded
from odis_app.core.services.postgres import SUPERUSER
from odis_app.core.services.roles import ensure_database
from odis_app.home.demo import load as load_demo
from odis_app.organisations.seeds import World
from odis_app.territories import dataset
from odis_app.territories.operations import load as load_territories

ROLES = (
    "association",
    "coordination",
    "operateur",
    "ddets44",
    "dihal",
    "admin",
)  # the others have the same roles elsewhere
PASSWORD = "mot-de-passe-des-mesures"
KEY = re.compile(r"[0-9a-z]{16}")


@dataclass(slots=True)
class Ground:
    """One application on the demonstration; ``repeat`` requests are timed for each page."""

    app: Flask
    config: Config
    services: Embedded
    world: World
    repeat: int
    seconds: dict[str, float] = field(default_factory=dict)

    def browser(self, account: str) -> FlaskClient:
        """A client signed in as one of the demonstration's accounts, who has just proved it once more: class 3 is measured too."""
        client = self.app.test_client()
        client.set_cookie(COOKIE, self.world[account].token)
        return client

    def admin_url(self, database: str = "odis") -> str:
        """The superuser's address: no wall."""
        return libpq(self.services.postgres.url(SUPERUSER, database))

    @contextmanager
    def copy(self, database: str) -> Iterator[Ground]:
        """The same on a copy of the database, dropped at the end; the engines follow and come back."""
        core_db.dispose("app")
        core_db.dispose("owner")
        with psycopg.connect(self.admin_url("postgres"), autocommit=True) as connection:
            statement = sql.SQL("CREATE DATABASE {} OWNER odis_owner TEMPLATE odis").format(sql.Identifier(database))
            connection.execute(statement)
        ensure_database(self.services.postgres.url(SUPERUSER, "postgres"), database)
        names = ("database_url", "worker_database_url", "migrate_database_url")
        config = replace(
            self.config, **{name: getattr(self.config, name).replace("/odis?", f"/{database}?") for name in names}
        )
        try:
            yield replace(self, app=create_app(config), config=config)
        finally:
            core_db.dispose("app")
            with psycopg.connect(self.admin_url("postgres"), autocommit=True) as connection:
                connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(database)))
            core_db.configure("app", self.config.database_url)


@contextmanager
def prepared(repeat: int) -> Iterator[Ground]:
    """Services, migrations, territories and demonstration in a directory that is removed at the end."""
    with tempfile.TemporaryDirectory(prefix="odis-bench-") as name, embedded(Path(name) / "services") as services:
        urls, keys = services.addresses, {"master_key": f"1:{new_key()}", "index_key": new_key()}
        os.environ.update(ODIS_MASTER_KEY=keys["master_key"], ODIS_INDEX_KEY=keys["index_key"])
        config = Config(
            data_dir=Path(name) / "data", database_url=urls.app, worker_database_url=urls.worker, migrate_database_url=urls.migrate,
            redis_url=services.redis_url, secret_key="mesures", identity_key="5a" * 32, demo=True, demo_password=PASSWORD,
            assets="local", log_level="warning", **keys,
        )  # fmt: skip
        seconds = {}
        start = time.perf_counter()
        migrate.upgrade(urls.migrate, identity_key=config.identity_key, instance_kind="demo")
        seconds["Migrations d’une base vide"] = time.perf_counter() - start
        start = time.perf_counter()
        load_territories(libpq(urls.migrate), dataset.read())
        seconds["Territoires (communes de France), par COPY"] = time.perf_counter() - start
        app = create_app(config)
        start = time.perf_counter()
        with app.app_context():
            world = load_demo(PASSWORD)
        seconds["Démonstration, par les opérations"] = time.perf_counter() - start
        with psycopg.connect(libpq(services.postgres.url(SUPERUSER, "odis")), autocommit=True) as connection:
            connection.execute("UPDATE private.sessions SET step_up_until = now() + interval '1 day'")
            connection.execute("VACUUM ANALYZE")
        yield Ground(app, config, services, world, repeat, seconds)
        core_db.dispose("app")


def addresses(browser: FlaskClient, listing: str, prefix: str) -> list[str]:
    """The objects that a list page leads to, such as ``/menages/<key>``, in its order."""
    html = browser.get(listing).get_data(as_text=True)
    found = re.findall(rf'href="({re.escape(prefix)}/[0-9a-z]{{16}})(?=["?#/])', html)
    return list(dict.fromkeys(found))


def richest(browser: FlaskClient, listing: str, prefix: str) -> str | None:
    """The object of the list whose page is the longest, so that nothing is measured on an empty file."""
    pages = [
        (len(r.data), a) for a in addresses(browser, listing, prefix)[:12] if (r := browser.get(a)).status_code == 200
    ]
    return max(pages)[1] if pages else None


@contextmanager
def gunicorn(ground: Ground) -> Iterator[int]:
    """The web as an installation runs it, on the ground's database; its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    config = replace(ground.config, host="127.0.0.1", port=port)
    (config.data_dir / "run").mkdir(parents=True, exist_ok=True)
    environ = {**os.environ, **config.environment()}
    command = [sys.executable if part == sys.executable else part for part in serve.web_command(config)]
    web = process.start(command, log=config.data_dir / "web.log", environ=environ)
    try:
        patience = process.Patience(60)
        while not serve.answers("127.0.0.1", port):
            if not patience.again():
                raise RuntimeError((config.data_dir / "web.log").read_text(encoding="utf-8"))
        yield port
    finally:
        process.stop(web, timeout=10)


__all__ = ["KEY", "PASSWORD", "ROLES", "ROOT", "Ground", "addresses", "gunicorn", "prepared", "richest"]
