"""Housing: offers of hosts and their qualification, places of operators and their availability."""

from __future__ import annotations

from flask import Flask


def setup(app: Flask) -> None:
    """Register the pages."""
    del app
