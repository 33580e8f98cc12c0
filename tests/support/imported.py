"""Files of the ugly workbooks through a real kind of import, with the real communes, as the wizard does it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.exchange import operations, queries
from odis_app.exchange.cells import clean
from odis_app.exchange.check import Action, Checked, check_rows
from odis_app.exchange.columns import guess_mapping, missing_columns
from odis_app.exchange.kinds import ImportKind
from odis_app.exchange.models import Import
from odis_app.exchange.operations.drafts import judge
from odis_app.exchange.readers import Table, read_table
from odis_app.organisations.seeds import Actor
from tests.exchange import workbooks

EXPECTED: dict[str, Any] = yaml.safe_load((Path(workbooks.__file__).parent / "expected.yml").read_text("utf-8"))


def tables(nature: str) -> list[str]:
    """The workbooks of that nature (« menages », « offres ») that are not refused."""
    return [name for name, about in EXPECTED.items() if about.get("nature") == nature]


def check(kind: ImportKind, path: Path) -> tuple[Table, Checked]:
    """The file read and judged without the wizard; within a unit of work, for the communes."""
    table = read_table(path, path.name, vocabulary=kind.vocabulary())
    mapping = guess_mapping(table.headers, kind.columns)
    assert not missing_columns(mapping, kind.columns)
    found = check_rows(
        table.rows, table.headers, kind, mapping, queries.context(), blind=lambda text: text, lookup=lambda _keys: {}
    )
    return table, found


def faults(name: str) -> set[tuple[int, str]]:
    """The cells that must be told, as (line, title)."""
    about = EXPECTED[name]
    told = {(fault["ligne"], clean(fault["entete"])) for fault in about["fautes"]}
    return told | {(entry["ligne"], "Capacité") for entry in about.get("formules_sans_valeur", ())}


@dataclass(frozen=True, slots=True)
class Judged:
    """What the wizard says of a file before it is recorded."""

    creates: int
    updates: int
    unchanged: int
    errors: tuple[str, ...]
    warnings: tuple[str, ...]


def draft(actor: Actor, kind: ImportKind, path: Path) -> tuple[str, Judged]:
    """A draft of the file with the columns guessed; answers the import's public id and what was found."""
    with actor.acting() as identity:
        found = operations.start_import(identity, kind=kind, path=path, filename=path.name)
        operations.choose_columns(identity, found=found, mapping=found.mapping)
        checked = judge(identity, found)
        told = [finding for row in checked.rows for finding in row.findings]
        counts = checked.counts()
        return found.public_id, Judged(
            counts[Action.CREATE], counts[Action.UPDATE], counts[Action.UNCHANGED],
            tuple(str(f) for f in told if f.blocking), tuple(str(f) for f in told if not f.blocking),
        )  # fmt: skip


def bring_in(actor: Actor, kind: ImportKind, path: Path) -> str:
    """Read, judge and record a file; answers the import's public id. Raises RuleError when a line is in error."""
    public_id, judged = draft(actor, kind, path)
    if judged.errors:
        raise RuleError("", "\n".join(judged.errors))
    with actor.acting() as identity:
        assert operations.record_import(identity, found=_find(public_id))
    return public_id


def take_back(actor: Actor, public_id: str) -> int:
    """Undo an import; answers how many records stayed."""
    with actor.acting() as identity:
        return operations.undo_import(identity, found=_find(public_id))


def _find(public_id: str) -> Import:
    return db.query(Import).filter_by(public_id=public_id).one()
