"""The refusal of the DDETS: where the rules of its territory give it one, without reading a file, told to both sides."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from odis_app.accounts.models import User
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.core.permissions import Role
from odis_app.notifications.sealing import opened
from odis_app.organisations.seeds import Actor
from odis_app.placements import operations as do
from odis_app.placements.policy import SteeredProposal, find_steered, steered_proposals
from tests.placements.conftest import MARK, NAMES, Town, found
from tests.support.client import StrictClient, text_of
from tests.support.worlds import WorldBuilder, owner_unit


def give_a_say(department: str = "53", attribution: str = "association_ddets") -> None:
    with owner_unit():
        db.execute(
            text(
                "INSERT INTO territory_rules (department_code, attribution) VALUES (:code, :said) "
                "ON CONFLICT (department_code) DO UPDATE SET attribution = excluded.attribution"
            ),
            {"code": department, "said": attribution},
        )


def refuse(actor: Actor, orientation: str, motif: str = "autre_menage_prioritaire", comment: str = "") -> None:
    with actor.acting() as identity:
        proposal = find_steered(identity, orientation)
        assert proposal is not None
        do.refuse_for_state(identity, proposal=proposal, motif=motif, comment=comment)


def listed(actor: Actor) -> list[SteeredProposal]:
    with actor.acting() as identity:
        return steered_proposals(identity)


def called(actor: Actor, orientation: str) -> int:
    """How many rows the second wall alone lets a person end, with the first taken away."""
    with actor.acting():
        ask = text("SELECT count(*) FROM odis.steer_refuse(:wanted, 'autre', 'Essai.')")
        return int(db.execute(ask, {"wanted": orientation}).scalar_one())


def test_the_ddets_refuses_on_its_page_and_the_place_comes_free_at_once(town: Town, client: StrictClient) -> None:
    give_a_say()
    orientation, ddets = town.propose(), client.as_(town.ddets53)
    page = ddets.get("/orientations/departement")
    assert "À examiner 1 proposition" in text_of(page)
    assert "2 personnes" in text_of(page)
    page = ddets.get(f"/orientations/departement/{orientation}")
    for name in (*NAMES, "Nikadème", MARK):
        assert name not in text_of(page)
    page = ddets.submit(page, {"motif": "autre"}, button="Enregistrer le refus", status=422)
    assert "Écrivez pourquoi" in text_of(page)
    said = {"motif": "capacite_du_territoire", "comment": "Classes pleines jusqu’en juin."}
    page = ddets.submit(page, said, button="Enregistrer le refus", follow=True, status=200)
    assert "la place est rendue" in text_of(page)
    assert "Classes pleines" in text_of(page)
    for actor in (town.camille, town.operator):
        told = text_of(client.as_(actor).get(f"/orientations/{orientation}"))
        assert "par la DDETS" in told
        assert "le territoire ne peut pas accueillir" in told
        assert "Classes pleines" in told
    assert town.propose(household=town.another_file())  # the place holds no reservation any more


def test_the_file_the_trail_and_both_sides_are_told(town: Town) -> None:
    give_a_say()
    orientation = town.propose()
    assert town.status() == "orientation_en_cours"
    refuse(town.ddets53, orientation)
    assert town.status() == "a_orienter"
    with town.camille.acting():
        row, household = found(orientation), town.file()
        assert (row.ended_kind, row.ended_by) == ("refusee", "ddets")
        assert row.motif_label == "Un autre ménage est prioritaire pour cette place"
        events = db.execute(
            text("SELECT org_label FROM audit_events WHERE record_id = :id AND action = 'orientation:refuse'"),
            {"id": household.id},
        ).all()
        lines = db.execute(
            text("SELECT count(*) FROM journal_entries WHERE record_id = :id AND author_org_id = :org"),
            {"id": household.id, "org": town.ddets53.org_id},
        ).scalar_one()
        assert len(events) == lines == 1
    with owner_unit():
        mails = {}
        for row in db.execute(text("SELECT public_id, sealed FROM mails WHERE template = 'orientation_state_refused'")):
            to, context = opened(row.public_id, bytes(row.sealed))
            mails[to] = context
        expected = (town.camille, town.sacha, town.operator, town.second)
        addresses = {db.get_one(User, actor.user_id).email for actor in expected}
    assert mails == {address: {"link": f"/orientations/{orientation}"} for address in addresses}


def test_without_such_a_rule_or_elsewhere_nothing_is_listed_nor_ended(town: Town, world: WorldBuilder) -> None:
    orientation = town.propose()
    give_a_say("44")
    others = [
        town.ddets53, town.ddets, town.neighbour, town.operator, town.camille, world.actor("dihal", None),
        world.actor("ddets", "53", roles=(Role.ADMIN_ORGANISATION,)),
    ]  # fmt: skip
    for actor in others:
        assert not listed(actor)
        assert called(actor, orientation) == 0
    give_a_say("53")
    for actor in others[1:]:
        assert not listed(actor)
        assert called(actor, orientation) == 0
    assert [p.public_id for p in listed(town.ddets53)] == [orientation]


def test_the_ddets_still_reads_no_row_of_the_file(town: Town) -> None:
    give_a_say()
    refuse(town.ddets53, town.propose())
    with town.ddets53.acting() as identity:
        for table in ("orientations", "households", "members", "household_facts", "journal_entries"):
            assert db.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() == 0
        wanted = text("SELECT count(*) FROM odis.steer_contacts(:id)")
        assert db.execute(wanted, {"id": steered_proposals(identity)[0].public_id}).scalar_one() == 0


def test_both_agreements_close_it_to_the_ddets(town: Town, client: StrictClient) -> None:
    give_a_say()
    orientation = town.confirmed()
    assert not listed(town.ddets53)
    assert called(town.ddets53, orientation) == 0
    client.as_(town.ddets53).get(f"/orientations/departement/{orientation}", status=404)


def test_an_answer_that_crosses_the_refusal_is_said(town: Town) -> None:
    give_a_say()
    orientation = town.propose()
    with town.ddets53.acting() as identity:
        late = find_steered(identity, orientation)
    assert late is not None
    with town.camille.acting() as identity:
        do.cancel(identity, orientation=found(orientation), motif="erreur")
    with pytest.raises(RuleError, match="ne peut plus être refusée"), town.ddets53.acting() as identity:
        do.refuse_for_state(identity, proposal=late, motif="hors_dispositif")


def test_nobody_else_writes_that_the_ddets_refused(town: Town) -> None:
    give_a_say()
    orientation = town.propose()
    forged = text(
        "UPDATE orientations SET ended_at = now(), ended_kind = 'refusee', ended_by = 'ddets', motif = 'autre'"
    )
    for actor in (town.camille, town.operator):
        with pytest.raises(DBAPIError, match="one's own side"), actor.acting():
            db.execute(forged)
    with town.ddets53.acting():
        assert db.execute(forged).rowcount == 0
    with town.camille.acting():
        assert db.execute(select(text("ended_by")).select_from(text("orientations"))).scalar_one() is None
        assert found(orientation).is_active


def test_the_page_says_when_the_rules_give_no_say(town: Town, client: StrictClient) -> None:
    assert "La DDETS n’examine pas les propositions" in text_of(
        client.as_(town.ddets53).get("/orientations/departement")
    )
    assert "Dans le département" not in text_of(client.as_(town.camille).get("/orientations"))
    client.as_(town.camille).get("/orientations/departement", status=403)


def test_a_secret_place_is_out_of_reach_in_both_walls(town: Town) -> None:
    give_a_say()
    orientation = town.propose()
    with owner_unit():
        for hidden in (
            "structures SET location_secret = true, commune_code = NULL, finess_codes = '{}', dna_codes = '{}'",
            "places SET location_secret = true, commune_code = NULL, label = '', employment_area = NULL",
        ):
            db.execute(text(f"UPDATE {hidden}"))
    assert listed(town.ddets53) == []
    assert called(town.ddets53, orientation) == 0
