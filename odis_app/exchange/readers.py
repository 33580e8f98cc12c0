"""From an uploaded file to a table: header line found, blank and total lines left out, cells typed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from odis_app.core.text import fold

from . import layout
from .cells import NIR, BadCell, Row, from_json
from .reading.limits import TOO_HEAVY
from .values import holds_nir

MAX_BYTES = 20 * 1024 * 1024
SECONDS = 60
ACCEPTED = (".xlsx", ".xlsm", ".ods", ".xls", ".csv", ".txt", ".tsv")
_START = "import sys; sys.path.append(sys.argv[1]); from reading.main import main; main(*sys.argv[2:])"
FOLDER = Path(__file__).parent
_ASIDE = {
    "aide",
    "notice",
    "exemple",
    "exemples",
    "liste",
    "listes",
    "menu deroulant",
    "lisez moi",
    "readme",
    "consignes",
    "mode d emploi",
}


class FileRefusedError(Exception):
    """The file cannot be read as a table; the message is a French sentence that says why and how to mend it."""


@dataclass(frozen=True, slots=True)
class Table:
    """One sheet as a table. ``header_row`` is its number in the sheet; ``notes`` say what was left out and why."""

    filename: str
    sheets: tuple[str, ...]
    sheet: str
    header_row: int
    headers: tuple[str, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class RawSheet:
    """A sheet as the child process gave it: rows by number, not yet told from titles and totals."""

    name: str
    notes: list[str]
    rows: list[Row]
    refusal: str = ""


def read_table(path: Path, filename: str, *, sheet: str | None = None, vocabulary: Iterable[str] = ()) -> Table:
    """Read an uploaded spreadsheet.

    ``vocabulary`` holds the headers that the reader hopes for (labels and aliases): it helps to find the header line and
    the right sheet. Without ``sheet``, the best sheet is chosen and the others are named in ``sheets``.
    Raises FileRefusedError with a French sentence.
    """
    if Path(filename).suffix.lower() not in ACCEPTED:
        raise FileRefusedError(
            f"« {Path(filename).name[:80]} » n’est pas un tableau. Chargez un fichier .xlsx, .ods, .xls ou .csv."
        )
    size = path.stat().st_size
    if size == 0:
        raise FileRefusedError("Ce fichier est vide.")
    if size > MAX_BYTES:
        raise FileRefusedError(
            f"Ce fichier dépasse {MAX_BYTES // 2**20} Mo. Retirez les images et les feuilles inutiles."
        )
    names, found = _run_child(path, sheet)
    if sheet is not None and sheet not in names:
        raise FileRefusedError(f"La feuille « {sheet[:80]} » n’est plus dans le fichier.")
    words = frozenset(fold(word) for word in vocabulary) - {""}
    chosen, header = _choose(found, words)
    headers, rows, notes = layout.cut(chosen.rows, header)
    if not rows:
        raise FileRefusedError("Cette feuille n’a aucune ligne sous ses titres de colonnes.")
    return Table(
        Path(filename).name,
        tuple(names),
        chosen.name,
        chosen.rows[header].number,
        headers,
        tuple(rows),
        (*chosen.notes, *notes),
    )


def _choose(sheets: Sequence[RawSheet], words: frozenset[str]) -> tuple[RawSheet, int]:
    """The sheet whose header is best known, then the one with most rows; and the index of its header line."""
    readable = []
    for sheet in sheets:
        if sheet.refusal or not sheet.rows:
            continue
        header, known = layout.find_header(sheet.rows, words)
        aside = fold(sheet.name) in _ASIDE
        readable.append(((not aside, known, len(sheet.rows) - header), sheet, header))
    if not readable:
        refusals = [sheet.refusal for sheet in sheets if sheet.refusal]
        raise FileRefusedError(refusals[0] if refusals else "Ce fichier est vide.")
    (_aside, known, _rows), sheet, header = max(readable, key=lambda item: item[0])
    # A sheet refused for its size must not be hidden by a small sheet that nobody meant (a legend, a list).
    for other in sheets:
        if other.refusal and not known:
            raise FileRefusedError(other.refusal)
    return sheet, header


def child_command(path: Path, sheet: str | None) -> list[str]:
    """The command that reads ``path`` in a process of its own, isolated from our environment and from our packages."""
    return [sys.executable, "-I", "-c", _START, str(FOLDER), str(path), *([] if sheet is None else [sheet])]


def _run_child(path: Path, sheet: str | None) -> tuple[list[str], list[RawSheet]]:
    try:
        done = subprocess.run(
            child_command(path, sheet),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise FileRefusedError(TOO_HEAVY) from None
    if done.returncode != 0:
        raise FileRefusedError(TOO_HEAVY)
    return _parse(done.stdout)


def _parse(output: bytes) -> tuple[list[str], list[RawSheet]]:
    names: list[str] = []
    sheets: list[RawSheet] = []
    for line in output.splitlines():
        item = json.loads(line)
        if "r" in item:
            cells = tuple(BadCell(NIR) if holds_nir(cell) else cell for cell in map(from_json, item["c"]))
            sheets[-1].rows.append(Row(item["r"], cells, bool(item.get("t"))))
        elif "sheet" in item:
            sheets.append(RawSheet(item["sheet"], item["notes"], []))
        elif "names" in item:
            names = item["names"]
        elif sheets:
            sheets[-1].refusal = item["refused"]
        else:
            raise FileRefusedError(item["refused"])
    return names, sheets
