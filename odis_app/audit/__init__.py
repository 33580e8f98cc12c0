"""The append-only trail of what was read and written."""

from __future__ import annotations

from flask import Flask


def setup(app: Flask) -> None:
    """Nothing to register: the trail is written by operations and read on the pages of what it concerns."""
    del app
