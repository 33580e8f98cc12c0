"""Classes 2 and 3."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wtforms import BooleanField, IntegerField, RadioField, StringField
from wtforms.validators import InputRequired, NumberRange, Optional

from odis_app.households.enums import HealthNeedKind, NeedLevel, SafeChannel
from odis_app.households.forms.fields import VersionedForm, boxes, optional_select, short_text
from odis_app.households.forms.members import LongText
from odis_app.households.operations.protected import HealthNeed, Safety

YES_NO = [("oui", "Oui"), ("non", "Non")]
ASKED = "Posez la question à la personne, seule, puis choisissez une réponse."


class HealthForm(VersionedForm):
    """Access to care, never a diagnosis."""

    @property
    def rows(self) -> list[tuple[HealthNeedKind, RadioField, IntegerField, StringField]]:
        """(kind, level, minutes, detail) in the order of the list."""
        return [
            (k, self[f"{k.value}_level"], self[f"{k.value}_minutes"], self[f"{k.value}_detail"]) for k in HealthNeedKind
        ]

    @property
    def values(self) -> dict[str, HealthNeed]:
        """By kind."""
        return {
            kind.value: HealthNeed(int(level.data or 0), minutes.data, detail.data or "")
            for kind, level, minutes, detail in self.rows
        }

    @classmethod
    def of(cls, version: int, known: Mapping[str, HealthNeed]) -> HealthForm:
        """Filled with what the file says, by kind."""
        given: dict[str, Any] = {}
        for kind, need in known.items():
            given |= {
                f"{kind}_level": str(need.level),
                f"{kind}_minutes": need.max_minutes,
                f"{kind}_detail": need.detail,
            }
        return cls(version=version, **given)


for _kind in HealthNeedKind:
    setattr(
        HealthForm,
        f"{_kind.value}_level",
        RadioField(_kind.label, choices=NeedLevel.choices(), default=NeedLevel.NONE.value),
    )
    setattr(
        HealthForm,
        f"{_kind.value}_minutes",
        IntegerField("Minutes au plus", [Optional(), NumberRange(1, 240, "Entre 1 et 240 minutes.")]),
    )
    setattr(HealthForm, f"{_kind.value}_detail", short_text("Précision", 200))


class SafetyForm(VersionedForm):
    """What one adult answered. Every question wants an answer: « non » is one, silence is not."""

    fvv_teh = RadioField(
        "La personne a-t-elle vécu des violences ou la traite ?", [InputRequired(ASKED)], choices=YES_NO
    )
    women_hosts_only = RadioField(
        "Demande-t-elle des hôtes femmes uniquement ?", [InputRequired(ASKED)], choices=YES_NO
    )
    lgbt_safe = BooleanField("Un lieu sûr pour une personne LGBT est demandé")
    excluded_departments = boxes(
        "Départements où elle serait en danger", description="La raison n’est jamais montrée à un hébergeur."
    )
    safe_channel = optional_select(
        "Comment la joindre sans danger", SafeChannel, description="Tant que rien n’est choisi, aucun message ne part."
    )
    safe_hours = short_text("À quelles heures", 80)
    no_message = BooleanField("Ne jamais laisser de message")
    note = LongText("Note", 2000, description="Chiffrée. Seules la personne référente et la coordination la lisent.")

    @classmethod
    def of(cls, version: int, safety: Safety | None) -> SafetyForm:
        """Filled with what was said; without it every question is open."""
        if safety is None:
            return cls(version=version, no_message=True)
        return cls(
            version=version, fvv_teh="oui" if safety.fvv_teh else "non", women_hosts_only="oui" if safety.women_hosts_only else "non",
            lgbt_safe=safety.lgbt_safe, excluded_departments=safety.excluded_departments, safe_channel=safety.safe_channel,
            safe_hours=safety.safe_hours, no_message=safety.no_message, note=safety.note,
        )  # fmt: skip

    @property
    def safety(self) -> Safety:
        """As the operation takes it."""
        return Safety(
            fvv_teh=self.fvv_teh.data == "oui", women_hosts_only=self.women_hosts_only.data == "oui", lgbt_safe=self.lgbt_safe.data,
            excluded_departments=self.excluded_departments.data or [], safe_channel=self.safe_channel.data, safe_hours=self.safe_hours.data or "",
            no_message=self.no_message.data, note=self.note.data or "",
        )  # fmt: skip
