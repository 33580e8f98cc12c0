"""The forms of getting in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from wtforms import (
    BooleanField,
    DateField,
    HiddenField,
    IntegerField,
    PasswordField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import DataRequired, EqualTo, InputRequired, Length, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from odis_app.accounts.operations import SHORTEST_PASSWORD
from odis_app.accounts.strength import ChosenPasswordField
from odis_app.core import clock
from odis_app.core.errors import RuleError
from odis_app.core.forms import Form
from odis_app.core.permissions import Role
from odis_app.organisations.enums import Attribution
from odis_app.organisations.words import LONGEST_WORD, Term

LONG = Length(max=120, message="120 caractères au plus.")
ONCE = {"autocomplete": "off"}
MAIL = {"type": "email", "inputmode": "email", "autocomplete": "off"}
ROLE_HINTS = "Une personne peut avoir plusieurs rôles. Donnez ceux dont son travail a besoin, pas davantage."


class Boxes(SelectMultipleField):  # type: ignore[misc]  # WTForms has no types
    """Several boxes to tick."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class SecurityForm(Form):
    """From when every member needs a second factor."""

    when = RadioField(
        "Un second facteur pour toute l’équipe",
        [InputRequired("Choisissez quand.")],
        choices=[
            ("facultatif", "Chacun choisit"),
            ("date", "Obligatoire à partir d’un jour"),
            ("aujourdhui", "Obligatoire dès aujourd’hui"),
        ],
    )
    since = DateField(
        "À partir du",
        [Optional()],
        description="Dans sept jours au plus tôt : chacun a le temps de s’équiper. Utile pour le deuxième choix seulement.",
    )

    @property
    def day(self) -> date | None:
        """The day chosen; None when everybody chooses. Raises RuleError."""
        if self.when.data == "date" and self.since.data is None:
            raise RuleError("since", "Écrivez à partir de quel jour.")
        chosen: dict[str, date | None] = {"date": self.since.data, "aujourdhui": clock.today()}
        return chosen.get(self.when.data)


NUMBER = {"inputmode": "numeric"}


class MandateForm(Form):
    """An association mandated; the choices are set by the view."""

    department = HiddenField()
    organisation = SelectField("Association", [InputRequired("Choisissez une association.")], validate_choice=False)
    dispositif = SelectField("Dispositif", [InputRequired("Choisissez un dispositif.")], validate_choice=False)
    starts_on = DateField("Premier jour", [InputRequired("Donnez le premier jour du mandat.")], default=clock.today)
    ends_on = DateField("Dernier jour", [Optional()], description="Compris dans le mandat. Vide : sans date de fin.")


class EndMandateForm(Form):
    """The last day of a mandate, or of the right to qualify."""

    ends_on = DateField("Dernier jour", [InputRequired("Donnez le dernier jour.")])


class QualifierForm(Form):
    """Who qualifies the offers of a dispositif; the choices are set by the view."""

    department = HiddenField()
    organisation = SelectField("Organisation", [InputRequired("Choisissez une organisation.")], validate_choice=False)
    dispositif = SelectField("Dispositif", [InputRequired("Choisissez un dispositif.")], validate_choice=False)
    starts_on = DateField("Premier jour", [InputRequired("Donnez le premier jour.")], default=clock.today)
    ends_on = DateField("Dernier jour", [Optional()], description="Compris. Vide : sans date de fin.")


def words_form(listed: Sequence[Term]) -> type[Form]:
    """A form with one box for each word of the closed list, and the département."""
    too_long = Length(max=LONGEST_WORD, message=f"{LONGEST_WORD} caractères au plus.")
    boxes = {t.field: StringField(t.label, [too_long], description=t.meaning, render_kw=ONCE) for t in listed}
    department = HiddenField(validators=[InputRequired("Choisissez un département.")])
    return type("WordsForm", (Form,), {"department": department, **boxes})


class TerritoryForm(Form):
    """The rules of a département."""

    department = HiddenField()
    first_call_days = IntegerField(
        "Premier appel à un hébergeur",
        [InputRequired("Donnez un nombre de jours.")],
        description="En jours ouvrés.",
        render_kw=NUMBER,
    )
    decision_days = IntegerField(
        "Décision sur une offre",
        [InputRequired("Donnez un nombre de jours.")],
        description="En jours ouvrés.",
        render_kw=NUMBER,
    )
    urgent_answer_hours = IntegerField(
        "Réponse à une proposition urgente",
        [InputRequired("Donnez un nombre d’heures.")],
        description="En heures.",
        render_kw=NUMBER,
    )
    standard_answer_days = IntegerField(
        "Réponse à une proposition",
        [InputRequired("Donnez un nombre de jours.")],
        description="En jours.",
        render_kw=NUMBER,
    )
    proposals_per_household = IntegerField(
        "Propositions en même temps pour un ménage", [InputRequired("Donnez un nombre.")], render_kw=NUMBER
    )
    proposals_per_place = IntegerField(
        "Propositions en même temps pour une place", [InputRequired("Donnez un nombre.")], render_kw=NUMBER
    )
    attribution = RadioField(
        "Qui attribue une place", [InputRequired("Choisissez qui attribue.")], choices=Attribution.choices()
    )


