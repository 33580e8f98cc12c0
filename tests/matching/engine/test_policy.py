"""Policies: defaults, hash, and what is refused."""

import hashlib

import pytest

from odis_app.matching.engine.policy import Policy, PolicyError

CANONICAL = (
    '{"ranks":[1,0.8,0.6,0.4],"weights":{"bassin_emploi":16,"duree":8,"langue":14,"localisation":34,'
    '"mode_de_vie":8,"taille":20}}'
)


def test_the_default_policy_in_canonical_json():
    assert Policy().canonical == CANONICAL
    assert Policy().sha256 == hashlib.sha256(CANONICAL.encode()).hexdigest()
    assert Policy().sha256.startswith(Policy().version)


def test_what_is_absent_keeps_its_default_and_the_same_numbers_the_same_hash():
    assert Policy.from_mapping({}).sha256 == Policy().sha256
    assert Policy.from_mapping({"ranks": [1.0, 0.8, 0.6, 0.4], "weights": {"taille": 20.0}}).sha256 == Policy().sha256
    assert Policy.from_mapping({"weights": {"taille": 21}}).sha256 != Policy().sha256
    assert Policy.from_mapping({"ranks": [1, 0.8, 0.6]}).sha256 != Policy().sha256


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {"poids": {}},
        {"weights": []},
        {"ranks": 1},
        {"ranks": []},
        {"ranks": [1.1]},
        {"ranks": [-0.1]},
        {"ranks": [True]},
        {"ranks": ["1"]},
        {"weights": {"nationalite": 3}},
        {"weights": {"taille": -1}},
        {"weights": {"taille": True}},
        {"weights": {"taille": "20"}},
        {"weights": {"taille": None}},
        {"weights": {"taille": float("nan")}},
        {"weights": {"taille": float("inf")}},
        {"weights": {"taille": 10**400}},
        {"weights": dict.fromkeys(["localisation", "taille", "bassin_emploi", "langue", "duree", "mode_de_vie"], 0)},
    ],
)
def test_a_policy_that_cannot_be_used_is_refused(data):
    with pytest.raises(PolicyError):
        Policy.from_mapping(data)
