"""Fixtures that every test may use: a real PostgreSQL and Redis, the application, small worlds, the demonstration."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from argon2 import PasswordHasher
from flask import Flask
from hypothesis import settings
from playwright.sync_api import Browser, Playwright
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from odis_app import create_app
from odis_app.accounts.operations import passwords
from odis_app.core import db as core_db
from odis_app.core import migrate
from odis_app.core.config import Config, libpq
from odis_app.core.crypto import new_key
from odis_app.core.services.embedded import Embedded, embedded
from odis_app.core.services.postgres import SUPERUSER
from odis_app.organisations.seeds import World
from odis_app.territories import dataset
from odis_app.territories.operations import load as load_territories
from tests.support.client import StrictClient
from tests.support.databases import copy_database
from tests.support.worlds import WorldBuilder

IDENTITY_KEY = "5a" * 32
PASSWORD = "motdepasse-de-test"
NEW = (
    "odis_neuve"  # migrated, with its territories, and never written to: what another database of the session begins as
)
KEPT = {  # reference data, the same for every test
    "alembic_version", "instance", "dispositifs", "regions", "departments", "epcis", "communes", "commune_parts", "commune_keys",
    "commune_postal_codes", "former_communes", "employment_zones", "territory_loads", "key_checks", "arrondissements",
    "purposes", "retention_rules",
}  # fmt: skip

# A real hash is made to be slow: a thousand of them are minutes. ``test_sign_in`` says what the product itself uses.
passwords._hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
passwords._DECOY = passwords._hasher.hash("no account has this password")

settings.register_profile("odis", deadline=None)  # a slow machine is no fault: nothing here is timed
settings.load_profile("odis")

FLAGS = (
    "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run", "--disable-extensions",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)  # fmt: skip


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--all``: the long tests too (make sure-all)."""
    parser.addoption("--all", action="store_true", help="run the long tests too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Long tests wait for ``--all``."""
    left = [] if config.getoption("--all") else [item for item in items if "slow" in item.keywords]
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item not in set(left)]


class WholeFiles(LoadScopeScheduling):
    """With several processes a file stays whole, and so do the folders that share a product: the largest first."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        folder = Path(file).parent.name
        return folder if folder in {"e2e", "jobs", "ops"} else file


@pytest.hookimpl(optionalhook=True)  # there is no such hook where the suite runs on one process
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> WholeFiles:
    """Not ``loadgroup``: xdist 3.8 writes the groups in the names of the tests, which pytest 9.2 does not read again."""
    return WholeFiles(config, log)


@pytest.fixture(scope="session")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    """PostgreSQL with our roles, and Redis, for the whole session of this process."""
    with embedded(tmp_path_factory.mktemp("services"), fast=True) as running:
        yield running


@pytest.fixture(scope="session")
def config(services: Embedded, tmp_path_factory: pytest.TempPathFactory) -> Config:
    """The configuration of a migrated database with its territories, on the session's services."""
    urls = services.addresses
    keys = {"master_key": f"1:{new_key()}", "index_key": new_key()}
    os.environ.update(ODIS_MASTER_KEY=keys["master_key"], ODIS_INDEX_KEY=keys["index_key"])
    migrate.upgrade(urls.migrate, identity_key=IDENTITY_KEY, instance_kind="demo")
    load_territories(libpq(urls.migrate), dataset.read())
    copy_database(services, source="odis", target=NEW)
    return Config(
        data_dir=tmp_path_factory.mktemp("data"), database_url=urls.app, worker_database_url=urls.worker, migrate_database_url=urls.migrate,
        redis_url=services.redis_url, secret_key="secret-de-test", identity_key=IDENTITY_KEY, demo=True, demo_password=PASSWORD, assets="local", **keys,
    )  # fmt: skip


@pytest.fixture(scope="session")
def app(config: Config) -> Flask:
    """The application, as production builds it."""
    app = create_app(config)
    app.config.update(TESTING=False, PROPAGATE_EXCEPTIONS=False)
    return app


