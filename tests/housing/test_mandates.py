"""A mandate is for one dispositif in one département, from its first day to its last: what it opens, each wall with the other taken away."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.identity import Identity
from odis_app.households.models import Household
from odis_app.housing import policy
from odis_app.housing.models import Place
from odis_app.organisations.models import Dispositif, Mandate
from odis_app.organisations.queries import missing_mandate
from odis_app.organisations.seeds import MATCHED, Actor
from odis_app.structures.policy import visible_structures
from tests.housing.conftest import Homes
from tests.housing.households import open_file
from tests.support.worlds import WorldBuilder, owner_unit

CITIZEN, UKRAINE = "hebergement_citoyen", "deplaces_ukraine"
LONG_AGO = date(2020, 1, 1)
Seen = dict[str, set[int]]
# What one place, its structure and one validated offer of each dispositif are to bare SQL; days taken by their place.
TABLES = {
    "structures": "id", "structure_addresses": "structure_id", "offers": "id", "places": "id", "occupancies": "place_id", "record_keys": "record_id",
}  # fmt: skip
SELECTS = {
    "structures": (visible_structures, "id"), "offers": (policy.visible_offers, "id"), "places": (policy.visible_places, "id"),
    "occupancies": (policy.visible_occupancies, "place_id"),
}  # fmt: skip


@dataclass(slots=True)
class Homestead:
    """The homes of one dispositif: a structure with a place, an offer with its own, days taken on the first."""

    place: Place
    offer: int
    seen: Seen


@pytest.fixture
def homesteads(world: WorldBuilder, homes: Homes) -> dict[str, Homestead]:
    """In Loire-Atlantique, by dispositif."""
    operator, host = world.actor("operateur", "44"), world.actor("association", "44")
    return {code: _homestead(homes, operator, host, code) for code in (CITIZEN, UKRAINE)}


def _homestead(homes: Homes, operator: Actor, host: Actor, code: str) -> Homestead:
    with owner_unit():
        scheme = db.execute(select(Dispositif.id).where(Dispositif.code == code)).scalar_one()
    place = homes.place(operator, dispositif_id=scheme)
    offer = homes.offer(host, stage="validated", dispositif_id=scheme)
    homes.reserve(host, place, open_file(host), subject=f"orientation-{code}")
    with owner_unit():
        its_own = db.execute(select(Place.id).where(Place.offer_id == offer.id)).scalar_one()
    structure = {int(place.structure_id or 0)}
    seen = {
        "structures": structure, "structure_addresses": structure, "offers": {offer.id}, "places": {place.id, its_own}, "occupancies": {place.id},
        "record_keys": structure,
    }  # fmt: skip
    return Homestead(place, offer.id, seen)


def _cases() -> dict[str, tuple[list[dict[str, Any]], set[str]]]:
    """The mandates of an association, and the dispositifs that they open in Loire-Atlantique."""
    today, day = clock.today(), timedelta(days=1)
    return {
        "none": ([], set()),
        "both": ([{"dispositifs": MATCHED}], {CITIZEN, UKRAINE}),
        "one": ([{"dispositifs": [CITIZEN]}], {CITIZEN}),
        "the other": ([{"dispositifs": [UKRAINE]}], {UKRAINE}),
        "a third": ([{"dispositifs": ["mobilite_nationale"]}], set()),
        "elsewhere": ([{"dispositifs": MATCHED, "department": "53"}], set()),
        "one here, the other elsewhere": (
            [{"dispositifs": [CITIZEN]}, {"dispositifs": [UKRAINE], "department": "53"}],
            {CITIZEN},
        ),
        "ended yesterday": ([{"dispositifs": MATCHED, "ends_on": today - day}], set()),
        "ends today": ([{"dispositifs": [CITIZEN], "ends_on": today}], {CITIZEN}),
        "begins today": ([{"dispositifs": [UKRAINE], "starts_on": today}], {UKRAINE}),
        "begins tomorrow": ([{"dispositifs": MATCHED, "starts_on": today + day}], set()),
        "ended, then another": (
            [
                {"dispositifs": MATCHED, "ends_on": today - 30 * day},
                {"dispositifs": [UKRAINE], "starts_on": today - day},
            ],
            {UKRAINE},
        ),
    }


def _mandated(world: WorldBuilder, mandates: list[dict[str, Any]]) -> Actor:
    actor = world.actor("association", "44", mandated=False)
    for given in mandates:
        world.mandate(actor, given.get("department", "44"), **{k: v for k, v in given.items() if k != "department"})
    return actor


def _expected(homesteads: dict[str, Homestead], opened: set[str]) -> Seen:
    return {table: set().union(*(homesteads[code].seen[table] for code in opened)) for table in TABLES}


def _bare() -> Seen:
    """In the present unit, everything that a bare SELECT gives."""
    return {table: set(db.execute(text(f"SELECT {key} FROM {table}")).scalars()) for table, key in TABLES.items()}


def test_the_database_alone_opens_the_dispositif_and_the_days_of_the_mandate(
    world: WorldBuilder, homesteads: dict[str, Homestead]
) -> None:
    for name, (mandates, opened) in _cases().items():
        with _mandated(world, mandates).acting():
            assert _bare() == _expected(homesteads, opened), name


def test_the_selects_alone_open_the_dispositif_and_the_days_of_the_mandate(
    world: WorldBuilder, homesteads: dict[str, Homestead]
) -> None:
    for name, (mandates, opened) in _cases().items():
        with _mandated(world, mandates).acting() as identity:
            pass
        assert _selected(identity) == {t: _expected(homesteads, opened)[t] for t in SELECTS}, name


def _selected(identity: Identity) -> Seen:
    """What the selects give where no policy stops anything."""
    with owner_unit():
        return {
            name: {getattr(row, key) for row in db.execute(visible(identity)).scalars()}
            for name, (visible, key) in SELECTS.items()
        }


def test_a_mandate_changes_hands_at_midnight_in_paris(
    world: WorldBuilder, homesteads: dict[str, Homestead], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In July the day begins in Paris at 22 h UTC: the last day is whole, and the first one too."""
    ends, begins = date(2026, 7, 31), date(2026, 8, 1)
    actor = _mandated(
        world, [{"dispositifs": [CITIZEN], "ends_on": ends}, {"dispositifs": [UKRAINE], "starts_on": begins}]
    )
    with actor.acting() as identity:
        pass
    midnight = datetime(2026, 7, 31, 22, 0, tzinfo=UTC)
    for instant, opened in ((midnight - timedelta(seconds=1), {CITIZEN}), (midnight, {UKRAINE})):
        monkeypatch.setattr(clock, "now", lambda instant=instant: instant)
        assert _selected(identity)["places"] == _expected(homesteads, opened)["places"]
        monkeypatch.undo()


