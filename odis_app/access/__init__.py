"""Rights: records and grants, the decision behind the marks."""

from __future__ import annotations

from flask import Flask

from odis_app.access.enforcement import enforce


def setup(app: Flask) -> None:
    """Judge every request before its view."""
    app.before_request(enforce)
