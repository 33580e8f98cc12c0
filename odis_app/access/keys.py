"""A key for each record, wrapped by a master key: what people wrote of a household is read with its key, and dies with it.

``seal`` and ``unseal`` stand in place of those of ``core.crypto`` wherever a value belongs to a record. A key is in clear for
the length of a unit of work only; who may read it is the wall's to say (``migrations/versions/0016_record_keys.py``).
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self, overload

from sqlalchemy import Row, insert, select, text

from odis_app.access import erasures
from odis_app.access.models import RecordKey
from odis_app.audit.operations import record_event
from odis_app.core import clock, crypto
from odis_app.core.db import after_commit, current_unit, db
from odis_app.core.identity import Identity
from odis_app.core.ids import new_public_id
from odis_app.core.nir import refuse_nir
from odis_app.core.text import tokens

SHORTEST_BEGINNING = 3
_CACHE = "record key"
_process: dict[str, Path] = {}


def configure(erasures_dir: Path) -> None:
    """Say where the log of erasures is written. Opens nothing."""
    _process["erasures"] = erasures_dir


def seal(record_id: int, plaintext: str | bytes, where: str) -> bytes:
    """Encrypt for ``where`` with the record's key. Raises PermissionError when who acts may not read the key, or it was destroyed.

    A text that holds a social security number is refused here, whatever the operation (RuleError): what is sealed is read by no check after.
    """
    if isinstance(plaintext, str):
        refuse_nir(plaintext)
    try:
        key = _key(record_id)
    except crypto.UnreadableError as error:
        raise PermissionError(str(error)) from None
    return crypto.seal(plaintext, where, key=key)


def unseal(record_id: int, sealed: bytes, where: str) -> bytes:
    """Decrypt what belongs to a record: with its key, or the installation's when the value says so. Raises UnreadableError."""
    if not crypto.is_of_record(sealed):
        return crypto.unseal(sealed, where)
    key = _key(record_id)
    if key.version != crypto.key_version(sealed):  # changed since this unit read it
        current_unit().answers.pop((_CACHE, record_id))
        key = _key(record_id)
    return crypto.unseal(sealed, where, key=key)


def load(record_ids: Iterable[int]) -> None:
    """Read the keys of several records in one statement: for a page or a job that reads more than one."""
    known = current_unit().answers
    wanted = sorted({record_id for record_id in record_ids if (_CACHE, record_id) not in known})
    if wanted:
        columns = select(RecordKey.record_id, RecordKey.public_id, RecordKey.version, RecordKey.key_sealed)
        for row in db.execute(columns.where(RecordKey.record_id.in_(wanted))):
            known[_CACHE, row.record_id] = unwrap(row)


class SealedText:
    """A text of a model that only ``<name>_sealed`` keeps: ``address = SealedText("record_id", "place_id")`` is read and written in clear.

    The first column tells whose key seals, the second the row that the value is bound to; both are known before a text is given.
    An empty text is no value; the same text stays as it was sealed. Raises as ``seal`` and ``unseal``.
    """

    def __init__(self, record: str, row: str) -> None:
        self._record, self._row = record, row

    def __set_name__(self, owner: type, name: str) -> None:
        self._table, self.column = getattr(owner, "__tablename__"), f"{name}_sealed"  # noqa: B009  a model's own

    @overload
    def __get__(self, row: None, owner: type) -> Self: ...
    @overload
    def __get__(self, row: object, owner: type) -> str: ...
    def __get__(self, row: object | None, owner: type) -> Self | str:
        return self if row is None else self._text(row)

    def __set__(self, row: object, value: str | None) -> None:
        if (value or "") != self._text(row):
            setattr(row, self.column, self.sealed(getattr(row, self._record), getattr(row, self._row), value))

    def _text(self, row: object) -> str:
        return self.opened(getattr(row, self._record), getattr(row, self._row), getattr(row, self.column))

    def opened(self, record_id: int, row_id: int, sealed: bytes | None) -> str:
        """The text of a column that was read without its model. Raises as ``unseal``."""
        return unseal(record_id, sealed, self._place(row_id)).decode() if sealed is not None else ""

    def sealed(self, record_id: int, row_id: int, value: str | None) -> bytes | None:
        """What the column keeps. Raises as ``seal``."""
        return seal(record_id, value, self._place(row_id)) if value else None

    def _place(self, row_id: int) -> str:
        return crypto.place(self._table, self.column, row_id)

    def columns_of(self, row: Mapping[str, Any], value: str | None) -> dict[str, bytes | None]:
        """The column of ``row``, which is written without its model."""
        return {self.column: self.sealed(row[self._record], row[self._row], value)}


