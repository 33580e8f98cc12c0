"""The WSGI entry: ``gunicorn wsgi:app``."""

from __future__ import annotations

from odis_app import create_app
from odis_app.core.config import Config
from odis_app.core.crypto import check_start, keyring

app = create_app()
_config: Config = app.config["ODIS"]
check_start(_config.database_url, keyring())  # not one page under keys that are not those of this database
