"""Pilotage: the figures of a département, computed in one place for pages and for bilans."""

from __future__ import annotations

from flask import Flask


def setup(app: Flask) -> None:
    """Figures only: no page of its own yet."""
    del app
