"""The append-only trail of what was read and written."""

from __future__ import annotations

from flask import Flask

from odis_app.audit.cli import audit


def setup(app: Flask) -> None:
    """The trail is written by operations and read on the pages of what it concerns; its seals are verified on the command line."""
    app.cli.add_command(audit)
