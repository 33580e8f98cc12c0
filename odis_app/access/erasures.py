"""What was erased or withdrawn, written outside of the reach of a restored database: identifiers, nothing else.

One file per year, a JSON line per fact, only ever appended to. A backup of yesterday brings back keys that were destroyed
today; ``replay`` destroys them again. A line names the key as well as the record, because a restored database gives the numbers
of its records anew. It brings back rights too, that were withdrawn today: ``withdraw_again`` closes those that the backup does not
know as withdrawn; one that was withdrawn and given again before the backup stays given.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import delete, func, insert, select, tuple_

from odis_app.access.enums import Withdrawal
from odis_app.access.models import Erasure, RecordKey
from odis_app.core.db import db

OF_RECORDS = "record"
WITHDRAWALS = frozenset(kind.value for kind in Withdrawal)


@dataclass(frozen=True, slots=True)
class Erased:
    """One line: a number, the identifier that says it is the same one, the instant (ISO 8601).

    Of a ``record``, the identifier of its key; of an ``account``, its own; of the days taken on a ``place``, its own and the last of
    those days (« abc… 2024-11-21 »); of the months of the ``trail``, the digest that they end with. Of a withdrawal (``Withdrawal``), what
    0021 says of its kind, then a word that makes the line unlike any other; its number is 0.
    """

    record_id: int
    key_id: str
    at: str
    kind: str = OF_RECORDS


Replay = Callable[[Sequence[int], Sequence[Erased]], Sequence[int]]
Withdraw = Callable[[Sequence[Erased]], Counter[str]]
_after_replay: list[Replay] = []
_withdrawing: list[Withdraw] = []


def append(folder: Path, erased: Iterable[Erased]) -> int:
    """Write the lines that the log lacks, down to the disk; returns how many. ``folder`` is created (700) when absent."""
    known = {line.key_id for line in lines(folder)}
    missing = [one for one in erased if one.key_id not in known]
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for one in missing:
        with (folder / f"{one.at[:4]}.jsonl").open("ab+") as file:
            if _is_cut(file):
                file.write(b"\n")  # a crash cut the line before: it stays alone on its line
            file.write(json.dumps(asdict(one)).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
    return len(missing)


def _is_cut(file: BinaryIO) -> bool:
    if not file.seek(0, os.SEEK_END):
        return False
    file.seek(-1, os.SEEK_END)
    return file.read(1) != b"\n"


def lines(folder: Path) -> list[Erased]:
    """Every line of the log, oldest year first. A line cut by a crash in mid-writing is left out: the table still has it."""
    found = []
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                found.append(Erased(**json.loads(line)))
            except (ValueError, TypeError):
                continue
    return found


def settle(folder: Path) -> int:
    """Copy to the log what the table has and the log lacks (withdrawals; a process that died between the two); returns how many lines."""
    lacking = set(db.execute(select(Erasure.key_id)).scalars()) - {line.key_id for line in lines(folder)}
    if not lacking:
        return 0
    rows = db.execute(select(Erasure).where(Erasure.key_id == func.any(list(lacking))).order_by(Erasure.id)).scalars()
    return append(folder, [Erased(row.record_id, row.key_id, row.at.isoformat(), row.kind) for row in rows])


def on_replay(callback: Replay) -> None:
    """``callback(record_ids, others)``, called within ``replay``, deletes again what a restored backup brought back.

    ``record_ids``: records that came back; ``others``: every line that is not of a record. It returns the numbers of those of the latter
    that had come back.
    """
    if callback not in _after_replay:
        _after_replay.append(callback)


def on_withdrawal(callback: Withdraw) -> None:
    """``callback(lines)``, called within ``withdraw_again``, closes again what each line says; how many of each kind had come back."""
    if callback not in _withdrawing:
        _withdrawing.append(callback)


def withdraw_again(folder: Path) -> Counter[str]:
    """Close again the rights that the log says withdrawn and that this database does not know so, as the owner of the schema.

    Returns how many of each kind (``Withdrawal``) had come back. Run twice, the second finds nothing.
    """
    lost = _unknown([one for one in lines(folder) if one.kind in WITHDRAWALS])
    done: Counter[str] = Counter()
    for callback in _withdrawing if lost else ():
        done += callback(lost)
    _write(lost)
    return done


def _unknown(logged: Sequence[Erased]) -> list[Erased]:
    known = set(db.execute(select(Erasure.key_id)).scalars())
    return list({one.key_id: one for one in logged if one.key_id not in known}.values())


def _write(lost: Sequence[Erased]) -> None:
    if lost:
        db.execute(insert(Erasure), [asdict(one) for one in lost])


def replay(folder: Path, dumped: Iterable[tuple[int, str]] = ()) -> list[int]:
    """Destroy again what the log names, as the owner of the schema; returns the numbers of what had come back, records first.

    ``dumped``: (record, key) of what was just restored. A dump without keys brings back the rows of an erased record, and the
    number of a record alone does not say that it is the same one.
    """
    logged = [one for one in lines(folder) if one.kind not in WITHDRAWALS]
    if not logged:
        return []
    named = [(one.record_id, one.key_id) for one in logged if one.kind == OF_RECORDS]
    others = [one for one in logged if one.kind != OF_RECORDS]
    back = delete(RecordKey).where(tuple_(RecordKey.record_id, RecordKey.public_id).in_(named))
    returned = set(db.execute(back.returning(RecordKey.record_id)).scalars())
    record_ids = sorted(returned | {record_id for record_id, _ in set(dumped) & set(named)})
    _write(_unknown(logged))
    return record_ids + [number for callback in _after_replay for number in callback(record_ids, others)]
