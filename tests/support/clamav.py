"""A server that speaks clamd's protocol, and a port where nobody answers."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest


@pytest.fixture
def clamav() -> Iterator[str]:
    """A server that speaks INSTREAM and finds anything that says EICAR."""
    server = socket.create_server(("127.0.0.1", 0))
    stop = threading.Event()

    def exactly(link: socket.socket, size: int) -> bytes:
        data = b""
        while len(data) < size:
            data += link.recv(size - len(data)) or pytest.fail("the client left in the middle")
        return data

    def serve() -> None:
        while not stop.is_set():
            try:
                link, _ = server.accept()
            except OSError:
                return
            with link:
                assert exactly(link, 10) == b"zINSTREAM\0"
                received = b""
                while size := int.from_bytes(exactly(link, 4), "big"):
                    received += exactly(link, size)
                link.sendall(b"stream: Eicar-Test-Signature FOUND\0" if b"EICAR" in received else b"stream: OK\0")

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"127.0.0.1:{server.getsockname()[1]}"
    stop.set()
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join(5)


def closed_port() -> str:
    """An address of this machine where no antivirus listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"127.0.0.1:{server.getsockname()[1]}"