def test_the_database_counts_days_in_paris_wherever_the_connection_believes_to_be(
    world: WorldBuilder, homesteads: dict[str, Homestead]
) -> None:
    """At any hour it is another day than in Paris in one of these two zones at least."""
    today, day = clock.today(), timedelta(days=1)
    actor = _mandated(
        world,
        [{"dispositifs": [CITIZEN], "ends_on": today}, {"dispositifs": [UKRAINE], "starts_on": today + day}],
    )
    for zone in ("Pacific/Kiritimati", "Etc/GMT+12"):
        with actor.acting():
            db.execute(text("SELECT set_config('TimeZone', :zone, true)"), {"zone": zone})
            assert _bare() == _expected(homesteads, {CITIZEN}), zone


def test_days_are_taken_and_safety_is_answered_under_the_mandate_alone(
    world: WorldBuilder, homes: Homes, homesteads: dict[str, Homestead]
) -> None:
    actor = _mandated(world, [{"dispositifs": [CITIZEN]}])
    household = open_file(actor)
    ours, theirs = homesteads[CITIZEN].place, homesteads[UKRAINE].place
    with actor.acting():
        compatible = set(db.execute(text("SELECT odis.safety_compatible(:id)"), {"id": household.id}).scalars())
        among = text("SELECT odis.safety_compatible_among(:id, :asked)")
        asked = set(db.execute(among, {"id": household.id, "asked": [ours.id, theirs.id]}).scalars())
        backwards = [
            set(db.execute(text("SELECT odis.safety_compatible_households(:id)"), {"id": p.id}).scalars())
            for p in (ours, theirs)
        ]
    assert compatible == homesteads[CITIZEN].seen["places"]
    assert asked == {ours.id}
    assert backwards == [{household.id}, set()]
    assert _book(actor, household, ours) is None
    assert _book(actor, household, theirs) is InsufficientPrivilege


