"""What every command line of the application shares, and ``odis db``: its own unit of work, as the owner of the schema where it must."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click
from flask import Flask, current_app
from flask.cli import with_appcontext
from sqlalchemy import text

from odis_app.core import crypto, db
from odis_app.core.config import Config
from odis_app.core.ids import new_public_id, new_token

MINUTES = 60  # how long the installation acts at most by one command


def init_app(app: Flask) -> None:
    """Commands are registered by the packages; this keeps Flask's own development commands out of the way."""
    app.cli.commands.pop("run", None)
    app.cli.commands.pop("shell", None)
    app.cli.add_command(database)


@click.group("db")
def database() -> None:
    """La base : migrations, accord entre les modèles et le schéma."""


@database.command("upgrade")
@with_appcontext
def upgrade() -> None:
    """Mener la base à la dernière migration. Sans effet quand elle y est."""
    from odis_app.core import migrate  # Alembic is no business of the web
    from odis_app.core.services.serve import kind_of, refuse_other_kind

    config: Config = current_app.config["ODIS"]
    refuse_other_kind(config.migrate_database_url, kind_of(config))
    before = migrate.current(config.migrate_database_url)
    migrate.upgrade(config.migrate_database_url, identity_key=config.identity_key, instance_kind=kind_of(config))
    crypto.check_start(config.database_url, crypto.keyring())
    here = migrate.head()
    click.echo(
        f"La base est déjà à la migration {here}."
        if before == here
        else f"La base passe de {before or 'vide'} à {here}."
    )


@database.command("check")
@with_appcontext
def check() -> None:
    """Comparer la base aux migrations et aux modèles ; code 1 et ce qui manque s’ils ne s’accordent pas."""
    from odis_app.core import migrate

    config: Config = current_app.config["ODIS"]
    here, wanted = migrate.current(config.migrate_database_url), migrate.head()
    lacking = migrate.lacking(config.migrate_database_url)
    if here != wanted:
        click.echo(
            f"La base est à {here or 'aucune migration'}, le code attend {wanted} : lancez « odis db upgrade ».",
            err=True,
        )
    for name in lacking:
        click.echo(f"Le schéma n’a pas {name}, qu’un modèle attend.", err=True)
    if here != wanted or lacking:
        sys.exit(1)
    click.echo(f"La base est à la migration {here} et les modèles s’accordent avec elle.")


@contextmanager
def system_token(config: Config, schedule: str) -> Iterator[str]:
    """The identity ``system:<schedule>``, as the workers' role: what a command does in the place of a task of the schedule."""
    db.configure("app", config.worker_database_url)
    token = new_token()
    try:
        with db.unit_of_work():
            db.db.execute(
                text("SELECT odis.mint_system_token(:hash, :public_id, :name, :minutes)"),
                {
                    "hash": db.token_hash(token),
                    "public_id": new_public_id(),
                    "name": f"system:{schedule}",
                    "minutes": MINUTES,
                },
            )
        yield token
    finally:
        db.configure("app", config.database_url)


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
