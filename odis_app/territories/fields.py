"""A form field that takes a commune: by suggestions while typing, or by sending what was typed when there is no JavaScript."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import get_template_attribute
from markupsafe import Markup
from wtforms import Field, ValidationError
from wtforms.widgets import html_params

from odis_app.territories import queries
from odis_app.territories.queries import CommuneMatch

CANDIDATES = 25


class CommuneWidget:
    """The text box, and below it the communes to choose among."""

    def __call__(self, field: CommuneField, **kwargs: Any) -> Markup:
        if "class_" not in kwargs:
            kwargs.setdefault("class", "form-control")
        if field.flags.required:
            kwargs.setdefault("required", True)
        if field.errors:
            kwargs.setdefault("aria-invalid", "true")
        picker = get_template_attribute("territories/picker.html", "commune_picker")
        return Markup(picker(field, Markup(html_params(**kwargs))))  # noqa: S704 - both come escaped, from WTForms and from Jinja


class CommuneField(Field):  # type: ignore[misc]  # WTForms has no types
    """``data`` is an INSEE code of today, or None. What is typed stays in ``text``, the choices in ``candidates``."""

    widget = CommuneWidget()

    def __init__(self, label: str | None = None, validators: Sequence[Any] = (), **kwargs: Any) -> None:
        super().__init__(label, validators, **kwargs)
        self.text = ""
        self.candidates: list[CommuneMatch] = []

    @property
    def choice_name(self) -> str:
        """The name of the radio buttons."""
        return f"{self.name}-choix"

    def process_data(self, value: str | None) -> None:
        """Show « Nantes (44) » for 44109."""
        self.data = value
        self.text = queries.label_of(value) if value else ""

    def process(self, formdata: Any, *args: Any, **kwargs: Any) -> None:
        """Keep the chosen radio button, which WTForms does not look at, then go on as usual."""
        self._choice = formdata.get(self.choice_name) if formdata is not None else None
        super().process(formdata, *args, **kwargs)

    def process_formdata(self, valuelist: list[str]) -> None:
        """A chosen commune counts only while it is one of those the text may mean; the text decides otherwise."""
        if not valuelist:
            return
        self.text = " ".join(valuelist[0].split())[: queries.MAX_QUERY]
        self.data, self.raw_data = None, [self.text]  # blanks alone are an empty answer
        if not self.text:
            return
        chosen = queries.commune(self._choice) if self._choice else None
        if chosen and any(m.commune.code == chosen.code for m in queries.search_communes(self.text, limit=CANDIDATES)):
            self.data, self.text = chosen.code, chosen.label
            return
        found, self.candidates = queries.resolve(self.text, limit=CANDIDATES)
        if found:
            self.data, self.text, self.candidates = found.code, found.label, []

    def pre_validate(self, form: Any) -> None:  # noqa: ARG002
        """Say what to do when the text means no commune, or several."""
        if not self.text or self.data:
            return
        if self.candidates:
            raise ValidationError(
                f"Plusieurs communes correspondent à « {self.text} ». Choisissez la bonne dans la liste."
            )
        raise ValidationError(
            f"Aucune commune ne correspond à « {self.text} ». Vérifiez le nom ou écrivez le code postal."
        )
