"""The filters of « Suivi des dossiers », in its address."""

from __future__ import annotations

from wtforms import BooleanField, HiddenField, SelectField, StringField
from wtforms.validators import Length

from odis_app.core.forms import Form
from odis_app.households.enums import HouseholdStatus


class TrackingForm(Form):
    """Every field narrows the list; an unknown value narrows nothing."""

    class Meta(Form.Meta):
        """A search changes nothing: no token in its address."""

        csrf = False

    q = StringField(
        "Numéro", [Length(max=20)], render_kw={"type": "search", "placeholder": "ex. M-44-0915", "autocomplete": "off"}
    )
    etape = SelectField("Étape", choices=[("", "Toutes"), *HouseholdStatus.choices()], validate_choice=False)
    dispositif = SelectField("Dispositif", choices=[("", "Tous")], validate_choice=False)
    departement = SelectField("Département", choices=[("", "Tous")], validate_choice=False)
    signale = BooleanField("Signalés seulement")
    tri = HiddenField()
