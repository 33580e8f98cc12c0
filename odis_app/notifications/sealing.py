"""What a mail says is sealed in its row, under a name of its own: it opens nowhere else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from odis_app.core import crypto


def closed(public_id: str, to: str, context: Mapping[str, Any]) -> bytes:
    """The address and the context of a mail, sealed for its row."""
    return crypto.seal(json.dumps({"to": to, "context": dict(context)}), _place(public_id))


def opened(public_id: str, sealed: bytes) -> tuple[str, dict[str, Any]]:
    """(address, context) of a mail. Raises UnreadableError when it was sealed for another row or with another key."""
    content = json.loads(crypto.unseal(sealed, _place(public_id)))
    return str(content["to"]), dict(content["context"])


def _place(public_id: str) -> str:
    return crypto.place("mails", "sealed", public_id)
