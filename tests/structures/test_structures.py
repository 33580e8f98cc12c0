"""Structures: declared by their operator, and secret ones that leave nothing behind."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.structures import queries
from odis_app.structures.enums import StructureKind
from odis_app.structures.operations import create_structure, next_number
from odis_app.structures.policy import find_structure


@pytest.fixture
def operator(world):
    return world.actor("operateur", "44")


def create(identity, **changes):
    values = {
        "name": "Foyer d’essai",
        "kind": StructureKind.CADA,
        "commune_code": "44109",
        "address": "3 rue de l’Exemple",
    }
    return create_structure(identity, **values | changes)


def test_a_structure_has_its_number_and_its_place(operator):
    with operator.acting() as identity:
        first, second = create(identity), create(identity, name="Autre foyer", kind=StructureKind.HUDA)
        assert (first.number, second.number) == ("S-44-001", "S-44-002")
        assert [s.name for s in queries.own_structures(identity)] == ["Autre foyer", "Foyer d’essai"]
        assert queries.address_of(first.id).address == "3 rue de l’Exemple"
        assert (first.kind_label, first.department_code, first.commune_code) == ("CADA", "44", "44109")


def test_numbers_are_ones_own(world, operator):
    with operator.acting() as identity:
        assert [next_number(identity, "O", "44") for _ in range(2)] == ["O-44-0001", "O-44-0002"]
        assert next_number(identity, "O", "49") == "O-49-0001"
    with world.actor("operateur", "44").acting() as identity:
        assert next_number(identity, "O", "44") == "O-44-0001"


def test_what_a_structure_cannot_say(operator):
    with operator.acting() as identity:
        for changes, field in (({"name": " "}, "name"), ({"commune_code": "99999"}, "commune_code")):
            with pytest.raises(RuleError) as refused:
                create(identity, **changes)
            assert refused.value.field == field


def test_a_secret_one_shows_its_number_and_its_departement(world, operator):
    with operator.acting() as identity:
        made = create(identity, name="Refuge Marqueur", address="Impasse Marqueur", location_secret=True)
        assert queries.names_of(identity, [made.id]) == {made.id: "Refuge Marqueur"}
    with world.actor("ddets", "44").acting() as identity:
        seen = find_structure(identity, made.public_id)
        assert (seen.name, seen.commune_code, seen.department_code) == (f"Structure {made.number}", None, "44")
        assert queries.names_of(identity, [made.id]) == {made.id: seen.name}
        assert queries.address_of(made.id) is None
    with world.actor("ddets", "53").acting() as identity:
        assert find_structure(identity, made.public_id) is None


def test_the_database_itself_refuses_a_commune_on_a_secret_row(operator):
    with operator.acting() as identity:
        made = create(identity, location_secret=True)
    with pytest.raises(Exception, match="ck_structures_secret"), operator.acting():
        db.execute(text("UPDATE structures SET commune_code = '44109' WHERE id = :id"), {"id": made.id})
