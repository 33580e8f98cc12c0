"""Members: opened with the file, added, corrected, closed."""

from __future__ import annotations

from typing import Any, ClassVar

from wtforms import BooleanField, DateField, SelectField, TextAreaField
from wtforms.validators import InputRequired, Length

from odis_app.core import clock
from odis_app.core.forms import Form
from odis_app.households.enums import FrenchLevel, HouseholdEvent, MemberLink, Sex, WorkSituation
from odis_app.households.forms.fields import BirthField, VersionedForm, optional_select, short_text
from odis_app.households.models import Member
from odis_app.households.operations.composition import Person

OTHER_LINKS = [(link.value, link.label) for link in MemberLink if link is not MemberLink.DEMANDEUR_PRINCIPAL]
COMING = (HouseholdEvent.ARRIVEE, HouseholdEvent.NAISSANCE, HouseholdEvent.REUNIFICATION)
LEAVING = (HouseholdEvent.DEPART, HouseholdEvent.SEPARATION, HouseholdEvent.DECES)
BIRTH_HINT = "Par exemple 3/09/1988, ou l’année seule."


class PersonForm(Form):
    """One line of the opening form. ``is_blank`` lines are left out."""

    class Meta(Form.Meta):
        """The token is the outer form's."""

        csrf = False

    first_name = short_text("Prénom")
    last_name = short_text("Nom")
    sex = SelectField("Sexe", choices=[("", "Choisir"), *Sex.choices()])
    birth = BirthField("Naissance", description=BIRTH_HINT)
    link = SelectField("Lien", choices=OTHER_LINKS)

    @property
    def is_blank(self) -> bool:
        """Nothing was typed on this line."""
        return not (self.first_name.data or self.last_name.data or self.birth.data)

    def validate(self, extra_validators: Any = None) -> bool:
        """A line is complete or blank."""
        good = bool(super().validate(extra_validators))
        if self.is_blank:
            return good
        for field, sentence in (
            (self.first_name, "Écrivez le prénom."),
            (self.last_name, "Écrivez le nom."),
            (self.sex, "Choisissez une réponse."),
        ):
            if not field.data:
                field.errors = [*field.errors, sentence]
                good = False
        return good

    def person(self, link: str | None = None) -> Person:
        """As the operation takes it."""
        return Person(
            first_name=self.first_name.data or "", last_name=self.last_name.data or "", sex=self.sex.data, link=link or self.link.data,
            birth_date=self.birth.birth_date, birth_year=self.birth.birth_year,
        )  # fmt: skip


class PrincipalForm(PersonForm):
    """The person who asks: never left out."""

    is_blank: ClassVar[bool] = False
    link = None


class MemberForm(VersionedForm):
    """What is written of one member."""

    first_name = short_text("Prénom", validators=[InputRequired("Écrivez le prénom.")])
    last_name = short_text("Nom, comme sur le titre de séjour", validators=[InputRequired("Écrivez le nom.")])
    link = SelectField("Lien avec le demandeur principal", choices=MemberLink.choices())
    sex = SelectField("Sexe", choices=Sex.choices())
    birth = BirthField("Naissance", description=BIRTH_HINT)
    nationality = short_text("Nationalité", 60)
    french_level = optional_select("Français oral", FrenchLevel)
    situation = optional_select("Situation", WorkSituation)
    situation_note = short_text(
        "Précision", 200, description="Classe, métier, organisme. Des faits, pas de diagnostic."
    )
    present_in_france = BooleanField("Cette personne est présente en France")

    @classmethod
    def of(cls, member: Member, version: int) -> MemberForm:
        """Filled with what the file says."""
        return cls(obj=member, birth=member.birth_date or member.birth_year, version=version)

    def restrict_link(self, member: Member) -> None:
        """The person who asks keeps that link, the others may not take it."""
        principal = member.link == MemberLink.DEMANDEUR_PRINCIPAL.value
        self.link.choices = (
            [(MemberLink.DEMANDEUR_PRINCIPAL.value, MemberLink.DEMANDEUR_PRINCIPAL.label)] if principal else OTHER_LINKS
        )

    @property
    def values(self) -> dict[str, Any]:
        """By column."""
        names = (
            "first_name",
            "last_name",
            "link",
            "sex",
            "nationality",
            "french_level",
            "situation",
            "situation_note",
            "present_in_france",
        )
        found = {name: self[name].data for name in names}
        found["nationality"] = found["nationality"] or None
        return {**found, "birth_date": self.birth.birth_date, "birth_year": self.birth.birth_year}


class NewMemberForm(MemberForm):
    """A member who comes, with the event that brings them."""

    link = SelectField("Lien avec le demandeur principal", choices=OTHER_LINKS)
    sex = SelectField("Sexe", [InputRequired("Choisissez une réponse.")], choices=[("", "Choisir"), *Sex.choices()])
    event = SelectField("Ce qui change", choices=[(e.value, e.label) for e in COMING])
    happened_on = DateField("Depuis le", [InputRequired("Donnez la date.")], default=clock.today)

    @property
    def person(self) -> Person:
        """As the operation takes it."""
        return Person(**self.values)


class CloseMemberForm(VersionedForm):
    """A member who leaves; their past stays readable."""

    event = SelectField("Raison", choices=[(e.value, e.label) for e in LEAVING])
    happened_on = DateField("Le", [InputRequired("Donnez la date.")], default=clock.today)


class LongText(TextAreaField):  # type: ignore[misc]
    """Several lines, with their limit said as one types; ``required`` is what is said when nothing is written."""

    def __init__(self, label: str, most: int, *, required: str = "", **kwargs: Any) -> None:
        limit = Length(max=most, message=f"Ce texte dépasse {most} caractères. Raccourcissez-le.")
        super().__init__(label, [*([InputRequired(required)] if required else []), limit], **kwargs)
