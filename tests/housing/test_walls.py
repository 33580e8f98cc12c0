"""Both walls, each with the other taken away: bare SQL under an identity, and the visible_* selects without row policies."""

from __future__ import annotations

import pytest
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from odis_app.core import clock
from odis_app.core.db import db, unit_of_work
from odis_app.housing import operations as do
from odis_app.housing import policy, queries
from odis_app.housing.models import Occupancy, Offer, Place
from odis_app.structures.models import StructureAddress
from odis_app.structures.policy import visible_structures
from tests.housing.conftest import MARK
from tests.housing.households import open_file
from tests.support.worlds import owner_unit

TABLES = (
    "structures",
    "structure_addresses",
    "offers",
    "offer_hosts",
    "offer_addresses",
    "offer_events",
    "places",
    "place_addresses",
    "occupancies",
    "occupancy_households",
)


@pytest.fixture
def scene(world, homes):
    """An operator's open and secret places, an association's validated and received offers, one stay and one reservation in 44."""
    operator, association = world.actor("operateur", "44"), world.actor("association", "44")
    open_place, secret_place = homes.place(operator), homes.place(operator, secret=True)
    validated = homes.offer(association, stage="validated", specialised_fvv_teh=True)
    received = homes.offer(association)
    household = open_file(association)
    booked = homes.reserve(association, open_place, household)
    return {
        "world": world, "homes": homes, "operator": operator, "association": association, "open": open_place, "secret": secret_place, "validated": validated,
        "received": received, "household": household, "booked": booked,
    }  # fmt: skip


def bare(actor):
    """How many rows of each table a bare SELECT gives."""
    with actor.acting():
        return {table: db.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() for table in TABLES}


NOTHING = dict.fromkeys(TABLES, 0)


def test_bare_sql_as_each_identity(scene):
    world = scene["world"]
    operator = NOTHING | {
        "structures": 2,
        "structure_addresses": 2,
        "places": 2,
        "place_addresses": 2,
        "occupancies": 1,
    }
    assert bare(scene["operator"]) == operator
    mine = {
        "offers": 2,
        "offer_hosts": 2,
        "offer_addresses": 2,
        "place_addresses": 1,
        "offer_events": 5,
        "occupancy_households": 1,
    }
    wide = {"structures": 2, "structure_addresses": 1, "places": 3, "occupancies": 1}
    assert bare(scene["association"]) == NOTHING | wide | mine
    assert bare(world.actor("ddets", "44")) == NOTHING | wide | {"offers": 2}
    assert bare(world.actor("association", "44")) == NOTHING | wide | {"offers": 1}
    assert bare(world.actor("association", "44", mandated=False)) == NOTHING
    for part, department in (
        ("ddets", "53"),
        ("association", "33"),
        ("operateur", "44"),
        ("dihal", None),
        ("admin", None),
    ):
        assert bare(world.actor(part, department)) == NOTHING, part
    assert bare(world.actor("admin_organisation", colleague_of=scene["association"])) == NOTHING
    with unit_of_work(None):
        assert all(db.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() == 0 for table in TABLES)


def test_the_selects_alone_without_row_policies(scene):
    """The same reading through visible_* on a connection that no policy stops."""
    world = scene["world"]
    everyone = {
        "operator": scene["operator"], "association": scene["association"], "ddets": world.actor("ddets", "44"), "mandated": world.actor("association", "44"),
        "other": world.actor("association", "33"), "admin": world.actor("admin", None), "neighbour": world.actor("operateur", "44"),
    }  # fmt: skip
    identities = {}
    for name, actor in everyone.items():
        with actor.acting() as identity:
            identities[name] = identity
    seen = {}
    with owner_unit():
        for name, identity in identities.items():
            selects = (
                visible_structures(identity),
                policy.visible_offers(identity),
                policy.visible_places(identity),
                policy.visible_occupancies(identity),
                policy.visible_occupancy_households(identity),
            )
            seen[name] = tuple(len(db.execute(s).scalars().all()) for s in selects)
    assert seen == {
        "operator": (2, 0, 2, 1, 0), "association": (2, 2, 3, 1, 1), "ddets": (2, 2, 3, 1, 0), "mandated": (2, 1, 3, 1, 0), "other": (0, 0, 0, 0, 0),
        "admin": (0, 0, 0, 0, 0), "neighbour": (0, 0, 0, 0, 0),
    }  # fmt: skip


def test_a_secret_location_is_in_no_row_of_a_wide_scope(scene):
    for actor in (scene["world"].actor("ddets", "44"), scene["world"].actor("association", "44")):
        with actor.acting():
            for table in TABLES:
                rows = db.execute(text(f"SELECT to_jsonb(t)::text FROM {table} t")).scalars().all()
                secret = [r for r in rows if '"location_secret": true' in r]
                assert table == "structure_addresses" or not any(MARK in row for row in rows), table
                assert not any('"44109"' in row for row in secret), table
    with scene["world"].actor("ddets", "44").acting():
        kept = db.execute(select(StructureAddress)).scalars().all()
        assert [one.address for one in kept] == [MARK]  # the open structure's, which is no secret


