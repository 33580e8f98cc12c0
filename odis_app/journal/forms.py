"""The forms of the journal."""

from __future__ import annotations

from datetime import datetime

from wtforms import DateTimeLocalField, HiddenField, MultipleFileField, SelectField, SelectMultipleField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from odis_app.core import clock
from odis_app.core.forms import Form
from odis_app.core.identity import Identity
from odis_app.core.ids import new_public_id
from odis_app.documents.content import ACCEPT
from odis_app.documents.fields import FILES_HINT, audience_choices
from odis_app.journal.enums import Medium, Tag
from odis_app.journal.operations import MAX_BODY, MAX_REASON
from odis_app.journal.queries import Person


def _boxes(label: str, description: str = "") -> SelectMultipleField:
    return SelectMultipleField(
        label, description=description, widget=ListWidget(prefix_label=False), option_widget=CheckboxInput()
    )


class EntryForm(Form):
    """A note. ``key`` names it before it exists, so that sending twice writes once; ``version`` is what an edit started from."""

    key = HiddenField()
    version = HiddenField()
    body = TextAreaField(
        "Ce qui s’est passé",
        [
            InputRequired("Écrivez ce qui s’est passé."),
            Length(max=MAX_BODY, message=f"Le texte dépasse {MAX_BODY} caractères. Raccourcissez-le."),
        ],
        description="Des faits, pas de diagnostic ni d’opinion.",
    )
    audience = SelectField("Qui pourra lire")
    readers = _boxes(
        "Personnes choisies",
        "Utile seulement avec « Personnes choisies ». Elles liront tant que le dossier leur est partagé.",
    )
    medium = SelectField(
        "Moyen", choices=[SelectChoice("", "Non précisé"), *(SelectChoice(v, label) for v, label in Medium.choices())]
    )
    happened_at = DateTimeLocalField(
        "Date et heure de l’échange", [Optional()], description="Maintenant si vous ne l’indiquez pas."
    )
    tags = _boxes("Sujets")
    files = MultipleFileField("Pièces jointes", description=FILES_HINT, render_kw={"accept": ACCEPT})

    def prepare(self, identity: Identity, people: list[Person]) -> EntryForm:
        """Give the choices that depend on who writes, and where."""
        self.audience.choices = audience_choices(identity, chosen=bool(people))
        self.readers.choices = [SelectChoice(p.public_id, p.label) for p in people]
        self.tags.choices = [SelectChoice(value, label) for value, label in Tag.choices()]
        if not self.key.data:
            self.key.data = new_public_id()
        return self

    @property
    def chosen_medium(self) -> Medium | None:
        """The medium, None when it is not told."""
        return Medium(self.medium.data) if self.medium.data else None

    @property
    def chosen_tags(self) -> list[Tag]:
        """The tags ticked."""
        return [Tag(value) for value in self.tags.data or []]


class ModerationForm(Form):
    """Why a note is hidden."""

    reason = TextAreaField(
        "Motif",
        [
            InputRequired("Écrivez pourquoi ce texte est masqué."),
            Length(max=MAX_REASON, message=f"Le motif dépasse {MAX_REASON} caractères."),
        ],
        description="Les lecteurs de la note verront ce motif. Ne recopiez pas ce qui doit être masqué.",
    )


def local(moment: datetime) -> datetime:
    """An instant as the date field shows it: in Paris, without seconds."""
    return moment.astimezone(clock.PARIS).replace(tzinfo=None, second=0, microsecond=0)
