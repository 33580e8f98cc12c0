"""A copy of one adult's data: asked for, made by a job, kept sealed for 48 hours, handed by who handles the request."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import select

from odis_app.access import keys
from odis_app.audit.operations import record_event
from odis_app.core import clock, crypto
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.core.identity import Identity
from odis_app.core.ids import new_public_id
from odis_app.core.jobs import request_job
from odis_app.core.permissions import require_step_up
from odis_app.documents.storage import Store
from odis_app.households.models import Household, Member
from odis_app.households.policy import is_own, visible_households
from odis_app.privacy.copy import Copy, copy_of
from odis_app.privacy.enums import RequestKind
from odis_app.privacy.models import DataCopy, RightsRequest
from odis_app.reports.document import Bilan

TASK, QUEUE = "jobs.privacy.copy", "bilans"
KEPT = timedelta(hours=48)
SAFETY = 3
Progress = Callable[[int, str], None]
Print = Callable[[Bilan], bytes]


def request_copy(identity: Identity, *, request: RightsRequest, with_safety: bool = False) -> DataCopy:
    """Ask for the copy of the person of a request. ``with_safety`` adds their own class 3: the coordination only. Raises RuleError."""
    if request.kind != RequestKind.COPIE.value:
        raise RuleError("", "Cette demande n’est pas une demande de copie.")
    if with_safety and identity.level < SAFETY:
        raise RuleError("with_safety", "Seule la coordination peut ajouter ce qui touche à la sécurité de la personne.")
    if with_safety:
        require_step_up(identity)
    public_id = new_public_id()
    job = request_job(
        identity,
        task=TASK,
        queue=QUEUE,
        kind="droits:copie",
        label="Copie des données d’une personne",
        params={"copy": public_id},
    )
    copy = DataCopy(
        public_id=public_id, request_id=request.id, household_id=request.household_id, owner_org_id=request.owner_org_id, member_id=request.member_id,
        with_safety=with_safety, author_id=identity.require_user(), job_id=job.id, created_at=clock.now(), expires_at=clock.now() + KEPT,
    )  # fmt: skip
    db.add(copy)
    db.flush()
    sensitivity = SAFETY if with_safety else 1
    data = {"copy": public_id, "request": request.public_id}
    record_event(
        identity,
        "rights:copy",
        record_id=request.household_id,
        sensitivity=sensitivity,
        summary="Copie des données demandée",
        data=data,
    )
    return copy


def generate_copy(
    identity: Identity, *, public_id: str, attempt: int, store: Store, draw: Print, progress: Progress
) -> dict[str, object]:
    """Make the copy that a job was asked for, under its author's rights of now. Run again, it changes nothing."""
    copy = db.execute(select(DataCopy).where(DataCopy.public_id == public_id)).scalar_one()
    if copy.outcome != "waiting":
        return {"copy": public_id, "outcome": copy.outcome}
    progress(10, "Lecture des données de la personne")
    content = _content(identity, copy)
    if content is None:
        copy.outcome = "empty"
        db.flush()
        return {"copy": public_id, "outcome": copy.outcome}
    progress(50, "Écriture du PDF accessible")
    pdf = draw(content.document)
    data = json.dumps(content.data, ensure_ascii=False, indent=1).encode()
    progress(90, "Fichiers scellés et rangés")
    key = f"{public_id}/{attempt}"
    for name, made in (("pdf", pdf), ("json", data)):
        store.put(f"{key}{name}", keys.seal(copy.household_id, made, crypto.place("data_copies", name, public_id)))
    copy.storage_key, copy.pdf_size, copy.json_size, copy.outcome = key, len(pdf), len(data), "ready"
    db.flush()
    return {"copy": public_id, "outcome": copy.outcome}


def _content(identity: Identity, copy: DataCopy) -> Copy | None:
    household = db.execute(visible_households(identity).where(Household.id == copy.household_id)).scalar_one_or_none()
    member = db.get(Member, copy.member_id)
    if household is None or member is None or not is_own(identity, household):
        return None
    return copy_of(identity, household, member, with_safety=copy.with_safety)


def content_of(copy: DataCopy, name: str, store: Store) -> bytes:
    """The file ``pdf`` or ``json``. Raises StoreError when it is lost, UnreadableError when altered or erased."""
    return keys.unseal(
        copy.household_id, store.get(f"{copy.storage_key}{name}"), crypto.place("data_copies", name, copy.public_id)
    )


def note_download(identity: Identity, *, copy: DataCopy, name: str) -> None:
    """Write the download down, before any byte leaves."""
    sensitivity = SAFETY if copy.with_safety else 1
    data = {"copy": copy.public_id, "file": name}
    record_event(
        identity,
        "rights:download",
        record_id=copy.household_id,
        sensitivity=sensitivity,
        summary=f"Copie des données téléchargée ({name})",
        data=data,
    )
