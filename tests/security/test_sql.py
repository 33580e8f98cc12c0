"""Bare SQL as the web's own role, under the token of somebody else: what an injection would give. Each test fails if the hole is open."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from odis_app.core.db import db, token_hash, unit_of_work
from odis_app.core.ids import new_public_id, new_token
from odis_app.organisations.seeds import Actor
from tests.security.bare import outcome, refused, trying, value
from tests.security.region import Region
from tests.support.worlds import owner_unit

STATUS = "SELECT odis.set_household_status(:id, 'archive', 'archive', current_date, NULL, NULL, NULL)"
APPEND = "SELECT odis.audit_append('household:read', :id, 1::smallint, '', 'Lecture inventée', '{}', '')"


def strangers(region: Region) -> list[Actor]:
    return region.of("neighbour") + region.of("elsewhere")


def test_nobody_but_its_people_moves_the_stage_of_a_file(region: Region) -> None:
    """A share, minimal or full, opens no stage: only the owner, and the two sides of a proposal while they act."""
    moved = []
    for situation in ("neighbour", "elsewhere", "minimal", "full"):
        for actor in region.of(situation):
            with trying(actor):
                if not refused(STATUS, id=region.numbers["household"]):
                    moved.append((situation, actor))
    assert moved == []


def test_the_trail_of_a_file_is_written_by_those_who_may_see_it(region: Region) -> None:
    """« Qui a consulté ce dossier » cannot be filled by somebody who never could; a foreign and a missing record answer alike."""
    for actor in strangers(region):
        with trying(actor):
            assert refused(APPEND, id=region.numbers["household"])
            assert refused(APPEND, id=987654321)
    for situation in ("minimal", "full", "own"):
        with trying(region.people[situation, "ts"]):
            assert value(APPEND, id=region.numbers["household"])


def test_anybody_may_write_what_is_about_no_record(region: Region) -> None:
    with unit_of_work(None):
        assert value(APPEND, id=None)
    with unit_of_work(None):
        assert refused(APPEND, id=region.numbers["household"])


def test_definer_functions_do_nothing_for_strangers(region: Region) -> None:
    with owner_unit():
        orientation, placed = (
            value("SELECT id FROM orientations WHERE household_id = :h", h=region.numbers[name])
            for name in ("household", "housed")
        )
        document = value("SELECT id FROM documents LIMIT 1")
        job, job_public = (
            value("SELECT max(id) FROM jobs"),
            value("SELECT public_id FROM jobs ORDER BY id DESC LIMIT 1"),
        )
        seen = state()
    household, place = region.numbers["household"], region.numbers["place"]
    for actor in strangers(region):
        with trying(actor):
            for sql, given in (
                ("SELECT count(*) FROM odis.record_people(:x)", {"x": household}),
                ("SELECT count(*) FROM odis.safety_compatible(:x)", {"x": household}),
                ("SELECT count(*) FROM odis.safety_compatible_households(:x)", {"x": place}),
                ("SELECT odis.safety_is_assessed(:x)", {"x": household}),
                ("SELECT odis.confirm_orientation(:x) <> 'unknown'", {"x": orientation}),
                ("SELECT odis.fit_stay(:x, daterange(current_date, current_date + 9))", {"x": placed}),
                ("SELECT odis.end_stay(:x)", {"x": placed}),
                ("SELECT odis.record_scan(:x, 'refused')", {"x": document}),
                ("SELECT count(*) FROM odis.import_remove(ARRAY[CAST(:x AS bigint)])", {"x": household}),
                ("SELECT odis.job_cancel(:x)", {"x": job_public}),
                ("SELECT public_id FROM odis.job_claim(:x, 'jobs.reports.run')", {"x": job}),
                ("SELECT count(*) FROM odis.department_movements('44', '2000-01-01', '2100-01-01')", {}),
                ("SELECT count(*) FROM odis.department_proposals('44', '2000-01-01', '2100-01-01')", {}),
                ("SELECT count(*) FROM odis.territory_figures('44', '2025-01-01', '2025-12-31') WHERE key <> ''", {}),
                (
                    "SELECT odis.mark_signalled(:x) IS NULL AND EXISTS (SELECT 1 FROM household_tracking WHERE signalled_at IS NOT NULL)",
                    {"x": household},
                ),
            ):
                assert refused(sql, **given), sql
    with owner_unit():
        assert state() == seen


def state() -> list[tuple[Any, ...]]:
    """What strangers might have moved."""
    rows: list[tuple[Any, ...]] = []
    for sql in (
        "SELECT id, status, status_since FROM households", "SELECT id, confirmed_at, ended_at FROM orientations", "SELECT id, during, released_at FROM occupancies",
        "SELECT id, state FROM documents", "SELECT id, state FROM jobs", "SELECT id, revoked_at, expires_at FROM grants", "SELECT record_id, signalled_at FROM household_tracking",
    ):  # fmt: skip
        rows += [tuple(row) for row in db.execute(text(f"{sql} ORDER BY 1"))]
    return rows


def test_safety_is_compared_for_those_who_look_for_a_home_only(region: Region) -> None:
    """Two places that differ by one certificate would tell a class-1 partner who is hunted: no share opens the comparison, nor does level 1."""
    for actor in (
        *region.of("full"),
        *region.of("minimal"),
        region.people["own", "op"],
        region.people["own", "dd"],
        region.people["own", "qo"],
    ):
        with trying(actor):
            assert value("SELECT count(*) FROM odis.safety_compatible(:x)", x=region.numbers["household"]) == 0
            assert value("SELECT count(*) FROM odis.safety_compatible_households(:x)", x=region.numbers["place"]) == 0
    for letters in ("ts", "co"):
        with trying(region.people["own", letters]):
            assert value("SELECT count(*) FROM odis.safety_compatible(:x)", x=region.numbers["household"]) > 0


def test_an_empty_name_of_a_proposal_frees_nobody_s_days(region: Region) -> None:
    """The days of a place are found by the proposal's public id: one that is empty would name every closure of the place."""
    household, neighbour = region.numbers, region.people["neighbour", "ts"]
    with owner_unit():
        db.execute(
            text(
                "INSERT INTO occupancies (public_id, place_id, owner_org_id, department_code, during, kind, motif) "
                "VALUES ('fermeture0000001', :place, :owner, '44', daterange(current_date + 400, current_date + 410), 'unavailable', 'travaux')"
            ),
            household,
        )
    with trying(neighbour):
        record = value(
            "INSERT INTO records (kind, owner_org_id, department_code) VALUES ('household', :org, '44') RETURNING id",
            org=neighbour.org_id,
        )
        db.execute(
            text(
                "INSERT INTO households (id, owner_org_id, public_id, number, department_code, dispositif_id, initials, composition_kind, size, adults, minors, "
                "seniority_date, status_since) VALUES (:id, :org, 'attaque000000001', 'M-44-9999', '44', 1, 'X', 'isole', 1, 1, 0, current_date, current_date)"
            ),
            {"id": record, "org": neighbour.org_id},
        )
        db.execute(
            text(
                "INSERT INTO household_enrolments (household_id, owner_org_id, dispositif_id, starts_on) "
                "SELECT :id, :org, dispositif_id, current_date FROM places WHERE id = :place"
            ),
            {"id": record, "org": neighbour.org_id, "place": household["place"]},
        )
        made = """INSERT INTO orientations (public_id, household_id, household_owner_org_id, place_id, place_owner_org_id, department_code, dispositif_id,
                    proposed_at, proposed_by_label, proposed_org_label, expires_at, starts_on, need_sheet, place_sheet)
                  VALUES ('', :id, :org, :place, :owner, '44', (SELECT dispositif_id FROM places WHERE id = :place), now(), 'x', 'x', now() + interval '1 day', current_date + 401, '{}', '{}') RETURNING id"""
        orientation = value(made, id=record, org=neighbour.org_id, place=household["place"], owner=household["owner"])
        db.execute(
            text(
                "UPDATE orientations SET ended_at = now(), ended_kind = 'annulee', ended_by = 'association', motif = 'x' WHERE id = :id"
            ),
            {"id": orientation},
        )
        value("SELECT odis.end_stay(:id)", id=orientation)
        assert value("SELECT released_at FROM occupancies WHERE public_id = 'fermeture0000001'") is None


