"""Where the tests of the home page begin: an association with files, an operator with places, a DDETS."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from odis_app.organisations.seeds import Actor
from tests.households.conftest import complete, open_file
from tests.housing.conftest import Homes
from tests.support.worlds import WorldBuilder


@dataclass(slots=True)
class Day:
    """The people of a working day, the public ids of two files (one to orient, one to complete), and homes on demand."""

    camille: Actor
    sacha: Actor
    operator: Actor
    ddets: Actor
    elsewhere: Actor
    family: str
    draft: str
    homes: Homes


@pytest.fixture
def day(world: WorldBuilder) -> Day:
    camille = world.actor("association", "44")
    with camille.acting() as identity:
        family = open_file(identity)
        complete(identity, family)
        draft = open_file(identity)
        ids = family.public_id, draft.public_id
    return Day(
        camille=camille, sacha=world.actor("coordination", "44", colleague_of=camille), operator=world.actor("operateur", "44"),
        ddets=world.actor("ddets", "44"), elsewhere=world.actor("association", "33"), family=ids[0], draft=ids[1], homes=Homes(),
    )  # fmt: skip
