"""The workbook that goes back to whoever keeps the file: every error, and the lines to correct beside their errors."""

from __future__ import annotations

from collections.abc import Iterator

from odis_app.core.db import db
from odis_app.exchange import queries
from odis_app.exchange.cells import BadCell, Cell
from odis_app.exchange.enums import Shown
from odis_app.exchange.models import Import
from odis_app.exchange.sealing import unseal_cells
from odis_app.exchange.writers import Heading, Sheet


def annotated_sheets(found: Import) -> list[Sheet]:
    """« Erreurs » (line, column, what to mend) and « Lignes à corriger » (as in the file, errors first)."""
    headers = found.about["headers"]
    errors = Sheet(
        "Erreurs",
        [Heading("Ligne", 8), Heading("Colonne", 24), Heading("Ce qui est à revoir", 80), Heading("Gravité", 14)],
        _errors(found),
    )
    lines = Sheet(
        "Lignes à corriger",
        [Heading("Ligne", 8), Heading("À revoir", 60), *(Heading(header) for header in headers)],
        _lines(found),
    )
    return [errors, lines]


def _errors(found: Import) -> Iterator[list[object]]:
    for row in db.scalars(queries.lines_of(found, Shown.ALL)):
        for finding in queries.findings_of(found, row):
            yield [row.number, finding.header, finding.sentence, "erreur" if finding.blocking else "à vérifier"]


def _lines(found: Import) -> Iterator[list[object]]:
    for row in db.scalars(queries.lines_of(found, Shown.ERRORS)):
        sentences = "\n".join(
            f"{finding.header} : {finding.sentence}" if finding.header else finding.sentence
            for finding in queries.findings_of(found, row)
        )
        cells = unseal_cells(found.public_id, row.number, row.cells_sealed) if row.cells_sealed else ()
        yield [row.number, sentences, *map(_value, cells)]


def _value(cell: Cell) -> object:
    return cell.found if isinstance(cell, BadCell) else cell
