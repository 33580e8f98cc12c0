"""The list's filters, the exact search, opening a file, its identity block."""

from __future__ import annotations

import re
from typing import Any

from wtforms import (
    BooleanField,
    DateField,
    FieldList,
    FormField,
    HiddenField,
    SelectField,
    StringField,
    ValidationError,
)
from wtforms.validators import InputRequired, Length

from odis_app.core import clock
from odis_app.core.errors import RuleError
from odis_app.core.forms import Form
from odis_app.core.ids import new_public_id
from odis_app.households.enums import (
    AccommodationMode,
    HouseholdStatus,
    Language,
    MemberLink,
    Priority,
    ProtectionStatus,
)
from odis_app.households.forms.fields import VersionedForm, boxes, optional_select, short_text
from odis_app.households.forms.members import PersonForm, PrincipalForm
from odis_app.households.models import Household, HouseholdIdentity
from odis_app.households.operations import normal_phone
from odis_app.households.operations.composition import MOST_PEOPLE
from odis_app.households.operations.file import Opening
from odis_app.households.queries.twins import Known

OTHERS = MOST_PEOPLE - 1
_KEY = re.compile(r"[0-9a-z]{16}")


PROTECTIONS = [("", "Tous"), ("bpi", "BPI"), *((s.value, s.label) for s in ProtectionStatus if not s.is_bpi)]


NEWS = [
    ("", "Toutes"),
    ("moins_15", "Moins de 15 jours"),
    ("15_30", "De 15 à 30 jours"),
    ("plus_30", "Plus de 30 jours"),
]


class FilterForm(Form):
    """The filters of the list, in the address."""

    class Meta(Form.Meta):
        """A search changes nothing: no token in its address."""

        csrf = False

    q = StringField(
        "Nom ou numéro",
        [Length(max=100)],
        render_kw={"type": "search", "placeholder": "ex. prikladenko, M-44-08", "autocomplete": "off"},
    )
    etape = SelectField("Étape", choices=[("", "Toutes"), *HouseholdStatus.choices()], validate_choice=False)
    priorite = SelectField("Priorité", choices=[("", "Toutes"), *reversed(Priority.choices())], validate_choice=False)
    protection = SelectField(
        "Statut de protection",
        choices=PROTECTIONS,
        validate_choice=False,
    )
    referent = SelectField("Référent", choices=[("", "Tous"), ("moi", "Moi")], validate_choice=False)
    departement = SelectField("Département", choices=[("", "Tous")], validate_choice=False)
    nouvelles = SelectField("Dernière relecture", choices=NEWS, validate_choice=False)
    titre = SelectField(
        "Titre de séjour", choices=[("", "Tous"), ("echeance", "Échu, ou sous 3 mois")], validate_choice=False
    )
    vue = HiddenField()
    tri = HiddenField()


class SearchForm(Form):
    """By an identifier that must not stand in an address: sent by POST."""

    phone = StringField("Téléphone", [Length(max=40)], render_kw={"inputmode": "tel", "autocomplete": "off"})
    agdref = StringField(
        "Numéro étranger (AGDREF)", [Length(max=20)], render_kw={"inputmode": "numeric", "autocomplete": "off"}
    )

    def validate_agdref(self, field: StringField) -> None:
        """One of the two at least."""
        if not field.data and not self.phone.data:
            raise ValidationError("Écrivez un téléphone ou un numéro étranger.")


def check_phone(form: Form, field: StringField) -> None:
    """Normalise, or say how to write it."""
    del form
    try:
        field.data = normal_phone(field.data or "")
    except RuleError as error:
        raise ValidationError(error.message) from error


class PhoneField(StringField):  # type: ignore[misc]
    """A phone; ``data`` is normalised (+33…) once valid."""

    def __init__(self, label: str = "Téléphone", **kwargs: Any) -> None:
        super().__init__(label, [check_phone], render_kw={"inputmode": "tel", "autocomplete": "off"}, **kwargs)


