"""Rotating keys: what a retired key sealed is sealed again, in small transactions, and can be stopped and taken up anywhere.

Nothing remembers how far a rotation went: each value says which key sealed it, so that what is left to do is what the database
answers. The master keys wrap the keys of records and seal what belongs to no record; the key of one record is changed apart.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select, text

from odis_app.access import keys
from odis_app.access.models import RecordKey
from odis_app.access.sealed import COLUMNS, FILES, SealedColumn, SealedFiles
from odis_app.core import crypto
from odis_app.core.db import after_commit, db, unit_of_work
from odis_app.core.ids import new_public_id
from odis_app.documents.storage import Store

BATCH = 500
ENGINE = "owner"
Told = Callable[[str], None]


@dataclass(slots=True)
class Left:
    """What a rotation still has to do, or could not: (where, how many)."""

    values: dict[str, int] = field(default_factory=dict)
    files: int = 0
    unreadable: list[str] = field(default_factory=list)

    @property
    def is_nothing(self) -> bool:
        """Every value is under the current master key."""
        return not self.values and not self.files and not self.unreadable


def pending() -> Left:
    """What is not under the current master key. Needs a unit of the owner."""
    left = Left()
    for column in COLUMNS:
        count = db.execute(
            text(f"SELECT count(*) FROM {column.table} t WHERE {_old(column)}"),  # noqa: S608  names of our own list
            {"current": crypto.keyring().current},
        ).scalar_one()
        if count:
            left.values[f"{column.table}.{column.column}"] = count
    return left


def rotate_master(store: Store, tell: Told, *, batch: int = BATCH) -> Left:
    """Seal again, under the current master key, all that another one sealed: one transaction per ``batch`` values.

    ``tell`` receives a sentence after each. When nothing is left, the fingerprints of the retired keys are forgotten: the
    installation starts without them. Returns what could not be read.
    """
    done = Left()
    for column in COLUMNS:
        bad: list[str] = []
        while True:
            with unit_of_work(None, engine_name=ENGINE):
                count = _reseal_some(column, batch, bad)
            if not count:
                break
            tell(f"{column.table}.{column.column} : {count} valeurs sous la clé {crypto.keyring().current}")
        done.unreadable += [f"{column.table}.{column.column} {ctid}" for ctid in bad]
    for files in FILES:
        done.files += _reseal_files(files, store, done)
    with unit_of_work(None, engine_name=ENGINE):
        left = pending()
        left.unreadable = done.unreadable
        if left.is_nothing:
            current = f"master:{crypto.keyring().current}"
            db.execute(
                text("DELETE FROM key_checks WHERE name LIKE 'master:%' AND name <> :current"), {"current": current}
            )
    tell(f"fichiers : {done.files} sous la clé {crypto.keyring().current}")
    return left


def _old(column: SealedColumn) -> str:
    """SQL: the value is there, a master key sealed it, and not the current one."""
    head = f"substring(t.{column.column} FROM 1 FOR 2)"
    return f"t.{column.column} IS NOT NULL AND get_byte({head}, 0) = {crypto.INSTALLATION} AND get_byte({head}, 1) <> :current"


def _reseal_some(column: SealedColumn, batch: int, bad: list[str]) -> int:
    rows = db.execute(
        text(
            f"SELECT t.ctid::text AS ctid, {column.place} AS place, t.{column.column} AS sealed FROM {column.source} "  # noqa: S608
            f"WHERE {_old(column)} AND t.ctid <> ALL (CAST(:bad AS tid[])) LIMIT :batch FOR UPDATE OF t"
        ),
        {"current": crypto.keyring().current, "bad": bad, "batch": batch},
    ).all()
    fresh: dict[str, bytes] = {}
    for row in rows:
        try:
            fresh[row.ctid] = crypto.seal(crypto.unseal(bytes(row.sealed), row.place), row.place)
        except crypto.UnreadableError:
            bad.append(row.ctid)
    _write(column, fresh)
    return len(rows)


def _write(column: SealedColumn, fresh: dict[str, bytes]) -> None:
    if fresh:
        db.execute(
            text(
                f"UPDATE {column.table} t SET {column.column} = v.sealed "  # noqa: S608
                "FROM unnest(CAST(:rows AS tid[]), CAST(:values AS bytea[])) AS v(row, sealed) WHERE t.ctid = v.row"
            ),
            {"rows": list(fresh), "values": list(fresh.values())},
        )


def _reseal_files(files: SealedFiles, store: Store, done: Left) -> int:
    """Files of no record, sealed again in place: a reader finds the former bytes or the new ones, and both are readable."""
    with unit_of_work(None, engine_name=ENGINE):
        rows = list(_files_of(files, "TRUE", {}))
    count = 0
    for row in rows:
        for added, part in files.parts:
            key, where = f"{row.storage_key}{added}", crypto.place(files.table, part, row.public_id)
            try:
                sealed = store.get(f"{files.folder}/{key}".lstrip("/"))
                if crypto.is_of_record(sealed) or crypto.key_version(sealed) == crypto.keyring().current:
                    continue
                store.put(f"{files.folder}/{key}".lstrip("/"), crypto.seal(crypto.unseal(sealed, where), where))
                count += 1
            except (crypto.UnreadableError, OSError, RuntimeError) as error:
                done.unreadable.append(f"{files.table} {row.public_id} ({type(error).__name__})")
    return count


def _files_of(files: SealedFiles, where: str, values: dict[str, Any]) -> Iterator[Any]:
    sql = f"SELECT id, public_id, storage_key FROM {files.table} WHERE storage_key <> '' AND {where} ORDER BY id"  # noqa: S608
    yield from db.execute(text(sql), values)


# ── The key of one record ───────────────────────────────────────────────────


def rotate_record(record_id: int, store: Store) -> int:
    """A new key for one record, and all that the former one sealed under it, in one transaction; returns how many values.

    Readers and writers of every file wait meanwhile (seconds): whoever read the former key has finished before it goes.
    Files are written beside the former ones, which go once all is committed. Raises LookupError, UnreadableError, StoreError.
    """
    written: list[str] = []
    try:
        return _rotate_record(record_id, store, written)
    except BaseException:
        for key in written:
            store.remove(key)
        raise


def _rotate_record(record_id: int, store: Store, written: list[str]) -> int:
    with unit_of_work(None, engine_name=ENGINE):
        db.execute(text("LOCK TABLE record_keys IN ACCESS EXCLUSIVE MODE"))
        row = db.execute(select(RecordKey).where(RecordKey.record_id == record_id)).scalar_one_or_none()
        if row is None:
            raise LookupError(record_id)
        old = keys.unwrap(row)
        new = crypto.DataKey(old.version % crypto.MOST_VERSIONS + 1, secrets.token_bytes(crypto.KEY_BYTES))
        count = sum(_rekey(column, record_id, old, new) for column in COLUMNS if column.record)
        for files in (one for one in FILES if one.record):
            count += _rekey_files(files, record_id, old, new, store, written)
        for name, value in keys.wrap(record_id, row.public_id, new).items():
            setattr(row, name, value)
        db.flush()
    return count


def _rekey(column: SealedColumn, record_id: int, old: crypto.DataKey, new: crypto.DataKey) -> int:
    rows = db.execute(
        text(
            f"SELECT t.ctid::text AS ctid, {column.place} AS place, t.{column.column} AS sealed FROM {column.source} "  # noqa: S608
            f"WHERE {column.record} = :record AND get_byte(t.{column.column}, 0) = {crypto.RECORD} FOR UPDATE OF t"
        ),
        {"record": record_id},
    ).all()
    opened = {row.ctid: (row.place, crypto.unseal(bytes(row.sealed), row.place, key=old)) for row in rows}
    _write(column, {ctid: crypto.seal(plain, place, key=new) for ctid, (place, plain) in opened.items()})
    return len(rows)


def _rekey_files(
    files: SealedFiles, record_id: int, old: crypto.DataKey, new: crypto.DataKey, store: Store, written: list[str]
) -> int:
    count = 0
    for row in list(_files_of(files, f"{files.record} = :record", {"record": record_id})):
        name = new_public_id()
        fresh = f"{name[:2]}/{name}"
        for added, part in files.parts:
            former, where = (
                f"{files.folder}/{row.storage_key}{added}".lstrip("/"),
                crypto.place(files.table, part, row.public_id),
            )
            sealed = crypto.seal(crypto.unseal(store.get(former), where, key=old), where, key=new)
            written.append(f"{files.folder}/{fresh}{added}".lstrip("/"))
            store.put(written[-1], sealed)
            after_commit(store.remove, former)
            count += 1
        digest = f", {files.digest} = :digest" if files.digest else ""
        db.execute(
            text(f"UPDATE {files.table} SET storage_key = :key{digest} WHERE id = :id"),  # noqa: S608
            {"key": fresh, "id": row.id, **({"digest": hashlib.sha256(sealed).digest()} if files.digest else {})},
        )
    return count
