"""Small worlds, made on demand: organisations, people with open sessions, mandates, shares."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date

from flask import Flask
from sqlalchemy import text

from odis_app.core.db import db, token_hash, unit_of_work
from odis_app.core.ids import new_public_id, new_token
from odis_app.core.permissions import Role
from odis_app.organisations import seeds
from odis_app.organisations.enums import OrganisationKind
from odis_app.organisations.seeds import Actor, World

ROLES = {
    "association": (Role.TRAVAILLEUR_SOCIAL, Role.QUALIFICATEUR_OFFRES),
    "coordination": (Role.COORDINATEUR,),
    "operateur": (Role.OPERATEUR,),
    "ddets": (Role.DDETS,),
    "dihal": (Role.NATIONAL,),
    "admin": (Role.ADMIN_PLATEFORME,),
    "admin_organisation": (Role.ADMIN_ORGANISATION,),
}
KINDS = {
    "association": OrganisationKind.ASSOCIATION,
    "coordination": OrganisationKind.ASSOCIATION,
    "operateur": OrganisationKind.OPERATEUR,
    "ddets": OrganisationKind.DDETS,
    "dihal": OrganisationKind.DIHAL,
    "admin": OrganisationKind.PLATEFORME,
    "admin_organisation": OrganisationKind.ASSOCIATION,
}


@contextmanager
def owner_unit() -> Iterator[None]:
    """A unit of work of the installation itself (no wall): to build accounts, or to look behind the first wall."""
    with unit_of_work(None, engine_name="owner"):
        yield


class WorldBuilder:
    """``builder.actor("association", "44")`` gives a signed-in person of a new association of Loire-Atlantique, mandated there."""

    def __init__(self, app: Flask) -> None:
        self.world = World(app.extensions["odis_minter"])
        self._count = 0

    def actor(
        self,
        part: str,
        department: str | None = "44",
        *,
        colleague_of: Actor | None = None,
        roles: Sequence[Role] | None = None,
        mandated: bool = True,
    ) -> Actor:
        """A person playing ``part`` (see ROLES) in a new organisation of ``department``, or in a colleague's."""
        self._count += 1
        name = f"{part}{self._count}"
        with owner_unit():
            organisation_id = (
                colleague_of.org_id if colleague_of else self._organisation(part, department, name, mandated=mandated)
            )
            user = seeds.create_user(
                email=f"{name}@test.odis.example", first_name=part.capitalize(), last_name=f"Fictif {self._count}", organisation_id=organisation_id,
                roles=roles or ROLES[part],
            )  # fmt: skip
            user_id = user.id
        return seeds.open_actor(self.world, name, user_id=user_id, organisation_id=organisation_id)

    def _organisation(self, part: str, department: str | None, name: str, *, mandated: bool) -> int:
        areas = (department,) if department else ()
        organisation = seeds.create_organisation(
            name=f"Organisation {name}", short_name=name, kind=KINDS[part], department=department, areas=areas
        )
        if mandated and department and KINDS[part] is OrganisationKind.ASSOCIATION:
            seeds.mandate(organisation.id, department, seeds.MATCHED, starts_on=date(2020, 1, 1))
        return organisation.id

    def mandate(
        self,
        actor: Actor,
        department: str,
        dispositifs: Sequence[str] = seeds.MATCHED,
        *,
        starts_on: date = date(2020, 1, 1),
        ends_on: date | None = None,
    ) -> None:
        """Mandate the actor's organisation in one more département, for these dispositifs."""
        with owner_unit():
            seeds.mandate(actor.org_id, department, dispositifs, starts_on=starts_on, ends_on=ends_on)


def open_class2(is_open: bool = True) -> None:
    """What an administrator recorded about health data on this installation; emptying the database takes it away."""
    value = json.dumps({"open": is_open})
    with owner_unit():
        db.execute(
            text(
                "INSERT INTO instance (key, value) VALUES ('class2', CAST(:value AS jsonb)) ON CONFLICT (key) DO UPDATE SET value = excluded.value"
            ),
            {"value": value},
        )


def confirmed(actor: Actor) -> Actor:
    """The same person in another session, whose identity was confirmed a moment ago: what step-up opens is open."""
    token = new_token()
    copied = "kind, user_id, org_id, org_kind, roles, level, departments, device, idle, absolute_until, expires_at"
    with owner_unit():
        statement = text(
            f"INSERT INTO private.sessions (token_hash, public_id, step_up_until, {copied}) "
            f"SELECT :new, :public_id, now() + interval '1 day', {copied} FROM private.sessions WHERE token_hash = :old"
        )
        db.execute(statement, {"new": token_hash(token), "public_id": new_public_id(), "old": token_hash(actor.token)})
    return Actor(actor.user_id, actor.org_id, token)
