"""A workbook of 5,000 lines of each kind: reading and judging it (the preview), then recording it."""

from __future__ import annotations

import resource
from pathlib import Path

import xlsxwriter

from bench.figures import Figure, Table, milliseconds
from bench.ground import Ground
from odis_app.core.db import db, unit_of_work
from odis_app.core.errors import RuleError
from odis_app.exchange.kinds import ImportKind, all_kinds
from odis_app.exchange.models import Import
from odis_app.exchange.operations import choose_columns, record_import, start_import

LINES, PREVIEW, COMMIT = 5000, 5.0, 7.5  # half of the bars of 10,000 lines (quality.md)


def run(ground: Ground) -> list[Table]:
    table = Table(
        f"Imports de {LINES} lignes xlsx",
        ("Genre", "Aperçu (s)", "Enregistrement (s)", "Enregistré", "Mémoire du processus, maximum (Mo)"),
    )
    with ground.copy("odis_imports") as other, other.app.app_context():
        for kind in all_kinds():
            table.rows.append(_kind(other, kind))
    if not table.rows:
        table.notes.append("Non mesuré : aucun genre d’import n’est enregistré.")
    table.notes.append("Le processus mesuré porte aussi l’application, la démonstration et les mesures précédentes.")
    return [table]


def _kind(ground: Ground, kind: ImportKind) -> tuple[str | Figure, ...]:
    path = ground.config.data_dir / f"{kind.code}.xlsx"
    path.parent.mkdir(parents=True, exist_ok=True)
    _write(kind, path)
    account = "association" if kind.permission.name in _rights(ground, "association") else "operateur"
    token, found = ground.world[account].token, []

    def preview() -> None:
        with unit_of_work(token) as unit:
            draft = start_import(unit.identity, kind=kind, path=path, filename=path.name)
            choose_columns(unit.identity, found=draft, mapping=draft.mapping)
            found.append(draft.id)

    def commit() -> None:
        with unit_of_work(token) as unit:
            record_import(unit.identity, found=db.get_one(Import, found[0]))

    previewed = Figure(milliseconds(preview) / 1000, "", PREVIEW)
    try:
        committed: str | Figure = Figure(milliseconds(commit) / 1000, "", COMMIT)
        with unit_of_work(token, readonly=True):
            done = db.get_one(Import, found[0])
            said = f"{done.creates} créés, {done.lines} lignes"
    except RuleError as error:
        committed, said = "refusé", error.message
    return kind.label, previewed, committed, said, Figure(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def _rights(ground: Ground, account: str) -> frozenset[str]:
    with unit_of_work(ground.world[account].token, readonly=True) as unit:
        return unit.identity.permissions


def _write(kind: ImportKind, path: Path) -> None:
    """Each column's own example; what differs between people (numbers, names, phones, birthdays, addresses, remarks) differs by line."""
    columns = [column for column in kind.columns if column.example]
    with xlsxwriter.Workbook(str(path), {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, [column.label for column in columns])
        for line in range(1, LINES + 1):
            own = _own(line) | {kind.reference: f"B-{line:05d}"}
            sheet.write_row(line, 0, [own.get(column.key, column.example) for column in columns])


def _own(line: int) -> dict[str, str]:
    phone = f"06 39 98 {line // 100 % 100:02d} {line % 100:02d}"
    return {
        "last_name": f"Exemplova {_letters(line)}", "phone": phone, "contact": f"Nour Exemplova {_letters(line)} - {phone}",
        "birth": f"{line % 28 + 1:02d}/{line % 12 + 1:02d}/{1950 + line % 50}", "address": f"{line} rue des Exemples", "remarks": f"Remarque {line}",
    }  # fmt: skip


def _letters(number: int) -> str:
    digits = []
    while number:
        number, rest = divmod(number, 26)
        digits.append(chr(97 + rest))
    return "".join(digits).capitalize()
