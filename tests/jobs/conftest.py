"""A real PostgreSQL with the walls, a real Redis, two people of two associations, and workers in processes of their own."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from redis import Redis as Client

from odis_app.core import crypto, db, migrate, outbox
from odis_app.core.config import ROOT, libpq
from odis_app.core.services import roles
from odis_app.core.services.postgres import SUPERUSER, Postgres
from odis_app.core.services.redis import Redis


@dataclass
class Person:
    """Somebody signed in: ``token`` opens a unit of work."""

    user_id: int
    org_id: int
    token: str


class Stack:
    """PostgreSQL and Redis of the whole test session."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.postgres = Postgres(folder, fast=True)
        self.redis = Redis(folder)
        self.keys = {"ODIS_MASTER_KEY": f"1:{crypto.new_key()}", "ODIS_INDEX_KEY": crypto.new_key()}
        self.identity_key = secrets.token_hex(32)

    def start(self) -> None:
        """Start both servers and bring the schema up to this package's migration."""
        self.postgres.start()
        self.redis.start()
        self.addresses = roles.prepare(self.postgres.url(SUPERUSER, "postgres"), self.folder)
        migrate.upgrade(self.addresses.migrate, identity_key=self.identity_key, revision="0003_jobs")

    def stop(self) -> None:
        """Leave no process."""
        self.redis.stop()
        self.postgres.stop()

    def admin(self) -> psycopg.Connection[tuple[object, ...]]:
        """A connection that no wall stops, to prepare and to look."""
        return psycopg.connect(libpq(self.addresses.admin), autocommit=True)

    def client(self) -> Client:
        """A client of Redis."""
        return Client.from_url(self.redis.url, socket_timeout=None)  # a blocking read waits as long as it says

    def person(self, name: str, *, email: str) -> Person:
        """A social worker of an association of her own, signed in for an hour."""
        with self.admin() as admin:
            org = admin.execute(
                "INSERT INTO organisations (public_id, name, short_name, folded, kind) VALUES (%s, %s, %s, %s, 'association') RETURNING id",
                (secrets.token_hex(8), f"Association {name}", name, name.lower()),
            ).fetchone()
            user = admin.execute(
                "INSERT INTO users (public_id, email, first_name, last_name) VALUES (%s, %s, %s, 'Fictive') RETURNING id",
                (secrets.token_hex(8), email, name),
            ).fetchone()
            assert org is not None
            assert user is not None
            admin.execute(
                "INSERT INTO memberships (user_id, organisation_id, role) VALUES (%s, %s, 'travailleur_social')",
                (user[0], org[0]),
            )
            token = secrets.token_urlsafe(32)
            admin.execute(
                """INSERT INTO private.sessions (token_hash, public_id, kind, user_id, org_id, org_kind, roles, level, idle, absolute_until, expires_at)
                   VALUES (%s, %s, 'user', %s, %s, 'association', '{travailleur_social}', 2, '1 hour', now() + interval '1 hour', now() + interval '1 hour')""",
                (db.token_hash(token), secrets.token_hex(8), user[0], org[0]),
            )
        return Person(int(str(user[0])), int(str(org[0])), token)


@pytest.fixture(scope="session")
def servers() -> Iterator[Stack]:
    folder = Path(tempfile.mkdtemp(prefix="odis-jobs-"))
    running = Stack(folder)
    try:
        running.start()
        yield running
    finally:
        running.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def stack(servers: Stack) -> Iterator[Stack]:
    """The servers with no job in them, this process being the web; Redis runs even if the last test stopped it."""
    if not servers.redis.alive():
        servers.redis.start()
    servers.client().flushall()
    with servers.admin() as admin:
        admin.execute("TRUNCATE jobs, outbox, key_checks RESTART IDENTITY")
        admin.execute("DELETE FROM memberships")
        admin.execute("DELETE FROM private.sessions")
        admin.execute("DELETE FROM users")
        admin.execute("DELETE FROM organisations")
        admin.execute("CREATE TABLE IF NOT EXISTS effects (job_id bigint NOT NULL)")
        admin.execute("GRANT ALL ON effects TO odis_app, odis_worker")
        admin.execute("TRUNCATE effects")
    before = db._engines.get("app"), dict(outbox._clients), dict(crypto._process)
    db.configure("app", servers.addresses.app)
    outbox.configure(servers.redis.url)
    crypto.configure(servers.keys["ODIS_MASTER_KEY"], servers.keys["ODIS_INDEX_KEY"])
    yield servers
    db.dispose("app")  # and give the process back as it was: other tests have their own database and keys
    if before[0] is not None:
        db._engines["app"] = before[0]
    for known, kept in ((outbox._clients, before[1]), (crypto._process, before[2])):
        known.clear()
        known.update(kept)


@pytest.fixture
def camille(stack: Stack) -> Person:
    return stack.person("Camille", email="camille@essai.example")


@pytest.fixture
def dominique(stack: Stack) -> Person:
    return stack.person("Dominique", email="dominique@essai.example")


@pytest.fixture
def as_worker(stack: Stack) -> Iterator[None]:
    """This process is the worker's or the scheduler's: another role of the database."""
    db.configure("app", stack.addresses.worker)
    yield
    db.configure("app", stack.addresses.app)


Spawn = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def spawn(stack: Stack) -> Iterator[Spawn]:
    """Start a real worker process; whatever is left of it is killed at the end of the test."""
    started: list[subprocess.Popen[bytes]] = []

    def start(mode: str = "serve", **more: str) -> subprocess.Popen[bytes]:
        environ = os.environ | stack.keys | more
        environ |= {"TEST_DATABASE": stack.addresses.worker, "TEST_REDIS": stack.redis.url, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "tests.jobs.process", mode]
        started.append(
            subprocess.Popen(command, env=environ, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        )
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()
        if process.stderr is not None:
            process.stderr.close()
