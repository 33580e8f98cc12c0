"""Identifiers that may be shown."""

from __future__ import annotations

import secrets

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's: no i, l, o, u


def new_public_id() -> str:
    """Sixteen random characters (80 bits) for an address; says nothing of order or number."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(16))


def new_token() -> str:
    """A secret of 256 bits, printable."""
    return secrets.token_urlsafe(32)
