"""Recording a draft, all of it or nothing, and undoing what an import wrote."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

from sqlalchemy import ARRAY, LargeBinary, any_, delete, literal, select, text, update

from odis_app.audit.operations import record_event
from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.core.identity import Identity
from odis_app.core.jobs import request_job
from odis_app.exchange import queries
from odis_app.exchange.check import CellFinding, CheckedRecord
from odis_app.exchange.enums import ImportState
from odis_app.exchange.kinds import ImportKind, Saved
from odis_app.exchange.models import Import, ImportKey, ImportRow
from odis_app.exchange.operations.drafts import judge, kind_of, lock
from odis_app.exchange.sealing import Undo, seal_findings, seal_undo, unseal_undo

UNDO_DAYS = 30
AT_ONCE = 500  # lines that a page records while one waits; more of them are a job, with its progress
TASK, QUEUE = "jobs.exchange.record", "bilans"
Progress = Callable[[int, str], None]
_TOUCHED = "modifié depuis l’import, gardé tel quel."
_HELD = "d’autres pages s’appuient dessus, gardé tel quel."


def ask_recording(identity: Identity, *, found: Import) -> bool:
    """Record a small draft now (True), ask a job to record a large one (False). Raises RuleError as ``record_import`` does."""
    if found.to_write <= AT_ONCE or found.errors or found.checked_at is None:
        return record_import(identity, found=found)
    lock(found)
    if found.state != ImportState.DRAFT.value or _waits(identity, found):
        return False
    kind = kind_of(found)
    params = {"import": found.public_id, "checked_at": found.checked_at.isoformat()}
    label = f"Import : {kind.label.lower()}, {found.to_write} lignes"
    found.job_id = request_job(identity, task=TASK, queue=QUEUE, kind="import", label=label, params=params).id
    return False


def record_as_asked(identity: Identity, *, found: Import, checked_at: str, progress: Progress) -> dict[str, object]:
    """What the job does: record the draft if it still is the one that its author read. Answers ``refused``, a sentence or empty.

    Run again after a crash it finds the draft as it was, or recorded.
    """
    lock(found)
    if found.state == ImportState.DRAFT.value and (
        found.checked_at is None or found.checked_at.isoformat() != checked_at
    ):
        return {"refused": "Le fichier a changé depuis votre demande. Relisez l’aperçu, puis enregistrez."}
    try:
        record_import(identity, found=found, progress=progress)
    except RuleError as error:
        return {"refused": error.message}
    return {"refused": ""}


def _waits(identity: Identity, found: Import) -> bool:
    """Whether a job of this import has not ended."""
    job = queries.recording_job(identity, found)
    return job is not None and not job.status.is_final


def record_import(identity: Identity, *, found: Import, progress: Progress = lambda _percent, _sentence: None) -> bool:
    """Write every line of the draft in this transaction, and forget what the file said of people.

    Answers False when it is already recorded (a form sent twice). Raises RuleError while a line is in error, or when the
    kind refuses; nothing is then written but what was found in the lines.
    """
    lock(found)
    if found.state != ImportState.DRAFT.value:
        return False
    kind = kind_of(found)
    if found.checked_at is None:
        raise RuleError("", "Choisissez d’abord les colonnes.")
    progress(10, "Contrôle des lignes")
    checked = judge(identity, found)
    if checked.errors:
        raise RuleError("", "Des lignes sont en erreur. Rien n’est enregistré tant qu’il en reste.")
    records = checked.writable()
    if not records:
        raise RuleError("", "Tout est déjà enregistré : ce fichier ne change rien.")
    progress(35, "Écriture des dossiers")
    with db.begin_nested():
        saved = kind.commit(identity, [record.draft() for record in records])
        previous = _remember(identity, kind, records, saved)
    progress(85, "Effacement du fichier lu")
    _close_rows(found, records, saved, previous)
    found.state, found.committed_at, found.source_sealed = ImportState.COMMITTED.value, clock.now(), None
    found.commit_event_id = record_event(
        identity,
        "import:commit",
        summary=f"Import enregistré : {kind.label.lower()}",
        data={"import_id": found.id, "created": found.creates, "updated": found.updates, "unchanged": found.unchanged},
    )
    return True


def undo_import(identity: Identity, *, found: Import) -> int:
    """Delete what the import created and put back what it changed; answers how many records stay because somebody touched them.

    Raises RuleError when it is not recorded, or too long ago.
    """
    lock(found)
    if found.state != ImportState.COMMITTED.value or found.committed_at is None:
        raise RuleError("", "Cet import n’est pas enregistré, ou il est déjà annulé.")
    if found.committed_at < clock.now() - timedelta(days=UNDO_DAYS):
        raise RuleError("", f"Un import s’annule dans les {UNDO_DAYS} jours. Corrigez les dossiers un par un.")
    kind = kind_of(found)
    with db.begin_nested():
        kept = _undo_records(identity, found, kind)
    found.state, found.undone_at, found.kept = ImportState.UNDONE.value, clock.now(), kept
    record_event(
        identity,
        "import:undo",
        summary=f"Import annulé : {kind.label.lower()}",
        data={"import_id": found.id, "kept": kept},
    )
    return kept


def _remember(
    identity: Identity, kind: ImportKind, records: Sequence[CheckedRecord], saved: Sequence[Saved]
) -> dict[str, str]:
    """Keep the fingerprints of what was written; answers, by key, what they were before (hex)."""
    if len(records) != len(saved):
        raise ValueError(f"{kind.code}: {len(saved)} records written for {len(records)} drafts")
    org_id = identity.require_org()
    keys = [bytes.fromhex(record.key) for record in records]
    before = select(ImportKey.key, ImportKey.content).where(
        ImportKey.owner_org_id == org_id,
        ImportKey.kind == kind.code,
        ImportKey.key == any_(literal(keys, ARRAY(LargeBinary))),
    )
    previous = {key.hex(): content.hex() for key, content in db.execute(before)}
    statement = (
        "INSERT INTO import_keys (owner_org_id, kind, key, content, record_id) SELECT :org, :kind, v.key, v.content, v.record_id "
        "FROM unnest(CAST(:keys AS bytea[]), CAST(:contents AS bytea[]), CAST(:ids AS bigint[])) AS v(key, content, record_id) "
        "ON CONFLICT (owner_org_id, kind, key) DO UPDATE SET content = excluded.content, record_id = excluded.record_id"
    )
    contents = [bytes.fromhex(record.content) for record in records]
    ids = [written.record_id for written in saved]
    db.execute(text(statement), {"org": org_id, "kind": kind.code, "keys": keys, "contents": contents, "ids": ids})
    return previous


def _close_rows(
    found: Import, records: Sequence[CheckedRecord], saved: Sequence[Saved], previous: dict[str, str]
) -> None:
    """Forget the cells; keep, on the first line of each record, the record and how to undo."""
    db.execute(update(ImportRow).where(ImportRow.import_id == found.id).values(cells_sealed=None, findings_sealed=None))
    numbers = [record.rows[0].number for record in records]
    undos = [
        Undo(record.record_id is None, written.before, written.label, record.key, previous.get(record.key, ""))
        for record, written in zip(records, saved, strict=True)
    ]
    sealed = [seal_undo(found.public_id, number, undo) for number, undo in zip(numbers, undos, strict=True)]
    statement = (
        "UPDATE import_rows r SET record_id = v.record_id, undo_sealed = v.undo "
        "FROM unnest(CAST(:numbers AS int[]), CAST(:ids AS bigint[]), CAST(:undos AS bytea[])) AS v(number, record_id, undo) "
        "WHERE r.import_id = :import AND r.number = v.number"
    )
    ids = [written.record_id for written in saved]
    db.execute(text(statement), {"import": found.id, "numbers": numbers, "ids": ids, "undos": sealed})


def _undo_records(identity: Identity, found: Import, kind: ImportKind) -> int:
    """Undo every record that nobody touched; answers how many stay."""
    statement = select(ImportRow).where(ImportRow.import_id == found.id, ImportRow.undo_sealed.is_not(None))
    rows = db.scalars(statement.order_by(ImportRow.number.desc()), execution_options={"populate_existing": True}).all()
    undos = {row.number: unseal_undo(found.public_id, row.number, row.undo_sealed) for row in rows if row.undo_sealed}
    ids = {row.number: row.record_id or 0 for row in rows}
    touched = queries.touched_since(list(ids.values()), found.commit_event_id or 0)
    free = [number for number, record_id in ids.items() if record_id not in touched]
    created = [number for number in free if undos[number].created]
    changed = [number for number in free if not undos[number].created]
    removed = set(db.scalars(text("SELECT odis.import_remove(:ids)"), {"ids": [ids[number] for number in created]}))
    saved = [Saved(ids[number], undos[number].label, undos[number].before) for number in changed]
    answers = dict.fromkeys(ids, _TOUCHED)
    answers |= {number: "" if ids[number] in removed else _HELD for number in created}
    answers |= dict(zip(changed, kind.restore(identity, saved) if saved else (), strict=True))
    for row in rows:
        _close_undo(identity, found, kind, row, undos[row.number], answers[row.number])
    return sum(map(bool, answers.values()))


def _close_undo(identity: Identity, found: Import, kind: ImportKind, row: ImportRow, undo: Undo, refusal: str) -> None:
    """Forget how to undo a line; say why its record stays, or put the memory of the files back as it was."""
    row.undo_sealed = None
    where = (
        ImportKey.owner_org_id == identity.require_org(),
        ImportKey.kind == kind.code,
        ImportKey.key == bytes.fromhex(undo.key),
    )
    if refusal:
        sentence = f"{undo.label} : {refusal}" if undo.label else refusal
        row.findings_sealed = seal_findings(found.public_id, row.number, [CellFinding(row.number, "", sentence)])
    elif undo.previous and not undo.created:
        db.execute(update(ImportKey).where(*where).values(content=bytes.fromhex(undo.previous)))
    else:
        db.execute(delete(ImportKey).where(*where))
