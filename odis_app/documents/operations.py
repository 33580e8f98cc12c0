"""Depositing, scanning, reading and withdrawing documents."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import event, func, select, text
from sqlalchemy.orm import Session

from odis_app.access import keys
from odis_app.access.limits import refuse_limited
from odis_app.audit.operations import record_event
from odis_app.core.config import Config
from odis_app.core.crypto import place
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.core.identity import Identity
from odis_app.core.ids import new_public_id
from odis_app.documents import antivirus, content, images
from odis_app.documents.enums import Audience, DocumentState, MediaType
from odis_app.documents.models import Document
from odis_app.documents.policy import HEALTH, may_deposit_health, quarantined
from odis_app.documents.storage import Store, StoreError

log = logging.getLogger(__name__)
STORE_DOWN = "Le document n’a pas pu être enregistré : l’espace de stockage est plein ou ne répond pas. Gardez votre fichier et réessayez plus tard."
INFECTED = "L’antivirus a refusé ce fichier. Il n’est pas enregistré ; prévenez la personne qui vous l’a remis."
UNSCANNED = (
    "L’antivirus ne répond pas : ce fichier n’est ni lu ni gardé. Gardez le vôtre et réessayez dans quelques minutes."
)
HEALTH_CLOSED = "Ce dossier n’accepte pas de document de santé de votre part. Retirez-le, ou choisissez une autre sensibilité s’il n’en contient pas."


@dataclass(frozen=True, slots=True)
class _Installation:
    """Where files go and who scans them."""

    store: Store
    clamav: str


_process: dict[str, _Installation] = {}


def configure(config: Config) -> None:
    """Say where documents live and which antivirus there is. Opens nothing."""
    _process["here"] = _Installation(Store(config.documents_dir), config.clamav)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it came: its own name and its bytes to read once."""

    filename: str
    stream: BinaryIO


def store_document(
    identity: Identity,
    *,
    record_id: int,
    owner_org_id: int,
    upload: Upload,
    audience: Audience,
    sensitivity: int = 1,
    field: str = "files",
    name: str = "",
    action: str = "document:add",
    summary: str = "Document déposé",
) -> Document:
    """Judge a file by its content, clean it if it is a picture or a PDF, seal it and keep it. Raises RuleError on ``field``.

    ``name`` replaces the one that the file came with; ``action`` and ``summary`` are what the trail says of it.

    With an antivirus configured it is scanned at once: refused when infected, in quarantine while the antivirus does not
    answer. If the transaction does not commit, the stored bytes are forgotten.
    """
    refuse_limited(record_id)
    if sensitivity >= HEALTH and not may_deposit_health(identity, _Place(record_id, owner_org_id)):
        raise RuleError("sensitivity", HEALTH_CLOSED)
    shown = content.shown_name(upload.filename)
    data = content.read_limited(upload.stream, name=shown, field=field)
    kind = content.media_type(data, name=shown, field=field)
    state = _verdict(data, field)
    if kind.is_image:
        data = images.bare_picture(data, kind, name=shown, field=field)
    elif kind is MediaType.PDF:
        data = images.harmless_pdf(data, name=shown, field=field)
    public_id = new_public_id()
    sealed = keys.seal(record_id, data, place("documents", "content", public_id))
    key = new_public_id()
    document = Document(
        public_id=public_id, record_id=record_id, owner_org_id=owner_org_id, uploaded_org_id=identity.require_org(), uploaded_by_id=identity.require_user(),
        uploaded_by_label=identity.name, org_label=identity.org_short_name or identity.org_name,
        name_sealed=keys.seal(record_id, name or content.clean_name(upload.filename, kind), place("documents", "name_sealed", public_id)),
        media_type=kind.value, size=len(data), sha256=hashlib.sha256(sealed).digest(), storage_key=f"{key[:2]}/{key}", sensitivity=sensitivity,
        audience=audience.value, state=state.value,
    )  # fmt: skip
    db.add(document)
    db.flush()  # the walls judge the row before a byte is written
    _write(document.storage_key, sealed, field)
    record_event(
        identity, action, record_id=record_id, sensitivity=sensitivity, summary=summary,
        data={"document": public_id, "media_type": kind.value, "size": len(data), "audience": audience.value},
    )  # fmt: skip
    return document


