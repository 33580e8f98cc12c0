"""Every home of the country: the offers of those who have files there, then the structures of the operators."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from random import Random

from odis_app.access import keys
from odis_app.core.ids import drawn_public_id
from odis_app.home.demo.national.country import Country
from odis_app.home.demo.national.drawing import (
    Weighted,
    ago,
    letters,
    shares,
    within,
)
from odis_app.home.demo.national.homes import Builder, add_place, ordinary_home
from odis_app.home.demo.national.offers import write_offer
from odis_app.home.demo.national.population import Org, Population
from odis_app.home.demo.sizes import National
from odis_app.housing.operations.places import AUTHORISED
from odis_app.structures.enums import StructureKind
from odis_app.structures.models import Structure, StructureAddress

CHUNK = 5_000
BY_STRUCTURE = 32  # places of an ordinary structure
SECRET = 0.03
KINDS = Weighted(tuple(StructureKind), (20, 15, 12, 6, 3, 15, 8, 10, 6, 3, 2))


def build(builder: Builder, size: National, population: Population) -> Iterator[int]:
    """Write every home; tells how many places are written, from time to time."""
    offered = 0
    for rank, (org, code) in enumerate(_offerers(size, population)):
        offered += write_offer(builder, org, code)
        if rank % CHUNK == CHUNK - 1:
            builder.flush()
            yield offered
    written = offered
    for org, count in _structures(max(0, size.places - offered), builder.country, population):
        _structure(builder, org, count)
        written += count
        if written % CHUNK < count:
            builder.flush()
            yield written
    builder.flush()
    yield written


def _offerers(size: National, population: Population) -> Iterator[tuple[Org, str]]:
    """Whose each offer is, and where: those who have files there."""
    held = [(org, code, files) for org in population.followers for code, files in org.files.items() if files]
    for (org, code, _), count in zip(held, shares(size.offers, [files for *_, files in held]), strict=True):
        for _rank in range(count):
            yield org, code


def _structures(places: int, country: Country, population: Population) -> Iterator[tuple[Org, int]]:
    """Each structure with its places: the départements by the files that they have, an operator after the other."""
    files: dict[str, int] = dict.fromkeys(country.people, 0)
    for org in population.followers:
        for code, count in org.files.items():
            files[code] = files.get(code, 0) + count
    by_department: dict[str, list[Org]] = defaultdict(list)
    for org in population.lodgers:
        by_department[org.department].append(org)
    there = {code: count for code, count in files.items() if count and by_department[code]}
    for code, wanted in zip(there, shares(places, list(there.values())), strict=True):
        count = max(1, round(wanted / BY_STRUCTURE))
        for rank, some in enumerate(shares(wanted, [1.0] * count)):
            if some:
                yield by_department[code][rank % len(by_department[code])], some


def _structure(builder: Builder, org: Org, places: int) -> None:
    draw, today = builder.draw, builder.country.today
    town, kind, secret = builder.country.town(org.department, draw), KINDS.pick(draw), draw.random() < SECRET
    record_id = builder.record("structure", org, town.department_code, None)
    number = builder.homes.number(org.id, "S", town.department_code)
    name = f"{kind.label} Modèle {letters(record_id).capitalize()}"
    located = {"owner_org_id": org.id, "department_code": town.department_code, "location_secret": secret}
    builder.copier.add(Structure, located | {
        "id": record_id, "public_id": drawn_public_id(draw), "number": number, "name": f"Structure {number}" if secret else name, "kind": kind.value,
        "commune_code": None if secret else town.code, "created_at": builder.country.now,
    })  # fmt: skip
    where = {
        "name": name if secret else "",
        "commune_code": town.code,
        "address": f"{within(draw, 1, 99)} rue des Exemples",
    }
    builder.copier.add(
        StructureAddress, keys.sealed_row(StructureAddress, located | {"structure_id": record_id} | where)
    )
    for rank in range(1, places + 1):
        home = ordinary_home(draw, today) | {
            "dispositif_id": builder.country.scheme(draw), "validated_until": AUTHORISED, "location_secret": secret, "department_code": town.department_code,
            "commune_code": None if secret else town.code,
        }  # fmt: skip
        opened, closed = _life(draw, today)
        label = f"{name}, logement {rank}"
        add_place(
            builder,
            org.team[0],
            town,
            home,
            label,
            {"structure_id": record_id, "opened_on": opened, "closed_on": closed},
            str(where["address"]),
        )


def _life(draw: Random, today: date) -> tuple[date | None, date | None]:
    """When a place of a structure opened (None: being created) and closed."""
    if draw.random() < 0.02:
        return None, None
    opened = ago(today, within(draw, 1200, 2500))
    return opened, ago(today, within(draw, 1, 300)) if draw.random() < 0.03 else None
