"""A file and everybody around it: who follows it, who was given it, who was not, who no longer is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from sqlalchemy import select, update

from odis_app.access.enums import ShareLevel, SharePurpose
from odis_app.access.models import Grant
from odis_app.access.operations import revoke_share, share_record
from odis_app.accounts.models import User
from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.permissions import Role
from odis_app.households.models import Household
from odis_app.households.operations import open_household
from odis_app.households.operations.composition import Person
from odis_app.households.operations.file import Opening
from odis_app.journal import operations
from odis_app.journal.enums import Audience
from odis_app.organisations.models import Dispositif
from odis_app.organisations.seeds import Actor
from tests.support.worlds import WorldBuilder, owner_unit

EVERYBODY = (
    "author", "colleague", "coordinator", "partner", "chosen", "minimal", "state", "state_without", "other", "expired", "revoked", "national", "admin",
)  # fmt: skip


@dataclass(frozen=True)
class Circle:
    """A household file (``path`` is « menages/<id> ») and the people around it, by the part they play."""

    people: dict[str, Actor]
    record_id: int
    owner_org_id: int
    path: str

    def __getitem__(self, name: str) -> Actor:
        return self.people[name]

    @property
    def place(self) -> dict[str, int]:
        """What operations take."""
        return {"record_id": self.record_id, "owner_org_id": self.owner_org_id}


@pytest.fixture
def circle(world: WorldBuilder) -> Circle:
    """The file of an association, opened in full to a partner and to a DDETS; minimal, expired and revoked shares beside."""
    people = {"author": world.actor("association", "44")}
    people["colleague"] = world.actor("association", colleague_of=people["author"])
    people["coordinator"] = world.actor("coordination", colleague_of=people["author"])
    for name in ("partner", "minimal", "expired", "revoked"):
        people[name] = world.actor("operateur", "44")
    people["chosen"] = world.actor("operateur", colleague_of=people["partner"])
    people["state"], people["state_without"] = world.actor("ddets", "44"), world.actor("ddets", "44")
    people["other"] = world.actor("association", "33", roles=(Role.TRAVAILLEUR_SOCIAL, Role.COORDINATEUR))
    people["national"], people["admin"] = world.actor("dihal", None), world.actor("admin", None)
    with people["author"].acting() as identity:
        household = open_household(identity, opening=_opening())
        for name, level in (
            ("partner", "full"),
            ("minimal", "minimal"),
            ("expired", "full"),
            ("revoked", "full"),
            ("state", "full"),
        ):
            purpose = SharePurpose.ARBITRAGE if name == "state" else SharePurpose.ACCOMPAGNEMENT
            share_record(
                identity,
                record_id=household.id,
                owner_org_id=household.owner_org_id,
                grantee_org_id=people[name].org_id,
                level=ShareLevel(level),
                purpose=purpose,
            )
        found = Circle(people, household.id, household.owner_org_id, f"menages/{household.public_id}")
    end(found, "revoked")
    with owner_unit():
        past = clock.now() - timedelta(days=1)
        db.execute(
            update(Grant)
            .where(Grant.grantee_org_id == people["expired"].org_id)
            .values(granted_at=past - timedelta(days=1), expires_at=past)
        )
    return found


def _opening() -> Opening:
    dispositif = db.execute(select(Dispositif.id).order_by(Dispositif.position).limit(1)).scalar_one()
    laila = Person("Laila", "Nemounehzadeh", "f", birth_date=date(1990, 3, 4))
    return Opening(
        department_code="44",
        dispositif_id=dispositif,
        people=[laila],
        seniority_date=clock.today() - timedelta(days=30),
    )


def end(circle: Circle, name: str) -> None:
    """The owner withdraws what it shared with somebody's organisation."""
    with circle["author"].acting() as identity:
        grants = (
            db.execute(select(Grant).where(Grant.grantee_org_id == circle[name].org_id, Grant.revoked_at.is_(None)))
            .scalars()
            .all()
        )
        for grant in grants:
            revoke_share(identity, grant=grant)


def household_of(circle: Circle) -> Household:
    """The file, in the present unit."""
    return db.get_one(Household, circle.record_id)


def public_id_of(actor: Actor) -> str:
    """A person's public id, read behind the walls."""
    with owner_unit():
        return db.get_one(User, actor.user_id).public_id


@pytest.fixture
def write(circle: Circle) -> Callable[..., str]:
    """``write("partner", Audience.CHOISIS, reader="author")`` → the public id of the note."""

    def act(
        author: str, audience: Audience, *, body: str = "Rendez-vous pris.", reader: str = "", **more: object
    ) -> str:
        readers = [public_id_of(circle[reader])] if reader else []
        with circle[author].acting() as identity:
            entry = operations.add_entry(
                identity, **circle.place, body=body, audience=audience, readers=readers, **more
            )
            return entry.public_id

    return act
