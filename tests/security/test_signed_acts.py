"""What somebody does by bare SQL on their own side: a stage, a signature, an import. Each test fails if the hole is open."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from odis_app.core import clock
from odis_app.core.db import db
from odis_app.placements import operations as do
from odis_app.placements.enums import EndedBy
from tests.placements.conftest import Town, found, stay, town
from tests.security.bare import outcome, refused, trying, value
from tests.support.worlds import owner_unit

__all__ = ["town"]

STAGE = "SELECT odis.set_household_status(:id, :stage, 'x', current_date, NULL, NULL, :out)"
FACT = "INSERT INTO household_facts (household_id, owner_org_id, kind, happened_on, subject, data) VALUES (:id, :owner, :kind, current_date, :subject, '{}')"


def numbers(town: Town) -> dict[str, Any]:
    with owner_unit():
        statement = text("SELECT id, owner_org_id AS owner FROM households WHERE public_id = :id")
        return dict(db.execute(statement, {"id": town.household}).mappings().one())


def reached(town: Town, *, kind: str, subject: str, stages: tuple[str, ...]) -> set[str]:
    """The stages that the operator may write in the transaction where it tells that fact."""
    household, written = numbers(town), set()
    for stage in stages:
        with trying(town.operator):
            if outcome(FACT, **household, kind=kind, subject=subject) != "inserted":
                continue
            exited = stage == "sorti"
            if not refused(
                STAGE,
                id=household["id"],
                stage=stage,
                out=clock.today() if exited else None,
            ):
                written.add(stage)
    return written


ALL = ("brouillon", "complet", "a_orienter", "orientation_en_cours", "place", "suivi", "sorti", "archive")


def test_a_fact_moves_a_file_to_its_own_stages_only(town: Town) -> None:
    """An operator that received a proposal tells neither an entry nor an exit that did not happen in its places."""
    proposal = town.propose()
    assert reached(town, kind="proposal_ended", subject=proposal, stages=ALL) == set(ALL[:4])
    for kind in ("confirmed", "entered", "exited"):
        assert reached(town, kind=kind, subject=proposal, stages=ALL[:3] + ALL[4:]) == set(), kind
    for subject in ("", "inconnue00000001"):
        assert reached(town, kind="proposal_ended", subject=subject, stages=("a_orienter", "sorti")) == set()


def test_each_step_of_a_stay_opens_the_stages_that_follow(town: Town) -> None:
    agreed = town.confirmed()
    assert reached(town, kind="entered", subject=agreed, stages=ALL) == {"place", "suivi"}
    assert reached(town, kind="exited", subject=agreed, stages=ALL) == set()
    with town.operator.acting() as identity:
        do.record_entry(identity, placement=stay(agreed), entered_on=clock.today())
    assert reached(town, kind="exited", subject=agreed, stages=ALL) == set(ALL[:-1])
    assert reached(town, kind="proposal_ended", subject=agreed, stages=ALL) == set()


def test_what_falls_after_an_exit_closes_the_file_again(town: Town) -> None:
    first = town.entered(days_ago=3)
    second = town.propose(place=town.another_place(), start=30)
    with town.operator.acting() as identity:
        do.exit_placement(identity, placement=stay(first), reason="logement_social", exited_on=clock.today())
    assert town.status() == "orientation_en_cours"
    with town.operator.acting() as identity:
        do.refuse(identity, orientation=found(second), party=EndedBy.HEBERGEUR, motif="dates")
    assert town.status() == "sorti"


SIGNED = "UPDATE placements SET {} WHERE public_id = :stay RETURNING id"


def test_nobody_signs_for_somebody_else(town: Town) -> None:
    """An exclusion is asked and confirmed by two people, each under their own name, once."""
    orientation = town.entered()
    with town.operator.acting():
        given = {"stay": stay(orientation).public_id, "other": town.second.user_id, "camille": town.camille.user_id}
    ask, forged = "exit_asked = '{}', exit_asked_by_id = odis.user_id()", "exit_asked = '{}', exit_asked_by_id = :other"
    exclude = (
        "exited_on = current_date, exit_reason = 'exclusion_reglement', exit_outcome = 'negative', exit_asked = NULL"
    )
    with trying(town.operator):
        assert refused(SIGNED.format(forged), **given)
        assert refused(SIGNED.format("exit_confirmed_by_id = :camille"), **given)
        assert refused(SIGNED.format("exit_confirmed_by_id = odis.user_id()"), **given)
        assert refused(SIGNED.format(f"{exclude}, exit_asked_by_id = odis.user_id(), review_due = true"), **given)
        assert value(SIGNED.format(ask), **given)
        assert refused(SIGNED.format(f"{exclude}, exit_confirmed_by_id = odis.user_id()"), **given)
        assert refused(SIGNED.format(f"{exclude}, exit_confirmed_by_id = :other"), **given)
        assert refused(SIGNED.format("exit_asked_by_id = :camille"), **given)


def test_a_signature_stays(town: Town) -> None:
    orientation = town.entered()
    with town.operator.acting() as identity:
        do.exit_placement(identity, placement=stay(orientation), reason="exclusion_reglement", exited_on=clock.today())
    with town.second.acting() as identity:
        do.confirm_exclusion(identity, placement=stay(orientation))
        given = {"stay": stay(orientation).public_id}
    for actor in (town.operator, town.second, town.camille):
        with trying(actor):
            for change in (
                "exit_confirmed_by_id = NULL",
                "exit_confirmed_by_id = odis.user_id()",
                "exit_asked_by_id = NULL",
                "exit_asked_by_id = odis.user_id()",
            ):
                kept = value("SELECT ARRAY[exit_asked_by_id, exit_confirmed_by_id] FROM placements")
                outcome(SIGNED.format(change), **given)
                assert value("SELECT ARRAY[exit_asked_by_id, exit_confirmed_by_id] FROM placements") == kept, change


def test_undo_removes_what_the_import_made_and_nothing_else(town: Town) -> None:
    """A recorded import that was written by hand deletes none of the organisation's files."""
    household = numbers(town)
    made = """INSERT INTO imports (public_id, owner_org_id, author_id, author_label, kind, state, about_sealed, headers_fingerprint, mapping, lines, expires_at, committed_at)
              VALUES ('attaque000000001', :owner, odis.user_id(), 'x', 'menages', 'committed', '', '', '{}', 1, now(), now()) RETURNING id"""
    line = "INSERT INTO import_rows (import_id, number, owner_org_id, action, record_id, undo_sealed) VALUES (:import, 1, :owner, :action, :record, 'x')"
    with trying(town.camille):
        found = value(made, **household)
        given = {"import": found, "owner": household["owner"], "action": "create"}
        assert outcome(line, record=household["id"], **given) != "inserted"
        assert outcome(line, **{**given, "record": None}) == "inserted"
        assert outcome("UPDATE import_rows SET record_id = :record", record=household["id"]) == "42501"
        db.execute(text("UPDATE import_rows SET action = 'update', record_id = :record"), {"record": household["id"]})
        assert outcome("UPDATE import_rows SET action = 'create'") == "42501"
        assert outcome("UPDATE records SET created_at = now()") == "42501"
        db.execute(text("DELETE FROM import_rows"))
        assert value("SELECT count(*) FROM odis.import_remove(ARRAY[CAST(:id AS bigint)])", id=household["id"]) == 0
        record = value(
            "INSERT INTO records (kind, owner_org_id, department_code) VALUES ('household', :owner, '44') RETURNING id",
            owner=household["owner"],
        )
        assert outcome(line, record=record, **given) == "inserted"
        assert value("SELECT count(*) FROM odis.import_remove(ARRAY[CAST(:id AS bigint)])", id=record) == 1