class OpeningForm(Form):
    """A new file. ``key`` makes a second sending harmless; « ajouter une personne » sends the form and shows it again, one line longer."""

    key = HiddenField()
    principal = FormField(PrincipalForm)
    people = FieldList(FormField(PersonForm), max_entries=OTHERS)
    department = SelectField("Département", [InputRequired("Choisissez le département.")])
    dispositif = SelectField("Dispositif", [InputRequired("Choisissez le dispositif.")], coerce=int)
    priority = SelectField("Priorité", choices=Priority.choices())
    seniority = DateField(
        "Ancienneté de la demande",
        [InputRequired("Donnez la date.")],
        default=clock.today,
        description="Le jour depuis lequel le ménage attend.",
    )
    phone = PhoneField(description="Sert aussi à retrouver un dossier déjà ouvert.")
    languages = boxes("Langues parlées", choices=Language.choices())
    accommodation_mode = optional_select("Hébergement actuel", AccommodationMode)
    anyway = BooleanField("Ouvrir quand même un nouveau dossier : c’est un autre ménage")

    def ensure_key(self) -> None:
        """A fresh key when the form is first shown, or when it came back altered."""
        if not _KEY.fullmatch(self.key.data or ""):
            self.key.data = new_public_id()

    def validate_seniority(self, field: DateField) -> None:
        """Nobody waits from a day to come."""
        if field.data and field.data > clock.today():
            raise ValidationError("Cette date est à venir. Donnez le jour depuis lequel le ménage attend.")

    @property
    def error_list(self) -> list[tuple[str, str]]:
        """As every form, each line of people leading to its own field."""
        nested = [*self.principal.form, *(field for entry in self.people for field in entry.form)]
        inner = [(field.id, message) for field in nested for message in field.errors]
        outer = super().error_list
        return (
            [found for found in outer if found[0] == ""]
            + inner
            + [f for f in outer if f[0] not in {"", self.principal.id, self.people.id}]
        )

    def known(self) -> Known:
        """What may be compared with the files that are already open."""
        people = (self.principal.form, *(entry.form for entry in self.people if not entry.form.is_blank))
        told = (form.person(MemberLink.DEMANDEUR_PRINCIPAL.value) for form in people)
        return Known(self.phone.data or "", tuple((p.first_name, p.last_name, p.birth_date) for p in told))

    def opening(self) -> Opening:
        """As the operation takes it."""
        others = [entry.form.person() for entry in self.people if not entry.form.is_blank]
        return Opening(
            department_code=self.department.data, dispositif_id=self.dispositif.data, seniority_date=self.seniority.data, priority=int(self.priority.data),
            people=[self.principal.form.person(MemberLink.DEMANDEUR_PRINCIPAL.value), *others], phone=self.phone.data or "",
            languages=self.languages.data or [], accommodation_mode=self.accommodation_mode.data, key=self.key.data or "",
        )  # fmt: skip


class IdentityForm(VersionedForm):
    """Phone, languages, present accommodation, priority, seniority, referent."""

    phone = PhoneField()
    languages = boxes("Langues parlées", choices=Language.choices())
    accommodation_mode = optional_select("Hébergement actuel", AccommodationMode)
    accommodation_note = short_text(
        "Précision sur l’hébergement", 200, description="Structure, ville, date de fin de prise en charge."
    )
    priority = SelectField("Priorité", choices=Priority.choices())
    seniority_date = DateField("Ancienneté de la demande", [InputRequired("Donnez la date.")])
    referent = SelectField("Référent")

    @classmethod
    def of(cls, household: Household, block: HouseholdIdentity, *, phone: str, referent: str) -> IdentityForm:
        """Filled with what the file says; ``referent`` is a public id or empty."""
        return cls(
            version=household.version, phone=phone, languages=block.languages, accommodation_mode=block.accommodation_mode,
            accommodation_note=block.accommodation_note, priority=str(household.priority), seniority_date=household.seniority_date, referent=referent,
        )  # fmt: skip

    @property
    def values(self) -> dict[str, Any]:
        """By column; the referent is added by the view."""
        return {
            "phone": self.phone.data or "", "languages": self.languages.data or [], "accommodation_mode": self.accommodation_mode.data,
            "accommodation_note": self.accommodation_note.data, "priority": int(self.priority.data), "seniority_date": self.seniority_date.data,
        }  # fmt: skip
