"""What is typed about a proposal and a stay: shape and wording; rules belong to operations."""

from __future__ import annotations

from typing import Any

from wtforms import BooleanField, DateField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length, Optional

from odis_app.core import clock
from odis_app.core.forms import Form
from odis_app.households.queries import class2_is_open
from odis_app.placements.enums import CancelMotif, ExitReason, HostMotif, HouseholdMotif, OccupancyTitle, StateMotif
from odis_app.territories.fields import CommuneField

COMMENT = "300 caractères au plus. Des faits, sans nom de personne."
KEPT = "Lue par l’organisation qui suit le ménage seulement."
CHOOSE = "Choisissez un motif dans la liste."


class ProposeForm(Form):
    """A place proposed to a household."""

    starts_on = DateField("Entrée prévue le", [InputRequired("Donnez la date d’entrée prévue.")], default=clock.today)
    ends_on = DateField(
        "Jusqu’au", [Optional()], description="Premier jour où la place est de nouveau libre. Vide : sans date de fin."
    )
    urgent = BooleanField("Réponse urgente")
    message = TextAreaField(
        "Message à l’hébergeur",
        [Length(max=1000)],
        description="Aucun nom ni coordonnées : l’hébergeur les lit après les deux accords.",
    )
    override_motif = StringField(
        "Pourquoi cette place plutôt que la première de la liste ?",
        [Length(max=300)],
        description="Lu par votre organisation seulement.",
    )


class RefuseForHouseholdForm(Form):
    """The household's refusal; its motif stays with its organisation."""

    motif = RadioField("Motif du ménage", [InputRequired(CHOOSE)], choices=HouseholdMotif.choices())
    comment = StringField("Précision", [Length(max=300)], description="Lue par votre organisation seulement.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not class2_is_open():
            self.motif.choices = [c for c in HouseholdMotif.choices() if c[0] != HouseholdMotif.SANTE]


class RefuseForHostForm(Form):
    """The refusal of a host or a structure, read by both sides."""

    motif = RadioField("Motif de l’hébergeur", [InputRequired(CHOOSE)], choices=HostMotif.choices(), id="host-motif")
    comment = StringField("Précision", [Length(max=300)], description=COMMENT, id="host-comment")


class RefuseForStateForm(Form):
    """The refusal of the DDETS, read by both sides."""

    motif = RadioField("Motif de la DDETS", [InputRequired(CHOOSE)], choices=StateMotif.choices())
    comment = StringField("Précision", [Length(max=300)], description=f"{COMMENT} Obligatoire pour « Autre ».")


class CancelForm(Form):
    """Taking a proposal back."""

    motif = RadioField(
        "Motif de l’annulation", [InputRequired(CHOOSE)], choices=CancelMotif.choices(), id="cancel-motif"
    )
    comment = StringField("Précision", [Length(max=300)], description=COMMENT, id="cancel-comment")


class EntryForm(Form):
    """The day the household moved in."""

    entered_on = DateField("Entré le", [DataRequired("Donnez la date de l’entrée.")], default=clock.today)
    title = SelectField("Titre d’occupation", choices=OccupancyTitle.choices())


class ExtendForm(Form):
    """A later end."""

    ends_on = DateField("Nouvelle fin", [DataRequired("Donnez la nouvelle date de fin.")])
    title = SelectField("Titre d’occupation", choices=OccupancyTitle.choices(), id="extend-title")


class DepartureForm(Form):
    """For where the household left, when it is known later than the exit."""

    destination = CommuneField("Commune de destination", [Optional()], description=KEPT)
    comment = StringField("Précision", [Length(max=300)], description=KEPT)


class ExitForm(Form):
    """The day the household left, why, and for where."""

    exited_on = DateField("Sorti le", [DataRequired("Donnez la date de la sortie.")], default=clock.today)
    reason = SelectField(
        "Motif de sortie", [DataRequired(CHOOSE)], choices=[("", "Choisir un motif"), *ExitReason.choices()]
    )
    destination = CommuneField("Commune de destination", [Optional()], description=KEPT)
    waits_again = SelectField(
        "Le ménage attend-il un autre logement ?",
        choices=[("", "Selon le motif de sortie"), ("oui", "Oui"), ("non", "Non")],
    )
    comment = StringField("Précision", [Length(max=300)], description=KEPT)
