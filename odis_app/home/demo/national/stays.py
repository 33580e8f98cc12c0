"""Proposals and stays of the households that have a place, on both sides, with the days that they take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from odis_app.access.models import Grant
from odis_app.core.identity import Identity
from odis_app.core.ids import drawn_public_id
from odis_app.home.demo.national.drawing import Weighted, instant, one_of, within
from odis_app.home.demo.national.homes import Builder, Homes, Spot
from odis_app.home.demo.national.lives import FOLLOWED, LEFT, PROPOSED, REFUSED, Life
from odis_app.households.enums import CompositionKind, Language, NeedKind, NeedLevel
from odis_app.households.operations.composition import Person
from odis_app.households.operations.many import OpenedFile
from odis_app.households.queries import is_minor
from odis_app.housing.models import Occupancy, OccupancyHousehold
from odis_app.placements.enums import HostMotif, OccupancyTitle
from odis_app.placements.models import Departure, Orientation, OrientationChoice, Placement

Row = dict[str, Any]
ANSWER, GIVEN = timedelta(days=7), timedelta(days=400)
TITLES = Weighted(
    (OccupancyTitle.HEBERGE, OccupancyTitle.CONVENTION, OccupancyTitle.SOUS_LOCATION, OccupancyTitle.BAIL_GLISSANT),
    (40, 30, 20, 10),
)


@dataclass(frozen=True, slots=True)
class Stay:
    """A place held for a household: the proposal's key and public id, the days agreed on."""

    spot: Spot
    id: int
    public_id: str
    starts_on: date
    ends_on: date


