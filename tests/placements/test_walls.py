"""Both walls, each with the other taken away: bare SQL under an identity, and the visible_* selects where no policy stops anything."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import Select, select, text, update
from sqlalchemy.exc import DBAPIError

from odis_app.access.enums import ShareLevel, SharePurpose
from odis_app.access.models import Grant
from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.identity import Identity
from odis_app.households import operations as files
from odis_app.households.operations.protected import HealthNeed
from odis_app.households.operations.sharing import signal_household
from odis_app.housing import policy as homes
from odis_app.organisations.models import Organisation
from odis_app.organisations.seeds import Actor
from odis_app.placements import operations as do
from odis_app.placements import policy
from odis_app.placements.enums import EndedBy
from odis_app.territories.queries import label_of
from tests.placements.conftest import LAVAL, Town, create_place, found, stay
from tests.support.client import StrictClient, text_of
from tests.support.worlds import WorldBuilder, confirmed, open_class2, owner_unit

SELECTS: dict[str, Callable[[Identity], Select[Any]]] = {
    "orientations": policy.visible_orientations,
    "orientation_choices": policy.visible_choices,
    "orientation_refusals": policy.visible_refusals,
    "placements": policy.visible_placements,
    "placement_departures": policy.visible_departures,
}
OWN = {
    "orientations": 4,
    "orientation_choices": 4,
    "orientation_refusals": 3,
    "placements": 1,
    "placement_departures": 1,
}
SHARED = {
    "orientations": 4,
    "orientation_choices": 0,
    "orientation_refusals": 0,
    "placements": 1,
    "placement_departures": 0,
}
NOTHING = dict.fromkeys(OWN, 0)
MOTIFS = ("cout", "sante_suivi_medical", "securite_danger")
MARK = "Repartie chez une tante inventée"


@pytest.fixture
def scene(town: Town) -> Town:
    """One household, class 2 open with a health need: a refusal of each class, then a stay that ended, with where it left for."""
    open_class2()
    with town.camille.acting() as identity:
        need = {"maternity": HealthNeed(2, 30, "à pied")}
        files.update_health_needs(identity, household=town.file(), values=need, version=None)
    for motif in MOTIFS:
        orientation = town.propose(score={"total": 71, "criteria": []}, override_motif="Près de la maternité.")
        with town.camille.acting() as identity:
            do.refuse(
                identity, orientation=found(orientation), party=EndedBy.MENAGE, motif=motif, comment="Une précision."
            )
    orientation = town.entered(days_ago=5)
    with town.operator.acting() as identity:
        do.exit_placement(
            identity, placement=stay(orientation), reason="rupture_hote", exited_on=clock.today(),
            destination_commune_code=LAVAL, comment=MARK,
        )  # fmt: skip
    return town


def without_first(actor: Actor) -> dict[str, int]:
    """The second wall alone: how many rows a bare SELECT gives to this person."""
    with actor.acting():
        return {table: db.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() for table in SELECTS}


def without_second(actor: Actor) -> dict[str, int]:
    """The first wall alone: what ``visible_*`` selects for this person where every row is there."""
    with actor.acting() as identity:
        pass
    with owner_unit():
        return {table: len(db.execute(visible(identity)).scalars().all()) for table, visible in SELECTS.items()}


WALLS = pytest.mark.parametrize("seen", [without_first, without_second], ids=["second wall alone", "first wall alone"])
Seen = Callable[[Actor], dict[str, int]]


@WALLS
def test_the_household_s_side_reads_it_all(scene: Town, seen: Seen) -> None:
    assert seen(confirmed(scene.camille)) == seen(confirmed(scene.sacha)) == OWN


@WALLS
def test_danger_is_read_once_one_s_identity_is_confirmed(scene: Town, seen: Seen) -> None:
    assert seen(scene.camille) == seen(scene.sacha) == OWN | {"orientation_refusals": 2}


@WALLS
def test_a_colleague_who_is_not_the_referent_reads_no_danger(scene: Town, seen: Seen, world: WorldBuilder) -> None:
    colleague = world.actor("association", "44", colleague_of=scene.camille)
    assert seen(colleague) == OWN | {"orientation_refusals": 2}


@WALLS
def test_the_place_s_side_reads_neither_reasons_nor_scores_nor_where_they_left(scene: Town, seen: Seen) -> None:
    assert seen(scene.operator) == seen(scene.second) == SHARED


@WALLS
def test_strangers_read_nothing(scene: Town, seen: Seen, world: WorldBuilder) -> None:
    administrator = world.actor("admin_organisation", colleague_of=scene.camille)
    for stranger in (*scene.strangers, administrator, world.actor("operateur", "53"), world.actor("dihal", None)):
        assert seen(stranger) == NOTHING


@WALLS
def test_the_state_reads_what_was_given_to_it_until_it_expires(scene: Town, seen: Seen) -> None:
    with scene.camille.acting() as identity:
        signal_household(identity, household=scene.file(), motive="Sans place adaptée.")
    assert seen(scene.ddets) == SHARED
    assert seen(scene.ddets53) == NOTHING
    with owner_unit():
        past = {"granted_at": clock.now() - timedelta(days=9), "expires_at": clock.now() - timedelta(seconds=1)}
        db.execute(update(Grant).where(Grant.grantee_org_id == scene.ddets.org_id).values(**past))
    assert seen(scene.ddets) == NOTHING


@WALLS
def test_a_partner_to_whom_the_file_is_shared_reads_no_proposal(scene: Town, seen: Seen) -> None:
    with scene.camille.acting() as identity:
        partner = db.get_one(Organisation, scene.neighbour.org_id)
        files.share_household(
            identity,
            household=scene.file(),
            organisation=partner,
            level=ShareLevel.FULL,
            purpose=SharePurpose.ACCOMPAGNEMENT,
            max_class=2,
        )
    assert seen(scene.neighbour) == NOTHING


def test_health_reasons_close_with_class_two(scene: Town) -> None:
    open_class2(False)
    with confirmed(scene.camille).acting():
        assert set(db.execute(text("SELECT motif FROM orientation_refusals")).scalars()) == {"cout", "securite_danger"}


def test_an_operator_of_a_standing_stay_reads_no_health(scene: Town) -> None:
    scene.entered()
    with scene.operator.acting():
        assert db.execute(text("SELECT count(*) FROM members")).scalar_one() == 2
        assert db.execute(text("SELECT count(*) FROM household_health_needs")).scalar_one() == 0
        told = db.execute(text("SELECT string_agg(to_jsonb(o)::text, ' ') FROM orientations o")).scalar_one()
        assert not any(word in told.lower() for word in ("maternit", "santé", "sante_"))


def test_where_a_household_went_is_on_no_page_of_the_place_that_it_left(scene: Town, client: StrictClient) -> None:
    with scene.camille.acting():
        address = f"/hebergements/{db.execute(text('SELECT public_id FROM placements')).scalar_one()}"
        laval = label_of(LAVAL)
    read = text_of(client.as_(scene.camille).get(address))
    assert f"vers {laval}" in read
    assert MARK in read
    for page in (address, "/hebergements?vue=tous", f"/menages/{scene.household}/logement"):
        kept = client.as_(scene.operator).get(page).text
        assert MARK not in kept
        assert "vers Laval" not in kept
    with scene.operator.acting():
        stays = db.execute(text("SELECT string_agg(to_jsonb(p)::text, ' ') FROM placements p")).scalar_one()
        assert LAVAL not in stays
        assert MARK not in stays


def refused(actor: Actor, statement: str) -> type[BaseException]:
    with pytest.raises(DBAPIError) as caught, actor.acting():
        db.execute(text(statement))
    return type(caught.value.orig)


def test_nothing_can_be_hung_on_a_neighbour_and_the_answer_tells_nothing(scene: Town) -> None:
    with scene.camille.acting():
        row = db.execute(text("SELECT id, orientation_id, household_id, place_id FROM placements")).mappings().one()
    org = scene.neighbour.org_id
    statements = (
        "INSERT INTO placement_departures (placement_id, household_id, household_owner_org_id, place_owner_org_id) VALUES ({id}, {household_id}, {org}, {org})",
        "INSERT INTO orientation_choices (orientation_id, household_id, household_owner_org_id) VALUES ({orientation_id}, {household_id}, {org})",
        "INSERT INTO orientation_refusals (orientation_id, household_id, household_owner_org_id, motif, sensitivity) VALUES ({orientation_id}, {household_id}, {org}, 'cout', 1)",
    )
    missing = dict.fromkeys(row, 999_999)
    for statement in statements:
        answers = {refused(scene.neighbour, statement.format(**ids, org=org)) for ids in (row, missing)}
        assert len(answers) == 1, statement
        pretending = statement.format(**row, org=scene.camille.org_id)
        assert refused(scene.elsewhere, pretending) is InsufficientPrivilege, statement


def test_what_was_said_of_a_departure_is_added_to_and_never_changed(scene: Town) -> None:
    for actor in (scene.camille, scene.operator):
        for statement in ("UPDATE placement_departures SET comment_sealed = NULL", "DELETE FROM placement_departures"):
            assert refused(actor, statement) is InsufficientPrivilege


def test_one_side_never_accepts_or_ends_for_the_other(town: Town) -> None:
    town.propose()
    accept = "UPDATE orientations SET {side}_accepted_at = now(), {side}_accepted_by_label = 'x'"
    end = "UPDATE orientations SET ended_at = now(), ended_kind = 'refusee', ended_by = '{by}', motif = 'autre'"
    assert refused(town.operator, accept.format(side="household")) is InsufficientPrivilege
    assert refused(town.camille, accept.format(side="host")) is InsufficientPrivilege
    assert refused(town.operator, end.format(by="menage")) is InsufficientPrivilege
    assert refused(town.camille, end.format(by="hebergeur")) is InsufficientPrivilege
    for stranger in town.strangers:
        with stranger.acting():
            assert db.execute(text("UPDATE orientations SET seen_at = now()")).rowcount == 0  # type: ignore[attr-defined]
    with town.camille.acting():
        assert db.execute(select(text("seen_at")).select_from(text("orientations"))).scalar_one() is None


def test_a_former_host_does_not_follow_the_household_to_its_next_place(town: Town) -> None:
    """The file stays open to it for a while after the exit; its next place does not: whom the household left may be whom it flees."""
    first = town.entered(days_ago=10)
    with town.operator.acting() as identity:
        do.exit_placement(
            identity, placement=stay(first), reason="rupture_hote", exited_on=clock.today() - timedelta(days=1)
        )
    with town.camille.acting() as identity:
        own = create_place(identity, "44109").public_id
    second = town.propose(place=own)
    for act in (do.accept_for_household, do.accept_for_host):
        with town.camille.acting() as identity:
            act(identity, orientation=found(second))
    with town.operator.acting() as identity:
        record = found(first).household_id
        assert record in set(db.execute(text("SELECT odis.shared_full_records()")).scalars())
        known = identity
    sides = {}
    for name, actor in {"operator": town.operator, "camille": town.camille}.items():
        with actor.acting():
            sides[name] = set(db.execute(text("SELECT owner_org_id FROM occupancy_households")).scalars())
    assert sides == {"operator": {town.operator.org_id}, "camille": {town.operator.org_id, town.camille.org_id}}
    with owner_unit():
        found_alone = db.execute(homes.visible_occupancy_households(known)).scalars()
        assert {row.owner_org_id for row in found_alone} == {town.operator.org_id}
