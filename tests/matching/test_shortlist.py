"""Shortlists in the application: the same for everybody, safe by default, never stale."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import text

from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.permissions import Role
from odis_app.households.operations import update_request
from odis_app.households.operations.protected import Safety
from odis_app.matching import supply
from odis_app.matching.queries import HouseholdShortlist, shortlist_of, standing_of
from odis_app.organisations.seeds import Actor
from odis_app.placements import operations as do
from odis_app.placements.enums import EndedBy
from tests.placements.conftest import Town, found, town  # noqa: F401 - ``town`` is a fixture
from tests.support.client import StrictClient, text_of
from tests.support.worlds import WorldBuilder, confirmed


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    supply.forget()


def list_for(town: Town, actor: Actor, household: str = "") -> HouseholdShortlist:  # noqa: F811
    with actor.acting() as identity:
        return shortlist_of(identity, town.file(household))


def places_of(found_list: HouseholdShortlist) -> list[str]:
    return [line.place.public_id for line in found_list.lines]


def test_a_complete_file_finds_the_place_and_says_why(town: Town) -> None:  # noqa: F811
    answer = list_for(town, town.camille)
    assert places_of(answer) == [town.place]
    assert "vœu" in answer.lines[0].explanation.summary


def test_the_list_is_the_same_with_and_without_class_3(town: Town, world: WorldBuilder) -> None:  # noqa: F811
    certified = town.another_place(women_only_certified=True)
    household = town.another_file(safety=Safety(women_hosts_only=True))
    colleague = world.actor("association", colleague_of=town.camille, roles=(Role.TRAVAILLEUR_SOCIAL,))
    seen = {
        name: list_for(town, actor, household)
        for name, actor in {
            "referent": town.camille, "coordination": town.sacha, "collegue": colleague, "confirmée": confirmed(town.camille),
        }.items()
    }  # fmt: skip
    assert all(places_of(answer) == [certified] for answer in seen.values())
    assert {sum(e.count for e in answer.exclusions) for answer in seen.values()} == {1}
    for name in ("collegue", "referent", "coordination"):
        assert [e.sentence for e in seen[name].exclusions] == ["Contrainte de sécurité"]
        assert all(e.code == "" for e in seen[name].exclusions)
        assert seen[name].concessions == []
    assert "Contrainte de sécurité" not in [e.sentence for e in seen["confirmée"].exclusions]


def test_the_page_of_a_colleague_names_no_safety_rule(town: Town, world: WorldBuilder, client: StrictClient) -> None:  # noqa: F811
    household = town.another_file(safety=Safety(women_hosts_only=True, fvv_teh=True, excluded_departments=["49"]))
    colleague = world.actor("association", colleague_of=town.camille, roles=(Role.TRAVAILLEUR_SOCIAL,))
    assert "Confirmer votre identité" in text_of(client.as_(town.camille).get(f"/menages/{household}/appariement"))
    words = text_of(client.as_(colleague).get(f"/menages/{household}/appariement")).lower()
    assert "confirmer votre identité" not in words
    assert "contrainte de sécurité" in words
    assert not [word for word in ("femme", "fvv", "teh", "violence", "exclu par") if word in words]


def test_an_adult_who_was_not_asked_excludes_everything(town: Town, client: StrictClient) -> None:  # noqa: F811
    with town.camille.acting() as identity:
        from tests.placements.conftest import open_file

        household = open_file(identity).public_id
    assert places_of(list_for(town, town.camille, household)) == []
    assert "n’a pas encore été vérifiée" in text_of(client.as_(town.camille).get(f"/menages/{household}/appariement"))


def test_another_dispositif_is_closed(town: Town) -> None:  # noqa: F811
    with town.operator.acting() as identity:
        from tests.placements.conftest import create_place, dispositif

        create_place(identity, dispositif_id=dispositif("deplaces_ukraine"))
    answer = list_for(town, town.camille)
    assert places_of(answer) == [town.place]
    assert [(e.code, e.count) for e in answer.exclusions] == [("H20", 1)]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"accepted_compositions": ["isole_femme"]}, "H21"),
        ({"accepted_compositions": ["monoparental"]}, None),
        ({"min_child_age": 12}, "H11"),
        ({"min_child_age": 3}, None),
        ({"max_stay_days": 30}, "H02"),
        ({"max_stay_days": 30, "renewable": True}, None),
        ({"employment_area": "écrit à la main"}, None),
    ],
)
def test_what_the_host_accepts_is_kept(town: Town, changes: dict[str, object], code: str | None) -> None:  # noqa: F811
    with town.camille.acting() as identity:
        asked = {"need_from": clock.today(), "min_days": 60, "employment_area": "  LAVAL"}
        update_request(identity, household=town.file(), values=asked, wished=["53"], version=None)
    place = town.another_place(**changes)
    answer = list_for(town, town.camille)
    assert (place in places_of(answer)) is (code is None)
    assert [e.code for e in answer.exclusions] == [code] * (code is not None)
    areas = {line.place.public_id: line.explanation for line in answer.lines}
    if "employment_area" in changes:
        assert "Laval" in str(areas[place])  # the zone d’emploi of its commune, not what was typed


def test_what_is_kept_follows_every_change(town: Town) -> None:  # noqa: F811
    assert len(places_of(list_for(town, town.camille))) == 1
    other = town.another_place()
    assert other in places_of(list_for(town, town.camille))
    town.propose(place=other)
    after = list_for(town, town.camille, town.another_file())
    assert other not in places_of(after)
    assert "H02" in [e.code for e in after.exclusions]


def test_freshness_is_read_at_the_end_of_an_index(town: Town) -> None:  # noqa: F811
    with town.camille.acting():
        db.execute(text("SET LOCAL enable_seqscan = off"))
        plan = " ".join(db.execute(text(f"EXPLAIN {supply.LAST_CHANGE}")).scalars())
    assert "ix_place_changes_by" in plan
    assert "Sort" not in plan


def test_what_is_kept_is_given_to_its_own_organisation_only(town: Town) -> None:  # noqa: F811
    list_for(town, town.camille)
    with town.elsewhere.acting() as identity:
        assert len(supply.supply(identity).ids) == 0


def test_a_refused_place_is_not_offered_again_and_the_reason_stays_opaque(town: Town, world: WorldBuilder) -> None:  # noqa: F811
    orientation = town.propose()
    with town.camille.acting() as identity:
        do.refuse(
            identity, orientation=found(orientation), party=EndedBy.MENAGE, motif="localisation_transport", comment=""
        )
    colleague = world.actor("association", colleague_of=town.camille, roles=(Role.TRAVAILLEUR_SOCIAL,))
    answer = list_for(town, colleague)
    assert places_of(answer) == []
    assert [e.sentence for e in answer.exclusions] == ["Contrainte de sécurité"]


def test_another_place_than_the_first_wants_a_motif(town: Town, client: StrictClient) -> None:  # noqa: F811
    large = town.another_place(capacity=9, bedrooms=6)
    with town.camille.acting() as identity:
        standing = standing_of(identity, town.file(), town.home(large))
    assert (standing["rank"], standing["of"]) == (2, 2)
    browser, address = client.as_(town.camille), f"/menages/{town.household}/proposer/{large}"
    day = clock.today().isoformat()
    refused = browser.post(address, {"starts_on": day}, status=422)
    assert "pourquoi cette place est choisie" in text_of(refused)
    browser.post(address, {"starts_on": day, "override_motif": "Près de l’école."})


def test_a_stranger_finds_no_page(town: Town, client: StrictClient) -> None:  # noqa: F811
    for actor in town.strangers:
        status = 404 if actor in (town.neighbour, town.elsewhere) else 403
        answer = client.as_(actor).browser.get(f"/menages/{town.household}/appariement")
        assert answer.status_code in {status, 404}


def test_the_place_finds_the_waiting_household(town: Town, client: StrictClient, database: Flask) -> None:  # noqa: F811
    words = text_of(client.as_(town.camille).get(f"/places/{town.place}/appariement"))
    assert "1 ménage possible sur 1" in words
