"""The same code on servers that are not ours: the machine's PostgreSQL (15 on Debian) and Redis."""

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

from odis_app.core import migrate
from odis_app.core.config import libpq
from odis_app.core.services import roles
from odis_app.core.services.postgres import SUPERUSER, Postgres
from odis_app.core.services.process import ServiceError
from odis_app.core.services.supervisor import Command
from tests.ops.conftest import processes_of
from tests.ops.test_serve import free_port, gone, launch

INSTALLED = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
pytestmark = pytest.mark.skipif(
    not INSTALLED or not shutil.which("redis-server"), reason="needs the system's own PostgreSQL and redis-server"
)


@pytest.fixture
def theirs(data_dir) -> Iterator[Postgres]:
    """The machine's PostgreSQL, with an administrator and no database of ours."""
    server = Postgres(data_dir / "theirs", binaries=INSTALLED[0], fast=True)
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture
def their_redis(data_dir) -> Iterator[str]:
    """The machine's Redis, on a loopback port."""
    port = free_port()
    server = Command(
        ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(data_dir)],
        {"PATH": "/usr/bin"},
    )
    server.start()
    yield f"redis://127.0.0.1:{port}/0"
    server.stop()


def test_it_is_not_the_embedded_one(theirs):
    with psycopg.connect(libpq(theirs.url(SUPERUSER, "postgres"))) as connection:
        assert connection.info.server_version // 10000 == int(INSTALLED[0].parent.name)


def test_every_migration_goes_up_and_down_there(theirs, data_dir):
    urls = roles.prepare(theirs.url(SUPERUSER, "postgres"), data_dir)
    migrate.upgrade(urls.migrate, identity_key="ab" * 32, instance_kind="demo")
    migrate.downgrade(urls.migrate, "base")
    migrate.upgrade(urls.migrate, identity_key="ab" * 32, instance_kind="demo")
    with psycopg.connect(libpq(urls.app)) as connection:
        assert connection.execute("SELECT value #>> '{}' FROM instance WHERE key = 'kind'").fetchone() == ("demo",)


def test_a_role_that_may_not_bypass_walls_is_told_what_is_missing(theirs, data_dir):
    admin = theirs.url(SUPERUSER, "postgres")
    with psycopg.connect(libpq(admin), autocommit=True) as connection:
        connection.execute("CREATE ROLE half LOGIN CREATEROLE CREATEDB PASSWORD 'half'")
    half = make_url(admin).set(username="half", password="half").render_as_string(hide_password=False)
    with pytest.raises(ServiceError, match="ne peut pas préparer les rôles de la base"):
        roles.prepare(half, data_dir)


def test_the_whole_product_runs_on_them(theirs, their_redis, data_dir):
    ours = data_dir / "ours"
    more = {"ODIS_DATABASE_URL": libpq(theirs.url(SUPERUSER, "postgres")), "ODIS_REDIS_URL": their_redis}
    product = launch(ours, free_port(), **more)
    try:
        product.wait_for("Ctrl-C pour arrêter")
        assert product.get("/sante")[0] == 200
        running = " ".join(processes_of(ours).values())
        assert "redis-server" not in running
        assert "bin/postgres" not in running
    finally:
        code = product.end(signal.SIGTERM)
    assert code == 0, product.lines
    assert gone(ours) == {}
    assert theirs.alive()
