"""« Qui peut lire ceci » on a refusal, an exact address and a host: what is said is what the wall does."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text

from odis_app.access.readers import WhoReads
from odis_app.core.db import db
from odis_app.core.permissions import Role
from odis_app.households import operations as files
from odis_app.households.operations.protected import HealthNeed
from odis_app.housing.models import Offer
from odis_app.housing.queries.sight import address_readers, host_readers
from odis_app.organisations.seeds import Actor
from odis_app.placements import operations as do
from odis_app.placements.enums import EndedBy
from odis_app.placements.policy import DANGER
from odis_app.placements.queries import refusal_of, refusal_readers
from tests.housing.conftest import Homes
from tests.placements.conftest import Town, found, stay
from tests.placements.test_walls import MOTIFS
from tests.support.client import StrictClient, text_of
from tests.support.worlds import WorldBuilder, confirmed, open_class2

QUESTION = "Qui peut lire ceci"


def includes(answer: WhoReads, actor: Actor) -> bool:
    with actor.acting() as identity:
        roles = {Role(role) for role in identity.roles}
    return answer.includes(org_id=actor.org_id, user_id=actor.user_id, roles=roles)


def count(actor: Actor, sql: str) -> int:
    """What bare SQL gives to somebody who has just proved who they are."""
    with confirmed(actor).acting():
        return int(db.execute(text(sql)).scalar_one())


def refused(town: Town) -> dict[str, str]:
    """A refusal of each class, by motif: the public ids of the proposals."""
    open_class2()
    with town.camille.acting() as identity:
        need = {"maternity": HealthNeed(2, 30, "à pied")}
        files.update_health_needs(identity, household=town.file(), values=need, version=None)
    ids = {}
    for motif in MOTIFS:
        ids[motif] = town.propose()
        with town.camille.acting() as identity:
            do.refuse(
                identity, orientation=found(ids[motif]), party=EndedBy.MENAGE, motif=motif, comment="Une précision."
            )
    return ids


def test_a_reason_to_refuse_is_said_as_the_wall_has_it(town: Town, world: WorldBuilder) -> None:
    people = [
        town.camille, town.sacha, town.operator, town.neighbour, town.ddets53, world.actor("association", "44", colleague_of=town.camille),
        world.actor("operateur", "44", colleague_of=town.camille), world.actor("admin_organisation", "44", colleague_of=town.camille),
    ]  # fmt: skip
    for motif, orientation in refused(town).items():
        with confirmed(town.camille).acting() as identity:
            row = found(orientation)
            told = refusal_readers(row, refusal_of(identity, row))
        for actor in people:
            read = count(actor, f"SELECT count(*) FROM orientation_refusals WHERE motif = '{motif}'")
            assert includes(told, actor) is (read > 0), (motif, actor)


def test_before_danger_is_shown_the_page_says_who_would_read_it(town: Town, client: StrictClient) -> None:
    ids = refused(town)
    with town.camille.acting() as identity:
        row = found(ids["securite_danger"])
        assert refusal_of(identity, row) is None
        told = refusal_readers(row, None)
    assert (told.roles, told.referent_user_id, DANGER) == ((Role.COORDINATEUR,), town.camille.user_id, 3)
    for address in ids.values():
        assert QUESTION in text_of(client.as_(town.camille).get(f"/orientations/{address}"))
        assert QUESTION not in text_of(client.as_(town.operator).get(f"/orientations/{address}"))


@pytest.fixture
def hosting(world: WorldBuilder) -> Actor:
    return world.actor("association", "44")


def test_an_address_and_a_host_are_said_as_the_wall_has_them(
    town: Town, hosting: Actor, world: WorldBuilder, client: StrictClient
) -> None:
    offer = Homes().offer(hosting, stage="validated")
    people = [
        hosting, town.camille, town.neighbour, town.ddets, world.actor("coordination", "44", colleague_of=hosting),
        world.actor("admin_organisation", "44", colleague_of=hosting),
    ]  # fmt: skip
    with hosting.acting():
        home = db.execute(select(Offer).where(Offer.public_id == offer.public_id)).scalar_one()
        address, host = address_readers(home), host_readers(home)
    for actor in people:
        assert includes(address, actor) is (count(actor, "SELECT count(*) FROM offer_addresses") > 0), actor
        assert includes(host, actor) is (count(actor, "SELECT count(*) FROM offer_hosts") > 0), actor
    assert "tant que la place lui est gardée" in address.more[0]
    page = text_of(client.as_(hosting).get(f"/offres/{offer.public_id}"))
    assert page.count(QUESTION) == 2
    assert "Qui peut lire ceci : qui propose" in page
    assert QUESTION not in text_of(client.as_(town.neighbour).get(f"/offres/{offer.public_id}"))
    place = text_of(client.as_(town.operator).get(f"/places/{town.place}"))
    assert "Qui peut lire ceci : adresse exacte" in place


def test_both_sides_of_a_stay_are_told_who_reads_its_address(town: Town, client: StrictClient) -> None:
    orientation = town.confirmed()
    for actor in (town.camille, town.operator):
        page = text_of(client.as_(actor).get(f"/orientations/{orientation}"))
        assert "Qui peut lire ceci : adresse exacte" in page
    with town.camille.acting():
        address = stay(orientation).public_id
    assert "Qui peut lire ceci : adresse exacte" in text_of(client.as_(town.camille).get(f"/hebergements/{address}"))
