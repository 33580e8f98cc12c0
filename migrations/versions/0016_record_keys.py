"""A key for each record."""

from __future__ import annotations

revision = "0016_record_keys"
down_revision = "0015_cooperation"


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
