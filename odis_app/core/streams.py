"""A stream sealed by blocks: AES-256-GCM, never in clear on a disk, never whole in memory.

Layout: a magic word, then blocks ``length (4 bytes, big endian; its high bit marks the last) ‖ ciphertext ‖ tag (16)``. The nonce
of a block is its number and the mark, under a key used for this one stream: blocks moved, repeated, or cut are refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from odis_app.core.crypto import UnreadableError

MAGIC = b"ODIS-flux-1\n"
BLOCK = 1 << 20
TAG_BYTES = 16
LAST = 1 << 31


def seal_stream(source: IO[bytes], target: IO[bytes], key: bytes) -> int:
    """Encrypt everything that ``source`` gives into ``target``; the bytes read. ``key``: 32 bytes, never used for another stream."""
    cipher, number, total = AESGCM(key), 0, 0
    target.write(MAGIC)
    block = _full(source)
    while True:
        following = _full(source) if block else b""
        last = not following
        sealed = cipher.encrypt(_nonce(number, last=last), block, MAGIC)
        target.write((len(sealed) | (LAST if last else 0)).to_bytes(4, "big") + sealed)
        number, total = number + 1, total + len(block)
        if last:
            return total
        block = following


def open_stream(source: IO[bytes], key: bytes) -> Iterator[bytes]:
    """The blocks in clear, in order. Raises UnreadableError when the stream was altered, cut, lengthened, or has another key."""
    if source.read(len(MAGIC)) != MAGIC:
        raise UnreadableError("not a sealed stream")
    cipher, number, last = AESGCM(key), 0, False
    while not last:
        header = int.from_bytes(source.read(4), "big")
        last, length = bool(header & LAST), header & (LAST - 1)
        if not TAG_BYTES <= length <= BLOCK + TAG_BYTES:
            raise UnreadableError("cut")
        try:
            yield cipher.decrypt(_nonce(number, last=last), source.read(length), MAGIC)
        except (InvalidTag, ValueError) as error:
            raise UnreadableError("altered, cut, or sealed with another key") from error
        number += 1
    if source.read(1):
        raise UnreadableError("lengthened")


def _nonce(number: int, *, last: bool) -> bytes:
    return bytes((last,)) + number.to_bytes(11, "big")


def _full(source: IO[bytes]) -> bytes:
    """A whole block, or what is left: a pipe gives less than it is asked for."""
    parts, wanted = [], BLOCK
    while wanted and (part := source.read(wanted)):
        parts.append(part)
        wanted -= len(part)
    return b"".join(parts)
