"""Members: opened with the file, added, corrected, closed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from wtforms import BooleanField, DateField, SelectField, TextAreaField
from wtforms.validators import InputRequired, Length

from odis_app.core import clock
from odis_app.core.forms import Form
from odis_app.households.enums import (
    EducationLevel,
    FamilySituation,
    FrenchLevel,
    HouseholdEvent,
    Language,
    MemberLink,
    MobilityMode,
    Sex,
    SpokenLevel,
    WorkSituation,
    WrittenLevel,
)
from odis_app.households.forms.fields import (
    BirthField,
    RomeField,
    VersionedForm,
    blank_to_none,
    optional_select,
    short_text,
)
from odis_app.households.models import Member, MemberLanguage
from odis_app.households.nationalities import Nationality
from odis_app.households.operations import Spoken
from odis_app.households.operations.composition import Person

OTHER_LINKS = [(link.value, link.label) for link in MemberLink if link is not MemberLink.DEMANDEUR_PRINCIPAL]
COMING = (HouseholdEvent.ARRIVEE, HouseholdEvent.NAISSANCE, HouseholdEvent.REUNIFICATION)
LEAVING = (HouseholdEvent.DEPART, HouseholdEvent.SEPARATION, HouseholdEvent.DECES)
TONGUES = 6
DETAILS = (
    "nationality",
    "family_situation",
    "french_written",
    "education_level",
    "mobility",
    "target_job",
    "rome_code",
)
TONGUE_ROWS = range(1, TONGUES + 1)
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
    french_level = optional_select("Français oral", FrenchLevel)
    french_written = optional_select("Français écrit", FrenchLevel)
    nationality = optional_select(
        "Nationalité", Nationality, description="Comme sur le titre. Ne sert ni à chercher, ni à proposer un logement."
    )
    family_situation = optional_select("Situation familiale", FamilySituation)
    education_level = optional_select("Études", EducationLevel, description="Dans n’importe quel pays.")
    mobility = optional_select("Mobilité", MobilityMode)
    target_job = short_text("Métier visé", 120, description="Dans ses mots : agent d’entretien, aide à domicile.")
    rome_code = RomeField(
        "Code ROME du métier visé",
        description="Une lettre et quatre chiffres, par exemple K2204. Vide si vous ne le savez pas.",
    )
    situation = optional_select("Situation", WorkSituation)
    situation_note = short_text(
        "Précision", 200, description="Classe, métier, organisme. Des faits, pas de diagnostic."
    )
    present_in_france = BooleanField("Cette personne est présente en France")

    @classmethod
    def of(cls, member: Member, version: int, languages: Sequence[MemberLanguage] = ()) -> MemberForm:
        """Filled with what the file says."""
        told: dict[str, str | None] = {}
        for rank, row in enumerate(languages, 1):
            told |= {f"tongue_{rank}": row.language, f"spoken_{rank}": row.spoken, f"written_{rank}": row.written}
        return cls(obj=member, birth=member.birth_date or member.birth_year, version=version, **told)

    def validate(self, extra_validators: Any = None) -> bool:
        """A language comes with how it is spoken."""
        good = bool(super().validate(extra_validators))
        for tongue, spoken, _written in self.tongue_rows:
            if tongue.data and not spoken.data:
                spoken.errors = [*spoken.errors, "Choisissez comment cette langue est parlée."]
                good = False
        return good

    @property
    def tongue_rows(self) -> list[tuple[SelectField, SelectField, SelectField]]:
        """(language, spoken, written): those told, and one more to fill."""
        rows = [(self[f"tongue_{n}"], self[f"spoken_{n}"], self[f"written_{n}"]) for n in TONGUE_ROWS]
        told = max((n for n, (tongue, _, _) in enumerate(rows, 1) if tongue.data), default=0)
        return rows[: told + 1]

    @property
    def languages(self) -> list[Spoken]:
        """As the operation takes them."""
        rows = ((tongue.data, spoken.data, written.data) for tongue, spoken, written in self.tongue_rows)
        return [Spoken(tongue, spoken, written) for tongue, spoken, written in rows if tongue]

    @property
    def has_details(self) -> bool:
        """Something is told, or to mend, under « Plus de détails »."""
        rows = [field for row in self.tongue_rows for field in row]
        return any(field.data or field.errors for field in [*(self[name] for name in DETAILS), *rows])

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
            "french_level",
            "situation",
            "situation_note",
            "present_in_france",
            *DETAILS,
        )
        found = {name: self[name].data for name in names}
        return {**found, "birth_date": self.birth.birth_date, "birth_year": self.birth.birth_year}


for _rank in TONGUE_ROWS:
    _label = "Langue" if _rank == 1 else f"Langue {_rank}"
    setattr(
        MemberForm,
        f"tongue_{_rank}",
        SelectField(
            _label,
            choices=[("", "Aucune"), *(c for c in Language.choices() if c[0] != Language.FR.value)],
            coerce=blank_to_none,
        ),
    )
    setattr(MemberForm, f"spoken_{_rank}", optional_select("Parlée", SpokenLevel))
    setattr(MemberForm, f"written_{_rank}", optional_select("Écrite", WrittenLevel))


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
