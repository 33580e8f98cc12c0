"""Entrusting, handing over, joining a file."""

from __future__ import annotations

revision = "0015_cooperation"
down_revision = "0014_second_factor"


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
