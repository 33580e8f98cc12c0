"""Reading shares; the row wall shows a grant to the organisation that gave it and to the one that received it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, text

from odis_app.access.enums import ReviewKind
from odis_app.access.models import FileJoin, Grant, Review, RoleException
from odis_app.access.policy import decides, visible_exceptions, visible_reviews
from odis_app.core.db import asked_once, current_unit, db
from odis_app.core.identity import Identity
from odis_app.organisations.models import Organisation


@asked_once
def active_grants(record_id: int) -> list[Grant]:
    """The shares of a record that stand now, newest first; who receives them comes along, and ``organisations_named`` finds it."""
    statement = (
        select(Grant, Organisation)
        .join(Organisation, Organisation.id == Grant.grantee_org_id)
        .where(Grant.record_id == record_id, Grant.revoked_at.is_(None), Grant.expires_at > func.now())
    )
    return list(db.execute(statement.order_by(Grant.granted_at.desc())).scalars())


def grant(public_id: str) -> Grant | None:
    """The share at this address, whatever its state."""
    return db.execute(select(Grant).where(Grant.public_id == public_id)).scalar_one_or_none()


def class2_is_open() -> bool:
    """Whether this installation collects class 2 at all (HDS hosting recorded by an administrator)."""
    unit = current_unit()
    if unit.readonly and unit.identity.is_signed_in:
        return unit.identity.class2_is_open
    return bool(db.execute(text("SELECT odis.class2_is_open()")).scalar_one())


def pending_reviews(identity: Identity) -> list[Review]:
    """The decisions that wait for this very person: never their own, the oldest first."""
    waiting = visible_reviews(identity).where(Review.decided_at.is_(None)).order_by(Review.asked_at, Review.id)
    return [review for review in db.execute(waiting).scalars() if decides(identity, review)]


def decided_reviews(identity: Identity) -> list[Review]:
    """The last decisions that were read over."""
    done = visible_reviews(identity).where(Review.decided_at.is_not(None)).order_by(Review.decided_at.desc())
    return list(db.execute(done.limit(50)).scalars())


def pending_review(identity: Identity, kind: ReviewKind, subject: str) -> Review | None:
    """The second look that a decision waits for; None when it waits for none, or when that may not be seen."""
    waiting = visible_reviews(identity).where(Review.kind == kind.value, Review.subject == subject)
    return db.execute(waiting.where(Review.decided_at.is_(None))).scalar_one_or_none()


def join_of(review: Review) -> FileJoin | None:
    """What the person wrote when they joined the file that this review is about; None where it may not be read."""
    return db.execute(select(FileJoin).where(FileJoin.public_id == review.subject)).scalar_one_or_none()


@dataclass(frozen=True, slots=True)
class Sight:
    """What stands between one colleague and one file. ``grant_level`` is None for a file that was never given to the organisation."""

    owned: bool
    roles: tuple[str, ...]
    level: int
    referent: bool
    department: str
    grant_level: str | None
    max_class: int | None
    ended_at: datetime | None
    standing: bool
    class2: bool


def sights(member: str, number: str) -> list[Sight]:
    """Why a colleague (public id) sees or does not see the files of a number: those of one's organisation or given to it, nobody else's."""
    rows = db.execute(text("SELECT * FROM odis.explain_access(:member, :number)"), {"member": member, "number": number})
    return [
        Sight(
            r.owned, tuple(r.roles or ()), r.level, r.referent, r.department, r.grant_level, r.max_class, r.ended_at, bool(r.standing), r.class2
        )
        for r in rows
    ]  # fmt: skip


def exceptions(identity: Identity) -> list[RoleException]:
    """What stands beside the roles of one's colleagues, what ends first before the rest."""
    statement = visible_exceptions(identity).order_by(RoleException.expires_at, RoleException.id)
    return list(db.execute(statement).scalars())
