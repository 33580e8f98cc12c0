"""Opening and closing records."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from sqlalchemy import func, text, update

from odis_app.access import keys
from odis_app.access.enums import ReviewKind, ShareLevel, SharePurpose, Verdict
from odis_app.access.limits import refuse_limited
from odis_app.access.messages import DECISION_CONTESTED, FILES_PATH, FILES_TOUCHED, REVIEWS_PATH
from odis_app.access.models import Grant, Record, Review, RoleException
from odis_app.access.policy import offered_permissions
from odis_app.accounts.models import User
from odis_app.audit.operations import record_event
from odis_app.core import clock
from odis_app.core.crypto import place, seal
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.core.identity import Identity
from odis_app.notifications.operations import send_mail

DEFAULT_DAYS = 30
LONGEST_DAYS = 366


def create_record(identity: Identity, *, kind: str, department_code: str, dispositif_id: int | None = None) -> Record:
    """The record of something new, owned by the identity's organisation, with its key; flushed, so that its id is known."""
    record = Record(
        kind=kind, owner_org_id=identity.require_org(), department_code=department_code, dispositif_id=dispositif_id
    )
    db.add(record)
    db.flush()
    keys.create_one(record.id, record.owner_org_id)
    return record


def share_record(
    identity: Identity,
    *,
    record_id: int,
    owner_org_id: int,
    grantee_org_id: int,
    level: ShareLevel,
    purpose: SharePurpose,
    expires_at: datetime | None = None,
    motive: str = "",
    max_class: int = 1,
    can_edit: bool = False,
) -> Grant:
    """Open a record to another organisation; an active share for the same purpose is replaced. Raises RuleError."""
    refuse_limited(record_id)
    now = clock.now()
    expires_at = expires_at or now + timedelta(days=DEFAULT_DAYS)
    if grantee_org_id == owner_org_id:
        raise RuleError("organisation", "Votre organisation lit déjà ce dossier. Choisissez une autre organisation.")
    if not now < expires_at <= now + timedelta(days=LONGEST_DAYS):
        raise RuleError("expires_on", "La fin du partage doit être à venir, dans un an au plus.")
    if purpose.rests_on_consent and not _is_agreed(record_id, purpose, grantee_org_id, max_class):
        raise RuleError(
            "purpose",
            "Ce partage repose sur l’accord de chaque adulte, pour cette organisation. Recueillez-le d’abord dans l’onglet « Droits ».",
        )
    same = (
        Grant.record_id == record_id,
        Grant.grantee_org_id == grantee_org_id,
        Grant.purpose == purpose.value,
    )
    _revoke(
        identity, *same, at=now
    )  # the very instant at which the next one begins: its page says « prolongé », not « retiré »
    grant = Grant(
        record_id=record_id, owner_org_id=owner_org_id, grantee_org_id=grantee_org_id, level=level.value, purpose=purpose.value,
        expires_at=expires_at, granted_at=now, motive=motive, max_class=max_class, can_edit=can_edit, granted_by_id=identity.user_id,
    )  # fmt: skip
    db.add(grant)
    db.flush()
    record_event(
        identity, "record:share", record_id=record_id, purpose=purpose.value, summary=f"Partage {level.label.lower()} accordé",
        data={"grantee_org_id": grantee_org_id, "level": level.value, "expires_at": expires_at.isoformat(), "max_class": max_class},
    )  # fmt: skip
    return grant


def _is_agreed(record_id: int, purpose: SharePurpose, organisation: int, max_class: int) -> bool:
    statement = text("SELECT odis.consent_stands(:record, :purpose, :organisation, CAST(:class AS smallint))")
    values = {"record": record_id, "purpose": purpose.value, "organisation": organisation, "class": max_class}
    return bool(db.execute(statement, values).scalar_one())


def revoke_share(identity: Identity, *, grant: Grant) -> None:
    """Close one share at once."""
    if _revoke(identity, Grant.id == grant.id):
        record_event(identity, "record:unshare", record_id=grant.record_id, purpose=grant.purpose, summary="Partage retiré",
                     data={"grantee_org_id": grant.grantee_org_id})  # fmt: skip


def _revoke(identity: Identity, *conditions: object, at: datetime | None = None) -> int:
    statement = update(Grant).where(Grant.revoked_at.is_(None), *conditions)  # type: ignore[arg-type]
    result = db.execute(statement.values(revoked_at=at or func.now(), revoked_by_id=identity.user_id))
    return int(result.rowcount)  # type: ignore[attr-defined]


