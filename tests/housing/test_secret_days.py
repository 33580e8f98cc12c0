"""The days of a secret place: beside the day a file entered, which the State follows by number, they would tell who lives there."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.formats import jour_court
from odis_app.core.ids import new_public_id
from tests.housing.conftest import Homes
from tests.support.client import text_of
from tests.support.worlds import owner_unit

HIDDEN = "Les jours d’un lieu secret"


@pytest.mark.parametrize(("part", "told"), [("operateur", True), ("ddets", False), ("association", False)])
def test_they_are_told_to_who_reads_its_address(world, database, client, part, told):
    homes, operator = Homes(), world.actor("operateur", "44")
    reader = operator if part == "operateur" else world.actor(part, "44")
    entered = clock.today() - timedelta(days=3)
    for secret in (False, True):
        place = homes.place(operator, secret=secret)
        with owner_unit():
            db.execute(
                text("""INSERT INTO occupancies (public_id, place_id, owner_org_id, department_code, during, kind)
                        VALUES (:public_id, :id, :owner, '44', daterange(:day, NULL), 'stay')"""),
                {"public_id": new_public_id(), "id": place.id, "owner": place.owner_org_id, "day": entered},
            )
        words = text_of(client.as_(reader).get(f"/places/{place.public_id}"))
        assert "Occupée" in words
        assert (jour_court(entered).replace("\xa0", " ") in words) is (told or not secret)
        assert (HIDDEN in words) is (secret and not told)
