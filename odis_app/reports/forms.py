"""What is asked of somebody who wants a bilan."""

from __future__ import annotations

from typing import Any

from wtforms import DateField, RadioField, SelectField, StringField, ValidationError
from wtforms.validators import DataRequired, Length, Optional

from odis_app.core.forms import Form
from odis_app.pilotage.period import Period
from odis_app.reports.enums import ReportKind

DAY = "Écrivez une date qui existe, par exemple 31/10/2026."


class PeriodForm(Form):
    """From a day to another, both included."""

    since = DateField("Du", validators=[DataRequired("Donnez le premier jour de la période.")])
    until = DateField("Au", validators=[DataRequired("Donnez le dernier jour de la période.")])

    def validate_until(self, field: Any) -> None:
        """The last day is not before the first."""
        if self.since.data and field.data and field.data < self.since.data:
            raise ValidationError("Le dernier jour vient avant le premier : corrigez l’une des deux dates.")

    @property
    def period(self) -> Period:
        """The period of a form that was found valid."""
        return Period(self.since.data, self.until.data)


class ReportForm(PeriodForm):
    """Any bilan: what it is about, then when."""

    kind = RadioField("Bilan de", choices=ReportKind.choices(), default=ReportKind.DEPARTMENT.value)
    department = SelectField("Département", validators=[Optional()], choices=[])
    number = StringField(
        "Numéro du dossier", description="Par exemple M-44-0915, écrit en haut du dossier.", validators=[Length(max=40)]
    )

    def validate_number(self, field: Any) -> None:
        """A household's bilan needs a number."""
        if self.kind.data == ReportKind.HOUSEHOLD.value and not field.data:
            raise ValidationError("Écrivez le numéro du dossier, par exemple M-44-0915.")