def test_nothing_can_be_hung_on_a_neighbour(scene):
    other = scene["world"].actor("operateur", "44")
    statements = (
        "INSERT INTO structure_addresses (structure_id, owner_org_id, department_code, location_secret) SELECT {structure}, {org}, '44', false",
        "INSERT INTO offer_events (offer_id, owner_org_id, kind, happened_on, author_label) SELECT {offer}, {org}, 'appel', current_date, 'x'",
        "INSERT INTO occupancies (public_id, place_id, owner_org_id, department_code, during, kind) SELECT 'x', {place}, {org}, '44', daterange(current_date, NULL), 'stay'",
        "INSERT INTO offer_hosts (offer_id, owner_org_id, name_sealed, name_index) SELECT {offer}, {org}, '\\x00', '{{}}'",
        "INSERT INTO place_addresses (place_id, owner_org_id, record_id) SELECT {place}, {org}, {structure}",
    )
    found, missing = (
        {
            "structure": scene["open"].structure_id,
            "offer": scene["validated"].id,
            "place": scene["open"].id,
            "org": other.org_id,
        },
        {"structure": 999999, "offer": 999999, "place": 999999, "org": other.org_id},
    )
    for statement in statements:
        answers = []
        for ids in (found, missing):
            with pytest.raises(DBAPIError) as refused, other.acting():
                db.execute(text(statement.format(**ids)))
            answers.append(type(refused.value.orig))
        assert answers[0] is answers[1], statement


def test_only_the_owner_writes_and_a_booking_is_for_ones_own_household(scene):
    world, place = scene["world"], scene["open"]
    stranger = world.actor("association", "44")
    with stranger.acting():
        for table in ("places", "offers", "structures"):
            assert db.execute(text(f"UPDATE {table} SET department_code = department_code")).rowcount == 0
        assert db.execute(text("UPDATE occupancies SET released_at = now()")).rowcount == 0
    with pytest.raises(DBAPIError) as refused:
        scene["homes"].reserve(stranger, place, scene["household"], days=200)
    assert isinstance(refused.value.orig, InsufficientPrivilege)
    with (
        pytest.raises(DBAPIError) as taken,
        scene["association"].acting(),
    ):  # a stay is written by the place's organisation only
        db.execute(text("UPDATE occupancies SET kind = 'stay', expires_at = NULL"))
    assert isinstance(taken.value.orig, InsufficientPrivilege)
    for statement in (
        "UPDATE occupancies SET place_id = NULL", "UPDATE occupancies SET followed = false", "UPDATE occupancy_households SET household_record_id = NULL",
        "DELETE FROM occupancies", "DELETE FROM occupancy_households",
        "INSERT INTO occupancy_households (occupancy_id, owner_org_id, subject, household_record_id, household_owner_org_id) VALUES (1, 1, 'x', 1, 1)",
    ):  # fmt: skip
        for actor in (scene["operator"], scene["association"]):
            with pytest.raises(DBAPIError) as kept, actor.acting():
                db.execute(text(statement))
            assert isinstance(kept.value.orig, InsufficientPrivilege), statement


def test_the_address_opens_with_the_stay_and_closes_with_its_release(scene):
    association, operator, place = scene["association"], scene["operator"], scene["open"]
    with association.acting() as identity:
        own = {p.id for p in queries.offer_places(identity, db.get_one(Offer, scene["validated"].id))}

    def read(actor):
        with actor.acting():
            return set(db.execute(text("SELECT place_id FROM place_addresses")).scalars()) - own

    assert read(association) == set()
    with operator.acting() as identity:
        do.start_stay(identity, occupancy=db.get_one(Occupancy, scene["booked"].id), starts_on=clock.today())
    assert read(association) == {place.id}
    assert read(scene["world"].actor("ddets", "44")) == set()
    with operator.acting() as identity:
        do.end_stay(identity, occupancy=db.get_one(Occupancy, scene["booked"].id), ended_on=clock.today())
    assert read(association) == set()


def test_the_organisation_of_a_household_that_stays_elsewhere_reads_that_place_only(world, homes):
    operator, association = world.actor("operateur", "53"), world.actor("association", "44")
    structure = homes.structure(operator, "53130")
    place, other = (
        homes.place(operator, "53130", structure=structure),
        homes.place(operator, "53130", structure=structure),
    )
    world.mandate(association, "53")
    booked = homes.reserve(association, place, open_file(association))
    with operator.acting() as identity:
        do.start_stay(identity, occupancy=db.get_one(Occupancy, booked.id), starts_on=clock.today())
    with owner_unit():
        db.execute(text("DELETE FROM mandates WHERE department_code = '53'"))
    with association.acting() as identity:
        assert (
            set(db.execute(select(Place.id)).scalars())
            == {place.id}
            == {p.id for p in db.execute(policy.visible_places(identity)).scalars()}
        )
        assert other.id not in set(db.execute(text("SELECT place_id FROM place_addresses")).scalars())


def test_no_name_of_a_household_in_an_occupancy(scene):
    with owner_unit():
        row = db.execute(text("SELECT to_jsonb(o)::text FROM occupancies o")).scalar_one()
    assert scene["household"].number not in row
    assert "Fictif" not in row


def test_release_of_what_expired_touches_nothing_else(scene):
    with scene["operator"].acting():
        assert db.execute(text("SELECT odis.release_expired(NULL)")).scalar_one() == 0
        db.execute(text("UPDATE occupancies SET expires_at = now() - interval '1 hour'"))
        assert db.execute(text("SELECT odis.release_expired(NULL)")).scalar_one() == 1
    scene["homes"].reserve(scene["association"], scene["open"], scene["household"], days=1, length=3)