def sealed_row(model: type, values: Mapping[str, Any]) -> dict[str, Any]:
    """A row to insert among many, from what the model would be given: its sealed texts are the columns that keep them."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        text_of = vars(model).get(name)
        found |= text_of.columns_of(values, value) if isinstance(text_of, SealedText) else {name: value}
    return found


def word_indexes(value: str, *, org_id: int, column: str) -> list[bytes]:
    """Blind indexes of the words of a sealed text and of their beginnings, of three letters or more: what a search finds it by."""
    words = {word[:end] for word in tokens(value) for end in {*range(SHORTEST_BEGINNING, len(word)), len(word)}}
    return [crypto.blind_index(word, org_id=org_id, column=column) for word in sorted(words)]


def sought_indexes(query: str, *, org_id: int, column: str) -> list[bytes]:
    """Those that a row must all hold to answer ``query``; none: the query has no word, and finds nothing."""
    return [crypto.blind_index(word, org_id=org_id, column=column) for word in tokens(query)]


def create(record_ids: Sequence[int], owner_org_id: int) -> list[dict[str, Any]]:
    """Rows of ``record_keys`` for new records, to insert in the transaction that creates them; their keys are ready at once."""
    rows = []
    for record_id in record_ids:
        key, public_id = crypto.DataKey(1, secrets.token_bytes(crypto.KEY_BYTES)), new_public_id()
        rows.append(wrap(record_id, public_id, key) | {"owner_org_id": owner_org_id})
        current_unit().answers[_CACHE, record_id] = key
    return rows


def create_one(record_id: int, owner_org_id: int) -> None:
    """The key of one new record, written."""
    db.execute(insert(RecordKey).inline().values(create([record_id], owner_org_id)))


def shred(identity: Identity, record_id: int) -> bool:
    """Destroy the key of a record: whatever it sealed, here and in every backup, is unreadable for ever. True when this call did it.

    For the installation's own tasks and the coordination of the organisation that owns the record; anybody else changes nothing.
    The table of erasures is written in this transaction and the log outside of the database once it has committed: call it
    before the record's rows go, since its key goes with them.
    """
    row = db.execute(text("SELECT * FROM odis.shred_key(:record)"), {"record": record_id}).mappings().first()
    current_unit().answers.pop((_CACHE, record_id), None)
    if row is None:
        return False
    record_event(identity, "record:shred", record_id=record_id, summary="Clé du dossier détruite")
    erasure = erasures.Erased(record_id, row["key_id"], row["at"].isoformat())
    after_commit(_write_down, erasure)
    return True


def _write_down(erasure: erasures.Erased) -> None:
    erasures.append(_process["erasures"], [erasure])


def wrap(record_id: int, public_id: str, key: crypto.DataKey) -> dict[str, Any]:
    """The columns of ``record_keys`` that hold a key, under the current master key."""
    return {
        "record_id": record_id, "public_id": public_id, "version": key.version, "made_at": clock.now(),
        "key_sealed": crypto.seal(key.secret, key_place(record_id, public_id, key.version)),
    }  # fmt: skip


def unwrap(row: RecordKey | Row[int, str, int, bytes]) -> crypto.DataKey:
    """The key in clear. Raises UnreadableError when its master key is not here, or when the row was altered."""
    where = key_place(row.record_id, row.public_id, row.version)
    return crypto.DataKey(row.version, crypto.unseal(row.key_sealed, where))


def key_place(record_id: int, public_id: str, version: int) -> str:
    """Where a wrapped key lives: neither another record, nor a former version, can take its place."""
    return crypto.place("record_keys", "key_sealed", f"{record_id}.{public_id}.{version}")


def _key(record_id: int) -> crypto.DataKey:
    known = current_unit().answers
    load([record_id])
    if (_CACHE, record_id) not in known:
        raise crypto.UnreadableError("the key of this record may not be read here, or it was destroyed")
    found: crypto.DataKey = known[_CACHE, record_id]
    return found
