"""Places: what they offer, which are free, how they are written; the numbers that organisations give."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from odis_app.access import keys
from odis_app.access.models import Record, RecordKey
from odis_app.core import clock
from odis_app.core.db import current_unit, db
from odis_app.core.identity import Identity
from odis_app.core.ids import drawn_public_id
from odis_app.home.demo.national.copying import Copier
from odis_app.home.demo.national.country import Country, Town
from odis_app.home.demo.national.drawing import (
    ago,
    instant,
    one_of,
)
from odis_app.home.demo.national.population import Org
from odis_app.households.models import HouseholdCounter
from odis_app.housing.enums import HousingKind
from odis_app.housing.models import PLACE_LABEL, Place, PlaceAddress
from odis_app.organisations.models import Qualifier
from odis_app.structures.models import HousingCounter

Row = dict[str, Any]
FILES = "M"  # the series of the files, whose counters have a table of their own


def ordinary_home(draw: Random, today: date) -> Row:
    """What a home of ordinary variety offers (``bench`` draws its places here too): columns of an offer or of a place."""
    capacity = one_of(draw, (1, 1, 2, 2, 3, 4, 4, 5, 6, 8))
    minors = draw.random() < 0.8
    return {
        "kind": one_of(draw, ("logement_location", "logement_social")), "capacity": capacity, "bedrooms": max(1, capacity - 1),
        "max_minors": one_of(draw, (None, 0, capacity - 1)) if minors else None,
        "available_from": one_of(draw, (None, today + timedelta(days=draw.randrange(90)))), "wheelchair": draw.random() < 0.1,
        "ground_floor_or_lift": draw.random() < 0.5, "hosts_women_only": draw.random() < 0.05, "accepts_animals": draw.random() < 0.5,
        "accepts_minors": minors, "women_only_certified": draw.random() < 0.05, "specialised_fvv_teh": draw.random() < 0.03,
        "rent": one_of(draw, (None, 300, 450, 600)), "validated_until": today + timedelta(days=draw.randrange(-30, 300)),
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Spot:
    """A place that a household may be given; ``sheet``: what a proposal keeps of it."""

    id: int
    owner_org_id: int
    department_code: str
    dispositif_id: int
    minors: bool
    opened_on: date
    sheet: Row


@dataclass(slots=True)
class Homes:
    """Free places by (département, scheme, minors accepted), then by capacity; numbers already given by (organisation, series, département);
    who was named to qualify the offers of a département, by (département, scheme).
    """

    free: dict[tuple[str, int, bool], dict[int, list[Spot]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )
    counters: dict[tuple[int, str, str], int] = field(default_factory=lambda: defaultdict(int))
    qualifiers: dict[tuple[str, int], set[int]] = field(default_factory=lambda: defaultdict(set))

    def number(self, org_id: int, series: str, code: str) -> str:
        """« P-53-012 »: the next of its organisation there."""
        self.counters[org_id, series, code] += 1
        width = 4 if series in {"O", FILES} else 3
        return f"{series}-{code}-{self.counters[org_id, series, code]:0{width}d}"

    def give(self, spot: Spot) -> None:
        """Say that a place is free."""
        self.free[spot.department_code, spot.dispositif_id, spot.minors][spot.sheet["capacity"]].append(spot)

    def take(self, department_code: str, scheme: int, size: int, day: date, *, minors: bool) -> Spot | None:
        """The smallest free place that holds them from that day on."""
        for accepts in (True,) if minors else (False, True):
            rooms = self.free[department_code, scheme, accepts]
            for capacity in sorted(rooms):
                if capacity >= size and rooms[capacity] and rooms[capacity][-1].opened_on <= day:
                    return rooms[capacity].pop()
        return None


def read_homes() -> Homes:
    """No place yet; the numbers that organisations have given already; who qualifies."""
    homes = Homes()
    for row in db.execute(select(HousingCounter)).scalars():
        homes.counters[row.owner_org_id, row.series, row.department_code] = row.last_number
    for file in db.execute(select(HouseholdCounter)).scalars():
        homes.counters[file.owner_org_id, FILES, file.department_code] = file.last_number
    today = clock.today()
    named = select(Qualifier).where(Qualifier.starts_on <= today, func.coalesce(Qualifier.ends_on, today) >= today)
    for office in db.execute(named).scalars():
        homes.qualifiers[office.department_code, office.dispositif_id].add(office.organisation_id)
    return homes


def keep_counters(homes: Homes) -> None:
    """The product goes on counting where the drawing stopped. Once everything is written."""
    for model, columns, of_files in (
        (HousingCounter, ("owner_org_id", "series", "department_code"), False),
        (HouseholdCounter, ("owner_org_id", "department_code"), True),
    ):
        rows = [
            {name: value for name, value in zip(("owner_org_id", "series", "department_code"), key, strict=True) if name in columns} | {"last_number": last}
            for key, last in homes.counters.items() if (key[1] == FILES) is of_files
        ]  # fmt: skip
        statement = insert(model)
        db.execute(
            statement.on_conflict_do_update(
                index_elements=list(columns), set_={"last_number": statement.excluded.last_number}
            ),
            rows,
        )


@dataclass(slots=True)
class Builder:
    """What every home needs to be written."""

    copier: Copier
    country: Country
    draw: Random
    homes: Homes

    def record(self, kind: str, org: Org, code: str, scheme: int | None) -> int:
        """The record of a home and its key, which is at hand until the chunk is written."""
        record_id = self.copier.next_id(Record)
        self.copier.add(
            Record,
            {"id": record_id, "kind": kind, "owner_org_id": org.id, "department_code": code, "dispositif_id": scheme},
        )
        for row in keys.create([record_id], org.id):
            self.copier.add(RecordKey, row)
        return record_id

    def flush(self) -> None:
        """Write the chunk, forget its keys."""
        self.copier.flush()
        current_unit().answers.clear()


def add_place(builder: Builder, who: Identity, town: Town, home: Row, label: str, life: Row, address: str) -> None:
    draw, org_id = builder.draw, who.require_org()
    secret, record_id = home["location_secret"], int(life.get("structure_id") or life["offer_id"])
    number = builder.homes.number(org_id, "P", town.department_code)
    key = builder.copier.next_id(Place)
    place = {"structure_id": None, "offer_id": None} | home | life | {
        "id": key, "public_id": drawn_public_id(draw), "number": number, "owner_org_id": org_id, "label": "" if secret else label,
        "confirmed_at": instant(ago(builder.country.today, one_of(draw, (0, 1, 3, 6, 8, 11, 15, 22, 40))), draw), "confirmed_by_label": who.name,
        "created_at": builder.country.now,
    }  # fmt: skip
    builder.copier.add(Place, place)
    words = keys.word_indexes(label, org_id=org_id, column=PLACE_LABEL) if secret else None
    kept = {
        "place_id": key,
        "owner_org_id": org_id,
        "record_id": record_id,
        "label": label if secret else "",
        "label_index": words,
    }
    builder.copier.add(
        PlaceAddress,
        keys.sealed_row(PlaceAddress, kept | {"commune_code": town.code, "address": address, "ban_id": ""}),
    )
    if life["opened_on"] and not life["closed_on"] and not (home["hosts_women_only"] or home["specialised_fvv_teh"]):
        sheet = {
            "public_id": place["public_id"], "number": number, "title": place["label"] or number, "kind": HousingKind.label_of(home["kind"]),
            "capacity": home["capacity"], "bedrooms": home["bedrooms"], "department": town.department_code,
            "commune": None if secret else town.name, "from_offer": place["offer_id"] is not None,
        }  # fmt: skip
        builder.homes.give(
            Spot(
                key,
                org_id,
                town.department_code,
                home["dispositif_id"],
                home["accepts_minors"],
                life["opened_on"],
                sheet,
            )
        )
