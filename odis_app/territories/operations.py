"""Loading the base: COPY into staging tables, then only what differs is written, in one transaction."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from time import perf_counter
from typing import Any

import psycopg
from psycopg import sql

from odis_app.territories.dataset import Dataset, DatasetError, Table
from odis_app.territories.enums import MatchKind
from odis_app.territories.names import fold_place, search_keys

KEYS = {
    "regions": ("code",),
    "departments": ("code",),
    "arrondissements": ("code",),
    "epcis": ("siren",),
    "employment_zones": ("code",),
    "communes": ("code",),
    "commune_parts": ("code", "kind"),
    "commune_postal_codes": ("postal_code", "commune_code"),
    "former_communes": ("code", "name_folded"),
    "commune_keys": ("key", "commune_code", "kind", "depth", "label"),
}  # in the order of the foreign keys
LOCK = 4_404_946  # any constant: one load at a time


@dataclass(slots=True)
class Change:
    """What a load did to one table: rows read, then rows of the table added, changed, removed."""

    read: int
    added: int = 0
    changed: int = 0
    removed: int = 0


@dataclass(slots=True)
class LoadReport:
    """The outcome; ``unchanged`` when this very base was already there."""

    source: str
    vintage: int
    sha256: str
    unchanged: bool = False
    seconds: float = 0.0
    tables: dict[str, Change] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)


def load(url: str, dataset: Dataset) -> LoadReport:
    """Load ``dataset`` as the migrating role (``url`` as libpq reads it). All or nothing; the same base twice changes nothing.

    Raises DatasetError when something still refers to a commune that the new base no longer has, or when the base
    contradicts itself.
    """
    started = perf_counter()
    report = LoadReport(dataset.source, dataset.vintage, dataset.sha256)
    with psycopg.connect(url) as connection:
        try:
            _load(connection, dataset, report)
        except psycopg.errors.IntegrityError as error:
            connection.rollback()
            raise DatasetError(
                f"Rien n’a été chargé : {error.diag.message_primary} ({error.diag.message_detail})"
            ) from error
    report.seconds = round(perf_counter() - started, 2)
    return report


def _load(connection: psycopg.Connection[Any], dataset: Dataset, report: LoadReport) -> None:
    connection.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    tables = _folded(dataset)
    last = connection.execute("SELECT sha256 FROM territory_loads ORDER BY id DESC LIMIT 1").fetchone()
    report.unchanged = last is not None and last[0] == report.sha256
    report.tables = {name: Change(len(tables[name].rows)) for name in KEYS}
    if report.unchanged:
        return
    for name in KEYS:
        _stage(connection, name, tables[name])
        _merge(connection, name, tables[name].columns, report.tables[name])
    for name in reversed(KEYS):
        report.tables[name].removed = _remove(connection, name)
    connection.execute(
        "INSERT INTO territory_loads (source, vintage, sha256, counts) VALUES (%s, %s, %s, %s)",
        [report.source, report.vintage, report.sha256, json.dumps(dataset.counts())],
    )


def _folded(dataset: Dataset) -> dict[str, Table]:
    """The tables as stored: folded names beside names, and the keys by which communes are searched."""
    tables = dict(dataset.tables)
    for name, table in dataset.tables.items():
        if "name" in table.columns:
            at = table.columns.index("name")
            tables[name] = Table(
                (*table.columns, "name_folded"), [[*row, fold_place(row[at] or "")] for row in table.rows]
            )
    tables["commune_keys"] = Table(KEYS["commune_keys"], [list(row) for row in sorted(set(_keys(dataset)))])
    return tables


def _keys(dataset: Dataset) -> Iterator[tuple[str, str, str, int, str]]:
    for table, kind, code in (
        ("communes", MatchKind.NAME, "code"),
        ("former_communes", MatchKind.FORMER, "commune_code"),
        ("commune_parts", MatchKind.PART, "commune_code"),
    ):
        for record in dataset.tables[table].records():
            for key in search_keys(record["name"] or ""):
                yield key.text, record[code], kind.value, key.depth, record["name"]


def _staging(name: str) -> sql.Identifier:
    return sql.Identifier(f"staging_{name}")


def _stage(connection: psycopg.Connection[Any], name: str, table: Table) -> None:
    """A table that lives as long as the transaction."""
    connection.execute(
        sql.SQL("CREATE TEMPORARY TABLE {} (LIKE {}) ON COMMIT DROP").format(_staging(name), sql.Identifier(name))
    )
    columns = sql.SQL(", ").join(map(sql.Identifier, table.columns))
    with connection.cursor().copy(sql.SQL("COPY {} ({}) FROM STDIN").format(_staging(name), columns)) as copy:
        for row in table.rows:
            copy.write_row(row)
    connection.execute(sql.SQL("ANALYZE {}").format(_staging(name)))


def _merge(connection: psycopg.Connection[Any], name: str, columns: tuple[str, ...], change: Change) -> None:
    """Insert what is new, update what differs; ``xmax`` is 0 for a row that was inserted."""
    keys = KEYS[name]
    values = [c for c in columns if c not in keys]
    listed = sql.SQL(", ").join(map(sql.Identifier, columns))
    update: sql.Composable = sql.SQL("NOTHING")
    if values:
        update = sql.SQL("UPDATE SET ({v}) = ROW({e}) WHERE ({t}) IS DISTINCT FROM ({e})").format(
            v=sql.SQL(", ").join(map(sql.Identifier, values)),
            e=sql.SQL(", ").join(sql.Identifier("excluded", c) for c in values),
            t=sql.SQL(", ").join(sql.Identifier("t", c) for c in values),
        )
    row = connection.execute(
        sql.SQL(
            "WITH done AS (INSERT INTO {table} AS t ({c}) SELECT {c} FROM {staging} ON CONFLICT ({k}) DO {update} "
            "RETURNING xmax = 0 AS added) SELECT count(*) FILTER (WHERE added), count(*) FILTER (WHERE NOT added) FROM done"
        ).format(
            table=sql.Identifier(name),
            staging=_staging(name),
            c=listed,
            k=sql.SQL(", ").join(map(sql.Identifier, keys)),
            update=update,
        )
    ).fetchone()
    change.added, change.changed = row or (0, 0)


def _remove(connection: psycopg.Connection[Any], name: str) -> int:
    """Delete what the new base no longer has; a commune that something refers to stops the whole load."""
    same = sql.SQL(" AND ").join(sql.SQL("s.{c} = t.{c}").format(c=sql.Identifier(c)) for c in KEYS[name])
    statement = sql.SQL("DELETE FROM {} t WHERE NOT EXISTS (SELECT FROM {} s WHERE {})")
    return connection.execute(statement.format(sql.Identifier(name), _staging(name), same)).rowcount