def _book(actor: Actor, household: Household, place: Place) -> type[Any] | None:
    """Days taken by the one door of the database, with no operation before it: the error, or None."""
    book = text(
        "SELECT odis.book_place(:place, daterange(current_date + 100, current_date + 110), now() + interval '1 day', 'essai', :household, 'essai00000000001')"
    )
    try:
        with actor.acting():
            db.execute(book, {"place": place.id, "household": household.id})
    except DBAPIError as error:
        return type(error.orig)
    return None


def test_the_end_of_a_mandate_leaves_what_it_booked_as_it_is(
    world: WorldBuilder, homes: Homes, homesteads: dict[str, Homestead]
) -> None:
    """One's own reservation stays readable; its days and its term change no more."""
    actor = _mandated(world, [{"dispositifs": [CITIZEN]}])
    booked = homes.reserve(actor, homesteads[CITIZEN].place, open_file(actor), days=100, length=10)
    change = text("UPDATE occupancies SET expires_at = expires_at + interval '1 day' WHERE id = :id")
    with actor.acting():
        assert db.execute(change, {"id": booked.id}).rowcount == 1
    _end(actor, clock.today() - timedelta(days=1))
    with actor.acting():
        assert db.execute(change, {"id": booked.id}).rowcount == 0
        assert set(db.execute(text("SELECT id FROM occupancies")).scalars()) == {booked.id}


def _end(actor: Actor, on: date) -> None:
    with owner_unit():
        for held in db.execute(select(Mandate).where(Mandate.organisation_id == actor.org_id)).scalars():
            held.ends_on = on


def test_the_trail_names_the_homes_of_a_mandate_alone(world: WorldBuilder, homesteads: dict[str, Homestead]) -> None:
    actor = _mandated(world, [{"dispositifs": [CITIZEN]}])
    with actor.acting():
        named = text("SELECT odis.names_record(:id)")
        for code, may in ((CITIZEN, True), (UKRAINE, False)):
            for record in (homesteads[code].offer, homesteads[code].place.structure_id):
                assert db.execute(named, {"id": record}).scalar_one() is may, code


def test_a_sentence_says_why_there_is_no_mandate(world: WorldBuilder, homesteads: dict[str, Homestead]) -> None:
    scheme = homesteads[CITIZEN].place.dispositif_id
    past, to_come = date(2026, 1, 31), date(2199, 3, 1)
    said = {}
    for name, mandates in {
        "none": [{"dispositifs": [UKRAINE]}],
        "ended": [{"dispositifs": [CITIZEN], "ends_on": past}],
        "to come": [{"dispositifs": [CITIZEN], "ends_on": past}, {"dispositifs": [CITIZEN], "starts_on": to_come}],
        "standing": [{"dispositifs": [CITIZEN]}],
    }.items():
        with _mandated(world, mandates).acting() as identity:
            said[name] = missing_mandate(identity, dispositif_id=scheme, department_code="44")
            assert missing_mandate(identity, dispositif_id=scheme, department_code="53") is not None
    assert said["standing"] is None
    assert "n’est pas mandatée pour « Hébergement citoyen » dans ce département (44)" in str(said["none"])
    assert "a pris fin le" in str(said["ended"])
    assert "31\u00a0janvier 2026" in str(said["ended"])
    assert "commence le" in str(said["to come"])
    assert "1ᵉʳ\u00a0mars 2199" in str(said["to come"])
