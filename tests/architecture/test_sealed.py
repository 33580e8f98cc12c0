"""Every sealed column is known to the rotation of keys: one that is forgotten is lost on the day its key is retired."""

from __future__ import annotations

import psycopg
import yaml
from flask import Flask

from odis_app.access.sealed import COLUMNS, FILES
from odis_app.core.config import ROOT, libpq

INDEXES = "_index"  # fingerprints: they never change key (docs/exploitation.md)
ELSEWHERE = {
    ("passations", "phone_before"),
    ("passations", "phone_after"),
    ("passations", "agdref_before"),
    ("passations", "agdref_after"),
}


def test_the_rotation_knows_every_column_that_is_said_to_be_encrypted(database: Flask, admin_url: str) -> None:
    """``data_classes.yml`` says which are, the database which of them hold bytes, the rotation which it visits."""
    said = set()
    for path in sorted((ROOT / "odis_app").rglob("data_classes.yml")):
        for table, columns in yaml.safe_load(path.read_text(encoding="utf-8")).items():
            said |= {(table, name) for name, facts in columns.items() if facts["encrypted"]}
    with psycopg.connect(libpq(admin_url)) as connection:
        held = connection.execute(
            "SELECT CASE table_schema WHEN 'public' THEN table_name ELSE table_schema || '.' || table_name END, column_name, data_type "
            "FROM information_schema.columns WHERE table_schema IN ('public', 'private')"
        ).fetchall()
    types = {(table, column): kind for table, column, kind in held}
    sealed = {at for at in said if not at[1].endswith(INDEXES)} - ELSEWHERE
    known = {(column.table, column.column) for column in COLUMNS}
    assert {at for at in sealed if types.get(at) != "bytea"} == set()
    assert sealed - known == set()
    assert known - said == set()
    named = {at for at, kind in types.items() if "sealed" in at[1] and kind == "bytea"}
    assert named - known == set()


def test_each_line_of_the_list_is_sql_that_the_database_understands(database: Flask, admin_url: str) -> None:
    with psycopg.connect(libpq(admin_url)) as connection:
        for column in COLUMNS:
            record = column.record or "NULL"
            connection.execute(f"SELECT {column.place}, {record}, t.{column.column} FROM {column.source} WHERE false")
        for files in FILES:
            named = [name for name in ("id", "public_id", "storage_key", files.record, files.digest) if name]
            connection.execute(f"SELECT {', '.join(named)} FROM {files.table} WHERE false")
