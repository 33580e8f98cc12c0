"""Options and exceptions to roles."""

from __future__ import annotations

revision = "0018_exceptions"
down_revision = "0017_privacy"


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
