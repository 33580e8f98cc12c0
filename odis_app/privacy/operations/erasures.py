"""What is kept too long goes: planned, approved, erased one by one; or at the request of every adult. The database decides whether it may be (0017)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import delete, func, select, text, update

from odis_app.access import keys
from odis_app.access.erasures import Erased
from odis_app.audit.operations import record_event
from odis_app.audit.sealing import end_segment
from odis_app.core import clock
from odis_app.core.db import db, unit_of_work
from odis_app.core.errors import RuleError
from odis_app.core.formats import jour_long
from odis_app.core.identity import Identity
from odis_app.core.ids import new_public_id
from odis_app.documents.storage import Store
from odis_app.notifications.operations import send_mail
from odis_app.privacy.enums import Block, PlanState, RowKind
from odis_app.privacy.messages import FILES_TO_ERASE, RETENTION_PATH
from odis_app.privacy.models import DataCopy, ErasedFile, RetentionPlan, RetentionPlanRow, RightsRequest
from odis_app.privacy.policy import find_plan
from odis_app.privacy.queries.erasures import open_plan

BATCH = 20
OF_RECORDS = {RowKind.HOUSEHOLD.value, RowKind.OFFER.value}
ERASED = {
    "household": "Dossier effacé", "offer": "Offre et hébergeur effacés", "place": "Séjours effacés", "account": "Compte effacé",
    "trail": "Journal des accès effacé",
}  # fmt: skip
WARNING_DAYS = 30
_WAITS = {
    PlanState.PLANNED: "Un plan attend déjà : approuvez-le ou annulez-le avant d’en établir un autre.",
    PlanState.APPROVED: "Le plan approuvé n’est pas terminé : il l’est à la tâche suivante, établissez-en un autre ensuite.",
}


class SupersededError(RuntimeError):
    """The file moved while it was being erased; nothing was."""


def warn_referents(identity: Identity) -> int:
    """Warn of the files that will be due in thirty days, thirty days before anything; a contact meanwhile makes a warning void.

    For the night's task; returns how many mails were written. Run twice, the second warns of nothing.
    """
    until = jour_long(clock.today() + timedelta(days=WARNING_DAYS))
    told = db.execute(text("SELECT email, files FROM odis.retention_warn()")).all()
    for row in told:
        context = {"count": row.files, "until": until, "link": RETENTION_PATH}
        send_mail(identity, to=row.email, template=FILES_TO_ERASE, context=context)
    return len(told)


def plan_erasures(identity: Identity) -> RetentionPlan:
    """The exact list of what would go today and of what blocks the rest; nothing goes. Raises RuleError when there is nothing, or a plan waits."""
    public_id = new_public_id()
    if not db.execute(select(func.odis.retention_plan(public_id))).scalar_one():
        waiting = open_plan(identity)
        raise RuleError("", _WAITS[PlanState(waiting.state)] if waiting else "Rien n’est à effacer aujourd’hui.")
    plan = find_plan(identity, public_id)
    if plan is None:
        raise PermissionError("the plan of this organisation may not be read by who acts")
    record_event(identity, "retention:plan", summary="Plan d’effacement établi", data={"plan": public_id})
    return plan


def approve_plan(identity: Identity, *, plan: RetentionPlan) -> bool:
    """Approve: a second person, at once; alone in the organisation, in seven days. False when deferred. Raises RuleError."""
    answer = db.execute(select(func.odis.retention_decide(plan.public_id, True))).scalar_one()
    if answer == "second":
        raise RuleError(
            "",
            "Une autre personne que l’auteur du plan l’approuve : la coordination ou l’administration de votre organisation.",
        )
    if answer not in {"approved", "deferred"}:
        raise RuleError("", "Ce plan n’attend plus d’approbation.")
    db.refresh(plan)
    record_event(
        identity,
        "retention:approve",
        summary="Plan d’effacement approuvé",
        data={"plan": plan.public_id, "deferred": answer == "deferred"},
    )
    return bool(answer == "approved")


def cancel_plan(identity: Identity, *, plan: RetentionPlan) -> None:
    """Stop a plan; what is not erased yet stays. Raises RuleError."""
    if db.execute(select(func.odis.retention_decide(plan.public_id, False))).scalar_one() != "cancelled":
        raise RuleError("", "Ce plan est terminé : il ne s’annule plus.")
    db.refresh(plan)
    record_event(identity, "retention:cancel", summary="Plan d’effacement annulé", data={"plan": plan.public_id})


def run_erasures(identity: Identity, *, at_most: int = BATCH) -> dict[str, int]:
    """Erase the next files of the approved plans, each in a transaction of its own: what was done stays done, the rest waits for the next run.

    For the scheduled task; nothing happens while the switch is off. Returns how many were erased, and kept at the last moment.
    """
    token = db.execute(text("SELECT current_setting('odis.token', true)")).scalar_one()
    with unit_of_work(token):
        rows = db.execute(text("SELECT * FROM odis.erasures_due(:most)"), {"most": at_most}).all()
    counts = {"erased": 0, "kept": 0}
    for row in rows:
        with unit_of_work(token):
            gone = _erase_planned(identity, row.plan_id, row.plan_public_id, row.kind, row.record_id)
        counts["erased" if gone else "kept"] += 1
    return counts


def _erase_planned(identity: Identity, plan: int, plan_public_id: str, kind: str, target: int) -> bool:
    if not is_due(plan, kind, target):
        return False  # a contact, a share or a stay since the plan: it is kept, and says so
    if kind in OF_RECORDS:
        record_event(
            identity, "record:erase", record_id=target, summary=f"{ERASED[kind]} : durée de conservation", data={"plan": plan_public_id}
        )  # fmt: skip
        keys.shred(identity, target)
    else:
        record_event(identity, "retention:erase", summary=f"{ERASED[kind]} : durée de conservation", data={"plan": plan_public_id, "id": target})  # fmt: skip
    if kind == RowKind.TRAIL.value:
        end_segment(target)
    if not _judge(plan, kind, target, really=True):
        raise SupersededError  # something happened in between: all of it is undone, the next run judges again
    return True


def is_due(plan: int, kind: str, target: int) -> bool:
    """Whether a line of an approved plan would go at this instant; else it is written as kept. Nothing goes."""
    return _judge(plan, kind, target, really=False)


def _judge(plan: int, kind: str, target: int, *, really: bool) -> bool:
    return bool(db.execute(select(func.odis.erase_planned(plan, kind, target, really))).scalar_one())


def erase_on_request(identity: Identity, *, request: RightsRequest) -> None:
    """Erase a file because every adult of it asked and was answered yes; the file and the request itself go at once. Raises RuleError."""
    record_id, public_id = request.household_id, request.public_id
    record_event(
        identity,
        "record:erase",
        record_id=record_id,
        summary="Dossier effacé à la demande des personnes",
        data={"request": public_id},
    )
    keys.shred(identity, record_id)
    answer = db.execute(select(func.odis.erase_requested(request.id))).scalar_one()
    if answer == "adults":
        raise RuleError("", "Chaque adulte du dossier doit avoir demandé l’effacement, et reçu une réponse favorable.")
    if answer == "refused":
        raise RuleError(
            "", "Répondez d’abord favorablement à la demande d’effacement ; la coordination efface ensuite."
        )
    if answer != "erased":
        kept = ", ".join(Block.label_of(block) for block in answer.split())
        raise RuleError("", f"Le dossier ne peut pas encore être effacé : {kept}. Terminez-le d’abord.")
    db.expunge_all()


def erase_again(record_ids: Sequence[int], others: Sequence[Erased]) -> list[int]:
    """What was erased and a restored backup brought back: the rows of records, and of ``others`` (every line) those found again.

    For ``access.erasures.replay``, as the owner; returns the numbers of the others that had come back.
    """
    for record_id in record_ids:
        db.execute(select(func.odis.take_household(record_id)))
    planned = RetentionPlanRow.kind.in_(OF_RECORDS), RetentionPlanRow.record_id.in_(record_ids)
    gone: dict[str, Any] = {"state": "erased", "number": None, "blocks": [], "ended_at": func.now()}
    db.execute(update(RetentionPlanRow).where(*planned).values(gone))
    return [one.record_id for one in others if _AGAIN[RowKind(one.kind)](one)]


def _account_again(one: Erased) -> bool:
    standing = text(
        "SELECT id FROM users WHERE id = :id AND public_id = :key AND email <> public_id || '@compte.invalid'"
    )
    found = db.execute(standing, {"id": one.record_id, "key": one.key_id}).scalar_one_or_none()
    if found is not None:
        db.execute(select(func.odis.take_account(found)))
    return found is not None


def _days_again(one: Erased) -> bool:
    place, _, until = one.key_id.partition(" ")
    return bool(db.execute(select(func.odis.take_days(place, date.fromisoformat(until)))).scalar_one())


def _trail_again(one: Erased) -> bool:
    head = text("SELECT position FROM audit_seals WHERE position = :id AND digest = decode(:key, 'hex')")
    found = db.execute(head, {"id": one.record_id, "key": one.key_id}).scalar_one_or_none()
    if found is not None:
        end_segment(found)
        db.execute(select(func.odis.take_trail(found)))
    return found is not None


_AGAIN: dict[RowKind, Callable[[Erased], bool]] = {
    RowKind.ACCOUNT: _account_again, RowKind.PLACE: _days_again, RowKind.TRAIL: _trail_again,
}  # fmt: skip


def remove_erased_files(stores: dict[str, Store]) -> int:
    """Remove from the store the sealed files of erased records; each leaves the list once it is gone. Run twice, the second finds nothing."""
    rows = db.scalars(select(ErasedFile).order_by(ErasedFile.id)).all()
    for row in rows:
        stores[row.folder].remove(row.storage_key)
    if rows:
        db.execute(delete(ErasedFile).where(ErasedFile.id.in_([row.id for row in rows])))
    return len(rows)


def purge_copies(store: Store) -> int:
    """Delete copies past their 48 hours, files first. Run twice, the second finds nothing."""
    rows = db.scalars(select(DataCopy).where(DataCopy.expires_at < clock.now())).all()
    for row in rows:
        if row.storage_key:
            for name in ("pdf", "json"):
                store.remove(f"{row.storage_key}{name}")
    if rows:
        db.execute(delete(DataCopy).where(DataCopy.id.in_([row.id for row in rows])))
    return len(rows)