def test_nobody_gives_themselves_a_role(region: Region) -> None:
    """An administrator of an organisation neither becomes one of the platform, nor takes strangers in to read their names."""
    admin, stranger = region.people["neighbour", "ao"], region.camille
    with trying(admin):
        for role, user in (("admin_plateforme", admin.user_id), ("coordinateur", stranger.user_id)):
            assert refused(
                "INSERT INTO memberships (user_id, organisation_id, role) VALUES (:user, :org, :role) RETURNING id",
                user=user,
                org=admin.org_id,
                role=role,
            ), role
        assert refused(
            "UPDATE memberships SET role = 'admin_plateforme' WHERE user_id = :user RETURNING id", user=admin.user_id
        )
        assert refused("SELECT email FROM users WHERE id = :user", user=stranger.user_id)


def test_nobody_takes_another_s_address(region: Region) -> None:
    """The unique address of an account is neither changed by hand nor an oracle of who has an account."""
    with owner_unit():
        taken = value("SELECT email FROM users WHERE id = :id", id=region.camille.user_id)
    for address in (taken, "inconnue@test.odis.example"):
        with trying(region.people["neighbour", "ts"]):
            with pytest.raises(DBAPIError) as told, db.begin_nested():
                value("UPDATE users SET email = :address WHERE id = odis.user_id() RETURNING id", address=address)
            assert str(getattr(told.value.orig, "sqlstate", "")) == "42501"


