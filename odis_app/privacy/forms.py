"""Consents, requests, answers, hosting of health data."""

from __future__ import annotations

from wtforms import (
    BooleanField,
    DateField,
    IntegerField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from odis_app.core import clock
from odis_app.core.forms import Form
from odis_app.households.enums import Language
from odis_app.privacy.enums import ConsentChannel, RequestKind

CLASSES = [
    ("0", "Numéro et étape du dossier"),
    ("1", "Composition et besoins de tous les jours"),
    ("2", "Besoins de santé"),
]


class Boxes(SelectMultipleField):  # type: ignore[misc]
    """Several answers, as boxes to tick."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class ConsentForm(Form):
    """What one adult agrees to."""

    member = SelectField(
        "Personne",
        [InputRequired("Choisissez la personne.")],
        description="Chaque adulte répond pour lui-même, si possible seul.",
    )
    purpose = SelectField("Pour quoi faire", [InputRequired("Choisissez la finalité.")])
    organisations = Boxes("Organisations", [InputRequired("Choisissez au moins une organisation.")])
    max_class = RadioField(
        "Ce qui pourra être lu", [InputRequired("Choisissez ce qui pourra être lu.")], choices=CLASSES[:2]
    )
    language = SelectField(
        "Langue de l’explication",
        [InputRequired("Choisissez la langue.")],
        choices=[("", "Choisir"), *Language.choices()],
    )
    channel = RadioField(
        "Comment", [InputRequired("Dites comment l’accord a été donné.")], choices=ConsentChannel.choices()
    )
    given_on = DateField("Donné le", [InputRequired("Donnez la date.")], default=clock.today)
    witness = StringField("Qui était présent", [Length(max=300)])
    document = SelectField(
        "Document signé",
        [Optional()],
        description="L’un des deux suffit : la personne présente, ou un document du dossier.",
    )


class RequestForm(Form):
    """What one adult asks about their own data."""

    member = SelectField(
        "Personne", [InputRequired("Choisissez la personne.")], description="Chaque adulte demande pour lui-même."
    )
    kind = RadioField("Demande", [InputRequired("Choisissez la demande.")], choices=RequestKind.choices())
    received_on = DateField("Reçue le", [InputRequired("Donnez la date de réception.")], default=clock.today)
    details = TextAreaField(
        "Précisions",
        [Optional(), Length(max=2000)],
        description="Ce que la personne demande, avec ses mots. Sans diagnostic ni récit.",
    )


class ExtendForm(Form):
    """Why more time is needed."""

    reason = TextAreaField(
        "Motif",
        [InputRequired("Écrivez le motif."), Length(max=1000)],
        description="La personne doit le recevoir avant la première échéance.",
    )


class AnswerForm(Form):
    """What is answered."""

    decision = RadioField(
        "Réponse",
        [InputRequired("Choisissez la réponse.")],
        choices=[("oui", "Accepter la demande"), ("non", "Refuser la demande")],
    )
    answer = TextAreaField(
        "Ce qui est dit à la personne", [InputRequired("Écrivez la réponse."), Length(max=2000)],
        description="Un refus dit pourquoi, et que la personne peut s’adresser à la CNIL.",
    )  # fmt: skip


class DurationForm(Form):
    """How long, and why it changes."""

    duration = IntegerField("Nouvelle durée", [InputRequired("Écrivez un nombre entier.")])
    motive = TextAreaField(
        "Pourquoi",
        [InputRequired("Écrivez pourquoi."), Length(max=500)],
        description="Ce motif est gardé avec votre nom, pour le délégué à la protection des données.",
    )


class LiftForm(Form):
    """Why a limitation ends; the person knows before."""

    told_on = DateField(
        "Personne prévenue le",
        [InputRequired("Donnez le jour où la personne a été prévenue.")],
        description="La loi demande de la prévenir avant de reprendre.",
    )
    reason = TextAreaField(
        "Pourquoi la limitation est levée", [InputRequired("Écrivez pourquoi."), Length(max=1000)],
        description="Par exemple : la correction demandée est faite.",
    )  # fmt: skip


class CopyForm(Form):
    """What the copy holds."""

    with_safety = BooleanField(
        "Ajouter ce qui touche à la sécurité de cette personne",
        description="Seulement à la demande de la personne, remis à elle seule et en main propre.",
    )


class HostingForm(Form):
    """Where health data are hosted, or why no certificate is needed."""

    applies = RadioField(
        "Hébergement de données de santé", [InputRequired("Choisissez une réponse.")],
        choices=[("oui", "Un hébergeur certifié HDS garde ces données"), ("non", "La certification HDS ne s’applique pas")],
    )  # fmt: skip
    host = StringField("Hébergeur", [Length(max=200)])
    certificate = StringField("Référence du certificat", [Length(max=200)])
    valid_until = DateField("Valable jusqu’au", [Optional()])
    reason = TextAreaField("Pourquoi elle ne s’applique pas", [Optional(), Length(max=2000)])
