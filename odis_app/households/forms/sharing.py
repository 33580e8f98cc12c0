"""Sharing a file, renewing a share, signalling to the DDETS."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from wtforms import BooleanField, DateField, RadioField, SelectField
from wtforms.validators import InputRequired

from odis_app.access.enums import ShareLevel, SharePurpose
from odis_app.access.operations import DEFAULT_DAYS
from odis_app.core import clock
from odis_app.core.forms import Form
from odis_app.households.forms.fields import short_text
from odis_app.households.forms.members import LongText


def in_a_month() -> date:
    """The usual end of a share."""
    return clock.today() + timedelta(days=DEFAULT_DAYS)


def end_of(day: date) -> datetime:
    """The last instant of a day in Paris."""
    return datetime.combine(day, time(23, 59, 59), tzinfo=clock.PARIS)


class RenewForm(Form):
    """Until when."""

    expires_on = DateField("Jusqu’au", [InputRequired("Donnez la date de fin.")], default=in_a_month)

    @property
    def expires_at(self) -> datetime:
        """The end of that day."""
        return end_of(self.expires_on.data)


class ShareForm(RenewForm):
    """To whom, how much, why, until when."""

    organisation = SelectField("Organisation", [InputRequired("Choisissez une organisation.")])
    level = RadioField(
        "Ce qui est ouvert",
        [InputRequired("Choisissez un niveau.")],
        choices=[(x.value, f"{x.label} : {x.explanation}") for x in ShareLevel],
    )
    purpose = SelectField("Pour quoi faire", choices=[(p.value, p.label) for p in SharePurpose if p.is_chosen])
    health = BooleanField(
        "Ouvrir aussi les besoins de santé (classe 2)",
        description="Seulement à un partenaire de terrain, dans un partage complet.",
    )
    motive = short_text("Motif", 300)


class SignalForm(Form):
    """Why the DDETS should arbitrate."""

    motive = LongText("Motif", 1000, description="Ce qui bloque, et ce que vous demandez. Sans diagnostic ni récit.")
