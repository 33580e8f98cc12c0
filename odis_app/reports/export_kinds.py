"""The lists that may leave: what each holds, under which right, in which words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func
from werkzeug.datastructures import MultiDict

from odis_app.access.limits import unlimited
from odis_app.core.db import db
from odis_app.core.formats import pluriel
from odis_app.core.identity import Identity
from odis_app.core.permissions import Permission
from odis_app.exchange.writers import Heading
from odis_app.households.models import Household
from odis_app.households.queries import HouseholdFilter, filter_of
from odis_app.households.queries.lists import filtered
from odis_app.housing.models import Offer, Place
from odis_app.housing.queries import (
    OfferFilter,
    PlaceFilter,
    filtered_offers,
    filtered_places,
    offer_filter,
    place_filter,
)
from odis_app.reports import export_homes, export_rows, policy
from odis_app.reports.export_rows import ExportColumn


@dataclass(frozen=True, slots=True)
class ExportKind:
    """One list. ``slug`` is kept in the row and named in addresses and files; ``resource`` begins the actions of the trail.

    ``filters`` is the dataclass that ``filters_of(identity, args)`` makes of an address; ``selected(identity, filters)`` the rows of the
    list in its order, whose key is ``key``; ``lines(identity, ids)`` what each says. ``left_out`` tells what never leaves.
    """

    slug: str
    word: str
    sheet: str
    resource: str
    permission: Permission
    endpoint: str
    label: str
    folder: str
    columns: Sequence[ExportColumn]
    left_out: str
    filters: type[Any]
    filters_of: Callable[[Identity, MultiDict[str, str]], Any]
    selected: Callable[[Identity, Any], Select[Any]]
    key: Any
    lines: Callable[[Identity, Sequence[int]], Iterator[list[object]]]

    def words(self, count: int) -> str:
        """« 2 ménages »."""
        return pluriel(count, self.word)

    @property
    def plural(self) -> str:
        """« ménages »."""
        return f"{self.word}s"

    def counted(self, identity: Identity, filters: Any) -> int:
        """How many lines an export of this list would hold today."""
        statement = self.selected(identity, filters).order_by(None).with_only_columns(func.count(self.key))
        return int(db.execute(statement).scalar_one())

    def keys(self, identity: Identity, filters: Any, *, limit: int) -> list[int]:
        """The keys of its first lines, in its order."""
        return list(db.scalars(self.selected(identity, filters).with_only_columns(self.key).limit(limit)))

    def headings(self) -> list[Heading]:
        """The titles of the sheet."""
        return [Heading(column.title, column.width) for column in self.columns]


def _households(identity: Identity, filters: HouseholdFilter) -> Select[Any]:
    """Files whose processing is limited stay out of any export."""
    return filtered(identity, filters).where(unlimited("households.id"))


KINDS = {
    kind.slug: kind
    for kind in (
        ExportKind(
            "menages", "ménage", "Ménages", "household", policy.EXPORT_CREATE, "households.index", "Ménages", "household", export_rows.COLUMNS,
            "Ni téléphone, ni numéro étranger, ni santé, ni sécurité.", HouseholdFilter, lambda _who, args: filter_of(args), _households,
            Household.id, export_rows.lines,
        ),
        ExportKind(
            "offres", "offre", "Offres", "offer", policy.OFFER_EXPORT, "offers.index", "Offres", "place", export_homes.OFFERS,
            "Ni adresse exacte, ni téléphone, ni signalement ; qui propose, pour les offres de votre organisation seulement. Un lieu tenu secret n’a que son département.",
            OfferFilter, lambda _who, args: offer_filter(args), filtered_offers, Offer.id, export_homes.offer_lines,
        ),
        ExportKind(
            "places", "place", "Places", "place", policy.PLACE_EXPORT, "places.index", "Places", "place", export_homes.PLACES,
            "Ni adresse exacte, ni nom d’un ménage. Un lieu tenu secret n’a que son numéro et son département.",
            PlaceFilter, place_filter, filtered_places, Place.id, export_homes.place_lines,
        ),
    )
}  # fmt: skip
