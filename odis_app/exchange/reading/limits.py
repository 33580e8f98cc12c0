"""What a file may cost, the sentences of a refusal, and the lines that go out."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

MAX_ROWS = 50_000
MAX_COLUMNS = 200
MAX_CELLS = 2_000_000
MAX_SHEETS = 30
MAX_LAST_ROW = 100_000
MAX_ENTRIES = 2_000
MAX_UNZIPPED = 400 * 1024 * 1024
MEMORY = 768 * 1024 * 1024
CPU_SECONDS = 40

XLSX_ADVICE = "Ouvrez-le dans un tableur et enregistrez-le au format .xlsx, .ods ou .csv."
DAMAGED = f"Ce fichier est abîmé ou incomplet. {XLSX_ADVICE}"
PROTECTED = "Ce fichier est protégé par un mot de passe. Retirez la protection, puis chargez-le de nouveau."
TOO_HEAVY = (
    "Ce fichier demande trop de mémoire ou de temps pour être lu : il est abîmé, piégé ou trop gros. "
    "Copiez les lignes à importer dans un nouveau fichier."
)
EMPTY = "Ce fichier est vide."
NOT_A_TABLE = "Ce fichier n’est pas un tableau. Chargez un fichier .xlsx, .ods, .xls ou .csv."


class RefusedError(Exception):
    """The file, or one sheet of it, cannot be read; the message is the French sentence for the person."""


def too_many_rows() -> str:
    most = f"{MAX_ROWS:_}".replace("_", "\u202f")
    return (
        f"La feuille dépasse {most} lignes. Gardez les lignes à importer dans un nouveau fichier, "
        "ou partagez-le en plusieurs."
    )


def check_place(row: int, column: int) -> None:
    if row > MAX_LAST_ROW:
        raise RefusedError(
            f"Une case est remplie très loin du tableau, à la ligne {row}. Supprimez les lignes qui suivent le tableau."
        )
    if column >= MAX_COLUMNS:
        raise RefusedError(f"La feuille dépasse {MAX_COLUMNS} colonnes. Supprimez les colonnes qui ne servent pas.")


def emit(value: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=True, separators=(",", ":")))
    sys.stdout.write("\n")


def emit_sheet(rows: Iterator[list[Any]], titles: frozenset[int] = frozenset()) -> None:
    try:
        _emit_rows(rows, titles)
    except RefusedError as refusal:
        emit({"refused": str(refusal)})


def _emit_rows(rows: Iterator[list[Any]], titles: frozenset[int]) -> None:
    filled = cells = 0
    for number, row in enumerate(rows, start=1):
        while row and (row[-1] is None or (isinstance(row[-1], str) and not row[-1].strip())):
            row.pop()
        if not row:
            continue
        filled += 1
        cells += len(row)
        if filled > MAX_ROWS + 100:
            raise RefusedError(too_many_rows())
        if cells > MAX_CELLS:
            raise RefusedError("La feuille contient trop de cases. Gardez les colonnes et les lignes à importer.")
        check_place(number, len(row) - 1)
        emit({"r": number, "c": row, "t": 1} if number in titles else {"r": number, "c": row})
