"""Rows by COPY, in one transaction of the owner of the tables.

COPY knows no row security: for the length of the transaction the owner of a table reads and writes it without its own policy (NO FORCE),
which nobody else sees, since the table stays locked until the commit, and the commit puts FORCE back. The one trigger that asks who
acts (``tables.ACTING``) has nobody to ask: it is set aside the same way, and ``proofs`` asks its question of all the rows. Nothing
else is: foreign keys, checks, exclusions and the other triggers judge each row.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Literal, LiteralString, Self

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb
from sqlalchemy import Column, LargeBinary, Table
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from odis_app.core.db import Base
from odis_app.home.demo.national import tables

Row = Mapping[str, Any]


class Copier:
    """Keeps rows until ``flush``, which writes them table by table, parents first. Use it as a context: FORCE is back at its end."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        self._rows: dict[str, list[Row]] = defaultdict(list)
        self._columns: dict[str, _Columns] = {}
        self._ids: dict[str, Iterator[int]] = {}
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="copy")
        self._writing: Future[None] | None = None

    def __enter__(self) -> Self:
        self._each("ALTER TABLE {} NO FORCE ROW LEVEL SECURITY", tables.WALLED)
        self._trigger("DISABLE")
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            self.wait()
        finally:
            self._writer.shutdown()
        if kind is None:  # else the transaction is rolled back, and this with it
            self._each("ALTER TABLE {} FORCE ROW LEVEL SECURITY", tables.WALLED)
            self._trigger("ENABLE")
            for name in tables.NUMBERED:
                statement = sql.SQL(
                    "SELECT setval(pg_get_serial_sequence({}, 'id'), last) FROM (SELECT max(id) AS last FROM {}) t WHERE last > 0"
                )
                self._connection.execute(statement.format(sql.Literal(name), sql.Identifier(name)))

    def _each(self, statement: LiteralString, names: tuple[str, ...]) -> None:
        for name in names:
            self._connection.execute(sql.SQL(statement).format(sql.Identifier(name)))

    def _trigger(self, verb: Literal["DISABLE", "ENABLE"]) -> None:
        for table, name in tables.ACTING.items():
            statement = sql.SQL("ALTER TABLE {} {} TRIGGER {}").format(
                sql.Identifier(table), sql.SQL(verb), sql.Identifier(name)
            )
            self._connection.execute(statement)

    def next_id(self, model: type[Base]) -> int:
        """A key that no row of the table has: after the last one."""
        name = model.__tablename__
        if name not in self._ids:
            self.wait()
            query = sql.SQL("SELECT coalesce(max(id), 0) + 1 FROM {}").format(sql.Identifier(name))
            row = self._connection.execute(query).fetchone()
            self._ids[name] = itertools.count(int(row[0]) if row else 1)
        return next(self._ids[name])

    def add(self, model: type[Base], row: Row) -> None:
        """One row, column → value; what it does not say is the model's default, else empty. Refused for a table that has no place in the order."""
        self._add(model.__tablename__, model, row)

    def add_plain(self, table: str, row: Row) -> None:
        """One row of a table that has no model: every row says the same columns."""
        self._add(table, None, row)

    def _add(self, name: str, model: type[Base] | None, row: Row) -> None:
        if name not in self._columns:
            self._columns[name] = _Columns(model, row)
        self._rows[name].append(row)

    def flush(self) -> None:
        """Hand over what waits: another thread writes it while the next rows are drawn. Raises what the former flush met."""
        unknown = self._rows.keys() - set(tables.ORDER)
        if unknown:
            raise LookupError(f"these tables have no place in the order: {sorted(unknown)}")
        rows, self._rows = self._rows, defaultdict(list)
        self.wait()
        self._writing = self._writer.submit(self._write, rows)

    def wait(self) -> None:
        """Until what was handed over is written: before the connection is used for anything else."""
        if self._writing is not None:
            self._writing.result()
            self._writing = None

    def _write(self, rows: Mapping[str, list[Row]]) -> None:
        for name in tables.ORDER:
            if some := rows.get(name):
                self._copy(name, some)

    def _copy(self, name: str, rows: list[Row]) -> None:
        columns = self._columns[name]
        where = sql.Identifier(*name.split("."))
        listed = sql.SQL(", ").join(map(sql.Identifier, columns.names))
        with self._connection.cursor().copy(sql.SQL("COPY {} ({}) FROM STDIN").format(where, listed)) as copy:
            for row in rows:
                copy.write_row(columns.values(row))


class _Columns:
    """The columns of a table that COPY is given, and what each holds when a row does not say."""

    def __init__(self, model: type[Base] | None, first: Row) -> None:
        table = None if model is None else model.__table__
        self._plan: list[tuple[str, Any]] = [(name, None) for name in first]
        self._ways: list[tuple[int, Callable[[Any], Any]]] = []
        if isinstance(table, Table):
            known = [column for column in table.columns if column.computed is None and _is_given(column, first)]
            self._plan = [(column.name, _default(column)) for column in known]
            kinds = enumerate(column.type for column in known)
            self._ways = [(rank, _WAYS[type(kind)]) for rank, kind in kinds if type(kind) in _WAYS]
            self._ways = [
                way for way in self._ways if not isinstance(getattr(known[way[0]].type, "item_type", None), LargeBinary)
            ]
        self.names = tuple(name for name, _ in self._plan)

    def values(self, row: Row) -> list[Any]:
        """What COPY writes of a row."""
        found = [row.get(name, default) for name, default in self._plan]
        for rank, way in self._ways:
            if found[rank] is not None:
                found[rank] = way(found[rank])
        return found


def _is_given(column: Column[Any], first: Row) -> bool:
    """A row says it, or its model knows it; else the database has its own value."""
    return column.name in first or column.default is not None or bool(column.nullable and not column.server_default)


def _default(column: Column[Any]) -> Any:
    default: Any = column.default
    if default is None or column.name == "public_id":  # never the same twice: each row says its own
        return None
    return default.arg(None) if default.is_callable else default.arg


def _codes(values: list[str]) -> str:
    """A list of plain codes, as PostgreSQL writes an array."""
    return "{" + ",".join([f'"{value}"' for value in values]) + "}"


_WAYS: dict[type, Callable[[Any], Any]] = {JSONB: Jsonb, ARRAY: _codes}
