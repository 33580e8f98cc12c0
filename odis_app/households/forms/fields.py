"""What the forms of the file have in common: the version that was read, birth, choices."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from wtforms import DecimalField, HiddenField, SelectField, SelectMultipleField, StringField, ValidationError
from wtforms.validators import Length
from wtforms.widgets import CheckboxInput, ListWidget

from odis_app.core import clock
from odis_app.core.enums import Labelled
from odis_app.core.errors import StaleVersionError
from odis_app.core.forms import Form
from odis_app.households.enums import ROME
from odis_app.territories.queries import departments

OLDEST_YEAR = 1900
NONE = ("", "Non renseigné")


class VersionedForm(Form):
    """A form that writes on a file: it says which version was read, and keeps what was typed when that one is no longer current."""

    version = HiddenField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.stale_changes: list[str] = []

    @property
    def expected_version(self) -> int | None:
        """The version that the person had before their eyes."""
        raw = str(self.version.data or "")
        return int(raw) if raw.isdecimal() and len(raw) < 10 else 0

    def show_stale(self, error: StaleVersionError, current: int) -> None:
        """Tell what the others changed; sending again, after reading it, is sending over the current version."""
        self.stale_changes = error.changes
        self.version.data = str(current)


class BirthField(StringField):  # type: ignore[misc]
    """« 3/09/1988 », « 1988-09-03 » or the year alone: ``birth_date`` and ``birth_year`` (either may be None)."""

    birth_date: date | None = None
    birth_year: int | None = None

    def process_data(self, value: date | int | None) -> None:
        """Show a date as people write it."""
        self.data = f"{value.day}/{value.month:02}/{value.year}" if isinstance(value, date) else str(value or "")

    def pre_validate(self, form: Any) -> None:
        """Read the text. Raises ValidationError with what to write."""
        del form
        self.birth_date = self.birth_year = None
        typed = (self.data or "").strip()
        if not typed:
            return
        if re.fullmatch(r"\d{4}", typed):
            self.birth_year = int(typed)
        else:
            self.birth_date = _read_day(typed)
            self.birth_year = self.birth_date.year
        if self.birth_year > clock.today().year or (self.birth_date and self.birth_date > clock.today()):
            raise ValidationError(f"{typed} est dans le futur. Vérifiez la date de naissance.")
        if self.birth_year < OLDEST_YEAR:
            raise ValidationError(f"{typed} est trop ancien. Vérifiez l’année de naissance.")


class RomeField(StringField):  # type: ignore[misc]
    """A code of the ROME (France Travail) as people write it: « k2204 », « K 2204 ». No list is kept here: its shape is checked."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the text; nothing written is None."""
        self.data = next(("".join(typed.split()).upper() for typed in valuelist), "") or None

    def pre_validate(self, form: Any) -> None:
        """Raises ValidationError with what to write."""
        del form
        if self.data and not ROME.fullmatch(self.data):
            raise ValidationError(
                f"« {self.data[:20]} » n’est pas un code ROME. Écrivez une lettre de A à N et quatre chiffres, par exemple K2204."
            )


class AmountField(DecimalField):  # type: ignore[misc]
    """Euros as people write them: « 645,50 », « 1 200 € », « 645.50 »."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the text."""
        super().process_formdata([re.sub(r"[\s€]", "", typed).replace(",", ".") for typed in valuelist])

    def _value(self) -> str:
        return str(super()._value()).replace(".", ",")


def _read_day(typed: str) -> date:
    french, iso = (
        re.fullmatch(r"(\d{1,2})[/. -](\d{1,2})[/. -](\d{4})", typed),
        re.fullmatch(r"(\d{4})-(\d{2})-(\d{2})", typed),
    )
    try:
        if french:
            return date(int(french[3]), int(french[2]), int(french[1]))
        if iso:
            return date(int(iso[1]), int(iso[2]), int(iso[3]))
    except ValueError:
        raise ValidationError(f"{typed} n’existe pas. Écrivez par exemple 3/09/1988, ou l’année seule.") from None
    raise ValidationError(f"« {typed} » n’est pas une date. Écrivez par exemple 3/09/1988, ou l’année seule.")


def boxes(label: str, **kwargs: Any) -> SelectMultipleField:
    """Several choices as checkboxes (``_boxes.html`` draws them)."""
    return SelectMultipleField(label, widget=ListWidget(prefix_label=False), option_widget=CheckboxInput(), **kwargs)


def optional_select(label: str, kinds: type[Labelled], **kwargs: Any) -> SelectField:
    """A select whose first answer is « Non renseigné », stored as None."""
    return SelectField(label, choices=[NONE, *kinds.choices()], coerce=blank_to_none, **kwargs)


def blank_to_none(value: Any) -> Any:
    """The empty answer is the absence of answer."""
    return value or None


def blank_to_empty(value: Any) -> Any:
    """A text that was not sent is empty."""
    return value or ""


def short_text(label: str, most: int = 120, **kwargs: Any) -> StringField:
    """A line of text, never longer than ``most`` characters, not kept by the browser."""
    limit = Length(max=most, message=f"Ce texte dépasse {most} caractères. Raccourcissez-le.")
    extra = kwargs.pop("validators", [])
    return StringField(label, [*extra, limit], filters=[blank_to_empty], render_kw={"autocomplete": "off"}, **kwargs)


def department_choices(first: Iterable[str] = (), *, only: Sequence[str] | None = None) -> list[tuple[str, str]]:
    """(code, « Mayenne (53) »), those of ``first`` before the others; ``only`` keeps these codes."""
    names = {d.code: f"{d.name} ({d.code})" for d in departments()}
    codes = list(dict.fromkeys([*first, *(only if only is not None else names)]))
    return [(code, names.get(code, code)) for code in codes if only is None or code in only]
