"""The « organisation départementale »: mandates that begin and end, never erased, and the rules of a territory."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import func, or_, select, text

from odis_app.audit.operations import record_event
from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.core.formats import jour_long
from odis_app.core.identity import Identity
from odis_app.notifications.messages import MailKind
from odis_app.notifications.operations import send_mail
from odis_app.organisations.enums import Attribution
from odis_app.organisations.messages import HOME_PATH, MANDATE_ENDED, MANDATE_SET
from odis_app.organisations.models import Dispositif, Mandate, Organisation
from odis_app.organisations.policy import steered
from odis_app.organisations.queries import associations_in, rules_of
from odis_app.territories.queries import label_of

RULES = {
    "first_call_days": (1, 60), "decision_days": (1, 180), "urgent_answer_hours": (1, 336), "standard_answer_days": (1, 60),
    "proposals_per_household": (1, 10), "proposals_per_place": (1, 5),
}  # fmt: skip


def set_mandate(
    identity: Identity,
    *,
    department_code: str,
    organisation_id: int,
    dispositif_id: int,
    starts_on: date,
    ends_on: date | None,
) -> Mandate:
    """Mandate an association in a département that one steers, first and last days included. Raises RuleError; it is told by mail."""
    _require(identity, department_code)
    if organisation_id not in {o.id for o in associations_in(department_code)}:
        raise RuleError(
            "organisation", "Cette association n’intervient pas dans ce département. Choisissez-en une de la liste."
        )
    if db.get(Dispositif, dispositif_id) is None:
        raise RuleError("dispositif", "Choisissez un dispositif dans la liste.")
    if ends_on is not None and ends_on < starts_on:
        raise RuleError("ends_on", "La fin précède le début. Donnez une fin au plus tôt le premier jour du mandat.")
    db.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"mandates:{organisation_id}", 0))))
    if other := _overlapping(department_code, organisation_id, dispositif_id, starts_on, ends_on):
        until = f" au {jour_long(other.ends_on)}" if other.ends_on else ", sans date de fin"
        raise RuleError(
            "starts_on",
            f"Cette association a déjà un mandat pour ce dispositif du {jour_long(other.starts_on)}{until}. Donnez un début après sa fin, ou mettez-y fin d’abord.",
        )
    mandate = Mandate(
        organisation_id=organisation_id, department_code=department_code, dispositif_id=dispositif_id, starts_on=starts_on, ends_on=ends_on,
        set_by_label=identity.name,
    )  # fmt: skip
    db.add(mandate)
    db.flush()
    _tell(identity, mandate, MANDATE_SET, since=jour_long(starts_on), until=_until(ends_on))
    _trail(identity, "mandate:add", mandate, "Association mandatée")
    return mandate


def end_mandate(identity: Identity, *, mandate: Mandate, ends_on: date) -> None:
    """Give a mandate its last day, today at the earliest and never later than the one it had. Raises RuleError; the association is told."""
    _require(identity, mandate.department_code)
    if mandate.ends_on == ends_on:
        return
    if mandate.is_over:
        raise RuleError("", "Ce mandat est déjà terminé. Rien n’est enregistré.")
    if ends_on < clock.today():
        raise RuleError(
            "ends_on", "Cette date est passée. Un mandat prend fin aujourd’hui au plus tôt : ce qui a été fait reste."
        )
    if ends_on < mandate.starts_on:
        raise RuleError(
            "ends_on",
            f"La fin précède le début du mandat, le {jour_long(mandate.starts_on)}. Donnez une date à partir de ce jour.",
        )
    if mandate.ends_on is not None and ends_on > mandate.ends_on:
        raise RuleError(
            "ends_on",
            f"Ce mandat finit déjà le {jour_long(mandate.ends_on)}. Pour le prolonger, ajoutez un mandat à partir du lendemain.",
        )
    mandate.ends_on, mandate.end_set_by_label = ends_on, identity.name
    db.flush()
    # the database's own instant: it opens the addresses to be told to this transaction alone
    db.execute(text("UPDATE mandates SET end_set_at = now() WHERE id = :id"), {"id": mandate.id})
    _tell(identity, mandate, MANDATE_ENDED, until=jour_long(ends_on))
    _trail(identity, "mandate:end", mandate, "Fin de mandat")


def set_rules(identity: Identity, *, department_code: str, attribution: Attribution, figures: dict[str, int]) -> None:
    """Write the rules of a département that one steers; they hold for what is done from now on. ``figures``: one for each of ``RULES``. Raises RuleError."""
    _require(identity, department_code)
    for name, (least, most) in RULES.items():
        if not least <= figures[name] <= most:
            raise RuleError(name, f"Donnez un nombre entre {least} et {most}.")
    rules = rules_of(department_code)
    values: dict[str, Any] = {**figures, "attribution": attribution.value}
    changed = {name: [getattr(rules, name), value] for name, value in values.items() if getattr(rules, name) != value}
    if not changed:
        return
    for name, value in values.items():
        setattr(rules, name, value)
    rules.updated_at, rules.updated_by_label = clock.now(), identity.name
    db.add(rules)
    db.flush()
    data = {"department": department_code, "changed": changed}
    record_event(identity, "territory:update", summary="Règles du département changées", data=data)


def _require(identity: Identity, department_code: str) -> None:
    if department_code not in steered(identity):
        raise PermissionError("only a service of the State sets the organisation of its départements")


def _overlapping(
    department_code: str, organisation_id: int, dispositif_id: int, first: date, last: date | None
) -> Mandate | None:
    statement = select(Mandate).where(
        Mandate.organisation_id == organisation_id, Mandate.department_code == department_code, Mandate.dispositif_id == dispositif_id,
        or_(Mandate.ends_on.is_(None), Mandate.ends_on >= first),
    ).order_by(Mandate.starts_on)  # fmt: skip
    if last is not None:
        statement = statement.where(Mandate.starts_on <= last)
    return db.execute(statement.limit(1)).scalar_one_or_none()


def _until(ends_on: date | None) -> str:
    return f"jusqu’au {jour_long(ends_on)}" if ends_on else "sans date de fin"


def _tell(identity: Identity, mandate: Mandate, kind: MailKind, **words: str) -> None:
    context = {
        "dispositif": db.get_one(Dispositif, mandate.dispositif_id).label, "department": label_of(f"dep:{mandate.department_code}"), "link": HOME_PATH, **words,
    }  # fmt: skip
    for address in (
        db.execute(text("SELECT * FROM odis.mandate_contacts(:id)"), {"id": mandate.public_id}).scalars().all()
    ):
        send_mail(identity, to=address, template=kind, context=context)


def _trail(identity: Identity, action: str, mandate: Mandate, summary: str) -> None:
    data = {
        "mandate": mandate.public_id, "organisation": db.get_one(Organisation, mandate.organisation_id).public_id, "department": mandate.department_code,
        "dispositif": db.get_one(Dispositif, mandate.dispositif_id).code, "starts_on": mandate.starts_on.isoformat(),
        "ends_on": mandate.ends_on.isoformat() if mandate.ends_on else None,
    }  # fmt: skip
    record_event(identity, action, summary=summary, data=data)
