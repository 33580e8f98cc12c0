"""Finding a commune from what people type."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from odis_app.core.db import db
from odis_app.territories import queries
from odis_app.territories.enums import MatchKind
from odis_app.territories.models import Commune
from odis_app.territories.names import fold_place, search_keys

pytestmark = pytest.mark.usefixtures("territories")


def codes(q: str, **options: object) -> list[str]:
    return [match.commune.code for match in queries.search_communes(q, **options)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("Nantes", "44109"),
        ("NANTES", "44109"),
        ("nante", "44109"),
        ("nant", "12168"),
        ("st etienne", "42218"),
        ("Saint-Étienne", "42218"),
        ("saint etienne", "42218"),
        ("le havre", "76351"),
        ("Havre", "76351"),
        ("l'haÿ les roses", "94038"),
        ("L’Haÿ-les-Roses", "94038"),
        ("ste genevieve des bois", "91549"),
        ("44109", "44109"),
        ("2a004", "2A004"),
        ("Nantes (44)", "44109"),
        ("Nantes (Loire-Atlantique)", "44109"),
        ("Nantes 44", "44109"),
        ("44000 Nantes", "44109"),
        ("nantes 44200", "44109"),
        ("Saint-Denis (La Réunion)", "97411"),
        ("Château-Chinon (Ville)", "58062"),
        ("Ajaccio (2a)", "2A004"),
    ],
)
def test_first_answer(typed: str, code: str) -> None:
    assert codes(typed)[0] == code


def test_homonyms_are_told_apart_by_departement_and_sorted_by_population() -> None:
    found = [
        match
        for match in queries.search_communes("Saint-Denis", limit=50)
        if match.exact and match.kind is MatchKind.NAME
    ]
    labels = [match.label for match in found]
    assert labels[0] == "Saint-Denis (974)" or labels[0] == "Saint-Denis (93)"
    assert {"Saint-Denis (93)", "Saint-Denis (974)", "Saint-Denis (11)", "Saint-Denis (30)"} <= set(labels)
    populations = [match.commune.population or 0 for match in found]
    assert populations == sorted(populations, reverse=True)
    assert len(set(labels)) == len(labels)
    assert queries.resolve("Saint-Denis")[0] is None


def test_sainte_colombe_has_many_homonyms() -> None:
    found = [m for m in queries.search_communes("ste colombe", limit=50) if m.exact and m.kind is MatchKind.NAME]
    assert len(found) == 12
    assert len({m.commune.department_code for m in found}) == 12
    assert codes("Sainte-Colombe", department="69") == ["69189"]


def test_a_postal_code_shared_by_several_communes() -> None:
    chosen, candidates = queries.resolve("01300")
    assert chosen is None
    assert len(candidates) > 10
    assert all("01300" in queries.postal_codes(m.commune.code) for m in candidates)
    assert [m.commune.population for m in candidates] == sorted(
        (m.commune.population or 0 for m in candidates), reverse=True
    )


def test_a_postal_code_of_one_commune_resolves() -> None:
    commune, candidates = queries.resolve("44000")
    assert commune is not None
    assert commune.code == "44109"
    assert candidates[0].kind is MatchKind.POSTAL_CODE


def test_five_digits_are_read_as_postal_first() -> None:
    """97411 is a postal code of Saint-Paul and the INSEE code of Saint-Denis: both are shown, the first is taken."""
    found = queries.search_communes("97411")
    assert [(m.commune.code, m.kind) for m in found] == [
        ("97415", MatchKind.POSTAL_CODE),
        ("97411", MatchKind.INSEE_CODE),
    ]
    chosen, _ = queries.resolve("97411")
    assert chosen is not None
    assert chosen.code == "97415"


def test_former_names_lead_to_the_commune_of_today() -> None:
    commune, candidates = queries.resolve("Bellegarde-sur-Valserine")
    assert commune is not None
    assert commune.name == "Valserhône"
    assert "Bellegarde-sur-Valserine" in candidates[0].label
    assert queries.resolve("Châtillon-en-Michaille")[0] == commune
    assert queries.current_code("01091") == "01033"
    assert queries.label_of("01091") == "Châtillon-en-Michaille (01)"


def test_a_commune_that_only_changed_its_name() -> None:
    found = queries.search_communes("Colleville-sur-Orne")
    assert found[0].commune.name == "Colleville-Montgomery"
    assert found[0].kind is MatchKind.FORMER


@pytest.mark.parametrize(
    ("typed", "part", "commune"),
    [("Paris 11", "75111", "75056"), ("Lyon 3e", "69383", "69123"), ("Marseille 1er", "13201", "13055")],
)
def test_arrondissements_lead_to_their_commune(typed: str, part: str, commune: str) -> None:
    assert codes(typed)[0] == commune
    assert codes(part)[0] == commune
    assert queries.current_code(part) == commune
    assert part in {p.code for p in queries.parts_of(commune)}


def test_arrondissements_are_forty_five() -> None:
    kinds = [p.kind for code in ("75056", "69123", "13055") for p in queries.parts_of(code)]
    assert kinds.count("arrondissement") == 45


def test_labels_of_territory_codes() -> None:
    assert queries.label_of("44109") == "Nantes (44)"
    assert queries.label_of("dep:53") == "Mayenne (53)"
    assert queries.label_of("reg:52") == "Pays de la Loire"
    assert queries.label_of("epci:244400404") == "Nantes Métropole"
    assert queries.label_of("fr") == "France"
    assert queries.label_of("75111") == "Paris 11e Arrondissement (75)"
    assert queries.label_of("00000") == "00000"


def test_departments_and_epci() -> None:
    assert len(queries.departments()) == 109
    loire = queries.department("44")
    assert loire is not None
    assert loire.label == "Loire-Atlantique (44)"
    assert loire.seat_code == "44109"
    assert queries.department("00") is None
    epci = queries.epci("244400404")
    assert epci is not None
    assert len(queries.epci_members(epci.siren)) == epci.member_count == 24


def test_department_filter_keeps_one_departement() -> None:
    assert {m.commune.department_code for m in queries.search_communes("saint", department="44", limit=100)} == {"44"}
    assert codes("Nantes (44)", department="53") == []


def test_every_commune_is_found_by_its_label() -> None:
    """A sample of one in 500, spread over France: a form that shows a label must read it back."""
    for commune in db.scalars(select(Commune).order_by(Commune.code)).all()[::500]:
        assert queries.resolve(commune.label)[0] is commune


@pytest.mark.parametrize("nothing", ["", "   ", "-", "'", "%", "_", "zzzzzz", "99999", "()", "Nantes (999)", "\x00"])
def test_nothing_is_found_without_error(nothing: str) -> None:
    assert codes(nothing) == []


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=120))
def test_search_never_crashes_and_keeps_its_limit(typed: str) -> None:
    assert len(queries.search_communes(typed, limit=3)) <= 3
    queries.resolve(typed)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=60))
def test_folding_is_stable_and_plain(name: str) -> None:
    folded = fold_place(name)
    assert fold_place(folded) == folded
    assert set(folded) <= set("abcdefghijklmnopqrstuvwxyz0123456789 ")
    assert all(key.text and folded.endswith(key.text) for key in search_keys(name))


def test_the_employment_zone_of_a_commune() -> None:
    assert [queries.employment_zone(code) for code in ("44109", "44143", "53130", "98735", "15031", "00000")] == [
        "Nantes", "Nantes", "Laval", "", "", "",
    ]  # fmt: skip
