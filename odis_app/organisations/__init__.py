"""Organisations: the tenants, their members, areas and mandates."""

from __future__ import annotations

from flask import Flask


def setup(app: Flask) -> None:
    """Nothing to register yet: the pages of the administration use these queries."""
    del app
