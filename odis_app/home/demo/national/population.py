"""Organisations, the people who work for them, and how many files each follows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from random import Random
from statistics import NormalDist

from sqlalchemy import select

from odis_app.accounts.models import User
from odis_app.core.db import db
from odis_app.core.identity import Identity
from odis_app.core.ids import drawn_public_id
from odis_app.core.permissions import Role
from odis_app.core.text import fold
from odis_app.home.demo.national.copying import Copier
from odis_app.home.demo.national.country import Country
from odis_app.home.demo.national.drawing import FEMALE, MALE, family, letters, one_of, shares
from odis_app.home.demo.sizes import National
from odis_app.organisations import texts
from odis_app.organisations.enums import OrganisationKind
from odis_app.organisations.models import Mandate, Membership, Organisation, OrganisationArea
from odis_app.organisations.seeds import World

SINCE = date(2020, 1, 1)
BOOK, LODGING = "association", "operateur"  # accounts of the small demonstration whose organisations grow
ASSOCIATIONS = 0.53  # of the organisations; each département has its DDETS, the others are operators
PEOPLE = {OrganisationKind.DDETS: 3, OrganisationKind.OPERATEUR: 2, OrganisationKind.ASSOCIATION: 2}
HOME = 0.45  # of the largest holder's files, in its own département
ROLES = {
    OrganisationKind.ASSOCIATION: (
        (Role.COORDINATEUR, Role.ADMIN_ORGANISATION), (Role.TRAVAILLEUR_SOCIAL, Role.QUALIFICATEUR_OFFRES), (Role.TRAVAILLEUR_SOCIAL,),
    ),
    OrganisationKind.OPERATEUR: ((Role.OPERATEUR, Role.ADMIN_ORGANISATION), (Role.OPERATEUR,)),
    OrganisationKind.DDETS: ((Role.DDETS,),),
}  # fmt: skip
"""The roles of the first, of the second and of the others."""


@dataclass(slots=True)
class Org:
    """An organisation: where it works, its files by département, and who works there (``team``, as they act)."""

    id: int
    kind: OrganisationKind
    short_name: str
    department: str
    files: dict[str, int] = field(default_factory=dict)
    team: list[Identity] = field(default_factory=list)

    @property
    def total(self) -> int:
        """All its files."""
        return sum(self.files.values())

    @property
    def workers(self) -> Sequence[Identity]:
        """Those who follow files: everybody but the coordination, where there is somebody else."""
        return self.team[1:] or self.team


@dataclass(slots=True)
class Population:
    """``followers`` have files, ``lodgers`` have structures, ``services`` are the DDETS by département."""

    followers: list[Org]
    lodgers: list[Org]
    services: dict[str, int]


def medians(total: int, count: int, median: int) -> list[int]:
    """``count`` sizes of sum ``total`` around ``median``, a few large and many small (log-normal), the largest first."""
    ranks = [NormalDist().inv_cdf((rank + 0.5) / count) for rank in range(count)]
    low, high = 0.0, 4.0
    for _ in range(60):
        spread = (low + high) / 2
        low, high = (spread, high) if sum(median * math.exp(spread * rank) for rank in ranks) < total else (low, spread)
    return sorted(shares(total, [math.exp(low * rank) for rank in ranks]), reverse=True)


def settle(
    copier: Copier, world: World, size: National, country: Country, password_hash: str, draw: Random
) -> Population:
    """Write the organisations and their people; the association of the small demonstration becomes the largest."""
    known = _services()
    missing = [code for code in country.people if code not in known]
    associations = round(size.organisations * ASSOCIATIONS)
    services = [_new(copier, country, draw, OrganisationKind.DDETS, code, 0) for code in missing]
    homes = shares(size.organisations - associations - len(services), list(country.people.values()))
    places = [(code, rank) for code, count in zip(country.people, homes, strict=True) for rank in range(1, count + 1)]
    lodgers = [_new(copier, country, draw, OrganisationKind.OPERATEUR, code, rank) for code, rank in places]
    book = _present(world, BOOK)
    sizes = medians(size.households - size.largest, associations, size.median)
    followers = [
        _new(copier, country, draw, OrganisationKind.ASSOCIATION, code, rank, files)
        for rank, (files, code) in enumerate(_spread(sizes, size, country, book), 1)
    ]
    book.files = _own_files(size, book, followers)
    _staff(copier, size, country, [book, *services, *lodgers, *followers], password_hash, draw)
    for org in followers:
        for scheme in country.schemes.things:
            mandated = {
                "organisation_id": org.id,
                "department_code": org.department,
                "dispositif_id": scheme,
                "starts_on": SINCE,
            }
            copier.add(
                Mandate,
                mandated | {"id": copier.next_id(Mandate), "public_id": drawn_public_id(draw), "set_at": country.now},
            )
    copier.flush()
    steering = known | {org.department: org.id for org in services}
    return Population([book, *followers], [_present(world, LODGING), *lodgers], steering)


def _services() -> dict[str, int]:
    """The DDETS that are there already, by département."""
    rows = db.execute(
        select(Organisation.department_code, Organisation.id).where(Organisation.kind == OrganisationKind.DDETS.value)
    )
    return {str(row.department_code): row.id for row in rows}


def _present(world: World, account: str) -> Org:
    """An organisation of the small demonstration, with whoever works there."""
    org = db.get_one(Organisation, world[account].org_id)
    kind = OrganisationKind(org.kind)
    people = db.execute(
        select(User)
        .join(Membership, Membership.user_id == User.id)
        .where(Membership.organisation_id == org.id)
        .distinct()
        .order_by(User.id.desc())
    ).scalars()
    areas = db.execute(
        select(OrganisationArea.department_code).where(OrganisationArea.organisation_id == org.id)
    ).scalars()
    mandated = db.execute(select(Mandate.department_code).where(Mandate.organisation_id == org.id)).scalars()
    where = dict.fromkeys([str(org.department_code), *sorted({*areas, *mandated})], 0)
    found = Org(org.id, kind, org.short_name, str(org.department_code), where)
    found.team = [_acting(found, user.id, user.first_name, user.last_name) for user in people]
    return found


def _acting(org: Org, user_id: int, first: str, last: str) -> Identity:
    return Identity(
        kind="user",
        user_id=user_id,
        first_name=first,
        last_name=last,
        org_id=org.id,
        org_short_name=org.short_name,
        org_name=org.short_name,
    )


def _new(
    copier: Copier, country: Country, draw: Random, kind: OrganisationKind, code: str, rank: int, files: int = 0
) -> Org:
    """One organisation of a département, written."""
    where = country.names[code]
    word = letters(rank + 25).capitalize()
    short, name = {
        OrganisationKind.DDETS: (f"DDETS {code}", f"DDETS, {where}"),
        OrganisationKind.OPERATEUR: (f"Gîtes {word} {code}", f"Gîtes Modèles {word}, {where}"),
        OrganisationKind.ASSOCIATION: (f"Relais {word} {code}", f"Association Relais Spécimen {word}, {where}"),
    }[kind]
    org = Org(copier.next_id(Organisation), kind, short, code, {code: files})
    copier.add(Organisation, {
        "id": org.id, "public_id": drawn_public_id(draw), "name": name, "short_name": short, "folded": fold(name), "kind": kind.value, "department_code": code,
        "activated_at": country.now,
    })  # fmt: skip
    copier.add(
        OrganisationArea, {"id": copier.next_id(OrganisationArea), "organisation_id": org.id, "department_code": code}
    )
    return org


def _spread(sizes: Sequence[int], size: National, country: Country, book: Org) -> Iterator[tuple[int, str]]:
    """Each size with the département that lacks the most files: by inhabitants, but for the one whose DDETS steers ``size.steered``."""
    elsewhere = {code: count for code, count in country.people.items() if code != book.department}
    lacking = dict(
        zip(elsewhere, map(float, shares(size.households - size.steered, list(elsewhere.values()))), strict=True)
    )
    lacking[book.department] = size.steered - size.largest * HOME
    for count in sizes:
        code = max(lacking, key=lambda c: (lacking[c], c))
        lacking[code] -= count
        yield count, code


def _own_files(size: National, book: Org, followers: Sequence[Org]) -> dict[str, int]:
    """Where the largest holder's files are: as many at home as its DDETS still lacks, the others where it is mandated."""
    there = size.steered - sum(org.files.get(book.department, 0) for org in followers)
    at_home = min(max(there, 0), size.largest)
    others = [code for code in book.files if code != book.department]
    return {book.department: at_home} | dict(
        zip(others, shares(size.largest - at_home, range(len(others), 0, -1)), strict=True)
    )


