"""Structures: minimal for now, what places hang on; their pages come later."""

from __future__ import annotations

from flask import Flask


def setup(app: Flask) -> None:
    """No page yet."""
    del app
