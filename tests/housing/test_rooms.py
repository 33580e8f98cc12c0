"""Bedrooms as people tell them: read, and told again in words that are read the same."""

from __future__ import annotations

import pytest

from odis_app.core.errors import RuleError
from odis_app.housing.rooms import parse_rooms, room_words, sleeps


@pytest.mark.parametrize(
    ("line", "room"),
    [
        ("12 m², 1 lit double, ferme à clé", {"m2": 12, "double": 1, "lockable": True}),
        ("Chambre 2 : 9,5 m2, deux lits simples", {"m2": 9.5, "single": 2}),
        ("lit 2 places + berceau", {"double": 1, "cot": 1}),
        ("10m² et un lit", {"m2": 10, "single": 1}),
        ("1 lit simple, 1 lit bébé, verrou", {"single": 1, "cot": 1, "lockable": True}),
        ("2 grands lits doubles", {"double": 2}),
    ],
)
def test_a_room_is_understood_and_told_again(line, room):
    assert parse_rooms(line) == [room]
    assert parse_rooms(room_words(room)) == [room]


def test_a_room_without_precision_is_still_a_room():
    assert parse_rooms("chambre 1 :\n\n12 m² ; chambre 3 -") == [{}, {"m2": 12}, {}]
    assert parse_rooms(room_words({})) == [{}]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("12 m²\n8 m²", "Chambre 2 : une chambre compte 9 m² au moins"),
        ("12 m², vue sur mer", "Chambre 1 : « vue sur mer » n’est pas compris"),
        ("12 m²\n" * 61, "61 chambres : 60 au plus"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text, said):
    with pytest.raises(RuleError, match=said) as refused:
        parse_rooms(text)
    assert refused.value.field == "rooms"


def test_beds_are_counted_by_sleeper():
    assert sleeps(parse_rooms("1 lit double\n2 lits simples, berceau")) == 5
