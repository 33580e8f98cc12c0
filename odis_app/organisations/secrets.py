"""The secrets of links that come by mail: drawn from the row and the installation's key, so that nothing has to keep them."""

from __future__ import annotations

import base64

from odis_app.accounts.operations import Minter


def link_secret(minter: Minter, kind: str, public_id: str, number: int = 1) -> str:
    """The secret of the link number ``number`` of a row: 256 bits, printable. The database keeps its hash only."""
    drawn = minter.proof(f"link|{kind}|{public_id}|{number}")
    return base64.urlsafe_b64encode(drawn).decode().rstrip("=")
