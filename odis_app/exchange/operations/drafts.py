"""The draft: a file read, its columns chosen, every line judged; nothing of it is in the files yet."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import delete, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from odis_app.audit.operations import record_event
from odis_app.core import clock
from odis_app.core.crypto import place, seal, unseal
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.core.identity import Identity
from odis_app.core.ids import new_public_id
from odis_app.documents.operations import refuse_infected
from odis_app.exchange import columns, queries
from odis_app.exchange.bulk import insert_rows
from odis_app.exchange.cells import Row
from odis_app.exchange.check import Action, Checked, CheckedRow, add_findings, check_rows
from odis_app.exchange.enums import ImportState
from odis_app.exchange.kinds import ImportKind, get_kind
from odis_app.exchange.models import Import, ImportMapping, ImportRow
from odis_app.exchange.readers import FileRefusedError, Table, read_table
from odis_app.exchange.sealing import seal_cells, seal_findings

DRAFT_DAYS = 7
CLOSED = "Cet import est déjà enregistré. Commencez-en un nouveau."


def start_import(identity: Identity, *, kind: ImportKind, path: Path, filename: str) -> Import:
    """Read a file into a new draft; its columns are those of last time, else the most likely. Raises RuleError("file", …)."""
    db.execute(text("SELECT odis.import_purge()"))
    found = Import(
        public_id=new_public_id(),
        owner_org_id=identity.require_org(),
        author_id=identity.require_user(),
        author_label=identity.name,
        kind=kind.code,
        lines=0,
        mapping=[],
        headers_fingerprint="",
        expires_at=clock.now() + timedelta(days=DRAFT_DAYS),
    )
    _fill(identity, found, kind, path, filename, None)
    record_event(
        identity,
        "import:start",
        summary=f"Fichier lu : {kind.label.lower()}",
        data={"import_id": found.id, "lines": found.lines},
    )
    return found


def reload_import(identity: Identity, *, found: Import, path: Path, filename: str) -> None:
    """Replace the lines of a draft by those of the corrected file; the columns stay when the headers are the same."""
    kind = _open_draft(found)
    chosen = found.mapping if found.headers_fingerprint else None
    before = found.headers_fingerprint
    _fill(identity, found, kind, path, filename, None)
    if chosen is not None and found.headers_fingerprint == before:
        found.mapping = chosen
        judge(identity, found)


def choose_sheet(identity: Identity, *, found: Import, sheet: str) -> None:
    """Read another sheet of the same file. Raises RuleError when the file is not kept any more."""
    kind = _open_draft(found)
    if found.source_sealed is None:
        raise RuleError("sheet", "Le fichier n’est plus gardé. Rechargez-le.")
    with tempfile.TemporaryDirectory(prefix="odis-import-") as folder:
        path = Path(folder) / "source"
        path.write_bytes(unseal(found.source_sealed, place("imports", "source_sealed", found.public_id)))
        _fill(identity, found, kind, path, found.about["filename"], sheet)


def choose_columns(identity: Identity, *, found: Import, mapping: Sequence[str | None]) -> None:
    """Set the columns, remember them for these headers, and judge every line. Raises RuleError on a column used twice or missing."""
    kind = _open_draft(found)
    chosen = tuple(key or None for key in mapping)
    known = {column.key: column for column in kind.columns}
    for index, key in enumerate(chosen):
        if key is not None and key in chosen[:index]:
            raise RuleError(f"c{index}", f"« {known[key].label} » est déjà choisie pour une autre colonne.")
    missing = columns.missing_columns(chosen, kind.columns)
    if missing:
        labels = ", ".join(f"« {column.label} »" for column in missing)
        raise RuleError("", f"Il manque {labels} : choisissez la colonne du fichier qui le dit.")
    found.mapping = list(chosen)
    values = {
        "owner_org_id": found.owner_org_id,
        "kind": kind.code,
        "headers_fingerprint": found.headers_fingerprint,
        "mapping": found.mapping,
    }
    statement = upsert(ImportMapping).values(values)
    db.execute(
        statement.on_conflict_do_update(
            index_elements=["owner_org_id", "kind", "headers_fingerprint"],
            set_={"mapping": statement.excluded.mapping, "saved_at": clock.now()},
        )
    )
    judge(identity, found)


def set_aside_errors(identity: Identity, *, found: Import) -> int:
    """Leave the lines in error out of the import; answers how many. A record on several lines is left out whole."""
    _open_draft(found)
    rows = ImportRow.import_id == found.id
    done = db.execute(
        update(ImportRow)
        .where(rows, ImportRow.is_aside.is_(False), ImportRow.action == Action.ERROR.value)
        .values(is_aside=True)
    )
    found.aside += int(done.rowcount)  # type: ignore[attr-defined]
    judge(identity, found)
    return int(done.rowcount)  # type: ignore[attr-defined]


def discard_import(identity: Identity, *, found: Import) -> None:
    """Forget a draft and all that its file said."""
    _open_draft(found)
    record_event(identity, "import:discard", summary="Brouillon d’import supprimé", data={"import_id": found.id})
    db.execute(delete(Import).where(Import.id == found.id))


def note_download(identity: Identity, *, found: Import) -> None:
    """Write down that the lines to correct left as a file."""
    record_event(identity, "import:download", summary="Fichier annoté téléchargé", data={"import_id": found.id})


def judge(identity: Identity, found: Import) -> Checked:
    """Check every line that is not set aside, with the rules of the kind and against the database, and store what was found."""
    kind = kind_of(found)
    about = found.about
    rows = queries.stored_rows(found)
    headers = {key: about["headers"][index] for index, key in enumerate(found.mapping) if key}
    checked = check_rows(
        rows,
        about["headers"],
        kind,
        tuple(found.mapping),
        queries.context(),
        blind=queries.blind(identity, kind),
        lookup=queries.lookup(identity, kind),
    )
    sound = checked.writable()
    answers = kind.compare(identity, [record.draft() for record in sound])
    for record, findings in zip(sound, answers, strict=True):
        add_findings(record, list(findings), headers)
    _store_findings(found, checked.rows)
    counts = checked.counts()
    found.creates, found.updates = counts[Action.CREATE], counts[Action.UPDATE]
    found.unchanged, found.errors = counts[Action.UNCHANGED], counts[Action.ERROR]
    found.warnings = sum(bool(row.warnings) for row in checked.rows)
    found.checked_at = clock.now()
    return checked


def lock(found: Import) -> None:
    """Hold the import for the rest of the transaction, as it stands now."""
    db.execute(select(Import.id).where(Import.id == found.id).with_for_update())
    db.refresh(found)


def kind_of(found: Import) -> ImportKind:
    """The kind of an import. Raises RuleError when the application does not know it any more."""
    kind = get_kind(found.kind)
    if kind is None:
        raise RuleError("", "Ce genre d’import n’existe plus.")
    return kind


def _open_draft(found: Import) -> ImportKind:
    lock(found)
    if found.state != ImportState.DRAFT.value:
        raise RuleError("", CLOSED)
    return kind_of(found)


def _fill(identity: Identity, found: Import, kind: ImportKind, path: Path, filename: str, sheet: str | None) -> None:
    refuse_infected(path, "file")  # before anything opens it
    try:
        table = read_table(path, filename, sheet=sheet, vocabulary=kind.vocabulary())
    except FileRefusedError as error:
        raise RuleError("file", str(error)) from None
    found.describe({
        "filename": table.filename, "sheet": table.sheet, "sheets": list(table.sheets), "headers": list(table.headers),
        "header_row": table.header_row, "notes": list(table.notes),
    })  # fmt: skip
    several = len(table.sheets) > 1
    found.source_sealed = (
        seal(path.read_bytes(), place("imports", "source_sealed", found.public_id)) if several else None
    )
    found.headers_fingerprint = columns.headers_fingerprint(table.headers)
    found.lines, found.aside, found.checked_at = len(table.rows), 0, None
    found.creates = found.updates = found.unchanged = found.errors = found.warnings = 0
    remembered = queries.remembered_mapping(identity, kind, table.headers)
    found.mapping = list(remembered or columns.guess_mapping(table.headers, kind.columns))
    db.add(found)
    db.flush()
    _store_rows(found, table)
    if remembered and not columns.missing_columns(remembered, kind.columns):
        judge(identity, found)


def _store_rows(found: Import, table: Table) -> None:
    db.execute(delete(ImportRow).where(ImportRow.import_id == found.id))
    for start in range(0, len(table.rows), queries.CHUNK):
        insert_rows(ImportRow, list(_row_values(found, table.rows[start : start + queries.CHUNK])))


def _row_values(found: Import, rows: Iterable[Row]) -> Iterable[dict[str, Any]]:
    for row in rows:
        sealed = seal_cells(found.public_id, row.number, row.cells)
        yield {"import_id": found.id, "number": row.number, "owner_org_id": found.owner_org_id, "cells_sealed": sealed}


def _store_findings(found: Import, rows: Sequence[CheckedRow]) -> None:
    """One statement for all the lines: an update per line would cost more than the check itself."""
    if not rows:
        return
    db.execute(
        text(
            "UPDATE import_rows r SET action = v.action, findings_sealed = v.findings, errors = v.errors, warnings = v.warnings "
            "FROM unnest(CAST(:numbers AS int[]), CAST(:actions AS text[]), CAST(:findings AS bytea[]), CAST(:errors AS smallint[]), "
            "CAST(:warnings AS smallint[])) AS v(number, action, findings, errors, warnings) "
            "WHERE r.import_id = :import AND r.number = v.number"
        ),
        {
            "import": found.id,
            "numbers": [row.number for row in rows],
            "actions": [row.action.value for row in rows],
            "findings": [
                seal_findings(found.public_id, row.number, row.findings) if row.findings else None for row in rows
            ],
            "errors": [len(row.errors) for row in rows],
            "warnings": [len(row.warnings) for row in rows],
        },
    )
    db.expire_all()
