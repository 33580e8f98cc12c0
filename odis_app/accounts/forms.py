"""The sign-in form, and the one that changes a password."""

from __future__ import annotations

from wtforms import HiddenField, PasswordField, StringField
from wtforms.validators import EqualTo, InputRequired, Length

from odis_app.accounts.operations import SHORTEST_PASSWORD
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
    new = PasswordField(
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
