"""The base of every form: French, whitespace stripped, rule errors shown on their field, a resumed draft never saved by itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from flask import request
from flask_wtf import FlaskForm
from wtforms import Field, FieldList, FormField, HiddenField, PasswordField, StringField
from wtforms.fields.choices import SelectChoice

from odis_app.core import nir
from odis_app.core.errors import RuleError

RESUMED = "_reprise"  # set by the page that gives back what was typed when the session had expired


LARGEST = 10**12


def strip(value: Any) -> Any:
    """Text without blanks around it; anything else unchanged."""
    return value.strip() if isinstance(value, str) else value


def bounded(value: Any) -> Any:
    """A number that comparisons and columns can hold; the field's own range then refuses it in words."""
    if isinstance(value, Decimal) and not value.is_finite():
        return None
    return (
        max(-LARGEST, min(value, LARGEST))
        if isinstance(value, int | Decimal) and not isinstance(value, bool)
        else value
    )


def as_choices(pairs: Iterable[Any]) -> list[SelectChoice]:
    """(value, label) pairs as WTForms wants them; for a field whose choices are set after the form is made."""
    return [pair if isinstance(pair, SelectChoice) else SelectChoice(*pair) for pair in pairs]


def free_texts(fields: Iterable[Field]) -> Iterator[Field]:
    """The fields where people write as they like, those of inner forms and lists included; no password."""
    for field in fields:
        if isinstance(field, FieldList | FormField):
            yield from free_texts(field)
        elif isinstance(field, StringField) and not isinstance(field, PasswordField):
            yield field


class Form(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """WTForms with our habits. ``rule_errors`` are those that belong to no field."""

    class Meta(FlaskForm.Meta):  # type: ignore[misc]
        """French messages; blanks stripped once, here."""

        locales = ("fr",)

        def bind_field(self, form: Any, unbound_field: Any, options: dict[str, Any]) -> Field:
            """Add ``strip`` to every field that filters text."""
            filters = list(unbound_field.kwargs.get("filters", ()))
            if unbound_field.field_class.__name__ not in {
                "PasswordField",
                "FieldList",
                "FormField",
                "FileField",
                "MultipleFileField",
            }:
                filters += [strip, bounded]
            if isinstance(unbound_field.kwargs.get("choices"), list):
                options["choices"] = as_choices(unbound_field.kwargs["choices"])
            return unbound_field.bind(form=form, filters=filters, **options)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rule_errors: list[str] = []

    @property
    def is_resumed(self) -> bool:
        """The person just signed in again and finds back what they had typed."""
        return bool(request.form.get(RESUMED))

    def validate_on_submit(self, extra_validators: Any = None) -> bool:
        """Valid and really sent by the person: a resumed draft is only shown again."""
        return not self.is_resumed and bool(super().validate_on_submit(extra_validators))

    def validate(self, extra_validators: Any = None) -> bool:
        """The fields' own rules, then ours: nobody writes a social security number anywhere."""
        valid = bool(super().validate(extra_validators))
        for field in self:
            for text in free_texts([field]):
                if isinstance(text.data, str) and nir.holds_nir(text.data):
                    text.errors, valid = [*text.errors, nir.REFUSED], False
                    if isinstance(field, FieldList):  # it took its entries' errors before
                        field.errors = [*field.errors, text.errors]
        return valid

    def add_error(self, error: RuleError) -> None:
        """Show what an operation refused, on its field or at the top."""
        field = self._fields.get(error.field)
        if field is None or isinstance(field, HiddenField):
            self.rule_errors.append(error.message)
        else:
            field.errors = [*field.errors, error.message]

    @property
    def error_list(self) -> list[tuple[str, str]]:
        """(field id or empty, sentence) for the summary, in the order of the page."""
        found = [("", message) for message in self.rule_errors]
        for field in self:
            if field.short_name != "csrf_token":
                found.extend((field.id, message) for message in _flat(field.errors))
            elif field.errors:
                found.append(
                    (
                        "",
                        "Cette page est restée ouverte trop longtemps. Vérifiez votre saisie puis envoyez-la de nouveau.",
                    )
                )
        return found


def _flat(errors: Any) -> list[str]:
    if isinstance(errors, dict):
        return [m for sub in errors.values() for m in _flat(sub)]
    if isinstance(errors, str):
        return [errors]
    return [m for sub in errors for m in _flat(sub)]
