"""Lines of the work list about other organisations and colleagues: handovers to answer, shares that close, files entrusted, decisions to read over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import Select, and_, func, or_, select

from odis_app.access import queries as access
from odis_app.access.enums import PassationState, ReviewKind, Verdict
from odis_app.access.models import FileJoin, Grant, Passation, Review
from odis_app.access.policy import visible_reviews
from odis_app.audit.models import AuditEvent
from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.identity import Identity
from odis_app.home.queries.work import Found, WorkItem
from odis_app.households.models import Assignment, Household
from odis_app.households.policy import visible_households, visible_passations
from odis_app.households.queries import rapprochements

CLOSING_DAYS, TOLD_DAYS, ANSWER_DAYS, SHOWN = 7, 7, 5, 6


def cooperation(identity: Identity) -> list[Found]:
    """What other organisations and colleagues wait for. One statement says which kinds have something; the others are not read."""
    kinds: tuple[tuple[Callable[[Identity], Any], Callable[[Any], WorkItem]], ...] = (
        (_passations, _handover),
        (_closing_shares, _closing),
        (_entrusted, _assigned),
        (_joins, _join),
        (rapprochements.waiting, _rapprochement),
        (_contested, _contested_line),
    )
    asked: list[Any] = [read(identity) for read, _ in kinds]
    there = db.execute(select(*(statement.exists() for statement in asked))).one()
    return [
        Found([line(row) for row in db.execute(statement.limit(SHOWN))])
        for found, statement, (_, line) in zip(there, asked, kinds, strict=True)
        if found
    ]


def _passations(identity: Identity) -> Select[Any]:
    """Handovers proposed to one's organisation, and requests for its files."""
    waiting = or_(
        and_(Passation.state == PassationState.PROPOSED.value, Passation.to_org_id == identity.case_org_id),
        and_(Passation.state == PassationState.ASKED.value, Passation.from_org_id == identity.case_org_id),
    )
    return visible_passations(identity).where(waiting).order_by(Passation.id)


def _handover(found: Any) -> WorkItem:
    row = found.Passation
    asked = row.state == PassationState.ASKED.value
    return WorkItem(
        due=row.at.astimezone(clock.PARIS).date() + timedelta(days=ANSWER_DAYS), folder="household", endpoint="households.show_passation",
        values={"passation": row.public_id}, action="Répondre", number=row.sheet["number"], urgency=1, note="passation",
        title="Un partenaire demande à suivre ce ménage" if asked else "Un dossier vous est proposé", why=f"par {row.by_org_label}",
    )  # fmt: skip


def _closing_shares(identity: Identity) -> Select[Any]:
    """Files given to one's organisation whose share closes within a week, and is not followed by another."""
    limit = clock.now() + timedelta(days=CLOSING_DAYS)
    last = func.max(Grant.expires_at)
    live = and_(Grant.grantee_org_id == identity.case_org_id, Grant.revoked_at.is_(None), Grant.expires_at > func.now())
    ends = (
        select(Grant.record_id, last.label("ends"))
        .where(live)
        .group_by(Grant.record_id)
        .having(last <= limit)
        .subquery()
    )
    statement = visible_households(identity).join(ends, ends.c.record_id == Household.id)
    return statement.add_columns(ends.c.ends).order_by(ends.c.ends)


def _closing(row: Any) -> WorkItem:
    return WorkItem(
        due=row.ends.astimezone(clock.PARIS).date(), folder="household", endpoint="households.show", values={"household": row.Household.public_id},
        action="Voir le dossier", number=row.Household.number, note="partage reçu",
        title="Partage reçu qui se ferme : à renouveler par l’organisation qui le suit", why=f"{row.Household.initials}, suivi par {row.Household.referent_label}",
    )  # fmt: skip


def _entrusted(identity: Identity) -> Select[Assignment, Household]:
    """Files entrusted to this person within a week, until they have opened them."""
    opened = (
        select(AuditEvent.id)
        .where(AuditEvent.actor_user_id == identity.user_id, AuditEvent.record_id == Assignment.household_id, AuditEvent.at > Assignment.at)
        .exists()
    )  # fmt: skip
    statement = (
        select(Assignment, Household)
        .join(Household, Household.id == Assignment.household_id)
        .where(
            Assignment.to_user_id == identity.user_id, Assignment.by_user_id != identity.user_id, Assignment.at > clock.now() - timedelta(days=TOLD_DAYS),
            Household.referent_user_id == identity.user_id, ~opened,
        )
    )  # fmt: skip
    return statement.order_by(Assignment.at.desc())


