"""Offers from a spreadsheet, one line each: received, to be qualified."""

from __future__ import annotations

from odis_app.exchange.kinds import ImportKind
from odis_app.housing.imports import recording
from odis_app.housing.imports.columns import COLUMNS
from odis_app.housing.policy import OFFER_CREATE

KIND = ImportKind(
    code="offres", label="Offres", one="offre", permission=OFFER_CREATE, columns=COLUMNS, reference="reference",
    natural_key=("kind", "address", "commune"), validate=recording.validate, compare=recording.compare,
    commit=recording.commit, restore=recording.restore,
)  # fmt: skip
