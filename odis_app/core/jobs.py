"""Job rows: what somebody asked for, how far it is, how it ended. The page that asked polls its row.

``request_job`` is called by operations, ``progress_of`` and ``cancel_job`` by pages; workers use ``jobs.runner``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Select, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql import func

from odis_app.core import crypto
from odis_app.core.db import Base, PublicId, db, token_hash
from odis_app.core.identity import Identity
from odis_app.core.ids import new_public_id, new_token
from odis_app.core.outbox import enqueue

TOKEN_MINUTES = 12 * 60  # how long a request may wait for a worker before it must be made again


class JobState(StrEnum):
    """Where a job is."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def label(self) -> str:
        """What the page says."""
        return _LABELS[self]

    @property
    def is_final(self) -> bool:
        """Nothing more will happen: the page may stop asking."""
        return self in {JobState.DONE, JobState.FAILED, JobState.CANCELLED}


_LABELS = {
    JobState.QUEUED: "en attente",
    JobState.RUNNING: "en cours",
    JobState.DONE: "terminé",
    JobState.FAILED: "échoué",
    JobState.CANCELLED: "annulé",
}


class Job(Base):
    """One request for work done apart. Read only for the application: the database's functions move it."""

    __tablename__ = "jobs"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[PublicId]
    kind: Mapped[str]
    task: Mapped[str]
    queue: Mapped[str]
    label: Mapped[str]
    owner_org_id: Mapped[int | None]  # the database holds both foreign keys; core does not know those tables
    user_id: Mapped[int | None]
    schedule: Mapped[str | None]
    slot: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(server_default="queued")
    progress: Mapped[int] = mapped_column(server_default="0")
    step: Mapped[str] = mapped_column(server_default="")
    params: Mapped[dict[str, Any]] = mapped_column(JSONB)
    result: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    error: Mapped[str] = mapped_column(server_default="")
    attempts: Mapped[int] = mapped_column(server_default="0")
    sealed_token: Mapped[bytes | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    heartbeat_at: Mapped[datetime | None]

    @property
    def status(self) -> JobState:
        """The state, with its label."""
        return JobState(self.state)


def request_job(
    identity: Identity, *, task: str, queue: str, kind: str, label: str, params: Mapping[str, Any] | None = None
) -> Job:
    """Write a job row for its author and let it leave after the commit.

    ``task`` is a dotted name of ``jobs`` (``jobs.reports.run``), ``queue`` one of ``jobs.queues``, ``kind`` a short code for
    lists (``bilan:menage``), ``label`` what the author reads (« Bilan de la Loire-Atlantique, octobre 2026 »), ``params`` ids
    and dates only. Neither ``label`` nor ``params`` ever holds a person's name. The job gets a token of its own with the author's rights of today, sealed in the row.
    """
    public_id, token = new_public_id(), new_token()
    job = Job(
        public_id=public_id,
        kind=kind,
        task=task,
        queue=queue,
        label=label,
        owner_org_id=identity.require_org(),
        user_id=identity.require_user(),
        params=dict(params or {}),
        sealed_token=crypto.seal(token, token_place(public_id)),
    )
    session = db()
    minted = session.execute(
        text("SELECT odis.mint_job_token(:hash, :public_id, :minutes)"),
        {"hash": token_hash(token), "public_id": public_id, "minutes": TOKEN_MINUTES},
    ).scalar_one()
    if not minted:
        raise PermissionError("only a signed-in person, or a job of theirs, may ask for a job")
    session.add(job)
    session.flush()
    enqueue(task, job.id)
    return job


def token_place(public_id: str) -> str:
    """Where the sealed token of a job lives, for ``crypto``."""
    return crypto.place("jobs", "sealed_token", public_id)


def visible_jobs(identity: Identity) -> Select[Job]:
    """The jobs that ``identity`` asked for in its present organisation, newest first."""
    return (
        select(Job).where(Job.user_id == identity.user_id, Job.owner_org_id == identity.org_id).order_by(Job.id.desc())
    )


def job_of(identity: Identity, public_id: str) -> Job | None:
    """One job of ``identity``, or None."""
    return db().scalars(visible_jobs(identity).where(Job.public_id == public_id)).one_or_none()


def cancel_job(identity: Identity, *, job: Job) -> bool:
    """Stop a job that waits or runs. What a running one was writing is undone. False when it had ended already."""
    identity.require_user()
    return bool(db().execute(text("SELECT odis.job_cancel(:job)"), {"job": job.public_id}).scalar_one())