def _assigned(row: Any) -> WorkItem:
    return WorkItem(
        due=clock.today(), folder="household", endpoint="households.show", values={"household": row.Household.public_id}, action="Ouvrir",
        number=row.Household.number, urgency=1, note="confié", title=f"{row.Assignment.by_label} vous confie ce dossier", why=row.Assignment.word[:120],
    )  # fmt: skip


def _joins(identity: Identity) -> Select[FileJoin, Household]:
    """The week’s emergency accesses to one's files, told to their referent, and the tries on a file in danger, told to the coordination too."""
    told = or_(FileJoin.outcome == "danger", Household.referent_user_id == identity.user_id)
    statement = (
        select(FileJoin, Household)
        .join(Household, Household.id == FileJoin.record_id)
        .where(
            FileJoin.at > clock.now() - timedelta(days=TOLD_DAYS), Household.owner_org_id == identity.case_org_id, told
        )
    )
    return statement.order_by(FileJoin.outcome == "opened", FileJoin.at.desc())


def _join(row: Any) -> WorkItem:
    danger = row.FileJoin.outcome == "danger"
    return WorkItem(
        due=clock.today(), folder="household", endpoint="households.shares", values={"household": row.Household.public_id}, action="Voir",
        number=row.Household.number, urgency=3 if danger else 1, note="sécurité" if danger else "urgence",
        title="Quelqu’un a essayé d’ouvrir ce dossier en urgence, sans y parvenir" if danger else "Quelqu’un s’est rattaché à ce dossier en urgence",
        why=f"{row.FileJoin.actor_label}, {row.FileJoin.org_label}",
    )  # fmt: skip


def _rapprochement(row: Any) -> WorkItem:
    told = row.Rapprochement.told_at.astimezone(clock.PARIS).date()
    return WorkItem(
        due=told + timedelta(days=ANSWER_DAYS), folder="household", endpoint="rapprochements.show",
        values={"rapprochement": row.Rapprochement.public_id}, action="Répondre", number=row.Household.number, note="rapprochement",
        title="Un autre organisme suit peut-être une personne de ce dossier", why=row.Household.initials,
    )  # fmt: skip


def _contested(identity: Identity) -> Select[Review]:
    """The week’s decisions of this person that somebody else contested."""
    mine = visible_reviews(identity).where(
        Review.author_user_id == identity.user_id,
        Review.verdict == Verdict.CONTESTED.value,
        Review.decided_at > clock.now() - timedelta(days=TOLD_DAYS),
    )
    return mine.order_by(Review.decided_at.desc())


def _contested_line(row: Any) -> WorkItem:
    review = row.Review
    return WorkItem(
        due=clock.today(), folder="household" if review.kind == ReviewKind.BREAK_GLASS.value else "place", endpoint="access.review",
        values={"review": review.public_id}, action="Lire", number=review.label, urgency=1, note="contesté",
        title=f"{review.kind_label} : votre décision est contestée", why=f"par {review.decided_by_label}",
    )  # fmt: skip


def to_review(identity: Identity) -> Found:
    """Decisions of others that wait for this person's second look: within two days."""
    return Found(
        [
            WorkItem(
                due=review.asked_at.astimezone(clock.PARIS).date() + timedelta(days=2), folder="household" if review.kind == "break_glass" else "place",
                endpoint="access.review", values={"review": review.public_id}, action="Relire", number=review.label, urgency=2,
                note="à relire", title=f"{review.kind_label} : à relire", why=f"par {review.author_label}, {review.org_label}",
            )
            for review in access.pending_reviews(identity)[:SHOWN]
        ]
    )  # fmt: skip


def steered_reviews(identity: Identity) -> list[Review]:
    """What a service of the State is told: emergency accesses and decisions to read over of the last thirty days in its départements, without a household's name."""
    recent = visible_reviews(identity).where(Review.asked_at > clock.now() - timedelta(days=30))
    return list(db.execute(recent.order_by(Review.asked_at.desc()).limit(SHOWN)).scalars())
