"""The sealed parts of import lines: cells, findings, and what undo needs; each bound to its import and its line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from odis_app.core.crypto import place, seal, unseal
from odis_app.exchange.cells import Cell, kept_cell, to_json
from odis_app.exchange.check import CellFinding


@dataclass(frozen=True, slots=True)
class Undo:
    """What undo needs: ``key`` and ``previous`` (hex) put the file's memory back; ``before`` is None for a creation."""

    created: bool
    before: object
    label: str
    key: str
    previous: str


def _where(column: str, import_id: str, number: int) -> str:
    return place("import_rows", column, f"{import_id}:{number}")


def seal_cells(import_id: str, number: int, cells: Sequence[Cell]) -> bytes:
    """The cells of one line."""
    return seal(json.dumps([to_json(cell) for cell in cells]), _where("cells_sealed", import_id, number))


def unseal_cells(import_id: str, number: int, sealed: bytes) -> tuple[Cell, ...]:
    """The cells of one line, as they were read."""
    return tuple(map(kept_cell, json.loads(unseal(sealed, _where("cells_sealed", import_id, number)))))


def seal_findings(import_id: str, number: int, findings: Sequence[CellFinding]) -> bytes:
    """What was found in one line: the sentences quote the cells."""
    rows = [[finding.header, finding.sentence, finding.blocking] for finding in findings]
    return seal(json.dumps(rows), _where("findings_sealed", import_id, number))


def unseal_findings(import_id: str, number: int, sealed: bytes) -> list[CellFinding]:
    """What was found in one line."""
    rows = json.loads(unseal(sealed, _where("findings_sealed", import_id, number)))
    return [CellFinding(number, header, sentence, blocking) for header, sentence, blocking in rows]


def seal_undo(import_id: str, number: int, undo: Undo) -> bytes:
    """How to undo one line."""
    told = {name: getattr(undo, name) for name in Undo.__slots__}
    return seal(json.dumps(told), _where("undo_sealed", import_id, number))


def unseal_undo(import_id: str, number: int, sealed: bytes) -> Undo:
    """How to undo one line."""
    return Undo(**json.loads(unseal(sealed, _where("undo_sealed", import_id, number))))
