"""How long data are kept, changed between bounds that are data; the next plan reads the new duration."""

from __future__ import annotations

from sqlalchemy import SmallInteger, cast, func, select

from odis_app.audit.operations import record_event
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.core.identity import Identity
from odis_app.core.permissions import require_step_up
from odis_app.privacy.models import RetentionRule


def set_duration(identity: Identity, *, rule: RetentionRule, duration: int, motive: str) -> None:
    """Keep a sort of data for another number of months or days (the rule's own unit). Raises RuleError, StepUpNeededError."""
    require_step_up(identity)
    if rule.shortest is None or rule.longest is None:
        raise RuleError("", "Cette durée est fixée par la loi ou par le fonctionnement de la plateforme.")
    if not rule.shortest <= duration <= rule.longest:
        raise RuleError("duration", f"Écrivez une durée {rule.bounds}.")
    if duration == rule.value:
        raise RuleError("duration", "C’est déjà la durée en vigueur.")
    if not motive:
        raise RuleError("motive", "Écrivez pourquoi la durée change.")
    before = rule.duration
    changed = db.execute(select(func.odis.set_retention(rule.code, cast(duration, SmallInteger), motive))).scalar_one()
    if not changed:
        raise PermissionError("an administrator of the platform sets how long data are kept")
    db.refresh(rule)
    record_event(
        identity, "retention:set", summary=f"Durée changée : {rule.label.lower()}",
        data={"rule": rule.code, "before": before, "after": rule.duration},
    )  # fmt: skip
