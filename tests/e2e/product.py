"""The real product for the browser: gunicorn and a worker on a copy of the demonstration, on a free port of this machine."""

from __future__ import annotations

import os
import re
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg

from odis_app.core.config import ROOT, Config, libpq
from odis_app.core.services import process, serve
from odis_app.core.services.embedded import Embedded
from odis_app.core.services.postgres import SUPERUSER
from odis_app.core.services.redis import Redis
from tests.support.databases import copy_database

STARTING = 60.0
FAULT = re.compile(r"Traceback|unexpected error|\[(ERROR|CRITICAL)\]")


class Product:
    """One running installation. ``config.demo_password`` opens the accounts of the demonstration."""

    def __init__(self, name: str, config: Config, admin_url: str) -> None:
        self.name, self.config, self.admin_url = name, config, admin_url
        self.redis = Redis(config.data_dir)
        self._processes: dict[str, process.Process] = {}

    @property
    def address(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.config.port}"

    @property
    def password(self) -> str:
        """Of all its demonstration accounts."""
        return self.config.demo_password

    def start(self) -> None:
        """Redis, web and worker; returns when a page answers."""
        self.redis.start()
        self.config = replace(self.config, redis_url=self.redis.url)
        (self.config.data_dir / "run").mkdir(exist_ok=True, parents=True)
        self._run("web", serve.web_command(self.config))
        self.start_worker()
        patience = process.Patience(STARTING)
        while not serve.answers("127.0.0.1", self.config.port):
            assert self._processes["web"].poll() is None, self.log("web")
            assert patience.again(), self.log("web")

    def start_worker(self) -> None:
        """A worker: what is due is looked for as it starts."""
        self.stop_one("worker")
        self._run("worker", [sys.executable, "-m", "jobs.worker"])

    def stop_one(self, name: str) -> None:
        """End one of its processes."""
        if name in self._processes:
            process.stop(self._processes.pop(name), timeout=5)

    @contextmanager
    def paused(self, name: str) -> Iterator[None]:
        """One of its processes holds its breath, so that what waits for it can be looked at."""
        running = self._processes[name]
        os.kill(running.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(running.pid, signal.SIGCONT)

    def stop(self) -> None:
        """Leave no process."""
        for name in list(self._processes):
            self.stop_one(name)
        self.redis.stop()

    def _run(self, name: str, command: list[str]) -> None:
        environ = {**os.environ, **self.config.environment(), "PYTHONUNBUFFERED": "1"}
        os.chdir(ROOT)
        self._processes[name] = process.start(command, log=self._log(name), environ=environ)

    def _log(self, name: str) -> Path:
        return self.config.data_dir / "log" / f"{name}.log"

    def log(self, name: str) -> str:
        """What a process wrote."""
        path = self._log(name)
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def faults(self) -> list[str]:
        """Lines of the logs that tell of an error nobody expected."""
        return [line for name in ("web", "worker") for line in self.log(name).splitlines() if FAULT.search(line)]

    def database(self) -> psycopg.Connection[tuple[object, ...]]:
        """A connection that no wall stops, to look behind the pages."""
        return psycopg.connect(libpq(self.admin_url), autocommit=True)

    def as_role(self) -> psycopg.Connection[tuple[object, ...]]:
        """A bare connection of the web's own role."""
        return psycopg.connect(libpq(self.config.database_url))


@contextmanager
def running(name: str, services: Embedded, demo: Config, folder: Path) -> Iterator[Product]:
    """A product of its own on a copy of the demonstration database (which nobody else may have open)."""
    database = f"odis_{name}"
    copy_database(services, source=_database(demo.database_url), target=database)
    urls = {key: getattr(demo, key).replace(f"/{_database(demo.database_url)}?", f"/{database}?") for key in ADDRESSES}
    config = replace(
        demo,
        **urls,
        data_dir=folder,
        host="127.0.0.1",
        port=_free_port(),
        demo=True,
        assets="local",
        log_level="warning",
    )
    product = Product(name, config, services.postgres.url(SUPERUSER, database))
    try:
        product.start()
        yield product
    finally:
        product.stop()


ADDRESSES = ("database_url", "worker_database_url", "migrate_database_url")


def _database(url: str) -> str:
    return url.rsplit("/", 1)[1] if "?" not in url else url.split("?", 1)[0].rsplit("/", 1)[1]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