def _staff(
    copier: Copier, size: National, country: Country, orgs: Sequence[Org], password_hash: str, draw: Random
) -> None:
    """Everybody who works there: a few in each organisation, the others where the files are. All sign in with the demonstration's password."""
    least = [PEOPLE[org.kind] if not org.team else 0 for org in orgs]
    more = shares(max(0, size.users - sum(least)), [float(org.total) for org in orgs])
    charter = texts.current(texts.CHARTER).version
    rank = 0
    for org, few, many in zip(orgs, least, more, strict=True):
        for _ in range(few + many):
            rank += 1
            first, last = one_of(draw, (*FEMALE, *MALE)), family(rank).capitalize()
            user_id, roles = copier.next_id(User), ROLES[org.kind][min(len(org.team), len(ROLES[org.kind]) - 1)]
            copier.add(User, {
                "id": user_id, "public_id": drawn_public_id(draw), "email": f"n{user_id:05d}@demo.odis.example", "first_name": first, "last_name": last,
                "is_demo": True, "charter_version": charter, "created_at": country.now,
            })  # fmt: skip
            copier.add_plain("private.credentials", {"user_id": user_id, "password_hash": password_hash})
            for role in roles:
                held = {"user_id": user_id, "organisation_id": org.id, "role": role.value, "starts_on": SINCE}
                copier.add(Membership, {"id": copier.next_id(Membership)} | held)
            org.team.append(_acting(org, user_id, first, last))
