"""Two organisations that may follow the same person: told by night to both, never to who types; names only when both accept."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import psycopg
import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from odis_app.access.enums import RapprochementState, ShareLevel, SharePurpose
from odis_app.access.models import Rapprochement
from odis_app.access.operations import share_record
from odis_app.core.config import libpq
from odis_app.core.db import db, token_hash, unit_of_work
from odis_app.core.errors import RuleError
from odis_app.core.identity import Identity
from odis_app.core.ids import new_public_id, new_token
from odis_app.households import operations as do
from odis_app.households import queries
from odis_app.households.models import Household
from odis_app.households.operations.composition import Person
from odis_app.households.operations.file import Opening
from odis_app.households.operations.many import NewFile, open_households
from odis_app.households.operations.marks import marks_of, write_marks
from odis_app.households.operations.protected import Safety
from odis_app.households.queries.rapprochements import rapprochements
from odis_app.notifications.models import Mail
from odis_app.organisations.seeds import Actor
from tests.households.conftest import FARID, LAILA, Town, open_file
from tests.support.client import StrictClient, text_of
from tests.support.sql import recorded
from tests.support.worlds import WorldBuilder, confirmed, owner_unit

PHONE = "+33600000001"
SENTENCE = "Un autre organisme suit peut-être une personne de ce dossier."
SAFE = Safety()
SOMEBODY_ELSE = Person("Awa", "Misalu", "f", birth_date=date(2001, 1, 1))


def opened(actor: Actor, *people: Person, phone: str = PHONE, safety: Safety | None = SAFE, agdref: str = "") -> int:
    """A file whose adults were all asked about their safety (``safety`` None: nobody asked)."""
    with actor.acting() as identity:
        household = open_file(identity, *(people or (LAILA,)), phone=phone)
        for member in queries.present_members(household.id) if safety else ():
            do.update_member_safety(identity, household=household, member=member, safety=safety, version=None)
        if agdref:
            do.update_administrative(identity, household=household, values={"agdref": agdref}, version=None)
        return household.id


def night(*, later: str = "") -> int:
    """The task, under its own identity; ``later`` first moves every wait into the past (« 11 days »)."""
    if later:
        with owner_unit():
            db.execute(
                text("UPDATE rapprochement_pairs SET due_at = due_at - CAST(:days AS interval)"), {"days": later}
            )
            db.execute(text("UPDATE rapprochements SET closes_on = closes_on - CAST(:days AS interval), told_at = told_at - CAST(:days AS interval)"), {"days": later})  # fmt: skip
    token = new_token()
    with unit_of_work(None, engine_name="worker"):
        mint = text("SELECT odis.mint_system_token(:hash, :id, 'system:rapprochements', 5)")
        db.execute(mint, {"hash": token_hash(token), "id": new_public_id()})
    with unit_of_work(token, engine_name="worker") as unit:
        return do.run_rapprochements(unit.identity)


def told(actor: Actor) -> list[tuple[int, RapprochementState, str]]:
    """(file, state, the other organisation) of what the actor sees."""
    with actor.acting() as identity:
        return [(r.household_id, r.state, r.other_org_label) for r, _ in rapprochements(identity)]


def both_nights() -> int:
    """What matches tonight is told eleven days later."""
    return night() + night(later="11 days")


def answer(actor: Actor, accepts: bool) -> bool:
    with actor.acting() as identity:
        [(row, _)] = rapprochements(identity)
        return do.answer_rapprochement(identity, rapprochement=row, accepts=accepts)


def test_both_referents_are_told_the_same_thing_later_and_by_nobodys_question(town: Town, world: WorldBuilder) -> None:
    mine, theirs = opened(town.camille), opened(town.elsewhere)
    assert night() == 0  # found, not told: a random time passes first
    with owner_unit():
        days = db.execute(text("SELECT extract(day FROM due_at - found_at) FROM rapprochement_pairs")).scalar_one()
    assert 2 <= days < 10
    assert (told(town.camille), told(town.elsewhere)) == ([], [])
    assert night(later="11 days") == 2
    assert told(town.camille) == [(mine, RapprochementState.WAITING, "")]
    assert told(town.elsewhere) == [(theirs, RapprochementState.WAITING, "")]
    assert [told(actor) for actor in (town.neighbour, town.operator, town.ddets, town.admin)] == [[]] * 4
    assert told(town.sacha) == told(town.camille)  # she coordinates
    assert told(world.actor("association", "44", colleague_of=town.camille)) == []
    with owner_unit():
        assert db.execute(select(Mail.template)).scalars().all() == ["household_rapprochement"] * 2
        events = db.execute(
            text("SELECT record_id, summary FROM audit_events WHERE action = 'rapprochement:tell'")
        ).all()
    assert {tuple(row) for row in events} == {(mine, "Rapprochement signalé"), (theirs, "Rapprochement signalé")}
    assert night() == 0  # once for ever
    assert night(later="60 days") == 0


@pytest.mark.parametrize(
    ("people", "phone", "agdref", "expected"),
    [
        ((LAILA,), PHONE, "", True),
        ((replace(LAILA, first_name="NEMOUNEHZADEH", last_name="Laïla"),), PHONE, "", True),
        ((LAILA, replace(FARID, birth_date=date(1985, 5, 6))), "", "", True),
        ((SOMEBODY_ELSE,), "", "9903012345", True),
        ((LAILA,), "", "", False),  # one name and one day of birth: too many are born on 1 January
        ((SOMEBODY_ELSE,), PHONE, "", False),  # a phone passes from hand to hand
        ((replace(LAILA, birth_date=None, birth_year=1990),), PHONE, "", False),
    ],
)
def test_what_looks_alike(town: Town, people: tuple[Person, ...], phone: str, agdref: str, expected: bool) -> None:
    opened(town.camille, LAILA, replace(FARID, birth_date=date(1985, 5, 6)), agdref="9903012345")
    opened(town.elsewhere, *people, phone=phone, agdref=agdref)
    assert both_nights() == (2 if expected else 0)


@pytest.mark.parametrize(
    "safety",
    [
        None,
        Safety(fvv_teh=True),
        Safety(women_hosts_only=True),
        Safety(lgbt_safe=True),
        Safety(excluded_departments=["75"]),
    ],
)
@pytest.mark.parametrize("whose", ["camille", "elsewhere"])
def test_who_is_in_danger_or_was_not_asked_is_never_matched(town: Town, whose: str, safety: Safety | None) -> None:
    for name in ("camille", "elsewhere"):
        opened(getattr(town, name), safety=safety if name == whose else Safety())
    assert both_nights() == 0


def test_a_file_whose_processing_is_limited_is_left_alone(town: Town, admin_url: str) -> None:
    mine, _ = opened(town.camille), opened(town.elsewhere)
    with psycopg.connect(libpq(admin_url), autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")  # the request that grants it is another test's
        connection.execute(
            "INSERT INTO limitations (public_id, household_id, owner_org_id, request_id, granted_by_id, granted_by_label) VALUES ('x', %s, %s, 0, %s, 'x')",
            (mine, town.camille.org_id, town.camille.user_id),
        )
    assert both_nights() == 0


def test_what_changed_while_waiting_is_judged_again(town: Town) -> None:
    mine, theirs = opened(town.camille), opened(town.elsewhere)
    night()
    with confirmed(town.elsewhere).acting() as identity:
        household = db.get_one(Household, theirs)
        [member] = queries.present_members(theirs)
        do.update_member_safety(identity, household=household, member=member, safety=Safety(fvv_teh=True), version=None)
    assert night(later="11 days") == 0
    with owner_unit():
        assert db.execute(text("SELECT count(*) FROM rapprochement_pairs")).scalar_one() == 0
    assert mine != theirs


def test_a_share_an_archive_another_phone_or_one_organisation_closes_it(town: Town) -> None:
    first, second = opened(town.camille), opened(town.elsewhere)
    opened(town.camille)  # the same organisation: told when it was typed, not here
    with town.camille.acting() as identity:
        share_record(
            identity, record_id=first, owner_org_id=town.camille.org_id, grantee_org_id=town.elsewhere.org_id, level=ShareLevel.MINIMAL,
            purpose=SharePurpose.ACCOMPAGNEMENT,
        )  # fmt: skip
        for household in db.execute(select(Household).where(Household.id != first)).scalars():
            do.archive_household(identity, household=household)
    assert both_nights() == 0
    third = opened(town.neighbour)
    with town.neighbour.acting() as identity:
        household = db.get_one(Household, third)
        do.update_identity(identity, household=household, values={"phone": "+33600000077"}, version=None)
    assert both_nights() == 0
    assert second != third


def test_a_phone_of_everybody_names_nobody(town: Town) -> None:
    twin = replace(FARID, birth_date=date(1985, 5, 6))
    for _ in range(3):
        opened(town.camille, LAILA, twin)
        opened(town.elsewhere, LAILA, twin)
    assert both_nights() == 0


def test_names_come_when_both_accept_and_not_before(town: Town) -> None:
    mine, theirs = opened(town.camille), opened(town.elsewhere)
    both_nights()
    assert answer(town.camille, accepts=True) is False
    assert told(town.camille) == [(mine, RapprochementState.ACCEPTED, "")]
    assert told(town.elsewhere) == [(theirs, RapprochementState.WAITING, "")]
    assert answer(town.elsewhere, accepts=True) is True
    with owner_unit():
        names = dict(db.execute(text("SELECT id, name FROM organisations")).all())
    assert told(town.camille) == [(mine, RapprochementState.LINKED, names[town.elsewhere.org_id])]
    assert told(town.elsewhere) == [(theirs, RapprochementState.LINKED, names[town.camille.org_id])]
    with town.camille.acting() as identity:
        assert db.execute(select(Household.id)).scalars().all() == [mine]  # names, never the file
        [(row, _)] = rapprochements(identity)
        assert row.other_referent_label.startswith("Association")
        with pytest.raises(RuleError, match="déjà une réponse"):
            do.answer_rapprochement(identity, rapprochement=row, accepts=False)
    assert night() == 1  # whoever had answered first is told
    assert night() == 0


def test_a_refusal_looks_like_silence(town: Town) -> None:
    mine, theirs = opened(town.camille), opened(town.elsewhere)
    both_nights()
    assert answer(town.elsewhere, accepts=False) is False
    assert told(town.elsewhere) == [(theirs, RapprochementState.CLOSED, "")]
    assert told(town.camille) == [(mine, RapprochementState.WAITING, "")]
    assert answer(town.camille, accepts=True) is False
    assert told(town.camille) == [(mine, RapprochementState.ACCEPTED, "")]
    assert night(later="31 days") == 0
    assert told(town.camille) == [(mine, RapprochementState.CLOSED, "")]
    with owner_unit():
        actions = db.execute(
            text(
                "SELECT action, record_id FROM audit_events WHERE action LIKE 'rapprochement:%' AND actor_kind = 'user' ORDER BY id"
            )
        ).all()
    assert [tuple(row) for row in actions] == [("rapprochement:refuse", theirs), ("rapprochement:accept", mine)]


def test_danger_said_between_the_two_answers_keeps_the_names_apart(town: Town) -> None:
    mine, theirs = opened(town.camille), opened(town.elsewhere)
    both_nights()
    answer(town.camille, accepts=True)
    with confirmed(town.camille).acting() as identity:
        [member] = queries.present_members(mine)
        household = db.get_one(Household, mine)
        do.update_member_safety(identity, household=household, member=member, safety=Safety(fvv_teh=True), version=None)
    assert answer(town.elsewhere, accepts=True) is False
    assert told(town.elsewhere) == [(theirs, RapprochementState.ACCEPTED, "")]


def test_an_organisation_that_tries_many_people_is_told_of_five_a_week(town: Town) -> None:
    for day in range(1, 8):
        person = replace(LAILA, birth_date=date(1990, 1, day))
        opened(town.camille, person, phone=f"+3360000010{day}")
        opened(town.elsewhere, person, phone=f"+3360000010{day}")
    assert both_nights() == 10
    assert night() == 0
    assert night(later="8 days") == 4


def test_who_types_learns_nothing(town: Town) -> None:
    """The same answer, the same statements, the same rows that one may read, whether somebody else follows the person or not."""

    def typed(actor: Actor) -> tuple[list[str], list[str]]:
        with recorded() as statements:
            opened(actor, LAILA, phone=PHONE)
        with actor.acting():
            seen = [
                str(db.execute(text(f"SELECT count(*) FROM {t}")).scalar_one())
                for t in ("household_marks", "rapprochement_pairs", "rapprochements")
            ]
        return [re.sub(r"\d+", "#", one) for one in statements], seen

    alone = typed(town.neighbour)
    opened(town.camille)
    matching = typed(town.elsewhere)
    assert matching == alone
    assert alone[1] == ["0", "0", "0"]


@pytest.mark.parametrize("role", ["app", "worker"])
def test_bare_sql_reads_no_mark_nor_pair_and_only_ones_own_side(town: Town, database: Flask, role: str) -> None:
    opened(town.camille)
    theirs = opened(town.elsewhere)
    both_nights()
    config = database.config["ODIS"]
    url = config.database_url if role == "app" else config.worker_database_url
    with psycopg.connect(libpq(url), autocommit=True) as connection:
        connection.execute("SELECT set_config('odis.token', %s, false)", (town.camille.token,))
        for table in ("household_marks", "rapprochement_pairs"):
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
        assert connection.execute(
            "SELECT count(*) FROM rapprochements WHERE household_id = %s", (theirs,)
        ).fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM rapprochements").fetchone() == (1,)
        for statement in (
            "INSERT INTO household_marks SELECT id, owner_org_id, 'phone', sha256('x') FROM households",
            "DELETE FROM household_marks",
            "UPDATE rapprochements SET linked_at = now()",
            "SELECT odis.files_agree(1, 2)",
            "SELECT odis.is_in_danger(1)",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)
        if role == "app":
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("SELECT * FROM odis.rapprochements_run()")
        else:
            assert connection.execute("SELECT * FROM odis.rapprochements_run()").fetchall() == []  # not this task


def test_nobody_marks_a_neighbours_file(town: Town) -> None:
    theirs = opened(town.elsewhere)

    def kept() -> list[tuple[str, bytes]]:
        with owner_unit():
            rows = db.execute(
                text("SELECT kind, mark FROM household_marks WHERE household_id = :id ORDER BY 1"), {"id": theirs}
            ).all()
        return [(row.kind, bytes(row.mark)) for row in rows]

    before = kept()
    assert [kind for kind, _ in before] == ["person", "phone"]
    with town.camille.acting():
        write_marks({theirs: marks_of(phone="+33600000099", agdref="", people=[])})
    assert kept() == before


def test_marks_follow_the_file_and_go_with_it(town: Town) -> None:
    def kept(record_id: int) -> list[str]:
        with owner_unit():
            rows = db.execute(
                text("SELECT kind FROM household_marks WHERE household_id = :id ORDER BY 1"), {"id": record_id}
            )
            return list(rows.scalars())

    mine = opened(town.camille, LAILA, agdref="9903012345")
    assert kept(mine) == ["agdref", "person", "phone"]
    with town.camille.acting() as identity:
        household = db.get_one(Household, mine)
        do.update_administrative(identity, household=household, values={"agdref": ""}, version=None)
        do.update_identity(identity, household=household, values={"phone": ""}, version=None)
        do.change_member(
            identity,
            household=household,
            member=queries.present_members(mine)[0],
            values={"birth_date": date(1991, 1, 1)},
            version=None,
        )
    assert kept(mine) == ["person"]
    with owner_unit():
        db.execute(text("SELECT odis.take_household(:id)"), {"id": mine})
    assert kept(mine) == []


def test_an_import_marks_as_a_page_does(town: Town) -> None:
    first = opened(town.camille)
    with town.elsewhere.acting() as identity:
        [(second, _)] = open_households(identity, [NewFile(_opening(identity), assessed=True)])
    with owner_unit():
        rows = db.execute(text("SELECT household_id, kind, mark FROM household_marks")).all()
    assert {(r.kind, bytes(r.mark)) for r in rows if r.household_id == first} == {
        (r.kind, bytes(r.mark)) for r in rows if r.household_id == second
    }
    assert both_nights() == 2


def _opening(identity: Identity) -> Opening:
    like = open_file(identity, SOMEBODY_ELSE)
    return Opening("44", like.dispositif_id, [LAILA], like.seniority_date, phone=PHONE)


def test_erasing_one_file_leaves_the_other_side_as_it_was(town: Town) -> None:
    mine, theirs = opened(town.camille), opened(town.elsewhere)
    both_nights()
    with owner_unit():
        db.execute(text("SELECT odis.take_household(:id)"), {"id": theirs})
    assert told(town.camille) == [(mine, RapprochementState.WAITING, "")]
    assert answer(town.camille, accepts=True) is False
    assert night(later="31 days") == 0
    assert told(town.camille) == [(mine, RapprochementState.CLOSED, "")]


def test_the_constraints_say_nothing(town: Town) -> None:
    """A foreign, a missing and an answered rapprochement: one answer."""
    opened(town.camille)
    opened(town.elsewhere)
    both_nights()
    with owner_unit():
        sides = dict(db.execute(select(Rapprochement.owner_org_id, Rapprochement.public_id)).all())
    answer(town.camille, accepts=True)
    ask = text("SELECT odis.rapprochement_answer(:wanted, true)")
    with town.camille.acting():
        for wanted in (sides[town.elsewhere.org_id], sides[town.camille.org_id], "jamaisvu"):
            assert db.execute(ask, {"wanted": wanted}).scalar_one() is None
    with town.camille.acting(), pytest.raises(DBAPIError, match="permission denied"):
        db.execute(text("INSERT INTO rapprochements (public_id, household_id, owner_org_id, closes_on) SELECT 'x', id, owner_org_id, current_date FROM households"))  # fmt: skip


def test_the_pages_say_one_neutral_sentence(town: Town, client: StrictClient, database: Flask) -> None:
    opened(town.camille)
    opened(town.elsewhere)
    both_nights()
    camille, other = client.as_(town.camille), StrictClient(database).as_(town.elsewhere)
    listed = camille.get("/rapprochements")
    assert "À répondre" in text_of(listed)
    [address] = set(re.findall(r"/rapprochements/\w{16}", listed.get_data(as_text=True)))
    page = camille.get(address)
    assert SENTENCE in text_of(page)
    other.get(address, status=404)
    done = camille.get(camille.submit(page, {}, action=f"{address}/accepter").location)
    assert "Vous saurez ici si l’autre organisme accepte aussi." in text_of(done)
    camille.submit(page, {}, action=f"{address}/refuser", status=422)
    [theirs] = set(re.findall(r"/rapprochements/\w{16}", other.get("/rapprochements").get_data(as_text=True)))
    linked = other.get(other.submit(other.get(theirs), {}, action=f"{theirs}/accepter").location)
    assert "Voici qui joindre" in text_of(linked)
    with owner_unit():
        name = db.execute(
            text("SELECT name FROM organisations WHERE id = :id"), {"id": town.camille.org_id}
        ).scalar_one()
    assert name in text_of(other.get(theirs))
    with owner_unit():
        reads = db.execute(text("SELECT count(*) FROM audit_events WHERE action = 'rapprochement:read'")).scalar_one()
    assert reads >= 4


def test_twins_of_ones_own_organisation_are_told_before_anything_is_saved(town: Town, client: StrictClient) -> None:
    opened(town.camille, phone="")
    opened(town.elsewhere, SOMEBODY_ELSE)
    browser = client.as_(town.camille)
    given = {"principal-first_name": "laïla", "principal-last_name": "NEMOUNEHZADEH", "principal-sex": "f", "principal-birth": "04/03/1990", "phone": "", "department": "44", "dispositif": "1"}  # fmt: skip
    warned = browser.submit(browser.get("/menages/nouveau"), given, status=422)
    words = text_of(warned)
    assert "Ouvrir le dossier existant M-44-0001" in words
    assert "Créer quand même" in words
    with town.camille.acting():
        assert len(db.execute(select(Household.id)).all()) == 1
    browser.submit(warned, {"anyway": "y"})
    with town.camille.acting():
        assert len(db.execute(select(Household.id)).all()) == 2
    stranger = {
        **given,
        "principal-first_name": "Awa",
        "principal-last_name": "Misalu",
        "principal-birth": "01/01/2001",
    }
    browser.submit(browser.get("/menages/nouveau"), stranger)  # another organisation's file is never told
