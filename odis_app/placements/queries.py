"""Reading orientations and stays; every list starts from ``policy.visible_*``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, SQLColumnExpression, and_, case, func, or_, select, true

from odis_app.access.readers import WhoReads, readers_of
from odis_app.core import clock
from odis_app.core.db import asked_once, db
from odis_app.core.formats import pluriel
from odis_app.core.identity import Identity
from odis_app.core.web import Page, paginate
from odis_app.households.models import Household, HouseholdIdentity
from odis_app.households.policy import visible_households
from odis_app.housing.models import OfferAddress, Place, PlaceAddress
from odis_app.housing.queries import sight as home_sight
from odis_app.placements import policy
from odis_app.placements.models import Departure, Orientation, OrientationChoice, OrientationRefusal, Placement

VIEWS = (
    ("a_repondre", "À répondre"), ("en_cours", "En cours"), ("recues", "Reçues"), ("envoyees", "Envoyées"), ("confirmees", "Confirmées"),
    ("terminees", "Terminées"), ("toutes", "Toutes"),
)  # fmt: skip
STAYS = (
    ("attendus", "Entrées prévues"),
    ("presents", "En cours"),
    ("bientot", "Fin sous 30 jours"),
    ("sortis", "Sortis"),
    ("tous", "Tous"),
)
SOON = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Who:
    """A household as this reader may name it: its number and address when the file is open to them, its size otherwise."""

    title: str
    number: str = ""
    public_id: str = ""


def placement_of(orientation: Orientation) -> Placement | None:
    """The stay that a confirmed orientation opened."""
    return db.execute(select(Placement).where(Placement.orientation_id == orientation.id)).scalar_one_or_none()


def orientation_of(placement: Placement) -> Orientation:
    """The orientation from which a stay came."""
    return db.get_one(Orientation, placement.orientation_id)


@asked_once
def orientations_of(identity: Identity, household_id: int) -> Sequence[Orientation]:
    """The visible orientations of a household, newest first."""
    statement = policy.visible_orientations(identity).where(Orientation.household_id == household_id)
    return db.execute(statement.order_by(Orientation.id.desc())).scalars().all()


@asked_once
def placements_of(identity: Identity, household_id: int) -> Sequence[Placement]:
    """The visible stays of a household, newest first."""
    statement = policy.visible_placements(identity).where(Placement.household_id == household_id)
    return db.execute(statement.order_by(Placement.id.desc())).scalars().all()


def choice_of(identity: Identity, orientation: Orientation) -> OrientationChoice | None:
    """The score of the day and the motif for choosing otherwise: the household's organisation alone."""
    return db.execute(
        policy.visible_choices(identity).where(OrientationChoice.orientation_id == orientation.id)
    ).scalar_one_or_none()


def refusal_of(identity: Identity, orientation: Orientation) -> OrientationRefusal | None:
    """The household's own reason, within what the reader may read."""
    return db.execute(
        policy.visible_refusals(identity).where(OrientationRefusal.orientation_id == orientation.id)
    ).scalar_one_or_none()


def refusal_readers(orientation: Orientation, refusal: OrientationRefusal | None) -> WhoReads:
    """Who reads why a household refused: its own organisation alone, by class, and its referent; danger also before it is shown.

    To the side of the household, which alone is shown a reason.
    """
    household = db.get_one(Household, orientation.household_id)
    sensitivity = refusal.sensitivity if refusal is not None else policy.DANGER
    named = sensitivity >= policy.CARE
    return readers_of(
        label="Motif du refus", permission=policy.ORIENTATION_READ, record_id=household.id, owner_org_id=household.owner_org_id,
        roles=policy.refusal_roles(sensitivity), referent=(household.referent_label, household.referent_user_id) if named else ("", None),
    )  # fmt: skip


def departure_of(identity: Identity, placement: Placement) -> Departure | None:
    """For where the household left, as it was last said: the household's organisation alone."""
    statement = policy.visible_departures(identity).where(Departure.placement_id == placement.id)
    return db.execute(statement.order_by(Departure.id.desc()).limit(1)).scalar_one_or_none()


def address_of(orientation: Orientation) -> str:
    """The exact address, once the wall opens it: to the place's side always, to the household's after both agreements."""
    found = db.get(PlaceAddress, orientation.place_id)
    if found is not None and found.address:
        return found.address
    offer = (
        select(OfferAddress)
        .join(Place, Place.offer_id == OfferAddress.offer_id)
        .where(Place.id == orientation.place_id)
    )
    kept = db.execute(offer).scalar_one_or_none()
    return kept.address if kept is not None else ""


def address_readers(orientation: Orientation) -> WhoReads:
    """Who reads the exact address of its place, to whoever is shown it."""
    return home_sight.address_readers(db.get_one(Place, orientation.place_id))