@pytest.fixture(scope="session")
def admin_url(services: Embedded) -> str:
    """The superuser's address of the tests' database: only to empty it and to look behind the walls."""
    return services.postgres.url(SUPERUSER, "odis")


@pytest.fixture
def database(app: Flask, admin_url: str) -> Iterator[Flask]:
    """The application on a database with reference data only; emptied after the test."""
    _configure(app)
    yield app
    if core_db.in_unit():
        core_db.close_unit(commit=False)
    empty(admin_url)


def _configure(app: Flask) -> None:
    config: Config = app.config["ODIS"]
    core_db.configure("app", config.database_url)
    core_db.configure("worker", config.worker_database_url)
    core_db.configure("owner", config.migrate_database_url, pool_size=1)


def empty(admin_url: str) -> None:
    """Empty every table that is not reference data and that was written to; the append-only triggers are set aside for that.

    A table that was emptied weighs nothing: the few that a test wrote to are emptied, ten times faster than truncating them all.
    """
    with psycopg.connect(libpq(admin_url), autocommit=True) as connection:
        rows = connection.execute(
            "SELECT c.oid, n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE n.nspname IN ('public', 'private') AND c.relkind = 'r' AND pg_relation_size(c.oid) > 0"
        ).fetchall()
        written = [row for row in rows if row[2] not in KEPT and row[1:] != ("private", "keys")]
        names = [f'{schema}."{table}"' for _, schema, table in written]
        connection.execute("SET session_replication_role = replica")
        if names:
            connection.execute("; ".join(f"DELETE FROM {name}" for name in names))
            connection.execute(f"VACUUM {', '.join(names)}")
        connection.execute(
            "SELECT setval(d.objid::regclass, 1, false) FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S' "
            "WHERE d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i') AND d.refobjid = ANY (%s)",
            [[oid for oid, *_ in written]],
        )
        connection.execute("DELETE FROM instance WHERE key IN ('class2', 'erasures')")


@pytest.fixture
def world(database: Flask) -> WorldBuilder:
    """Organisations and people made on demand: ``world.actor("association", "44")``."""
    return WorldBuilder(database)


@pytest.fixture
def client(database: Flask) -> StrictClient:
    """A browser without JavaScript that checks every page it reads; ``client.as_(actor)`` signs it in."""
    return StrictClient(database)


@pytest.fixture(scope="session")
def demo_database(services: Embedded, config: Config) -> Config:
    """A second database with the demonstration data, loaded once per session by ``odis demo load``'s own code."""
    copy_database(services, source=NEW, target="odis_demo")
    urls = _same_server(services, "odis_demo")
    return replace(
        config, database_url=urls["app"], worker_database_url=urls["worker"], migrate_database_url=urls["migrate"]
    )


def _same_server(services: Embedded, database: str) -> dict[str, str]:
    return {
        name: getattr(services.addresses, name).replace("/odis?", f"/{database}?")
        for name in ("app", "worker", "migrate")
    }


@pytest.fixture(scope="session")
def demo_world(demo_database: Config) -> tuple[Flask, World]:
    """(application on the demonstration database, its actors). Tests that use it change as little as they can."""
    from odis_app.home.demo import load

    app = create_app(demo_database)
    with app.app_context():
        world = load(PASSWORD)
    return app, world


@pytest.fixture
def demo(demo_world: tuple[Flask, World]) -> Iterator[tuple[Flask, World]]:
    """The demonstration, with the engines pointed at it for the time of the test."""
    app, world = demo_world
    _configure(app)
    yield app, world
    if core_db.in_unit():
        core_db.close_unit(commit=False)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real open-data files, when they are there."""
    folder = Path(os.environ.get("ODIS_SHARED_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("real open-data files are not on this machine (ODIS_SHARED_DATA)")
    return folder


@pytest.fixture(scope="session")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """Debian's Chromium, which can reach this machine only."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("Chromium is not installed on this machine")
    flags = [*FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    browser = playwright.chromium.launch(executable_path=path, args=flags)
    yield browser
    browser.close()
