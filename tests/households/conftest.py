"""Files made on demand, through the operations that the pages call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.identity import Identity
from odis_app.households import operations, queries
from odis_app.households.enums import MemberLink
from odis_app.households.models import Household
from odis_app.households.operations.composition import Person
from odis_app.households.operations.file import Opening
from odis_app.households.operations.protected import Safety
from odis_app.organisations.models import Dispositif, Organisation
from odis_app.organisations.seeds import Actor
from tests.support.worlds import WorldBuilder

LAILA = Person("Laila", "Nemounehzadeh", "f", birth_date=date(1990, 3, 4))
FARID = Person("Farid", "Nemounehzadeh", "m", link=MemberLink.CONJOINT.value, birth_year=1985)
NIKA = Person("Nika", "Nemounehzadeh", "f", link=MemberLink.ENFANT_MINEUR.value, birth_year=clock.today().year - 3)


def open_file(identity: Identity, *people: Person, department: str = "44", **given: object) -> Household:
    """A file opened now, in the identity's organisation."""
    dispositif = db.execute(select(Dispositif.id).order_by(Dispositif.position).limit(1)).scalar_one()
    opening = Opening(
        department_code=department, dispositif_id=dispositif, people=list(people or (LAILA, FARID, NIKA)),
        seniority_date=clock.today() - timedelta(days=64), **given,
    )  # fmt: skip
    return operations.open_household(identity, opening=opening)


def complete(identity: Identity, household: Household) -> None:
    """Everything that a file needs to be oriented, said by the people who would say it."""
    for member in queries.present_members(household.id):
        if not queries.is_minor(member, clock.today()):
            operations.update_member_safety(identity, household=household, member=member, safety=Safety(), version=None)
    operations.update_administrative(
        identity, household=household, values={"protection_status": "refugie"}, version=None
    )
    operations.update_request(
        identity, household=household, values={"need_from": clock.today()}, wished=["53", "49"], version=None
    )


def organisation_of(actor: Actor) -> Organisation:
    """The actor's organisation, in the present unit."""
    return db.get_one(Organisation, actor.org_id)


@dataclass(frozen=True, slots=True)
class Town:
    """An association and its colleague, a neighbour in the same département, one elsewhere, an operator and two DDETS."""

    camille: Actor
    sacha: Actor
    neighbour: Actor
    elsewhere: Actor
    operator: Actor
    ddets: Actor
    other_ddets: Actor
    admin: Actor

    @property
    def strangers(self) -> tuple[Actor, ...]:
        """Those to whom nothing is shared by default."""
        return (self.neighbour, self.elsewhere, self.operator, self.ddets, self.other_ddets, self.admin)


@pytest.fixture
def town(world: WorldBuilder) -> Town:
    camille = world.actor("association", "44")
    return Town(
        camille=camille,
        sacha=world.actor("coordination", "44", colleague_of=camille),
        neighbour=world.actor("association", "44"),
        elsewhere=world.actor("association", "33"),
        operator=world.actor("operateur", "53"),
        ddets=world.actor("ddets", "44"),
        other_ddets=world.actor("ddets", "33"),
        admin=world.actor("admin", None),
    )


@pytest.fixture
def family(town: Town) -> str:
    """The public id of a complete file of Camille's: a couple and a child, with a phone and wishes."""
    with town.camille.acting() as identity:
        household = open_file(identity, phone="+33600000001", languages=["fa"])
        complete(identity, household)
        operations.update_needs(
            identity, household=household, values={"school": (2, "maternelle")}, source="entretien", version=None
        )
        return household.public_id


@pytest.fixture
def file_of() -> Callable[[Identity, str], Household]:
    """The file at an address, in the present unit."""

    def find(identity: Identity, public_id: str) -> Household:
        return db.execute(select(Household).where(Household.public_id == public_id)).scalar_one()

    return find
