"""The town of the placements: an association with files, an operator with places, services of the State."""

from __future__ import annotations

from tests.placements.conftest import town

__all__ = ["town"]
