"""The sign-in form, and the one that changes a password."""

from __future__ import annotations

from wtforms import Field, HiddenField, PasswordField, StringField
from wtforms.validators import EqualTo, InputRequired, Length, ValidationError

from odis_app.accounts.operations import SHORTEST_PASSWORD
from odis_app.accounts.strength import ChosenPasswordField
from odis_app.core.forms import Form


class SignInForm(Form):
    """E-mail and password. ``suite`` is where to go next, an address of ours."""

    email = StringField(
        "Adresse e-mail",
        [InputRequired("Écrivez votre adresse e-mail."), Length(max=254, message="Cette adresse est trop longue.")],
        render_kw={"autocomplete": "username", "type": "email", "inputmode": "email"},
    )
    password = PasswordField(
        "Mot de passe",
        [InputRequired("Écrivez votre mot de passe."), Length(max=1000, message="Ce mot de passe est trop long.")],
        render_kw={"autocomplete": "current-password"},
    )
    suite = HiddenField()


class PasswordForm(Form):
    """The present password, then the new one twice."""

    current = PasswordField(
        "Mot de passe actuel",
        [
            InputRequired("Écrivez votre mot de passe actuel."),
            Length(max=1000, message="Ce mot de passe est trop long."),
        ],
        render_kw={"autocomplete": "current-password"},
    )
    new = ChosenPasswordField(
        "Nouveau mot de passe",
        [
            InputRequired("Écrivez le nouveau mot de passe."),
            Length(
                min=SHORTEST_PASSWORD,
                message=f"Le nouveau mot de passe doit avoir {SHORTEST_PASSWORD} caractères au moins.",
            ),
            Length(max=1000, message="Ce mot de passe est trop long."),
        ],
        description=f"{SHORTEST_PASSWORD} caractères au moins. Une phrase que vous seul connaissez convient très bien.",
        render_kw={"autocomplete": "new-password"},
    )
    again = PasswordField(
        "Nouveau mot de passe, une seconde fois",
        [
            InputRequired("Écrivez le nouveau mot de passe une seconde fois."),
            EqualTo("new", "Les deux écritures du nouveau mot de passe diffèrent."),
        ],
        render_kw={"autocomplete": "new-password"},
    )


class NewPasswordForm(PasswordForm):
    """A new password twice, for who does not know the present one."""

    current = None


class CodeForm(Form):
    """A code of the application or a backup code; or, filled by the script, what a passkey answered (JSON)."""

    code = StringField(
        "Code de vérification",
        [Length(max=40, message="Ce code est trop long.")],
        description="Les six chiffres de votre application, ou un code de secours.",
        render_kw={
            "autocomplete": "one-time-code",
            "inputmode": "text",
            "autocapitalize": "none",
            "spellcheck": "false",
        },
    )
    answer = HiddenField(validators=[Length(max=20_000)])
    suite = HiddenField()

    def validate_code(self, field: Field) -> None:
        """A code is expected, unless a passkey answered."""
        if not field.data and not self.answer.data:
            raise ValidationError("Écrivez le code.")

    @classmethod
    def on_the_way(cls, target: str | None) -> CodeForm:
        """Empty, and leading to ``target``."""
        form = cls(formdata=None)
        form.suite.data = target or ""
        return form


class EnrolForm(Form):
    """The first code of a new application."""

    code = StringField(
        "Code affiché par l’application",
        [
            InputRequired("Écrivez les six chiffres que montre l’application."),
            Length(max=40, message="Ce code est trop long."),
        ],
        render_kw={"autocomplete": "one-time-code", "inputmode": "numeric"},
    )


class ConfirmForm(CodeForm):
    """Who one is, once more: the password, or a code when the account has a second factor."""

    has_factor = False

    password = PasswordField(
        "Mot de passe",
        [Length(max=1000, message="Ce mot de passe est trop long.")],
        render_kw={"autocomplete": "current-password"},
    )

    def validate_code(self, field: Field) -> None:
        """Expected of who has a second factor."""
        if self.has_factor:
            super().validate_code(field)

    def validate_password(self, field: Field) -> None:
        """Expected of who has none."""
        if not self.has_factor and not field.data:
            raise ValidationError("Écrivez votre mot de passe.")


class ForgottenForm(Form):
    """Where to write."""

    email = StringField(
        "Adresse e-mail de votre compte",
        [InputRequired("Écrivez votre adresse e-mail."), Length(max=254, message="Cette adresse est trop longue.")],
        render_kw={"autocomplete": "username", "type": "email", "inputmode": "email"},
    )
