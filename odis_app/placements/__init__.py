"""Placements: orientations that both sides accept, the stays that follow, and how they end."""

from __future__ import annotations

from flask import Flask


def setup(app: Flask) -> None:
    """Register the pages."""
    del app
