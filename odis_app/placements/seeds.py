"""Proposals and stays of the demonstration, at every stage, as the people who would make them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta

from sqlalchemy import func, or_, select

from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.households.models import Household
from odis_app.housing.models import Place
from odis_app.organisations.seeds import Actor, World
from odis_app.placements import operations as do
from odis_app.placements.enums import EndedBy
from odis_app.placements.models import Orientation, Placement
from odis_app.placements.queries import placement_of

# How far each proposal goes, in turn: (stage, first day counted from today, days of stay).
STAGES = (  # those of the past first: fewer places were there already
    ("sortie", -150, 300), ("prolongee", -100, 110), ("retour", -60, 200), ("entree", -40, 200), ("entree", -4, 180), ("confirmee", 5, 150),
    ("proposee", 10, 180), ("acceptee_menage", 7, 120), ("acceptee_hebergeur", 6, 90), ("vue", 9, 180), ("refusee_hebergeur", 12, 90),
    ("refusee_menage", 15, 120), ("annulee", 20, 60), ("confirmee", 0, 120), ("proposee", 14, 240), ("entree", -20, 45),
)  # fmt: skip
READY = ("complet", "a_orienter")


def load(world: World) -> None:
    """Each stage for the first file that a place suits; then the answers that lead there."""
    owners = {actor.org_id: actor for actor in world.actors.values()}
    waiting = _files(world["association"])
    for stage in STAGES:
        for household_id in waiting:
            orientation_id = _propose(world["association"], household_id, stage)
            if orientation_id is not None:
                waiting.remove(household_id)
                _answer(world, owners, orientation_id, stage[0])
                break


def _files(association: Actor) -> list[int]:
    with association.acting() as identity:
        statement = select(Household.id).where(Household.owner_org_id == identity.org_id, Household.status.in_(READY))
        ready = db.execute(statement.order_by(Household.seniority_date, Household.id)).scalars().all()
        return [
            household_id for rank, household_id in enumerate(ready) if rank % 3 != 0
        ]  # the others still look for a home


def _propose(association: Actor, household_id: int, stage: tuple[str, int, int]) -> int | None:
    """The first place, operators' before hosts', that every rule accepts."""
    start = clock.today() + timedelta(days=stage[1])
    for place_id in _places(association, household_id, start):
        with association.acting() as identity:
            household, place = db.get_one(Household, household_id), db.get_one(Place, place_id)
            try:
                with db.begin_nested():
                    return do.propose(
                        identity, household=household, place=place, starts_on=start, ends_on=start + timedelta(days=stage[2]), urgent=stage[0] == "vue",
                        message="Le ménage peut visiter en semaine, l’après-midi.",
                    ).id  # fmt: skip
            except RuleError:
                continue
    return None


def _places(association: Actor, household_id: int, start: date) -> list[int]:
    with association.acting():
        household = db.get_one(Household, household_id)
        fits = (
            Place.id.in_(select(func.odis.safety_compatible(household.id).column_valued())),
            Place.dispositif_id == household.dispositif_id,
            Place.capacity >= household.size,
            Place.orientation_authority == "association_mandatee",
        )
        order = (Place.owner_org_id == household.owner_org_id, Place.capacity, Place.id)
        there = (Place.opened_on <= clock.today(), or_(Place.available_from.is_(None), Place.available_from <= start))
        return list(db.execute(select(Place.id).where(*fits, *there).order_by(*order)).scalars())


def _answer(world: World, owners: dict[int, Actor], orientation_id: int, stage: str) -> None:
    with world["association"].acting():
        host = owners[db.get_one(Orientation, orientation_id).place_owner_org_id]
    for actor, act in _steps(world["association"], host, stage):
        with actor.acting() as identity:
            act(identity, db.get_one(Orientation, orientation_id))


Act = Callable[..., object]


def _steps(association: Actor, host: Actor, stage: str) -> Iterator[tuple[Actor, Act]]:
    """Who does what, in order, until ``stage`` is reached."""
    if stage == "vue":
        yield host, lambda who, o: do.mark_seen(who, orientation=o)
    if stage == "refusee_hebergeur":
        yield (
            host,
            lambda who, o: do.refuse(
                who,
                orientation=o,
                party=EndedBy.HEBERGEUR,
                motif="dates",
                comment="La chambre n’est libre que le mois suivant.",
            ),
        )
    if stage == "refusee_menage":
        yield association, lambda who, o: do.refuse(who, orientation=o, party=EndedBy.MENAGE, motif="scolarite_enfants")
    if stage == "annulee":
        yield association, lambda who, o: do.cancel(who, orientation=o, motif="besoin_change")
    if stage == "acceptee_hebergeur":
        yield host, lambda who, o: do.accept_for_host(who, orientation=o)
    if stage == "acceptee_menage":
        yield association, lambda who, o: do.accept_for_household(who, orientation=o)
    if stage in {"confirmee", "entree", "sortie", "prolongee", "retour"}:
        yield association, lambda who, o: do.accept_for_household(who, orientation=o)
        yield host, lambda who, o: do.accept_for_host(who, orientation=o)
    if stage in {"entree", "sortie", "prolongee", "retour"}:
        yield (
            host,
            lambda who, o: do.record_entry(
                who, placement=_stay(o), entered_on=o.starts_on, title="convention_occupation"
            ),
        )
    if stage == "prolongee":
        yield host, lambda who, o: do.extend(who, placement=_stay(o), ends_on=o.starts_on + timedelta(days=300))
    if stage == "sortie":
        yield (
            host,
            lambda who, o: do.exit_placement(
                who,
                placement=_stay(o),
                reason="logement_social",
                exited_on=clock.today() - timedelta(days=12),
                destination_commune_code="44109",
            ),
        )
    if stage == "retour":
        yield (
            host,
            lambda who, o: do.exit_placement(
                who, placement=_stay(o), reason="rupture_hote", exited_on=clock.today() - timedelta(days=3)
            ),
        )


def _stay(orientation: Orientation) -> Placement:
    placement = placement_of(orientation)
    if placement is None:
        raise LookupError("a confirmed orientation has its stay")
    return placement
