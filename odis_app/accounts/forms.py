"""The sign-in form."""

from __future__ import annotations

from wtforms import HiddenField, PasswordField, StringField
from wtforms.validators import InputRequired, Length

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
