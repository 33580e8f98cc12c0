"""Legal bases, consent, requests, retention."""

from __future__ import annotations

revision = "0017_privacy"
down_revision = "0016_record_keys"


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
