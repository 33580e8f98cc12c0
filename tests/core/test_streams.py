"""A sealed stream gives back what it was given, and refuses to be altered, cut, lengthened or rearranged."""

import io
import secrets

import pytest

from odis_app.core import streams
from odis_app.core.crypto import UnreadableError

KEY = secrets.token_bytes(32)


def sealed(data: bytes, key: bytes = KEY) -> bytes:
    out = io.BytesIO()
    assert streams.seal_stream(io.BytesIO(data), out, key) == len(data)
    return out.getvalue()


def opened(data: bytes, key: bytes = KEY) -> bytes:
    return b"".join(streams.open_stream(io.BytesIO(data), key))


@pytest.mark.parametrize("size", [0, 1, streams.BLOCK - 1, streams.BLOCK, streams.BLOCK + 1, 3 * streams.BLOCK])
def test_what_was_sealed_is_read(size):
    data = secrets.token_bytes(size)
    assert opened(sealed(data)) == data
    assert sealed(data) != sealed(data, secrets.token_bytes(32))


class Trickle(io.BytesIO):
    """A pipe: it never gives all that it is asked for."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(min(size or -1, 70_001))


def test_a_pipe_that_gives_little_at_a_time():
    data, out = secrets.token_bytes(streams.BLOCK + 5), io.BytesIO()
    streams.seal_stream(Trickle(data), out, KEY)
    assert out.getvalue() == sealed(data)


def blocks(data: bytes) -> tuple[bytes, list[bytes]]:
    """The magic word, and each block with its header."""
    at, found = len(streams.MAGIC), []
    while at < len(data):
        length = int.from_bytes(data[at : at + 4], "big") & (streams.LAST - 1)
        found.append(data[at : at + 4 + length])
        at += 4 + length
    return data[: len(streams.MAGIC)], found


def test_what_was_touched_is_refused():
    data = secrets.token_bytes(2 * streams.BLOCK + 9)
    whole = sealed(data)
    magic, parts = blocks(whole)
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 1
    unmarked = bytearray(parts[-1])
    unmarked[0] &= 0x7F
    for wrong in (
        bytes(flipped),
        whole[:-1],
        magic + b"".join(parts[:-1]),
        magic + parts[1] + parts[0] + parts[2],
        magic + parts[0] + parts[0] + parts[2],
        magic + parts[0] + parts[1] + bytes(unmarked),
        whole + b"x",
        whole[1:],
        b"",
    ):
        with pytest.raises(UnreadableError):
            opened(wrong)
    with pytest.raises(UnreadableError):
        opened(whole, secrets.token_bytes(32))
