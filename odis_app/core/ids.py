"""Identifiers that may be shown."""

from __future__ import annotations

import hashlib
import secrets

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's: no i, l, o, u


def new_public_id() -> str:
    """Sixteen random characters (80 bits) for an address; says nothing of order or number."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(16))


def public_id_from(owner: int, key: str) -> str:
    """The public id of what the form named ``key`` makes for the organisation ``owner``: the same at a second sending of the form.

    Never the key itself: sent by hand, somebody else's public id would be « already there », or still free.
    """
    number = int.from_bytes(hashlib.sha256(f"{owner}|{key}".encode()).digest()[:10], "big")
    return "".join(_ALPHABET[number >> 5 * place & 31] for place in range(16))


def new_token() -> str:
    """A secret of 256 bits, printable."""
    return secrets.token_urlsafe(32)
