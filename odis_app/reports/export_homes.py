"""What lists of offers and of places say once they have left: class 1 at most, no exact address, a secret place by its département."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from odis_app.core.db import db
from odis_app.core.identity import Identity
from odis_app.households.enums import Language
from odis_app.housing.enums import ProviderKind
from odis_app.housing.models import Offer, Place
from odis_app.housing.queries import PlaceRow, effective_status, hosts_of, rows_of
from odis_app.organisations.queries import dispositifs
from odis_app.reports.export_rows import CHUNK, ExportColumn
from odis_app.structures.models import Structure
from odis_app.structures.policy import visible_structures
from odis_app.territories.queries import label_of

SECRET = "Lieu tenu secret"  # noqa: S105 - a word, not a key


@dataclass(frozen=True, slots=True)
class OfferLine:
    """``host``: who offers, empty without the right to it."""

    home: Offer
    scheme: str
    host: str


@dataclass(frozen=True, slots=True)
class PlaceLine:
    """``holder``: the structure as everybody may name it, or « Offre O-44-0001 »."""

    home: Place
    scheme: str
    row: PlaceRow
    holder: str


def _own(name: str) -> Callable[[Any], object]:
    return lambda line: getattr(line.home, name)


def _yes(name: str) -> Callable[[Any], object]:
    return lambda line: "oui" if getattr(line.home, name) else "non"


def _commune(line: OfferLine | PlaceLine) -> str:
    home = line.home
    return label_of(home.commune_code) if home.commune_code and not home.location_secret else SECRET


def _place_name(line: PlaceLine) -> str:
    return SECRET if line.home.location_secret else line.home.label


def _common(table: str) -> tuple[ExportColumn, ...]:
    """What an offer and a place say alike."""

    def column(title: str, name: str, value: Callable[[Any], object] | None = None, width: int = 16) -> ExportColumn:
        return ExportColumn(title, (f"{table}.{name}",), value or _own(name), width)

    return (
        column("Type", "kind", lambda x: x.home.kind_label, 26),
        column("Commune", "commune_code", _commune, 26),
        column("Département", "department_code", width=12),
        ExportColumn("Dispositif", ("dispositifs.label",), lambda x: x.scheme, 28),
        column("Qui oriente", "orientation_authority", lambda x: x.home.authority_label, 24),
        column("Personnes", "capacity", width=11),
        column("Chambres", "bedrooms", width=11),
        column("Mineurs", "accepts_minors", _yes("accepts_minors"), 10),
        column("Mineurs au plus", "max_minors"),
        column("Fauteuil roulant", "wheelchair", _yes("wheelchair")),
        column("Rez-de-chaussée ou ascenseur", "ground_floor_or_lift", _yes("ground_floor_or_lift"), 26),
        column("Animaux acceptés", "accepts_animals", _yes("accepts_animals")),
        column("Reste à payer par mois", "rent"),
        column("Dont charges", "charges"),
        column("Durée minimale, en jours", "min_stay_days"),
        column("Durée maximale, en jours", "max_stay_days"),
        column("Peut être prolongé", "renewable", _yes("renewable")),
        column("Langues", "languages", lambda x: ", ".join(Language.label_of(c).lower() for c in x.home.languages), 24),
        column("Libre à partir du", "available_from"),
        column("Jusqu’au", "available_to"),
        column("Dernière nouvelle", "confirmed_at", lambda x: x.home.confirmed_at.date()),
    )


OFFERS = (
    ExportColumn("Numéro", ("offers.number",), _own("number")),
    ExportColumn("Étape", ("offers.qualification_status",), lambda x: effective_status(x.home).label, 18),
    ExportColumn("Hébergeur", ("offer_hosts.name_sealed",), lambda x: x.host, 28),
    ExportColumn("Qui propose", ("offers.provider_kind",), lambda x: ProviderKind.label_of(x.home.provider_kind), 18),
    ExportColumn("Unités", ("offers.units",), _own("units"), 10),
    *_common("offers"),
    ExportColumn("Reçue le", ("offers.received_on",), _own("received_on")),
    ExportColumn("Visitée le", ("offers.visited_on",), _own("visited_on")),
    ExportColumn("Décidée le", ("offers.decided_on",), _own("decided_on")),
    ExportColumn("Validée jusqu’au", ("offers.validated_until",), _own("validated_until")),
)
PLACES = (
    ExportColumn("Numéro", ("places.number",), _own("number")),
    ExportColumn("Nom", ("places.label",), _place_name, 28),
    ExportColumn("Structure ou offre", ("structures.name", "offers.number"), lambda x: x.holder, 28),
    ExportColumn("État", ("occupancies.kind", "occupancies.motif"), lambda x: x.row.state_label, 24),
    ExportColumn("Libre le", ("occupancies.during",), lambda x: x.row.free_from),
    *_common("places"),
    ExportColumn("Ouverte le", ("places.opened_on",), _own("opened_on")),
    ExportColumn("Fermée le", ("places.closed_on",), _own("closed_on")),
)


def offer_lines(identity: Identity, ids: Sequence[int]) -> Iterator[list[object]]:
    """The row of each offer of ``ids``, in their order; one that may not be read any more has none."""
    schemes = {d.id: d.label for d in dispositifs()}
    for start in range(0, len(ids), CHUNK):
        part = ids[start : start + CHUNK]
        found = {offer.id: offer for offer in db.scalars(select(Offer).where(Offer.id.in_(part)))}
        hosts = hosts_of(identity, part)
        for key in (key for key in part if key in found):
            line = OfferLine(found[key], schemes[found[key].dispositif_id], hosts.get(key, ""))
            yield [column.value(line) for column in OFFERS]


def place_lines(identity: Identity, ids: Sequence[int]) -> Iterator[list[object]]:
    """The row of each place of ``ids``, in their order; one that may not be read any more has none."""
    schemes = {d.id: d.label for d in dispositifs()}
    for start in range(0, len(ids), CHUNK):
        part = ids[start : start + CHUNK]
        rows = rows_of(identity, part)
        holders = _holders(identity, [row.place for row in rows.values()])
        for row in (rows[key] for key in part if key in rows):
            line = PlaceLine(row.place, schemes[row.place.dispositif_id], row, holders.get(row.place.id, ""))
            yield [column.value(line) for column in PLACES]


def _holders(identity: Identity, places: Sequence[Place]) -> dict[int, str]:
    """By place; the real name of a secret structure stays beside its address, where a secret place says of which open one it is."""
    structures = visible_structures(identity).where(
        Structure.id.in_({p.structure_id for p in places if p.structure_id})
    )
    names = {s.id: s.name for s in db.scalars(structures)}
    offers = select(Offer.id, Offer.number).where(Offer.id.in_({p.offer_id for p in places if p.offer_id}))
    numbers: dict[int, str] = {row[0]: row[1] for row in db.execute(offers)}
    return {
        p.id: names.get(p.structure_id or 0, "") or (f"Offre {numbers[p.offer_id]}" if p.offer_id in numbers else "")
        for p in places
    }
