"""What the walls cost: the same statements as the web's role under a signed identity, and with row-level security set aside."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import psycopg
from psycopg import sql

from bench.figures import Figure, Table, alternated, p50
from bench.ground import Ground, richest
from odis_app.core import db as core_db
from odis_app.core.config import libpq

MICRO, PAGE = 35, 15  # % (quality.md)
QUERIES = (
    ("Un ménage par son adresse", "SELECT * FROM households WHERE public_id = (SELECT public_id FROM households ORDER BY id LIMIT 1)"),
    ("25 ménages dans l’ordre de la liste", "SELECT * FROM households WHERE owner_org_id = {org} ORDER BY priority DESC, seniority_date, id LIMIT 25"),
    ("Compte des places d’un département", "SELECT count(*) FROM places WHERE department_code = '44'"),
)  # fmt: skip


def run(ground: Ground) -> list[Table]:
    return [_micro(ground), _pages(ground)]


def _micro(ground: Ground) -> Table:
    """Both as odis_app, on the same rows; without walls means policies disabled in the transaction's snapshot of a copy."""
    table = Table("Coût des murs, micro-requêtes", ("Requête", "Avec (ms)", "Sans (ms)", "Surcoût (%)"))
    actor = ground.world["association"]
    with ground.copy("odis_nu") as bare:
        _lower(bare, "odis_nu")
        with (
            psycopg.connect(libpq(ground.config.database_url)) as walled,
            psycopg.connect(libpq(bare.config.database_url)) as free,
        ):
            for connection in (walled, free):
                connection.execute("SELECT FROM odis.open_unit(%s, true)", [actor.token])
            for label, statement in QUERIES:
                query = sql.SQL(statement).format(org=sql.Literal(actor.org_id))
                with_, without = alternated([_asked(walled, query), _asked(free, query)], ground.repeat * 5, warm=20)
                table.rows.append(_row(label, p50(with_), p50(without), MICRO))
    table.notes.append(
        "« Sans » : la même base, copiée, sans sécurité par ligne ; l’identité signée reste posée des deux côtés."
    )
    return table


def _asked(connection: psycopg.Connection[tuple[object, ...]], query: sql.Composed) -> Callable[[], object]:
    return lambda: connection.execute(query).fetchall()


def _row(label: str, with_: float, without: float, limit: float) -> tuple[str | Figure, ...]:
    return label, Figure(with_), Figure(without), Figure((with_ / without - 1) * 100, "", limit)


def _lower(ground: Ground, database: str) -> None:
    """Set row-level security aside everywhere in this copy."""
    with psycopg.connect(ground.admin_url(database), autocommit=True) as connection:
        rows = connection.execute(
            "SELECT relname FROM pg_class WHERE relrowsecurity AND relnamespace = 'public'::regnamespace"
        ).fetchall()
        for (name,) in rows:
            connection.execute(sql.SQL("ALTER TABLE {} DISABLE ROW LEVEL SECURITY").format(sql.Identifier(name)))
        connection.execute("ANALYZE")


def _pages(ground: Ground) -> Table:
    table = Table("Coût des murs, pages entières", ("Page", "Avec (ms)", "Sans (ms)", "Surcoût (%)"))
    browser = ground.browser("association")
    urls = [
        ("Ménages", "/menages"),
        ("Places du territoire", "/places?perimetre=territoire"),
        ("Dossier d’un ménage", richest(browser, "/menages", "/menages")),
    ]
    with ground.copy("odis_nu") as bare:
        _lower(bare, "odis_nu")
        other = bare.browser("association")
        with _two_engines(ground, bare) as on:
            for label, url in urls:
                if url is None:
                    continue
                calls = [on("walled", partial(browser.get, url)), on("free", partial(other.get, url))]
                with_, without = alternated(calls, ground.repeat)
                table.rows.append(_row(label, p50(with_), p50(without), PAGE))
    table.notes.append("La page reste filtrée par le premier mur (les sélections de l’application) dans les deux cas.")
    return table


@contextmanager
def _two_engines(ground: Ground, bare: Ground) -> Iterator[Callable[[str, Callable[[], object]], Callable[[], object]]]:
    """Two engines kept open; each call is made with its own as « app »."""
    core_db.dispose("app")
    engines = {
        "walled": core_db.configure("walled", ground.config.database_url),
        "free": core_db.configure("free", bare.config.database_url),
    }

    def on(name: str, call: Callable[[], object]) -> Callable[[], object]:
        def made() -> object:
            core_db._engines["app"] = engines[name]  # noqa: SLF001 - both stay open between two calls
            return call()

        return made

    try:
        yield on
    finally:
        core_db._engines.pop("app", None)  # noqa: SLF001
        for name in engines:
            core_db.dispose(name)
