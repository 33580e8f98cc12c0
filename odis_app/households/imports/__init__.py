"""Households from a spreadsheet: one line each, or one line per person."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from odis_app.exchange.kinds import Finding, ImportKind, Values
from odis_app.exchange.values import Context
from odis_app.households.imports import lists, people, recording
from odis_app.households.imports.cells import SCHEMES
from odis_app.households.imports.columns import COLUMNS, DEFAULT_DISPOSITIF
from odis_app.households.policy import HOUSEHOLD_CREATE


def validate(lines: Sequence[Values], context: Context) -> Iterable[Finding]:
    """Rules across the cells of one household."""
    yield from people.check(lines, context)
    head = lines[people.head_of(lines)]
    if head["phone"] is not None and head["phone_2"] is not None:
        yield Finding(0, "phone_2", "seul le premier numéro est gardé.", blocking=False)
    if wrong := lists.check_amount(head):
        yield Finding(0, "resources_amount", wrong)
    own = str(head["dispositif"] or DEFAULT_DISPOSITIF)
    if lists.own_scheme_told(head, own, context.today):
        yield Finding(
            0, "enrolments", f"« {SCHEMES[own]} » est déjà le dispositif du dossier : écrivez ici les autres seulement."
        )


KIND = ImportKind(
    code="menages", label="Ménages", one="ménage", permission=HOUSEHOLD_CREATE, columns=COLUMNS, reference="reference",
    natural_key=("last_name", "first_name", "birth"), line_column="link", validate=validate, compare=recording.compare,
    commit=recording.commit, restore=recording.restore,
)  # fmt: skip