@dataclass(frozen=True, slots=True)
class _Place:
    """A record, as far as rights go."""

    record_id: int
    owner_org_id: int


def _verdict(data: bytes, field: str) -> DocumentState:
    clamav = _process["here"].clamav
    if not clamav:
        return DocumentState.CLEAN
    try:
        clean = antivirus.is_clean(data, clamav)
    except antivirus.ScannerDownError as error:
        log.warning("a file could not be scanned: %s", error)
        return DocumentState.QUARANTINE
    if not clean:
        raise RuleError(field, INFECTED)
    return DocumentState.CLEAN


def refuse_infected(path: Path, field: str) -> None:
    """For a file that is read without being kept as a document (an import): with an antivirus it is clean, or RuleError on ``field``.

    It has no quarantine to wait in: an antivirus that does not answer refuses it too.
    """
    if _process["here"].clamav and _verdict(path.read_bytes(), field) is not DocumentState.CLEAN:
        raise RuleError(field, UNSCANNED)


def _write(key: str, sealed: bytes, field: str) -> None:
    store = _process["here"].store
    try:
        store.put(key, sealed)
    except StoreError as error:
        log.error("the document store refuses a file: %s", error)  # noqa: TRY400 - the trace says no more
        raise RuleError(field, STORE_DOWN) from error
    session = db()
    kept: list[bool] = []

    def committed(_: Session) -> None:
        kept.append(True)

    def undone(_: Session) -> None:
        if not kept:
            store.remove(key)

    event.listen(session, "after_commit", committed)
    event.listen(session, "after_rollback", undone)


def content_of(document: Document) -> bytes:
    """The bytes of a document, in clear. Raises StoreError when the store lost them, UnreadableError when they were altered."""
    sealed = _process["here"].store.get(document.storage_key)
    return keys.unseal(document.record_id, sealed, place("documents", "content", document.public_id))


def scan_document(identity: Identity, *, document: Document) -> DocumentState:
    """Ask the antivirus again about a file in quarantine. Raises RuleError when it still does not answer."""
    clamav = _process["here"].clamav
    try:
        clean = not clamav or antivirus.is_clean(content_of(document), clamav)
    except (antivirus.ScannerDownError, StoreError) as error:
        log.warning("document still in quarantine: %s", error)
        raise RuleError(
            "", "L’antivirus ne répond pas encore. Le fichier reste en attente ; réessayez dans quelques minutes."
        ) from error
    state = DocumentState.CLEAN if clean else DocumentState.REFUSED
    moved = db.execute(
        text("SELECT odis.record_scan(:document, :verdict)"), {"document": document.id, "verdict": state.value}
    ).scalar_one()
    if moved:
        db.expunge(document)  # the database moved the row itself: nothing is left to write
        record_event(
            identity,
            "document:scan",
            record_id=document.record_id,
            summary=f"Analyse antivirus : {state.label.lower()}",
            data={"document": document.public_id},
        )
        document.state = state.value
    return state


def scan_quarantine(identity: Identity, *, at_most: int = 100) -> int:
    """The installation's own round (a scheduled task): how many files left quarantine. Stops when the antivirus is silent."""
    left = 0
    for document in db.execute(quarantined().order_by(Document.id).limit(at_most)).scalars().all():
        try:
            scan_document(identity, document=document)
        except RuleError:
            break
        left += 1
    return left


def withdraw_document(
    identity: Identity, *, document: Document, action: str = "document:withdraw", summary: str = "Document retiré"
) -> None:
    """Take a document out of the file; its sealed bytes stay until the file's own end. Twice is once."""
    if document.deleted_at is not None:
        return
    document.deleted_at = db.execute(select(func.now())).scalar_one()
    db.flush()
    record_event(
        identity,
        action,
        record_id=document.record_id,
        sensitivity=document.sensitivity,
        summary=summary,
        data={"document": document.public_id},
    )