def _roles() -> Boxes:
    needed = DataRequired("Choisissez au moins un rôle.")
    return Boxes("Rôles", [needed], validate_choice=False, description=ROLE_HINTS)


class RolesForm(Form):
    """Roles to give; the choices are set by the view."""

    roles = _roles()

    @property
    def chosen(self) -> list[Role]:
        """The ticked roles that exist, in the usual order."""
        return [role for role in Role if role.value in (self.roles.data or [])]


class InviteForm(RolesForm):
    """Whom to invite, as what."""

    email = StringField(
        "Adresse e-mail professionnelle",
        [InputRequired("Écrivez l’adresse e-mail de la personne."), Length(max=254, message="Cette adresse est trop longue.")],
        description="Celle où cette personne, et elle seule, reçoit ses courriels.",
        render_kw=MAIL,
    )  # fmt: skip
    roles = _roles()  # again: it stands after the address on the page, and in the summary of what is to be mended


def _password(kind: type[PasswordField] = PasswordField) -> PasswordField:
    return kind(
        "Mot de passe",
        [InputRequired("Écrivez un mot de passe."), Length(max=1000, message="Ce mot de passe est trop long.")],
        render_kw={"autocomplete": "new-password"},
    )


def _charter() -> BooleanField:
    needed = InputRequired("Lisez la charte, puis cochez cette case.")
    return BooleanField("J’ai lu la charte et je l’accepte.", [needed])


class AnswerForm(Form):
    """Answering an invitation. Who has an account already gives its password only."""

    first_name = StringField("Prénom", [Optional(), LONG], render_kw={"autocomplete": "given-name"})
    last_name = StringField("Nom", [Optional(), LONG], render_kw={"autocomplete": "family-name"})
    password = _password()
    again = PasswordField("Mot de passe, une seconde fois", [Optional()], render_kw={"autocomplete": "new-password"})
    charter = _charter()


class NewAccountForm(AnswerForm):
    """The same, for who has no account: a name, and a password written twice."""

    first_name = StringField(
        "Prénom", [InputRequired("Écrivez votre prénom."), LONG], render_kw={"autocomplete": "given-name"}
    )
    last_name = StringField(
        "Nom", [InputRequired("Écrivez votre nom."), LONG], render_kw={"autocomplete": "family-name"}
    )
    password = _password(ChosenPasswordField)
    again = PasswordField(
        "Mot de passe, une seconde fois",
        [
            InputRequired("Écrivez le mot de passe une seconde fois."),
            EqualTo("password", "Les deux écritures du mot de passe diffèrent."),
        ],
        render_kw={"autocomplete": "new-password"},
    )
    charter = _charter()


PASSWORD_HINT = f"{SHORTEST_PASSWORD} caractères au moins. Une phrase que vous seul connaissez convient très bien."


class AskForm(Form):
    """A visitor asks for an access; the organisation is chosen before, or described here."""

    organisation = HiddenField()
    wanted = HiddenField()
    new_name = StringField("Nom de l’organisation", [Optional(), LONG], render_kw={"autocomplete": "organization"})
    new_kind = SelectField("Ce qu’elle est", [Optional()], validate_choice=False)
    new_department = SelectField("Son département", [Optional()], validate_choice=False)
    first_name = StringField(
        "Votre prénom", [InputRequired("Écrivez votre prénom."), LONG], render_kw={"autocomplete": "given-name"}
    )
    last_name = StringField(
        "Votre nom", [InputRequired("Écrivez votre nom."), LONG], render_kw={"autocomplete": "family-name"}
    )
    email = StringField(
        "Votre adresse e-mail professionnelle",
        [InputRequired("Écrivez votre adresse e-mail."), Length(max=254, message="Cette adresse est trop longue.")],
        render_kw={"type": "email", "inputmode": "email", "autocomplete": "email"},
    )  # fmt: skip
    job = StringField("Votre fonction", [Optional(), LONG], render_kw={"autocomplete": "organization-title"})
    message = TextAreaField(
        "Un mot pour la personne qui répondra",
        [Optional(), Length(max=300, message="300 caractères au plus.")],
        description="Ne parlez d’aucun ménage ici.",
        render_kw={"rows": 3},
    )


class ReasonForm(Form):
    """Why a request is refused."""

    reason = TextAreaField(
        "Pourquoi",
        [InputRequired("Écrivez pourquoi : la personne le lira."), Length(max=300, message="300 caractères au plus.")],
        description="La personne reçoit cette phrase par courriel.",
        render_kw={"rows": 2},
    )


class CharterForm(Form):
    """Accepting the version that was shown."""

    version = HiddenField()
    suite = HiddenField()
    accepted = BooleanField(
        "J’ai lu la charte et je l’accepte.", [InputRequired("Lisez la charte, puis cochez cette case.")]
    )


class ConventionForm(Form):
    """Accepting the convention in the name of one's organisation."""

    version = HiddenField()
    signed_as = StringField(
        "Votre fonction", [InputRequired("Écrivez votre fonction. Exemple : directrice, président."), LONG],
        description="Elle est gardée avec votre nom et la date : vous engagez votre organisation.",
    )  # fmt: skip
    accepted = BooleanField(
        "J’accepte cette convention au nom de mon organisation, et j’ai le pouvoir de le faire.",
        [InputRequired("Cochez cette case pour accepter la convention.")],
    )
