"""The demonstration's organisations and accounts; also the little world that tests are built on.

Accounts are created by the installation itself (owner unit), everything else by the operations of each package, under the
identity of the person who would do it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import insert, text

from odis_app.accounts.models import User
from odis_app.accounts.operations import Minter, hash_password, open_session
from odis_app.core import clock
from odis_app.core.db import db, unit_of_work
from odis_app.core.identity import Identity
from odis_app.core.permissions import Role
from odis_app.core.text import fold
from odis_app.organisations import texts
from odis_app.organisations.enums import OrganisationKind
from odis_app.organisations.models import (
    Dispositif,
    Mandate,
    Membership,
    Organisation,
    OrganisationArea,
    Qualifier,
    TerritoryWord,
)
from odis_app.organisations.operations import accept_convention

DAY = 24 * 60


@dataclass(slots=True)
class Actor:
    """One person in one organisation, with an open session."""

    user_id: int
    org_id: int
    token: str

    @contextmanager
    def acting(self) -> Iterator[Identity]:
        """A unit of work under this person: ``with camille.acting() as identity:``."""
        with unit_of_work(self.token) as unit:
            yield unit.identity


@dataclass(slots=True)
class World:
    """Who is there. ``actors`` by the part of the e-mail before the at sign, ``organisations`` by short name."""

    minter: Minter
    organisations: dict[str, int] = field(default_factory=dict)
    actors: dict[str, Actor] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Actor:
        """The actor called ``name`` (« association », « operateur »…)."""
        return self.actors[name]


def create_organisation(
    *,
    name: str,
    short_name: str,
    kind: OrganisationKind,
    department: str | None,
    areas: Sequence[str] = (),
    activated: bool = True,
) -> Organisation:
    """An organisation and where it intervenes. Within an owner unit or an administrator's."""
    organisation = Organisation(
        name=name,
        short_name=short_name,
        folded=fold(name),
        kind=kind.value,
        department_code=department,
        activated_at=clock.now() if activated else None,
    )
    db.add(organisation)
    db.flush()
    db.add_all(OrganisationArea(organisation_id=organisation.id, department_code=code) for code in areas)
    db.flush()
    return organisation


def create_user(
    *,
    email: str,
    first_name: str,
    last_name: str,
    organisation_id: int,
    roles: Sequence[Role],
    password_hash: str | None = None,
    is_demo: bool = False,
    has_charter: bool = True,
) -> User:
    """A person and their roles, who accepted the charter in force (or did not yet). Within an owner unit: the password goes to the private schema."""
    user = User(
        email=email, first_name=first_name, last_name=last_name, is_demo=is_demo, created_at=clock.now(),
        charter_version=texts.current(texts.CHARTER).version if has_charter else "",
    )  # fmt: skip
    db.add(user)
    db.flush()
    db.add_all(
        Membership(user_id=user.id, organisation_id=organisation_id, role=role.value, starts_on=date(2020, 1, 1))
        for role in roles
    )
    if password_hash is not None:
        db.execute(
            text("INSERT INTO private.credentials (user_id, password_hash) VALUES (:id, :hash)"),
            {"id": user.id, "hash": password_hash},
        )
    db.flush()
    return user


def mandate(
    organisation_id: int,
    department: str,
    dispositifs: Sequence[str],
    *,
    starts_on: date | None = None,
    ends_on: date | None = None,
) -> None:
    """Mandate an association in a département for some dispositifs (by code). Within an owner unit or the DDETS's."""
    known = {row.code: row.id for row in db.query(Dispositif)}
    rows = [
        {
            "organisation_id": organisation_id,
            "department_code": department,
            "dispositif_id": known[code],
            "starts_on": starts_on or date(2020, 1, 1),
            "ends_on": ends_on,
        }
        for code in dispositifs
    ]
    db.execute(insert(Mandate), rows)


def _organise(world: World) -> None:
    """Who qualifies the offers of Loire-Atlantique, and two words that are said otherwise there."""
    code = {row.code: row.id for row in db.query(Dispositif)}
    for scheme in MATCHED:
        db.add(
            Qualifier(
                organisation_id=world.organisations["Les Passerelles"], department_code="44", dispositif_id=code[scheme], starts_on=date(2020, 1, 1),
            )
        )  # fmt: skip
    for term, label in (("hebergeur", "accueillant"), ("orientation", "proposition")):
        db.add(TerritoryWord(department_code="44", term=term, label=label))
    db.flush()


