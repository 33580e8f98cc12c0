"""Deciding on what somebody else did, and asking why a colleague does not see a file."""

from __future__ import annotations

from wtforms import DateField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from odis_app.access.enums import Verdict
from odis_app.core.forms import Form


class DecideForm(Form):
    """Confirmed or contested, and why."""

    verdict = RadioField(
        "Votre avis",
        [InputRequired("Choisissez « Je confirme » ou « Je conteste ».")],
        choices=[(Verdict.CONFIRMED.value, "Je confirme"), (Verdict.CONTESTED.value, "Je conteste")],
    )
    words = TextAreaField(
        "Pourquoi",
        [Length(max=500, message="Ce texte dépasse 500 caractères. Raccourcissez-le.")],
        description="Nécessaire pour contester. Sans nom de ménage, diagnostic ni récit.",
    )


class ExplainForm(Form):
    """Whom, and which file."""

    member = SelectField("Collègue", [InputRequired("Choisissez une personne de votre organisation.")])
    number = StringField(
        "Numéro du dossier",
        [
            InputRequired("Écrivez le numéro du dossier."),
            Length(max=30, message="Un numéro compte trente caractères au plus."),
        ],
        description="Exact, par exemple M-44-0915.",
    )


class ExceptionForm(Form):
    """Whom, which permission, more or less, why, until when."""

    member = SelectField("Collègue", [InputRequired("Choisissez une personne de votre organisation.")])
    gives = RadioField(
        "Ce qui change", [InputRequired("Choisissez « Ajouter » ou « Retirer ».")], choices=[("oui", "Ajouter une permission"), ("non", "Retirer une permission")]
    )  # fmt: skip
    permission = SelectField("Permission", [InputRequired("Choisissez une permission dans la liste.")])
    until = DateField("Jusqu’au", [InputRequired("Donnez la date de fin.")])
    motive = StringField(
        "Pourquoi", [InputRequired("Écrivez pourquoi, pour qui relira ce choix."), Length(max=300, message="Ce texte dépasse 300 caractères. Raccourcissez-le.")]
    )  # fmt: skip