@dataclass(slots=True)
class Stays:
    """Gives places and writes what follows. ``hosts``: who answers for each organisation; ``services``: the DDETS by département."""

    builder: Builder
    homes: Homes
    hosts: Mapping[int, str]
    services: Mapping[str, int]

    def reserve(self, code: str, scheme: int, people: Sequence[Person], life: Life) -> Stay | None:
        """A place of the département for these people from the day of their life; None when there is no such place left."""
        draw, today = self.builder.draw, self.builder.country.today
        starts = life.entered or today + timedelta(days=within(draw, 1, 20))
        minors = any(is_minor(person, today) for person in people)
        spot = self.homes.take(code, scheme, len(people), starts, minors=minors)
        if spot is None:
            return None
        if life.left is not None:  # free for whoever comes after
            self.homes.give(replace(spot, opened_on=life.left))
        ends = starts + timedelta(days=within(draw, 120, 400))
        ends = max(ends, today + timedelta(days=within(draw, -15, 300))) if life.stage == FOLLOWED else ends
        return Stay(spot, self.builder.copier.next_id(Orientation), drawn_public_id(draw), starts, ends)

    def write(self, one: OpenedFile, who: Identity, life: Life, stay: Stay) -> None:
        """The proposal and, once both agreed, the stay."""
        draw, confirmed = self.builder.draw, life.confirmed
        proposed = instant(_day(life.proposed), draw)
        answered = instant(confirmed, draw) if confirmed else None
        told = {"household": who.name, "host": self.hosts[stay.spot.owner_org_id]}
        agreed = {f"{side}_accepted_at": answered for side in told} | {
            f"{side}_accepted_by_label": answered and name for side, name in told.items()
        }
        self._orientation(
            one,
            who,
            stay,
            proposed,
            agreed | {"confirmed_at": answered, "seen_at": answered, "entered_on": life.entered},
        )
        self._occupancy(one, life, stay, proposed)
        if answered is not None:
            self._placement(one, who, life, stay, answered)

    def reserve_fallen(self, code: str, scheme: int, people: Sequence[Person], day: date | None) -> Stay | None:
        """A place that was proposed that day and that its host did not keep for them: it stays free."""
        minors = any(is_minor(person, self.builder.country.today) for person in people)
        spot = self.homes.take(code, scheme, len(people), day, minors=minors) if day else None
        if spot is None or day is None:
            return None
        self.homes.give(spot)
        starts = day + timedelta(days=10)
        return Stay(
            spot,
            self.builder.copier.next_id(Orientation),
            drawn_public_id(self.builder.draw),
            starts,
            starts + timedelta(days=180),
        )

    def write_fallen(self, one: OpenedFile, who: Identity, life: Life, stay: Stay) -> None:
        """A proposal that its host refused."""
        draw, day = self.builder.draw, _day(life.fell)
        ended = {
            "ended_at": instant(day + REFUSED, draw),
            "ended_kind": "refusee",
            "ended_by": "hebergeur",
            "motif": one_of(draw, tuple(HostMotif)).value,
        }
        self._orientation(one, who, stay, instant(day, draw), ended)

    def _orientation(self, one: OpenedFile, who: Identity, stay: Stay, proposed: datetime, more: Row) -> None:
        parties = _parties(one, stay)
        expires = (
            max(proposed + ANSWER, self.builder.country.now + timedelta(hours=6))
            if not more.get("ended_at")
            else proposed + ANSWER
        )
        self.builder.copier.add(Orientation, parties | {
            "id": stay.id, "public_id": stay.public_id, "department_code": stay.spot.department_code, "dispositif_id": stay.spot.dispositif_id,
            "proposed_at": proposed, "proposed_by_label": who.name, "proposed_org_label": who.org_short_name, "expires_at": expires,
            "starts_on": stay.starts_on, "ends_on": stay.ends_on, "need_sheet": _need_sheet(one, self.builder.country.today), "place_sheet": stay.spot.sheet,
            "message": "Le ménage peut visiter en semaine, l’après-midi.", **more,
        })  # fmt: skip
        side = {name: parties[name] for name in ("household_id", "household_owner_org_id")}
        self.builder.copier.add(OrientationChoice, {"orientation_id": stay.id} | side)

    def _occupancy(self, one: OpenedFile, life: Life, stay: Stay, proposed: datetime) -> None:
        """The days that the household takes, or took."""
        ends, spot = life.left or stay.ends_on, stay.spot
        reserved = life.stage == PROPOSED
        key = self.builder.copier.next_id(Occupancy)
        self.builder.copier.add(Occupancy, {
            "id": key, "public_id": drawn_public_id(self.builder.draw), "place_id": spot.id, "owner_org_id": spot.owner_org_id, "department_code": spot.department_code,
            "during": f"[{stay.starts_on},{ends})", "kind": "reservation" if reserved else "stay", "followed": True,
            "expires_at": max(proposed + ANSWER, self.builder.country.now + timedelta(hours=6)) if reserved else None,
            "released_at": instant(life.left, self.builder.draw) if life.left else None, "created_at": proposed,
        })  # fmt: skip
        self.builder.copier.add(OccupancyHousehold, {
            "occupancy_id": key, "owner_org_id": spot.owner_org_id, "followed": True, "subject": stay.public_id,
            "household_record_id": one.household["id"], "household_owner_org_id": one.household["owner_org_id"],
        })  # fmt: skip

    def _placement(self, one: OpenedFile, who: Identity, life: Life, stay: Stay, at: datetime) -> None:
        draw, key = self.builder.draw, self.builder.copier.next_id(Placement)
        host, title = self.hosts[stay.spot.owner_org_id], TITLES.pick(draw).value
        parties = _parties(one, stay)
        entry = (
            {"entered_on": life.entered, "entered_by_label": host, "title": title, "title_since": life.entered}
            if life.entered
            else {}
        )
        gone = (
            {
                "exited_on": life.left,
                "exit_reason": life.exit.value,
                "exit_outcome": life.exit.outcome.value,
                "exit_by_label": host,
            }
            if life.exit
            else {}
        )
        self.builder.copier.add(Placement, parties | entry | gone | {
            "id": key, "public_id": drawn_public_id(draw), "orientation_id": stay.id, "planned_on": stay.starts_on, "ends_on": stay.ends_on, "created_at": at,
        })  # fmt: skip
        if life.stage == LEFT:
            sides = {name: value for name, value in parties.items() if name != "place_id"}
            self.builder.copier.add(
                Departure, sides | {"id": self.builder.copier.next_id(Departure), "placement_id": key}
            )
        elif stay.spot.owner_org_id != one.household["owner_org_id"]:
            self._share(one, who, stay, at)

    def _share(self, one: OpenedFile, who: Identity, stay: Stay, at: datetime) -> None:
        """What two agreements open to the side of the place, as ``odis.confirm_orientation`` writes it."""
        self.builder.copier.add(Grant, {
            "id": self.builder.copier.next_id(Grant), "public_id": drawn_public_id(self.builder.draw), "record_id": one.household["id"],
            "owner_org_id": one.household["owner_org_id"], "grantee_org_id": stay.spot.owner_org_id, "level": "full", "max_class": 1, "purpose": "orientation",
            "motive": "Les deux accords sont donnés", "granted_by_id": who.user_id, "granted_at": at,
            "expires_at": max(at + GIVEN, self.builder.country.now + timedelta(days=30)),
        })  # fmt: skip


def _day(day: date | None) -> date:
    if day is None:
        raise ValueError("a household that has a place was proposed it")
    return day


def _parties(one: OpenedFile, stay: Stay) -> Row:
    return {
        "household_id": one.household["id"], "household_owner_org_id": one.household["owner_org_id"], "place_id": stay.spot.id,
        "place_owner_org_id": stay.spot.owner_org_id,
    }  # fmt: skip


def _need_sheet(one: OpenedFile, today: date) -> Row:
    """As ``placements.operations.sheets.need_sheet`` reads it from the tables."""
    household, new = one.household, one.new
    ages = [age for person in one.people if (age := person.age_on(today)) is not None]
    wanted = new.request.get("need_from")
    return {
        "size": household["size"], "adults": household["adults"], "minors": household["minors"],
        "composition": CompositionKind.label_of(household["composition_kind"]), "ages": sorted(ages, reverse=True),
        "languages": [Language.label_of(code) for code in new.opening.languages], "need_from": wanted.isoformat() if wanted else None,
        "min_days": new.request.get("min_days"), "dwelling": [],
        "needs": [
            {"need": NeedKind.label_of(kind), "level": NeedLevel.label_of(str(level)), "required": level == 2} for kind, (level, _) in new.needs.items()
        ],
    }  # fmt: skip
