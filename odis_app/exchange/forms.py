"""The forms of an import."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_wtf.file import FileField, FileRequired
from wtforms import SelectField

from odis_app.core.forms import Form
from odis_app.exchange.kinds import ImportKind


class UploadForm(Form):
    """One file."""

    file = FileField(
        "Tableau à importer",
        validators=[FileRequired("Choisissez un fichier.")],
        description="Un fichier .xlsx, .ods, .xls ou .csv, de 20 Mo et 50 000 lignes au plus.",
    )


class SheetForm(Form):
    """Another sheet of the same file."""

    sheet = SelectField("Feuille à lire")


class ConfirmForm(Form):
    """A button that changes something: only the token."""


def columns_form(kind: ImportKind, headers: Sequence[str], mapping: Sequence[str | None]) -> Form:
    """One list per header of the file, ``c0``, ``c1``…, with the present choice."""
    choices = [
        ("", "Ne pas importer"),
        *[(column.key, column.label + (" (obligatoire)" if column.required else "")) for column in kind.columns],
    ]
    fields: dict[str, Any] = {
        f"c{index}": SelectField(header, choices=choices, default=mapping[index] or "")
        for index, header in enumerate(headers)
    }
    form: Form = type("ColumnsForm", (Form,), fields)()
    return form
