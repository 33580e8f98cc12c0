"""What every command line of the application shares: its own unit of work, as the owner of the schema where it must."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask, current_app

from odis_app.core import db
from odis_app.core.config import Config


def init_app(app: Flask) -> None:
    """Commands are registered by the packages; this keeps Flask's own development commands out of the way."""
    app.cli.commands.pop("run", None)
    app.cli.commands.pop("shell", None)


@contextmanager
def owner_unit() -> Iterator[db.Unit]:
    """A unit of work under ``odis_migrate``: reference data and demonstration accounts are loaded by the installation itself."""
    config: Config = current_app.config["ODIS"]
    db.configure("owner", config.migrate_database_url, pool_size=1)
    try:
        with db.unit_of_work(None, engine_name="owner") as unit:
            yield unit
    finally:
        db.dispose("owner")
