"""Second factors and stepping up."""

from __future__ import annotations

revision = "0014_second_factor"
down_revision = "0013_sign_in"


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    """Nothing yet."""
