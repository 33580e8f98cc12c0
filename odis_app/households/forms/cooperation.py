"""Entrusting, handing over, asking, joining."""

from __future__ import annotations

from datetime import date

from wtforms import BooleanField, DateField, RadioField, SelectField, SelectMultipleField
from wtforms.validators import DataRequired, InputRequired
from wtforms.widgets import CheckboxInput, ListWidget

from odis_app.access.enums import JoinReason
from odis_app.core import clock
from odis_app.core.forms import Form
from odis_app.households.forms.fields import short_text
from odis_app.households.forms.members import LongText
from odis_app.households.operations import Packet


def _today() -> date:
    return clock.today()


def _boxes(label: str, hint: str) -> SelectMultipleField:
    return SelectMultipleField(
        label, widget=ListWidget(prefix_label=False), option_widget=CheckboxInput(), description=hint, choices=[]
    )


class AssignForm(Form):
    """To whom, with which word."""

    referent = SelectField("Personne référente", [InputRequired("Choisissez la personne à qui confier le dossier.")])
    word = LongText("Un mot pour elle", 500, description="Ce qui est fait, ce qui presse. Sans diagnostic ni récit.")


class PassationForm(Form):
    """To whom, when, why, and what goes with the file."""

    organisation = SelectField("Organisation qui prend la suite", [InputRequired("Choisissez une organisation.")])
    due_on = DateField("À partir du", [InputRequired("Donnez le jour de la passation.")], default=_today)
    reason = LongText(
        "Pourquoi",
        500,
        required="Écrivez pourquoi le dossier change d’organisation.",
        description="L’autre organisation lit cette raison avant d’accepter. Sans nom ni diagnostic.",
    )
    summary = LongText(
        "Ce qui est fait, ce qui reste à faire", 2000, description="L’autre organisation le lit avant d’accepter. Sans nom, santé ni sécurité."
    )  # fmt: skip
    entries = _boxes(
        "Notes à joindre",
        "Ces notes sont réservées à votre organisation. Celles qui ne sont pas cochées restent chez vous.",
    )
    documents = _boxes(
        "Documents à joindre",
        "Ces documents sont réservés à votre organisation. Ceux qui ne sont pas cochés restent chez vous.",
    )
    health = BooleanField(
        "Joindre les besoins de santé (classe 2)",
        description="Sinon ils sont effacés du dossier au moment de la passation.",
    )
    safety = BooleanField(
        "Joindre ce qui protège chaque adulte (classe 3)",
        description="Seulement si chacun est d’accord. Sinon ces réponses sont effacées, et la nouvelle organisation les redemande à chaque adulte. "
        "Si vous cochez, votre identité vous sera redemandée à l’envoi, sans rien perdre de ce qui est écrit.",
    )

    @property
    def packet(self) -> Packet:
        """As the operation takes it."""
        return Packet(
            summary=self.summary.data or "", entries=tuple(self.entries.data or ()), documents=tuple(self.documents.data or ()),
            with_health=bool(self.health.data), with_safety=bool(self.safety.data),
        )  # fmt: skip


class AskForm(Form):
    """Why one asks for a file."""

    reason = LongText(
        "Pourquoi",
        500,
        required="Écrivez pourquoi votre organisation demande à suivre ce ménage.",
        description="Par exemple : le ménage vit chez nous depuis mars. Sans diagnostic ni récit.",
    )


class AcceptForm(Form):
    """Who will follow the file."""

    referent = SelectField("Qui suivra le ménage", [InputRequired("Choisissez une personne de votre organisation.")])


class RefuseForm(Form):
    """Why not."""

    answer = short_text("Pourquoi", 300)


class JoinForm(Form):
    """The number, a fact that only who knows the household has, and why it cannot wait."""

    number = short_text("Numéro du dossier", 30, validators=[DataRequired("Écrivez le numéro du dossier.")])
    born = DateField(
        "Date de naissance du demandeur principal",
        [InputRequired("Donnez la date complète, comme sur le titre de séjour.")],
    )
    reason = RadioField(
        "Ce qui se passe", [InputRequired("Choisissez une raison.")], choices=[(r.value, r.label) for r in JoinReason]
    )
    words = LongText(
        "En une phrase",
        500,
        required="Écrivez ce qui se passe et pourquoi cela ne peut pas attendre.",
        description="Pourquoi cela ne peut pas attendre le référent. Sans diagnostic ni récit.",
    )
