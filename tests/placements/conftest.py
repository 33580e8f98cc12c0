"""An association with a complete file, an operator with a place in the next département, and those who must see nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.identity import Identity
from odis_app.households import operations as files
from odis_app.households import queries as file_queries
from odis_app.households.enums import MemberLink
from odis_app.households.models import Household
from odis_app.households.operations.composition import Person
from odis_app.households.operations.file import Opening
from odis_app.households.operations.protected import Safety
from odis_app.housing import operations as homes
from odis_app.housing.models import Place
from odis_app.organisations.models import Dispositif
from odis_app.organisations.seeds import Actor
from odis_app.placements import operations as do
from odis_app.placements.models import Orientation, Placement
from odis_app.placements.queries import placement_of
from odis_app.structures.enums import StructureKind
from odis_app.structures.operations import create_structure
from tests.support.worlds import WorldBuilder

LAVAL = "53130"
MARK = "Impasse Marqueur 75"
NAMES = ("Lalarème", "Marqueuzine")
PEOPLE = (
    Person(NAMES[0], NAMES[1], "f", birth_date=date(1990, 3, 4)),
    Person("Nikadème", NAMES[1], "f", link=MemberLink.ENFANT_MINEUR.value, birth_year=clock.today().year - 6),
)


def dispositif(code: str = "hebergement_citoyen") -> int:
    return db.execute(select(Dispositif.id).where(Dispositif.code == code)).scalar_one()


def open_file(identity: Identity, *people: Person, code: str = "hebergement_citoyen") -> Household:
    opening = Opening(
        department_code="44", dispositif_id=dispositif(code), people=list(people or PEOPLE), seniority_date=clock.today() - timedelta(days=60),
        phone="+33600000001", languages=["fa"],
    )  # fmt: skip
    return files.open_household(identity, opening=opening)


def complete(identity: Identity, household: Household, safety: Safety | None = None) -> None:
    for member in file_queries.present_members(household.id):
        if not file_queries.is_minor(member, clock.today()):
            files.update_member_safety(
                identity, household=household, member=member, safety=safety or Safety(), version=None
            )
    files.update_administrative(identity, household=household, values={"protection_status": "refugie"}, version=None)
    files.update_request(
        identity,
        household=household,
        values={"need_from": clock.today(), "wheelchair": True},
        wished=["53"],
        version=None,
    )
    files.update_needs(
        identity, household=household, values={"school": (2, f"école de {NAMES[0]}")}, source="entretien", version=None
    )


def create_place(identity: Identity, commune: str = LAVAL, **changes: Any) -> Place:
    structure = create_structure(
        identity, name="Foyer d’essai", kind=StructureKind.CADA, commune_code=commune, address=MARK
    )
    values = {
        "dispositif_id": dispositif(), "kind": "logement_entier_gratuit", "capacity": 4, "bedrooms": 2, "accepts_minors": True, "wheelchair": True,
        "commune_code": commune,
    }  # fmt: skip
    return homes.create_place(
        identity,
        structure=structure,
        values=values | changes,
        label="Studio d’essai",
        address=MARK,
        opened_on=clock.today() - timedelta(days=90),
    )


@dataclass(slots=True)
class Town:
    """Who is there. Everything is reached by public id: each act is a unit of work of its own."""

    camille: Actor
    sacha: Actor
    operator: Actor
    second: Actor
    neighbour: Actor
    elsewhere: Actor
    ddets: Actor
    ddets53: Actor
    admin: Actor
    household: str = ""
    place: str = ""

    @property
    def strangers(self) -> tuple[Actor, ...]:
        return (self.neighbour, self.elsewhere, self.ddets, self.ddets53, self.admin)

    def file(self, public_id: str = "") -> Household:
        return db.execute(select(Household).where(Household.public_id == (public_id or self.household))).scalar_one()

    def home(self, public_id: str = "") -> Place:
        return db.execute(select(Place).where(Place.public_id == (public_id or self.place))).scalar_one()

    def another_place(self, **changes: Any) -> str:
        with self.operator.acting() as identity:
            return create_place(identity, **changes).public_id

    def another_file(self, *people: Person, actor: Actor | None = None, safety: Safety | None = None) -> str:
        with (actor or self.camille).acting() as identity:
            household = open_file(identity, *people)
            complete(identity, household, safety)
            return household.public_id

    def propose(
        self,
        *,
        household: str = "",
        place: str = "",
        actor: Actor | None = None,
        start: int = 0,
        length: int | None = 90,
        **given: Any,
    ) -> str:
        with (actor or self.camille).acting() as identity:
            first = clock.today() + timedelta(days=start)
            last = first + timedelta(days=length) if length else None
            return do.propose(
                identity, household=self.file(household), place=self.home(place), starts_on=first, ends_on=last, **given
            ).public_id

    def confirmed(self, **given: Any) -> str:
        orientation = self.propose(**given)
        for actor, act in ((self.camille, do.accept_for_household), (self.operator, do.accept_for_host)):
            with actor.acting() as identity:
                act(identity, orientation=found(orientation))
        return orientation

    def entered(self, days_ago: int = 0, **given: Any) -> str:
        orientation = self.confirmed(**{"start": -days_ago, **given})
        with self.operator.acting() as identity:
            do.record_entry(identity, placement=stay(orientation), entered_on=clock.today() - timedelta(days=days_ago))
        return orientation

    def status(self, household: str = "") -> str:
        with self.camille.acting():
            return self.file(household).status


def found(public_id: str) -> Orientation:
    """The orientation, in the present unit."""
    return db.execute(select(Orientation).where(Orientation.public_id == public_id)).scalar_one()


def stay(public_id: str) -> Placement:
    """The stay of an orientation, in the present unit."""
    placement = placement_of(found(public_id))
    assert placement is not None
    return placement


@pytest.fixture
def town(world: WorldBuilder) -> Town:
    camille, operator = world.actor("association", "44"), world.actor("operateur", "53")
    world.mandate(camille, "53")
    built = Town(
        camille=camille, sacha=world.actor("coordination", "44", colleague_of=camille), operator=operator,
        second=world.actor("operateur", "53", colleague_of=operator), neighbour=world.actor("association", "44"),
        elsewhere=world.actor("association", "33"), ddets=world.actor("ddets", "44"), ddets53=world.actor("ddets", "53"), admin=world.actor("admin", None),
    )  # fmt: skip
    built.household = built.another_file()
    built.place = built.another_place()
    return built
