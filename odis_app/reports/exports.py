"""A list (files, offers, places) that leaves the installation: asked for, made apart, encrypted, its author's alone for two days."""

from __future__ import annotations

import io
import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import pyzipper
from sqlalchemy import delete, select, text

from odis_app.access.enums import ReviewKind, Verdict
from odis_app.access.models import Review
from odis_app.access.operations import ask_review
from odis_app.audit.operations import record_event
from odis_app.core import clock, crypto
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.core.formats import heure, jour_long
from odis_app.core.identity import Identity
from odis_app.core.ids import new_public_id
from odis_app.core.jobs import request_job
from odis_app.core.permissions import require_step_up
from odis_app.documents.storage import Store
from odis_app.exchange.writers import Sheet, write_workbook
from odis_app.reports.enums import ReportOutcome
from odis_app.reports.export_kinds import KINDS, ExportKind
from odis_app.reports.models import ListExport

TASK, QUEUE = "jobs.exports.run", "bilans"
KEPT = timedelta(hours=48)
LARGE = 50  # above, a renewed proof of identity and a second person
MOST = 5_000
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that is read as something else
GROUPS, GROUP = 4, 5
Progress = Callable[[int, str], None]


def lately(identity: Identity, kind: ExportKind) -> int:
    """How many lines of this kind this person has exported in two days, in whichever organisation; what was contested or empty is not counted."""
    del identity
    return int(db.execute(text("SELECT odis.exported_lately(:kind)"), {"kind": kind.slug}).scalar_one())


def is_large(lines: int) -> bool:
    """Whether so many lines of one kind, exported in two days, want a renewed proof of identity and a second person."""
    return lines > LARGE


def request_export(identity: Identity, *, kind: ExportKind, filters: Any) -> ListExport:
    """Ask for the list as it is filtered. A large one, or one that makes more than fifty in two days, waits for a colleague to confirm it.

    The database counts, one export after the other. Raises RuleError, and StepUpNeededError before anything stands.
    """
    lines = kind.counted(identity, filters)
    label = kind.words(lines)
    if not lines:
        raise RuleError("", "Il n’y a rien à exporter dans cette liste. Retirez un filtre.")
    if lines > MOST:
        raise RuleError("", f"Un export compte {MOST} lignes au plus. Ajoutez un filtre, par exemple un département.")
    public_id, now = new_public_id(), clock.now()
    job = request_job(
        identity,
        task=TASK,
        queue=QUEUE,
        kind=f"export:{kind.slug}",
        label=f"Export de {label}",
        params={"export": public_id},
    )
    export = ListExport(
        public_id=public_id, owner_org_id=identity.require_org(), author_id=identity.require_user(), author_label=identity.name, kind=kind.slug,
        filters_sealed=crypto.seal(json.dumps(asdict(filters)), _place("filters_sealed", public_id)),
        password_sealed=crypto.seal(_password(), _place("password_sealed", public_id)), lines=lines, job_id=job.id,
        created_at=now, expires_at=now + KEPT,
    )  # fmt: skip
    db.add(export)
    db.flush()
    db.refresh(export, ["lines_48h", "created_at", "expires_at"])
    if is_large(export.lines_48h):
        require_step_up(identity)
        ask_review(
            identity, kind=ReviewKind.EXPORT, subject=public_id, department_code=identity.org_department or "", reason="",
            label=label if is_large(lines) else f"{label}, {export.lines_48h} en 48 heures",
        )  # fmt: skip
    _note(identity, export, f"Export de {label} demandé")
    return export


def _note(identity: Identity, export: ListExport, summary: str, **data: object) -> None:
    record_event(
        identity, f"{KINDS[export.kind].resource}:export", sensitivity=1, summary=summary, data={"export": export.public_id, **data}
    )  # fmt: skip


