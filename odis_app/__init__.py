"""OD&IS: ``create_app`` builds the application. This is the only file that lists the packages."""

from __future__ import annotations

from importlib import import_module

from flask import Flask
from flask_wtf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from odis_app.core import cli as commands  # odis_app.cli, the program, would take its name
from odis_app.core import crypto, db, headers, logs, outbox, requests, templating
from odis_app.core.config import ROOT, Config

# From the ground up; each has ``setup(app)``. A package listed later may know one listed before, never the reverse.
PACKAGES = (
    "audit",
    "territories",
    "notifications",
    "accounts",
    "organisations",
    "access",
    "documents",
    "exchange",
    "journal",
    "households",
    "structures",
    "housing",
    "placements",
    "matching",
    "pilotage",
    "reports",
    "privacy",
    "home",
)
MAX_BODY = 21 * 1024 * 1024  # an upload of 20 MB and its form


def create_app(config: Config | None = None) -> Flask:
    """The application. Raises ConfigError when a variable is missing, UnguardedEndpointError when a route has no guard."""
    config = config or Config.from_env()
    app = Flask(__name__, template_folder=str(ROOT / "templates"), static_folder=None)
    secure = config.address.startswith("https")
    app.config.update(
        ODIS=config,
        ODIS_ASSETS=config.assets,
        SECRET_KEY=config.secret_key,
        SESSION_COOKIE_NAME=requests.host_cookie("odis_formulaire", secure=secure),  # holds the CSRF secret only
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_SAMESITE="Lax",
        MAX_CONTENT_LENGTH=MAX_BODY,
        MAX_FORM_MEMORY_SIZE=2 * 1024 * 1024,
        MAX_FORM_PARTS=5000,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_I18N_ENABLED=False,  # WTForms' own French messages, not those of a Babel that we do not set up
    )
    crypto.configure(config.master_key, config.index_key)
    db.configure("app", config.database_url)
    outbox.configure(config.redis_url)
    logs.init_app(app)
    requests.init_app(app)
    headers.init_app(app)
    templating.setup(app)
    CSRFProtect(app)
    for name in PACKAGES:
        import_module(f"odis_app.{name}").setup(app)
    commands.init_app(app)
    access = import_module("odis_app.access.enforcement")
    access.check_every_endpoint(app)
    if config.trusted_proxies:
        hops = config.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    return app