def ask_review(
    identity: Identity,
    *,
    kind: ReviewKind,
    subject: str,
    label: str,
    department_code: str,
    record_id: int | None = None,
    reason: str = "",
) -> None:
    """Have a second person read a decision over: a colleague, or later the DDETS where there is nobody else. Asked twice, it stands once.

    ``subject`` is the public id of what was decided, ``label`` its number: nothing that names a person. Raises PermissionError for a
    record of somebody else.
    """
    values = {
        "kind": kind.value,
        "record": record_id,
        "department": department_code,
        "subject": subject,
        "label": label,
        "reason": reason,
    }
    statement = text("SELECT odis.review_ask(:kind, :record, :department, :subject, :label, :reason)")
    if db.execute(statement, values).scalar_one_or_none() is not None:
        record_event(
            identity,
            "review:ask",
            record_id=record_id,
            summary=f"{kind.label} : relecture demandée",
            data={"subject": subject},
        )


def decide_review(identity: Identity, *, review: Review, verdict: Verdict, words: str = "") -> None:
    """Confirm or contest what somebody else decided. What is contested is undone in this transaction (``review.effect``). Raises RuleError."""
    if verdict is Verdict.CONTESTED and not words:
        raise RuleError("words", "Écrivez pourquoi vous contestez : la personne concernée vous lira.")
    sealed = seal(words, place("reviews", "words", review.public_id)) if words else None
    statement = text("SELECT odis.review_decide(:id, :verdict, :words)")
    if not db.execute(statement, {"id": review.id, "verdict": verdict.value, "words": sealed}).scalar_one():
        raise RuleError("", "Cette relecture est faite, ou revient à une autre personne que l’auteur de la décision.")
    db.refresh(review)
    record_event(
        identity, "review:decide", record_id=review.record_id, summary=f"{review.kind_label} : {verdict.label.lower()}",
        data={"review": review.public_id, "effect": review.effect},
    )  # fmt: skip
    if verdict is Verdict.CONTESTED:
        _tell_contested(identity, review)


def _tell_contested(identity: Identity, review: Review) -> None:
    """The author reads why on the page; who follows a household that it touches is sent to their files."""
    told = db.execute(text("SELECT email, is_author FROM odis.contested_contacts(:id)"), {"id": review.id}).all()
    for row in told:
        template, link = (
            (DECISION_CONTESTED, f"{REVIEWS_PATH}/{review.public_id}") if row.is_author else (FILES_TOUCHED, FILES_PATH)
        )
        send_mail(identity, to=row.email, template=template, context={"organisation": identity.org_name, "link": link})


def note_explained(identity: Identity) -> None:
    """An administrator asked why a colleague sees a file or not: the trail says that they did, not of which file."""
    record_event(identity, "access:explain", summary="Droits d’un collègue expliqués")


def except_permission(
    identity: Identity, *, member: User, permission: str, gives: bool, motive: str, until: date
) -> RoleException:
    """One permission more or less for a colleague, from now until the end of a day: never for oneself, never beyond a year. Raises RuleError."""
    if member.id == identity.user_id:
        raise RuleError("member", "Une autre personne de l’administration change vos droits, jamais vous-même.")
    if permission not in {p.name for p in offered_permissions(identity)}:
        raise RuleError("permission", "Choisissez une permission dans la liste.")
    if not motive:
        raise RuleError("motive", "Écrivez pourquoi, pour qui relira ce choix.")
    ends = datetime.combine(until, time(23, 59, 59), tzinfo=clock.PARIS)
    if not clock.now() < ends <= clock.now() + timedelta(days=LONGEST_DAYS - 1):
        raise RuleError("until", "La fin doit être à venir, dans un an au plus.")
    found = RoleException(
        organisation_id=identity.require_org(), user_id=member.id, permission=permission, gives=gives, motive=motive, author_user_id=identity.require_user(),
        author_label=identity.name, at=clock.now(), expires_at=ends,
    )  # fmt: skip
    db.add(found)
    db.flush()
    record_event(
        identity, "permission:update", summary=f"Permission {'ajoutée' if gives else 'retirée'} à un collègue",
        data={"member": member.id, "permission": permission, "until": until.isoformat()},
    )  # fmt: skip
    return found


def withdraw_exception(identity: Identity, *, exception: RoleException) -> None:
    """Back to what the roles give, at once."""
    exception.withdrawn_at, exception.withdrawn_by_label = clock.now(), identity.name
    record_event(
        identity,
        "permission:withdraw",
        summary="Exception retirée",
        data={"member": exception.user_id, "permission": exception.permission},
    )