def _orientation_view(identity: Identity, view: str) -> ColumnElement[bool]:
    org = identity.case_org_id
    over = or_(
        Orientation.ended_at.is_not(None),
        and_(Orientation.confirmed_at.is_(None), Orientation.expires_at <= func.now()),
    )
    return {
        "a_repondre": or_(policy.waits_for_household(identity), policy.waits_for_host(identity)),
        "en_cours": policy.is_active(),
        "recues": Orientation.place_owner_org_id == org,
        "envoyees": Orientation.household_owner_org_id == org,
        "confirmees": and_(Orientation.confirmed_at.is_not(None), Orientation.ended_at.is_(None)),
        "terminees": over,
    }.get(view, true())


def list_orientations(
    identity: Identity, view: str, *, number: int, department: str = "", order: str = ""
) -> Page[Orientation]:
    """One page of a view, in the order asked (``?tri=``): unless told otherwise what awaits an answer first, by deadline, then the newest."""
    statement = policy.visible_orientations(identity).where(_orientation_view(identity, view))
    if department:
        statement = statement.where(Orientation.department_code == department)
    waiting = case((policy.is_active(), Orientation.expires_at))
    asked = _turned(order, {"reponse": waiting, "sejour": Orientation.starts_on, "envoyee": Orientation.proposed_at})
    return paginate(
        statement.order_by(asked if asked is not None else waiting.asc().nulls_last(), Orientation.id.desc()),
        number=number,
    )


def _turned(order: str, keys: Mapping[str, SQLColumnExpression[Any]]) -> ColumnElement[Any] | None:
    """The column of ``?tri=``, « - » turning it round, what has none last; None for a key that is not known."""
    key = keys.get(order.removeprefix("-"))
    if key is None:
        return None
    return (key.desc() if order.startswith("-") else key.asc()).nulls_last()


def orientation_counts(identity: Identity) -> dict[str, int]:
    """How many orientations each view holds, in one statement."""
    columns = [func.count().filter(_orientation_view(identity, name)).label(name) for name, _ in VIEWS]
    row = db.execute(policy.visible_orientations(identity).with_only_columns(*columns)).mappings().one()
    return {name: int(row[name]) for name, _ in VIEWS}


def _stay_view(view: str) -> ColumnElement[bool]:
    here = and_(Placement.entered_on.is_not(None), Placement.exited_on.is_(None))
    return {
        "attendus": and_(Placement.entered_on.is_(None), Placement.cancelled_at.is_(None)),
        "presents": here,
        "bientot": and_(here, Placement.ends_on <= clock.today() + SOON),
        "sortis": Placement.exited_on.is_not(None),
    }.get(view, true())


def list_placements(identity: Identity, view: str, *, number: int, order: str = "") -> Page[Placement]:
    """One page of a view, in the order asked (``?tri=``): the nearest entry or end first unless told otherwise."""
    statement = policy.visible_placements(identity).where(_stay_view(view))
    nearest = func.coalesce(Placement.exited_on, Placement.ends_on, Placement.planned_on)
    entry = func.coalesce(Placement.entered_on, Placement.planned_on)
    asked = _turned(order, {"entree": entry, "fin": Placement.ends_on, "sortie": Placement.exited_on})
    return paginate(
        statement.order_by(
            asked if asked is not None else nearest.desc() if view == "sortis" else nearest, Placement.id
        ),
        number=number,
    )


def placement_counts(identity: Identity) -> dict[str, int]:
    """How many stays each view holds, in one statement."""
    columns = [func.count().filter(_stay_view(name)).label(name) for name, _ in STAYS]
    row = db.execute(policy.visible_placements(identity).with_only_columns(*columns)).mappings().one()
    return {name: int(row[name]) for name, _ in STAYS}


def named(identity: Identity, household_ids: Iterable[int]) -> dict[int, Who]:
    """By household id, how this reader may call each household whose file is open to them, in one statement."""
    ids = set(household_ids)
    statement = (
        visible_households(identity)
        .where(Household.id.in_(ids))
        .outerjoin(HouseholdIdentity, HouseholdIdentity.household_id == Household.id)
    )
    rows = db.execute(statement.add_columns(HouseholdIdentity.name)) if ids else ()
    return {
        row.Household.id: Who(row.name or row.Household.initials, row.Household.number, row.Household.public_id)
        for row in rows
    }


def sheets_of(placements: Sequence[Placement]) -> dict[int, Orientation]:
    """The orientation of each stay, by its id, in one statement."""
    statement = select(Orientation).where(Orientation.id.in_([p.orientation_id for p in placements]))
    return {o.id: o for o in db.execute(statement).scalars()} if placements else {}


def unnamed(orientation: Orientation) -> Who:
    """« Ménage de 3 personnes »: what the sheet says."""
    return Who(f"Ménage de {pluriel(orientation.need_sheet['size'], 'personne')}")
