"""The demonstration at the size of the country, by COPY: people are invented, communes are real.

The walls judge what comes in as they judge the product's own rows (``copying``); ``proofs`` asks the database once more before anything
is committed. One transaction: interrupted, nothing of it stays. The access trail and the outbox tell what somebody did: nothing is
written there. The keys of the records are drawn by the installation, never from the seed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from random import Random
from typing import Any

import psycopg
from flask import current_app
from psycopg import sql
from sqlalchemy import select

from odis_app.accounts.operations import hash_password
from odis_app.core.cli import owner_unit
from odis_app.core.config import Config, libpq
from odis_app.core.db import db
from odis_app.core.formats import nombre
from odis_app.home.demo.national import country, homes, population, proofs, supply, tables
from odis_app.home.demo.national.copying import Copier
from odis_app.home.demo.national.entries import counts, write_entries
from odis_app.home.demo.national.files import write_file
from odis_app.home.demo.national.stays import Stays
from odis_app.home.demo.sizes import National
from odis_app.organisations.models import Organisation
from odis_app.organisations.seeds import World

CHUNK = 2_000  # files written at once
Say = Callable[[str], None]


def fill(world: World, size: National, *, seed: int, password: str, say: Say) -> None:
    """Add what ``size`` says to the small demonstration; the same for the same day and seed. Raises ``proofs.BrokenError``."""
    start = time.perf_counter()
    with owner_unit():
        write(world, size, seed=seed, password=password, say=say)
        say(f"Vérification des règles de la base ({_spent(start)})…")
        proofs.check(raw_connection())
    say(f"Tout est écrit ({_spent(start)}). Statistiques pour les requêtes…")
    analyze()
    say(f"Pays chargé en {_spent(start)}.")


def write(world: World, size: National, *, seed: int, password: str, say: Say) -> None:
    """The rows, in the owner's unit of work that is open."""
    start = time.perf_counter()
    draw = Random(f"pays {seed}")  # noqa: S311 - a drawing, not a secret
    there = [
        str(code)
        for code in db.scalars(select(Organisation.department_code).where(Organisation.department_code.is_not(None)))
    ]
    land = country.read(size.departments, there)
    with Copier(raw_connection()) as copier:
        builder = homes.Builder(copier, land, draw, homes.read_homes())
        people = population.settle(copier, world, size, land, hash_password(password), draw)
        say(f"{nombre(size.organisations)} organisations, {nombre(size.users)} comptes ({_spent(start)}).")
        for written in supply.build(builder, size, people):
            say(f"Places : {nombre(written)} sur {nombre(size.places)} ({_spent(start)}).")
        for files in _write_files(builder, size, people):
            say(f"Dossiers : {nombre(files)} sur {nombre(size.households)} ({_spent(start)}).")
        copier.wait()
        homes.keep_counters(builder.homes)


def _write_files(builder: homes.Builder, size: National, people: population.Population) -> Any:
    """Every file with its journal, organisation by organisation; tells how many are written."""
    hosts = {org.id: org.team[0].name for org in (*people.followers, *people.lodgers)}
    stays = Stays(builder, builder.homes, hosts, people.services)
    entries = counts(size.entries, size.households, builder.draw)
    rank = 0
    for org in people.followers:
        for code, count in org.files.items():
            for _ in range(count):
                rank += 1
                one = write_file(builder, stays, org, code, rank)
                write_entries(builder, one, org, next(entries))
                if rank % CHUNK == 0:
                    builder.flush()
                if rank % (CHUNK * 10) == 0:
                    yield rank
    builder.flush()
    yield rank


def analyze() -> None:
    """Statistics and visibility of what was written, so that the first pages are as quick as the others. Outside of any transaction."""
    config: Config = current_app.config["ODIS"]
    with psycopg.connect(libpq(config.migrate_database_url), autocommit=True) as connection:
        for name in (*tables.WALLED, "place_changes"):
            connection.execute(sql.SQL("VACUUM ANALYZE {}").format(sql.Identifier(name)))


def raw_connection() -> psycopg.Connection[Any]:
    """The connection of the unit of work that is open: COPY goes by it."""
    connection = db.connection().connection.driver_connection
    if not isinstance(connection, psycopg.Connection):
        raise RuntimeError("the unit of work has no connection")  # noqa: TRY004 - not a wrong type: none is open
    return connection


def _spent(start: float) -> str:
    return f"{nombre(round(time.perf_counter() - start))} s"
