"""ClamAV by its own protocol: INSTREAM over TCP or a local socket."""

from __future__ import annotations

import socket
from pathlib import Path

CHUNK = 64 * 1024
SECONDS = 30


class ScannerDownError(RuntimeError):
    """The antivirus does not answer, or answers something else than a verdict: the file stays in quarantine."""


def is_clean(data: bytes, address: str) -> bool:
    """Whether ClamAV at ``address`` (« server:3310 » or the path of a socket) finds nothing. Raises ScannerDownError."""
    try:
        with _connect(address) as link:
            link.sendall(b"zINSTREAM\0")
            for start in range(0, len(data), CHUNK):
                piece = data[start : start + CHUNK]
                link.sendall(len(piece).to_bytes(4, "big") + piece)
            link.sendall((0).to_bytes(4, "big"))
            answer = _answer(link)
    except OSError as error:
        raise ScannerDownError(f"ClamAV at {address}: {type(error).__name__}") from error
    if answer.endswith(b"OK"):
        return True
    if answer.endswith(b"FOUND"):
        return False
    raise ScannerDownError(f"ClamAV at {address} answered without a verdict")


def _connect(address: str) -> socket.socket:
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal():
        link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        link.settimeout(SECONDS)
        link.connect(str(Path(address)))
        return link
    return socket.create_connection((host.strip("[]"), int(port)), timeout=SECONDS)


def _answer(link: socket.socket) -> bytes:
    found = b""
    while b"\0" not in found and len(found) < CHUNK:
        piece = link.recv(CHUNK)
        if not piece:
            break
        found += piece
    return found.rstrip(b"\0\n ")
