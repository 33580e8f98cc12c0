"""The circle of the journal's tests, around one file."""

from __future__ import annotations

from tests.journal.conftest import circle

__all__ = ["circle"]
