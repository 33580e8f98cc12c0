"""What signing in keeps: attempts, forgotten passwords."""

from __future__ import annotations

revision = "0013_sign_in"
down_revision = "0012_entrance"


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
