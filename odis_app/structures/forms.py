"""What is typed about a structure."""

from __future__ import annotations

import re
from typing import Any

from wtforms import BooleanField, DateField, HiddenField, IntegerField, SelectField, StringField
from wtforms.validators import InputRequired, Length, NumberRange, Optional, Regexp

from odis_app.core import clock
from odis_app.core.errors import RuleError, StaleVersionError
from odis_app.core.forms import Form
from odis_app.structures.enums import Building, ClosingReason, Public, StructureKind
from odis_app.structures.models import POSITIONS, Structure, StructureAddress
from odis_app.structures.operations import CODES, FACTS, Contact
from odis_app.structures.queries import contacts_of
from odis_app.territories.fields import CommuneField

LONG = Length(max=120, message="120 caractères au plus.")
_NOT_SAID = ("", "Non renseigné")
_MAIL = Regexp(r"^[^@\s]+@[^@\s]+\.[^@\s]+$", message="Cette adresse n’est pas complète : nom@exemple.fr.")
_PHONE = Regexp(r"^\+?[\d .\-()]{6,20}$", message="Écrivez des chiffres, par exemple 02 00 00 00 00.")
PARTS = ("name", "role", "phone", "email")


class StructureForm(Form):
    """A structure, its codes, its dates; three people to call are added below."""

    version = HiddenField()
    name = StringField("Nom de la structure", [InputRequired("Écrivez le nom de la structure."), LONG])
    kind = SelectField("Type", choices=StructureKind.choices())
    commune = CommuneField("Commune", [InputRequired("Écrivez la commune ou son code postal.")])
    address = StringField(
        "Adresse exacte",
        [Length(max=200, message="200 caractères au plus.")],
        description="Jamais montrée dans une liste.",
        render_kw={"autocomplete": "off"},
    )
    location_secret = BooleanField(
        "Le lieu est secret",
        description="Pour protéger les personnes : hors de votre organisation, on ne lit que le numéro et le département. Ses places le deviennent aussi.",
    )
    capacity_authorised = IntegerField(
        "Places autorisées",
        [Optional(), NumberRange(1, 5000, "Entre 1 et 5 000 places.")],
        description="Le nombre de personnes de l’arrêté ou de la convention.",
    )
    public = SelectField("Public accueilli", choices=[_NOT_SAID, *Public.choices()])
    building = SelectField("Bâti", choices=[_NOT_SAID, *Building.choices()])
    opened_on = DateField("Ouverte le", [Optional()])
    finess_codes = StringField(
        "Codes FINESS", [LONG], description="Neuf chiffres. S’il y en a plusieurs, séparez-les par une espace."
    )
    dna_codes = StringField("Codes DNA", [LONG], description="Par exemple C4401. S’il y en a plusieurs, séparez-les.")
    authorised_from = DateField("Autorisation, du", [Optional()], description="Pour une structure autorisée.")
    authorised_to = DateField("Autorisation, jusqu’au", [Optional()])
    convention_from = DateField("Convention, du", [Optional()])
    convention_to = DateField("Convention, jusqu’au", [Optional()])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.stale_changes: list[str] = []

    @property
    def expected_version(self) -> int:
        """The version that the person had before their eyes."""
        raw = str(self.version.data or "")
        return int(raw) if raw.isdecimal() and len(raw) < 10 else 0

    @property
    def has_more_contacts(self) -> bool:
        """A second or a third contact is written, or refused."""
        boxes = [self[f"contact{n}_{part}"] for n in POSITIONS[1:] for part in PARTS]
        return any(box.data or box.errors for box in boxes)

    def show_stale(self, error: StaleVersionError, current: int) -> None:
        """Tell what the others changed; sending again, after reading it, is sending over the current version."""
        self.stale_changes = error.changes
        self.version.data = str(current)

    def values(self) -> dict[str, Any]:
        """What the operations take."""
        return {
            "name": self.name.data,
            "kind": StructureKind(self.kind.data),
            "commune_code": self.commune.data,
            "address": self.address.data or "",
            "location_secret": bool(self.location_secret.data),
            "details": {fact: self[fact].data for fact in FACTS} | {code: _codes(self[code].data) for code in CODES},
            "contacts": [Contact(**{part: self[f"contact{n}_{part}"].data or "" for part in PARTS}) for n in POSITIONS],
        }

    def add_error(self, error: RuleError) -> None:
        """« commune_code » is typed in « commune »."""
        super().add_error(RuleError("commune", error.message) if error.field == "commune_code" else error)


for _rank, _who in zip(POSITIONS, ("Premier contact", "Deuxième contact", "Troisième contact"), strict=True):
    setattr(StructureForm, f"contact{_rank}_name", StringField(f"{_who}, nom", [LONG]))
    setattr(StructureForm, f"contact{_rank}_role", StringField(f"{_who}, fonction", [LONG]))
    setattr(StructureForm, f"contact{_rank}_phone", StringField(f"{_who}, téléphone", [Optional(), _PHONE]))
    setattr(StructureForm, f"contact{_rank}_email", StringField(f"{_who}, adresse e-mail", [Optional(), LONG, _MAIL]))


def _codes(typed: str | None) -> list[str]:
    return re.findall(r"[^\s,;]+", typed or "")


def as_typed(structure: Structure, kept: StructureAddress) -> dict[str, Any]:
    """What the form shows of a structure of one's own."""
    values: dict[str, Any] = {column.key: getattr(structure, column.key) for column in Structure.__table__.columns}
    values |= {
        "name": kept.name or structure.name,
        "commune": kept.commune_code,
        "address": kept.address,
        "version": structure.version,
    }
    values |= {code: getattr(kept, code) or " ".join(getattr(structure, code)) for code in CODES}
    contacts = {c.position: c for c in contacts_of(structure.id)}
    return values | {f"contact{n}_{part}": getattr(c, part) for n, c in contacts.items() for part in PARTS}


class ClosingForm(Form):
    """When and why a structure closes."""

    on = DateField(
        "Fermée le", [InputRequired("Écrivez la date de la fermeture.")], default=clock.today,
        description="Dans l’année qui vient au plus tard. Ce jour-là, plus aucune place.",
    )  # fmt: skip
    reason = SelectField(
        "Motif",
        [InputRequired("Choisissez le motif de la fermeture.")],
        choices=[("", "Choisir"), *ClosingReason.choices()],
    )
