"""An operator, its département's DDETS, a mandated association, and one complete structure."""

from __future__ import annotations

from datetime import date

import pytest

from odis_app.structures.enums import StructureKind
from odis_app.structures.operations import Contact, create_structure

DETAILS = {
    "capacity_authorised": 40,
    "public": "tout_public",
    "building": "diffus",
    "finess_codes": ["440000001"],
    "dna_codes": ["C4401"],
    "opened_on": date(2019, 1, 1),
    "authorised_from": date(2019, 1, 1),
    "authorised_to": date(2033, 12, 31),
}
CALLED = Contact("Inès Modèle", "Direction", "02 00 00 00 01", "ines@exemple.test")


@pytest.fixture
def operator(world):
    return world.actor("operateur", "44")


@pytest.fixture
def ddets(world):
    return world.actor("ddets", "44")


def declare(actor, **changes):
    """« CADA d’essai », in Nantes."""
    given = {
        "name": "CADA d’essai", "kind": StructureKind.CADA, "commune_code": "44109", "address": "Impasse Marqueur 75", "details": DETAILS,
        "contacts": [CALLED],
    }  # fmt: skip
    with actor.acting() as identity:
        return create_structure(identity, **given | changes)