def test_a_job_cannot_outlive_who_asked_for_it(region: Region) -> None:
    """A job's token mints no token that lasts longer than itself."""
    tokens = [new_token(), new_token()]
    mint = "SELECT odis.mint_job_token(:hash, :public_id, :minutes)"
    with region.people["neighbour", "ts"].acting():
        assert value(mint, hash=token_hash(tokens[0]), public_id=new_public_id(), minutes=10)
    with unit_of_work(tokens[0]):
        value(mint, hash=token_hash(tokens[1]), public_id=new_public_id(), minutes=1440)
    with owner_unit():
        lasts = "SELECT absolute_until FROM private.sessions WHERE token_hash = :hash"
        assert value(lasts, hash=token_hash(tokens[1])) is None or value(lasts, hash=token_hash(tokens[1])) <= value(
            lasts, hash=token_hash(tokens[0])
        )


def test_rows_cannot_be_hung_on_a_neighbour_s_file(region: Region) -> None:
    """The same answer for a foreign and a missing file, on every table that hangs on one."""
    owner = region.numbers["owner"]
    for actor in (*region.of("neighbour", "ts", "op", "dd"), *region.of("minimal", "ts")):
        with trying(actor):
            answers = {}
            for record in (region.numbers["household"], 987654321):
                for table, columns, values in (
                    ("household_facts", "household_id, kind, happened_on", ":r, 'archived', current_date"),
                    ("household_needs", "household_id, kind, level, noted_on", ":r, 'langue', 2, current_date"),
                    ("members", "household_id, public_id, link, first_name, last_name, sex, since", ":r, 'attaque', 'autre', 'a', 'b', 'f', current_date"),
                    ("grants", "record_id, public_id, grantee_org_id, level, purpose, expires_at", ":r, 'attaque', :me, 'full', 'x', now() + interval '1 day'"),
                    ("journal_entries", "record_id, public_id, kind, audience, author_org_id, author_user_id, author_label, org_label, body_sealed, happened_at",
                     ":r, 'attaque', 'note', 'partenaires', :me, odis.user_id(), 'x', 'x', 'x', now()"),
                ):  # fmt: skip
                    for org in (owner, actor.org_id):
                        told = outcome(
                            f"INSERT INTO {table} (owner_org_id, {columns}) VALUES (:org, {values})",
                            r=record,
                            org=org,
                            me=actor.org_id,
                        )
                        answers.setdefault((table, org), set()).add(told)
            assert {key: told for key, told in answers.items() if len(told) != 1 or "inserted" in told} == {}


def test_nobody_holds_back_a_neighbour_s_work(region: Region) -> None:
    """A row of the outbox marked as sent never leaves: only its author, and the workers, may say so."""
    author = region.people["own", "ts"]
    with author.acting():
        job = value(
            "INSERT INTO jobs (public_id, kind, task, queue, label, owner_org_id, user_id) "
            "VALUES ('attente000000001', 'essai', 'jobs.reports.run', 'default', 'Essai', odis.org(), odis.user_id()) RETURNING id"
        )
        waiting = value("INSERT INTO outbox (job_id, task) VALUES (:job, 'jobs.reports.run') RETURNING id", job=job)
    sent, mark = "SELECT sent_at FROM outbox WHERE id = :id", "SELECT odis.outbox_sent(ARRAY[CAST(:id AS bigint)])"
    colleagues = [actor for actor in region.of("own") if actor is not author]
    for token in (None, *(actor.token for actor in (*strangers(region), *colleagues))):
        with unit_of_work(token):
            value(mark, id=waiting)
        with owner_unit():
            assert value(sent, id=waiting) is None
    with author.acting():
        value(mark, id=waiting)
        assert value(sent, id=waiting) is not None
    with owner_unit():
        db.execute(text("DELETE FROM jobs WHERE id = :id"), {"id": job})


def test_class_3_acts_are_read_by_those_who_may_read_class_3(region: Region) -> None:
    """That somebody wrote a safety need of a file tells who is hunted: the action and the number of the file say enough."""
    act = "SELECT odis.audit_append('safety:update', :id, 3::smallint, '', 'Acte de classe 3', '{}', '')"
    with region.people["own", "ts"].acting():
        event = value(act, id=region.numbers["household"])
    with region.people["full", "ts"].acting():
        foreign = value(act, id=region.numbers["household"])
    readers: dict[int, set[tuple[str, str]]] = {event: set(), foreign: set()}
    for key, actor in region.people.items():
        with trying(actor):
            for number, who in readers.items():
                if value("SELECT count(*) FROM audit_events WHERE id = :id", id=number):
                    who.add(key)
    assert readers == {event: {("own", "ts"), ("own", "co")}, foreign: {("full", "ts"), ("own", "co")}}


def test_the_records_of_a_neighbour_are_read_where_they_are_shared(region: Region) -> None:
    """A mandate or the State's steering opens structures, places and validated offers, each by its own wall: not the list of all records."""
    seen = {}
    for key, actor in region.people.items():
        if key[0] in {"neighbour", "elsewhere"}:
            with trying(actor):
                seen[key] = value("SELECT count(*) FROM records WHERE owner_org_id <> odis.org()")
    assert {key: count for key, count in seen.items() if count} == {}
