"""The photos of an offer in the second wall: who adds one by bare SQL, of what class, for whom."""

from __future__ import annotations

import pytest

from odis_app.core.permissions import Role
from odis_app.organisations.seeds import Actor
from tests.housing.conftest import Homes
from tests.security.bare import outcome, trying
from tests.support.worlds import WorldBuilder, confirmed, open_class2

INSERT = """INSERT INTO documents (public_id, record_id, owner_org_id, uploaded_org_id, uploaded_by_id, uploaded_by_label, org_label, name_sealed, media_type,
    size, sha256, storage_key, sensitivity, audience)
  VALUES (:key, :record, :owner, :org, :user, 'x', 'x', '\\x00', 'image/jpeg', 1, '\\x00', :key, :class, 'organisation')"""
REFUSED = "42501"  # insufficient_privilege: the row wall


@pytest.fixture
def people(world: WorldBuilder) -> dict[str, Actor]:
    """Of one association: who coordinates, who qualifies offers, who follows households; and a neighbour of the same département."""
    coordinator = world.actor("association", "44", roles=[Role.COORDINATEUR])
    inside = {
        name: world.actor("association", colleague_of=coordinator, roles=[role])
        for name, role in (("qualifier", Role.QUALIFICATEUR_OFFRES), ("worker", Role.TRAVAILLEUR_SOCIAL))
    }
    return {
        "coordinator": coordinator,
        **inside,
        "neighbour": world.actor("association", "44", roles=[Role.COORDINATEUR]),
    }


def test_who_qualifies_adds_a_photo_for_themselves_and_nobody_else_does(people: dict[str, Actor]) -> None:
    open_class2()
    offer = Homes().offer(people["coordinator"], stage="validated")
    owner = people["coordinator"].org_id
    given = {"key": "p" * 16, "record": offer.id, "owner": owner}

    def put(who: str, *, sensitivity: int = 1, org: int = owner, author: str = "") -> str:
        actor = confirmed(people[who])
        user = people[author or who].user_id
        with trying(actor):
            return outcome(INSERT, **given, org=org, user=user, **{"class": sensitivity})

    assert {who: put(who) for who in people} == {
        "coordinator": "inserted", "qualifier": "inserted", "worker": REFUSED, "neighbour": REFUSED,
    }  # fmt: skip
    assert put("neighbour", org=people["neighbour"].org_id) == REFUSED
    assert put("coordinator", sensitivity=2) == REFUSED
    assert put("qualifier", author="coordinator") == REFUSED
