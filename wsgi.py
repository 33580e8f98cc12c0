"""The WSGI entry: ``gunicorn wsgi:app``."""

from __future__ import annotations

import gc

from odis_app import create_app
from odis_app.core.config import Config
from odis_app.core.crypto import check_start, keyring
from odis_app.core.db import engine, prove_role

app = create_app()
prove_role()  # nor under a database role that the walls do not hold
_config: Config = app.config["ODIS"]
check_start(_config.database_url, keyring())  # not one page under keys that are not those of this database
engine().dispose()  # processes forked from here share no connection
gc.collect()
gc.freeze()  # what is loaded for ever is walked by no later collection, nor copied by it into each process