def open_actor(world: World, name: str, *, user_id: int, organisation_id: int) -> Actor:
    """Open a session for a person of the world and remember it under ``name``."""
    with unit_of_work(None):
        token = open_session(
            world.minter,
            user_id=user_id,
            organisation_id=organisation_id,
            device="installation",
            idle=DAY,
            absolute=DAY,
        )
    if token is None:
        raise RuntimeError(f"no session could be opened for {name}")
    world.actors[name] = Actor(user_id, organisation_id, token)
    return world.actors[name]


MATCHED = ("deplaces_ukraine", "hebergement_citoyen", "mobilite_nationale")
K = OrganisationKind
# (short name, name, kind, département, areas)
ORGANISATIONS = (
    ("Les Passerelles", "Association Les Passerelles", K.ASSOCIATION, "44", ("44",)),
    ("Toits d’Exemple", "Toits d’Exemple", K.OPERATEUR, "44", ("44", "49")),
    ("Mayenne Accueil", "Mayenne Accueil Fictif", K.OPERATEUR, "53", ("53",)),
    ("DDETS 44", "DDETS de la Loire-Atlantique", K.DDETS, "44", ("44",)),
    ("DDETS 53", "DDETSPP de la Mayenne", K.DDETS, "53", ("53",)),
    ("DDETS 49", "DDETS de Maine-et-Loire", K.DDETS, "49", ("49",)),
    ("DDETS 33", "DDETS de la Gironde", K.DDETS, "33", ("33",)),
    ("DIHAL", "DIHAL", K.DIHAL, None, ()),
    ("Relais Spécimen", "Association Relais Spécimen", K.ASSOCIATION, "33", ("33",)),
    ("Gîtes Modèles", "Gîtes Modèles", K.OPERATEUR, "33", ("33",)),
    ("Plateforme", "OD&IS, plateforme", K.PLATEFORME, None, ()),
)
# (account, first name, last name, organisation, roles)
PEOPLE = (
    ("association", "Camille", "Fictive", "Les Passerelles", (Role.TRAVAILLEUR_SOCIAL, Role.QUALIFICATEUR_OFFRES)),
    ("coordination", "Sacha", "Témoin", "Les Passerelles", (Role.COORDINATEUR, Role.ADMIN_ORGANISATION)),
    ("operateur", "Dominique", "Exemple", "Toits d’Exemple", (Role.OPERATEUR,)),
    ("aval", "Claude", "Modèle", "Mayenne Accueil", (Role.OPERATEUR,)),
    ("ddets44", "Alix", "Spécimen", "DDETS 44", (Role.DDETS,)),
    ("ddets53", "Maxime", "Prototype", "DDETS 53", (Role.DDETS,)),
    ("dihal", "Lou", "Gabarit", "DIHAL", (Role.NATIONAL,)),
    ("autre", "Morgan", "Échantillon", "Relais Spécimen", (Role.TRAVAILLEUR_SOCIAL, Role.COORDINATEUR)),
    ("admin", "Andréa", "Plateforme", "Plateforme", (Role.ADMIN_PLATEFORME,)),
)  # fmt: skip
NO_ACCOUNT = (("gites", "Noa", "Maquette", "Gîtes Modèles", (Role.OPERATEUR,)),)  # acts in the seeds, cannot sign in


def load_accounts(minter: Minter, password: str) -> World:
    """Organisations, mandates and the nine accounts of the contract, within an owner unit; sessions are opened apart."""
    world = World(minter)
    for short, name, kind, department, areas in ORGANISATIONS:
        world.organisations[short] = create_organisation(
            name=name, short_name=short, kind=kind, department=department, areas=areas
        ).id
    for department in ("44", "49", "53"):
        mandate(world.organisations["Les Passerelles"], department, MATCHED)
    mandate(world.organisations["Relais Spécimen"], "33", MATCHED)
    _organise(world)
    hashed = hash_password(password)
    for account, first, last, short, roles in (*PEOPLE, *NO_ACCOUNT):
        user = create_user(
            email=f"{account}@demo.odis.example", first_name=first, last_name=last, organisation_id=world.organisations[short], roles=roles,
            password_hash=hashed if (account, first, last, short, roles) in PEOPLE else None, is_demo=True,
        )  # fmt: skip
        world.actors[account] = Actor(user.id, world.organisations[short], "")
    return world


def open_sessions(world: World) -> None:
    """Sessions for every actor, once their accounts are committed."""
    for name, actor in list(world.actors.items()):
        open_actor(world, name, user_id=actor.user_id, organisation_id=actor.org_id)


def accept_conventions(world: World) -> None:
    """Whoever administers an organisation of the demonstration accepts its convention, as they would."""
    for actor in world.actors.values():
        with actor.acting() as identity:
            if Role.ADMIN_ORGANISATION in identity.roles:
                accept_convention(
                    identity, version=texts.current(texts.CONVENTION).version, signed_as="personne fictive, directrice"
                )
