"""Identifiers that may be shown."""

from __future__ import annotations

import hashlib
import random
import secrets

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's: no i, l, o, u
_PAIRS = tuple(low + high for high in _ALPHABET for low in _ALPHABET)  # ten bits each, the lowest first


def new_public_id() -> str:
    """Sixteen random characters (80 bits) for an address; says nothing of order or number."""
    return _sixteen(secrets.token_bytes(10))


def public_id_from(owner: int, key: str) -> str:
    """The public id of what the form named ``key`` makes for the organisation ``owner``: the same at a second sending of the form.

    Never the key itself: sent by hand, somebody else's public id would be « already there », or still free.
    """
    return _sixteen(hashlib.sha256(f"{owner}|{key}".encode()).digest()[:10])


def drawn_public_id(draw: random.Random) -> str:
    """The public id that a seed draws, for the demonstration alone: who knows the seed knows it."""
    return _sixteen(draw.randbytes(10))


def _sixteen(drawn: bytes) -> str:
    """Eighty bits as sixteen characters."""
    number = int.from_bytes(drawn, "big")
    return "".join([_PAIRS[number >> shift & 1023] for shift in range(0, 80, 10)])


def new_token() -> str:
    """A secret of 256 bits, printable."""
    return secrets.token_urlsafe(32)