def _password() -> str:
    """Twenty characters in four groups: 99 bits, to be copied by hand if need be."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(GROUP)) for _ in range(GROUPS))


def _place(column: str, public_id: str) -> str:
    return crypto.place("list_exports", column, public_id)


def generate(
    identity: Identity, *, public_id: str, attempt: int, store: Store, progress: Progress
) -> dict[str, object]:
    """Make the archive that a job was asked for, under its author's rights of now. Run again, it changes nothing."""
    export = db.execute(select(ListExport).where(ListExport.public_id == public_id)).scalar_one()
    if export.outcome != ReportOutcome.WAITING.value or export.password_sealed is None:
        return {"export": public_id, "outcome": export.outcome}
    progress(10, "Lecture de la liste")
    kind = KINDS[export.kind]
    told = json.loads(crypto.unseal(export.filters_sealed, _place("filters_sealed", public_id)))
    filters = kind.filters(**{name: tuple(v) if isinstance(v, list) else v for name, v in told.items()})
    ids = kind.keys(identity, filters, limit=export.lines) if identity.can(kind.permission) else []
    export.generated_at = clock.now()
    if not ids:
        export.outcome = ReportOutcome.EMPTY.value
        db.flush()
        return {"export": public_id, "outcome": export.outcome}
    progress(40, "Écriture du classeur")
    workbook = io.BytesIO()
    rows: list[Sequence[object]] = [[watermark(identity)], *kind.lines(identity, ids)]
    write_workbook(workbook, [Sheet(kind.sheet, kind.headings(), rows)])
    progress(80, "Chiffrement de l’archive")
    password = crypto.unseal(export.password_sealed, _place("password_sealed", public_id))
    archive = encrypted(f"{kind.slug}-{clock.today():%Y-%m-%d}.xlsx", workbook.getvalue(), password)
    export.storage_key, export.size = f"{public_id}/{attempt}", len(archive)
    store.put(export.storage_key, crypto.seal(archive, _place("zip", public_id)))
    export.outcome = ReportOutcome.READY.value
    db.flush()
    _note(identity, export, f"Export de {kind.words(len(ids))} établi", lines=len(ids))
    return {"export": public_id, "outcome": export.outcome}


def watermark(identity: Identity) -> str:
    """The first line of what leaves: who, when, for which organisation."""
    now = clock.now().astimezone(clock.PARIS)
    return f"Exporté le {jour_long(now.date())} à {heure(now)} par {identity.name}, {identity.org_name}. À supprimer après usage, à ne pas transmettre."


def encrypted(name: str, content: bytes, password: bytes) -> bytes:
    """A zip of one file under AES-256 (WinZip's AE-2), that the usual tools open with the password."""
    out = io.BytesIO()
    with pyzipper.AESZipFile(out, "w", compression=pyzipper.ZIP_DEFLATED, encryption=pyzipper.WZ_AES) as archive:
        archive.setpassword(password)
        archive.setencryption(pyzipper.WZ_AES, nbits=256)
        archive.writestr(name, content)
    return out.getvalue()


def waits_for_somebody(export: ListExport) -> str:
    """Why a large export is not given yet, in French; empty when it is."""
    if not is_large(export.lines_48h):
        return ""
    mine = select(Review.verdict).where(Review.kind == ReviewKind.EXPORT.value, Review.subject == export.public_id)
    verdict = db.execute(mine.order_by(Review.id.desc()).limit(1)).scalar_one_or_none()
    if verdict == Verdict.CONFIRMED.value:
        return ""
    if verdict == Verdict.CONTESTED.value:
        return "Une autre personne a refusé cet export. Parlez-en avec elle, ou réduisez la liste."
    kind = KINDS[export.kind]
    if is_large(export.lines):
        return f"Un export de plus de {LARGE} {kind.plural} attend l’accord d’une autre personne de votre organisation."
    return (
        f"Avec celui-ci, vos exports de 48 heures comptent {export.lines_48h} {kind.plural}, plus de {LARGE} : il attend l’accord d’une autre personne "
        "de votre organisation. Demandez-lui de l’ouvrir dans « À relire », ou refaites cet export quand les précédents auront plus de 48 heures."
    )


def reveal(identity: Identity, *, export: ListExport) -> str:
    """The password, once: it is forgotten as it is shown. Raises RuleError."""
    why = waits_for_somebody(export)
    if why:
        raise RuleError("", why)
    locked = db.execute(select(ListExport.password_sealed).where(ListExport.id == export.id).with_for_update())
    sealed = locked.scalar_one()
    if sealed is None or not export.is_ready:
        raise RuleError(
            "", "Ce mot de passe a déjà été montré, il n’est gardé nulle part. S’il est perdu, refaites l’export."
        )
    password = crypto.unseal(sealed, _place("password_sealed", export.public_id)).decode()
    export.password_sealed = None
    db.flush()
    _note(identity, export, "Mot de passe d’un export montré")
    return password


def content_of(export: ListExport, store: Store) -> bytes:
    """The encrypted archive. Raises StoreError when it is lost, UnreadableError when altered."""
    return crypto.unseal(store.get(export.storage_key), _place("zip", export.public_id))


def note_download(identity: Identity, *, export: ListExport) -> None:
    """Write the download down, before any byte leaves."""
    _note(identity, export, f"Export de {KINDS[export.kind].words(export.lines)} téléchargé")


def purge(*, store: Store) -> int:
    """Delete what is older than two days, rows and files; returns how many rows. Run twice, the second finds nothing."""
    gone = db.scalars(delete(ListExport).where(ListExport.expires_at < clock.now()).returning(ListExport.id))
    count = len(gone.all())
    oldest = (clock.now() - KEPT).timestamp()
    for path, facts in store.files.find(str(store.root), detail=True).items():
        if facts["mtime"] < oldest:
            store.files.rm_file(path)
    return count
