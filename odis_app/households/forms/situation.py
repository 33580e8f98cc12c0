"""Registrations to public schemes, and what the household lives on."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from wtforms import BooleanField, DateField, SelectField, StringField
from wtforms.validators import NumberRange, Optional

from odis_app.households.enums import ResourceKind
from odis_app.households.forms.fields import AmountField, VersionedForm, blank_to_none, short_text
from odis_app.households.models import Household, HouseholdResource
from odis_app.households.operations import Registration
from odis_app.households.queries import Enrolment

MOST = 12
ROWS = range(1, MOST + 1)
EnrolmentRow = tuple[SelectField, DateField, DateField, StringField]


class EnrolmentsForm(VersionedForm):
    """Every registration, one line each, and one line more for another."""

    @classmethod
    def of(cls, household: Household, known: Sequence[Enrolment]) -> EnrolmentsForm:
        """Filled with what the file says."""
        told: dict[str, object] = {}
        for rank, one in enumerate(known[:MOST], 1):
            told |= {
                f"scheme_{rank}": str(one.dispositif_id),
                f"starts_{rank}": one.starts_on,
                f"ends_{rank}": one.ends_on,
                f"lead_{rank}": one.lead,
            }
        return cls(version=household.version, **told)  # fmt: skip

    def offer_schemes(self, choices: Sequence[tuple[str, str]]) -> None:
        """The schemes that may be chosen."""
        for rank in ROWS:
            self[f"scheme_{rank}"].choices = [("", "Aucun"), *choices]

    def validate(self, extra_validators: object = None) -> bool:
        """A registration has its first day."""
        good = bool(super().validate(extra_validators))
        for scheme, starts, _ends, _lead in self.rows:
            if scheme.data and not starts.data and not starts.errors:
                starts.errors = [*starts.errors, "Donnez le jour de l’inscription."]
                good = False
        return good

    @property
    def rows(self) -> list[EnrolmentRow]:
        """(scheme, first day, last day, lead): those told, and one more to fill."""
        rows = [(self[f"scheme_{n}"], self[f"starts_{n}"], self[f"ends_{n}"], self[f"lead_{n}"]) for n in ROWS]
        told = max((n for n, row in enumerate(rows, 1) if row[0].data or row[1].data), default=0)
        return rows[: told + 1]

    @property
    def wanted(self) -> list[Registration]:
        """As the operation takes them; « Aucun » takes a line away."""
        return [
            Registration(int(scheme.data), starts.data, ends.data, lead.data or "")
            for scheme, starts, ends, lead in self.rows
            if scheme.data
        ]


for _rank in ROWS:
    setattr(EnrolmentsForm, f"scheme_{_rank}", SelectField("Dispositif", choices=[("", "Aucun")], coerce=blank_to_none))
    setattr(EnrolmentsForm, f"starts_{_rank}", DateField("Depuis le", [Optional()]))
    setattr(EnrolmentsForm, f"ends_{_rank}", DateField("Jusqu’au", [Optional()]))
    setattr(EnrolmentsForm, f"lead_{_rank}", short_text("Chef de file", 120))


class ResourcesForm(VersionedForm):
    """Each kind of resource: whether there is one, and how much a month."""

    @classmethod
    def of(cls, household: Household, known: Sequence[HouseholdResource]) -> ResourcesForm:
        """Filled with what the file says."""
        told: dict[str, object] = {}
        for row in known:
            told |= {f"{row.kind}_has": True, f"{row.kind}_amount": row.amount}
        return cls(version=household.version, **told)

    @property
    def rows(self) -> list[tuple[ResourceKind, BooleanField, AmountField]]:
        """(kind, has it, amount) in the order of the list."""
        return [(kind, self[f"{kind.value}_has"], self[f"{kind.value}_amount"]) for kind in ResourceKind]

    @property
    def wanted(self) -> dict[str, Decimal | None]:
        """Amount by kind; an amount says by itself that there is one."""
        return {kind.value: amount.data for kind, has, amount in self.rows if has.data or amount.data is not None}


for _kind in ResourceKind:
    _range = NumberRange(0, 99_999, "Entre 0 et 99 999 €.")
    setattr(ResourcesForm, f"{_kind.value}_has", BooleanField(_kind.label))
    setattr(
        ResourcesForm,
        f"{_kind.value}_amount",
        AmountField("Euros par mois", [Optional(), _range], places=2, render_kw={"inputmode": "decimal"}),
    )
