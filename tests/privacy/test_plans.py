"""A plan sees more than files: ended offers with their hosts, days taken on places, accounts of people who left, the oldest months of the trail."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from odis_app.access import erasures
from odis_app.audit import sealing
from odis_app.core import clock
from odis_app.core.config import libpq
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.core.identity import Identity
from odis_app.households.models import Household
from odis_app.organisations.seeds import Actor
from odis_app.privacy import operations, queries
from odis_app.privacy.models import RetentionPlan
from tests.audit.test_sealing import as_job, behind, seal, verdict
from tests.housing.conftest import Homes, homes
from tests.privacy.conftest import Town, family, file_of, town
from tests.privacy.test_retention import run_erasures
from tests.support.client import StrictClient
from tests.support.worlds import WorldBuilder, owner_unit

__all__ = ["family", "file_of", "homes", "town"]
Find = Callable[[Identity, str], Household]


def change(statement: str, **values: object) -> None:
    with owner_unit():
        db.execute(text(statement), values)


def one(statement: str, **values: object) -> object:
    with owner_unit():
        return db.execute(text(statement), values).scalar_one()


def planned(actor: Actor) -> list[tuple[str, list[str]]]:
    """What a plan drawn now would list: (its words, what keeps it); the plan waits."""
    with actor.acting() as identity:
        return [(row.name, row.blocks) for row in queries.plan_rows(operations.plan_erasures(identity))]


def carry_out(app: Flask, author: Actor, second: Actor) -> None:
    """Approve the plan that waits, and erase."""
    with second.acting() as identity:
        plan = queries.open_plan(identity)
        assert plan is not None
        assert operations.approve_plan(identity, plan=db.get_one(RetentionPlan, plan.id))
    run_erasures(app)
    with author.acting() as identity:
        assert {row.state for row in queries.plan_rows(queries.plans(identity)[0])} == {"erased"}


@pytest.fixture
def second(world: WorldBuilder, town: Town) -> Actor:
    return world.actor("coordination", colleague_of=town.camille)


def aged(offer_id: int, days: int) -> None:
    """Everything that happened to an offer happened so many days ago."""
    change("UPDATE offers SET received_on = current_date - CAST(:days AS int), decided_on = current_date - CAST(:days AS int), qualification_status = 'retiree', status_motif = 'autre' WHERE id = :id",
           id=offer_id, days=days)  # fmt: skip
    change(
        "UPDATE offer_events SET happened_on = current_date - CAST(:days AS int) WHERE offer_id = :id",
        id=offer_id,
        days=days,
    )


def test_an_ended_offer_goes_with_its_host_two_years_after(
    database: Flask, town: Town, second: Actor, homes: Homes
) -> None:
    kept, old = homes.offer(town.camille), homes.offer(town.camille, host="Paul Marqueur")
    aged(kept.id, 700)
    aged(old.id, 740)
    assert planned(town.sacha) == [(f"Offre et hébergeur {old.number}", [])]
    carry_out(database, town.sacha, second)
    for table, column in (("offers", "id"), ("offer_hosts", "offer_id"), ("offer_addresses", "offer_id"), ("offer_events", "offer_id"), ("record_keys", "record_id")):  # fmt: skip
        assert one(f"SELECT count(*) FROM {table} WHERE {column} = :id", id=old.id) == 0, table
        assert one(f"SELECT count(*) FROM {table} WHERE {column} = :id", id=kept.id) == 1 or table == "offer_events"
    assert one("SELECT count(*) FROM erasures WHERE record_id = :id", id=old.id) == 1


def test_days_that_ended_long_ago_leave_their_place(
    database: Flask, world: WorldBuilder, town: Town, homes: Homes
) -> None:
    place = homes.place(town.operator, "53130")
    author, second = (world.actor("admin_organisation", colleague_of=town.operator) for _ in range(2))
    for start, end in ((-900, -740), (-700, -600), (-10, 90)):
        change(
            "INSERT INTO occupancies (public_id, place_id, owner_org_id, department_code, during, kind) "
            "SELECT substr(md5(random()::text), 1, 16), p.id, p.owner_org_id, p.department_code, daterange(current_date + CAST(:a AS int), current_date + CAST(:b AS int)), 'stay' "
            "FROM places p WHERE p.id = :id",
            id=place.id, a=start, b=end,
        )  # fmt: skip
    assert planned(author) == [(f"Séjours finis de la place {place.number}", [])]
    carry_out(database, author, second)
    assert one(
        "SELECT array_agg(lower(during) - current_date ORDER BY 1) FROM occupancies WHERE place_id = :id", id=place.id
    ) == [-700, -10]
    assert one("SELECT count(*) FROM places WHERE id = :id", id=place.id) == 1


def test_an_account_is_erased_a_year_after_its_last_role(
    database: Flask, world: WorldBuilder, town: Town, second: Actor, family: str, client: StrictClient
) -> None:
    gone, recent, back = (world.actor("association", colleague_of=town.camille) for _ in range(3))
    for actor, days in ((gone, 370), (recent, 100)):
        change("UPDATE memberships SET starts_on = current_date - 900, ends_on = current_date - CAST(:days AS int) WHERE user_id = :id", id=actor.user_id, days=days)  # fmt: skip
    change(
        "UPDATE memberships SET starts_on = current_date - 900, ends_on = current_date - 370 WHERE user_id = :id",
        id=back.user_id,
    )
    with owner_unit():
        db.execute(text("INSERT INTO memberships (user_id, organisation_id, role) VALUES (:u, :o, 'operateur')"), {"u": back.user_id, "o": town.operator.org_id})  # fmt: skip
    email = one("SELECT email FROM users WHERE id = :id", id=gone.user_id)
    change("UPDATE households SET referent_user_id = :id WHERE public_id = :family", id=gone.user_id, family=family)
    number = one("SELECT public_id FROM users WHERE id = :id", id=gone.user_id)
    assert planned(town.sacha) == [(f"Compte {number}", ["referent"])], "a file must be given to somebody else first"
    change("UPDATE households SET referent_user_id = NULL WHERE public_id = :family", family=family)
    with town.sacha.acting() as identity:
        plan = queries.open_plan(identity)
        assert plan is not None
        operations.cancel_plan(identity, plan=plan)
    assert planned(town.sacha) == [(f"Compte {number}", [])]
    carry_out(database, town.sacha, second)
    left = one("SELECT email || first_name || last_name FROM users WHERE id = :id", id=gone.user_id)
    assert str(email) not in str(left)
    assert "Compte" in str(left)
    for table in ("private.credentials", "memberships", "user_identities", "private.sessions"):
        assert one(f"SELECT count(*) FROM {table} WHERE user_id = :id", id=gone.user_id) == 0, table
    with town.sacha.acting() as identity, pytest.raises(RuleError, match="Le plan approuvé n’est pas terminé"):
        operations.plan_erasures(identity)


def yesterday(admin_url: str) -> Callable[[], None]:
    """What every table holds now; called, the database is that again, as a restored backup makes it."""
    names = "SELECT schemaname || '.' || tablename FROM pg_tables WHERE schemaname IN ('public', 'private') AND tablename NOT LIKE '%commune%'"
    columns = "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''"
    held: dict[str, bytes] = {}
    with psycopg.connect(libpq(admin_url)) as connection:
        for (table,) in connection.execute(names).fetchall():
            row = connection.execute(columns, (table,)).fetchone()
            assert row
            with connection.cursor().copy(f"COPY {table} ({row[0]}) TO STDOUT") as copy:
                held[f"{table} ({row[0]})"] = b"".join(bytes(block) for block in copy)

    def restore() -> None:
        with psycopg.connect(libpq(admin_url)) as connection:
            connection.execute("SET session_replication_role = replica")
            for target, rows in held.items():
                connection.execute(f"DELETE FROM {target.partition(' ')[0]}")
                with connection.cursor().copy(f"COPY {target} FROM STDIN") as copy:
                    copy.write(rows)

    return restore


def test_a_backup_of_yesterday_brings_back_neither_host_nor_stay_nor_account_nor_trail(
    database: Flask, world: WorldBuilder, homes: Homes, admin_url: str, tmp_path: Path
) -> None:
    """What a plan erased today is erased again over yesterday's database, by the log alone; what it kept stays."""
    author = world.actor("coordination", "44")
    second = world.actor("coordination", colleague_of=author)
    old_events(author.org_id, 800, 500, 2)
    gone, offer = world.actor("association", colleague_of=author), homes.offer(author, host="Paul Marqueur")
    change("UPDATE memberships SET starts_on = current_date - 900, ends_on = current_date - 370 WHERE user_id = :id", id=gone.user_id)  # fmt: skip
    aged(offer.id, 740)
    place = homes.place(author, "53130")
    for start, end in ((-900, -740), (-10, 90)):
        change(
            "INSERT INTO occupancies (public_id, place_id, owner_org_id, department_code, during, kind) "
            "SELECT substr(md5(random()::text), 1, 16), p.id, p.owner_org_id, p.department_code, daterange(current_date + CAST(:a AS int), current_date + CAST(:b AS int)), 'stay' "
            "FROM places p WHERE p.id = :id",
            id=place.id, a=start, b=end,
        )  # fmt: skip
    restore = yesterday(admin_url)
    left = {
        "SELECT count(*) FROM offers WHERE id = :id": (offer.id, 1, 0),
        "SELECT count(*) FROM record_keys WHERE record_id = :id": (offer.id, 1, 0),
        "SELECT count(*) FROM users WHERE id = :id AND first_name <> 'Compte'": (gone.user_id, 1, 0),
        "SELECT count(DISTINCT user_id) FROM memberships WHERE user_id = :id": (gone.user_id, 1, 0),
        "SELECT count(*) FROM occupancies WHERE place_id = :id": (place.id, 2, 1),
        "SELECT count(*) FROM audit_events WHERE summary = 'ancien' AND actor_org_id = :id": (
            author.org_id,
            3,
            1,
        ),
    }
    assert [one(s, id=i) for s, (i, _, _) in left.items()] == [before for _, before, _ in left.values()]
    planned(author)
    carry_out(database, author, second)
    assert [one(s, id=i) for s, (i, _, _) in left.items()] == [after for _, _, after in left.values()]
    with owner_unit():
        assert erasures.settle(tmp_path / "effacements") >= 4
    restore()
    assert [one(s, id=i) for s, (i, _, _) in left.items()] == [before for _, before, _ in left.values()]
    with owner_unit():
        assert len(erasures.replay(tmp_path / "effacements")) == 4
    assert [one(s, id=i) for s, (i, _, _) in left.items()] == [after for _, _, after in left.values()]
    with owner_unit():
        assert erasures.replay(tmp_path / "effacements") == []
    seal()
    assert verdict(tmp_path / "ancres").breaks == []


def old_events(org_id: int | None, *days: int) -> None:
    """Events of a chain, oldest first, sealed."""
    for ago in days:
        change(
            "INSERT INTO audit_events (at, action, actor_kind, actor_label, actor_org_id, summary) "
            "VALUES (now() - make_interval(days => :ago), 'essai:write', 'user', 'Ancienne Fictive', :org, 'ancien')",
            ago=ago, org=org_id,
        )  # fmt: skip
    seal()


def test_the_oldest_months_of_the_trail_go_and_the_rest_still_holds(
    database: Flask, world: WorldBuilder, admin_url: str, tmp_path: Path
) -> None:
    sacha = world.actor("coordination", "44")
    second = world.actor("coordination", colleague_of=sacha)
    other = world.actor("coordination", "53")
    old_events(sacha.org_id, 800, 500, 401, 300, 2)
    old_events(other.org_id, 800)
    with as_job():
        sealing.anchor(tmp_path, clock.today())
    assert planned(sacha) == [("Journal des accès, les plus anciens mois", [])]
    seal()
    before = verdict(tmp_path)
    assert (before.breaks, before.ended) == ([], 0)
    carry_out(database, sacha, second)
    ago = "SELECT count(*) FROM audit_events WHERE summary = 'ancien' AND actor_org_id = :org AND at < now() - interval '370 days'"
    assert one(ago, org=sacha.org_id) == 0
    assert one(ago, org=other.org_id) == 1, "each organisation decides for its own chain"
    seal()
    after = verdict(tmp_path)
    assert (after.breaks, after.ended) == ([], 3)
    behind(admin_url, "UPDATE audit_segments SET digest = decode(repeat('00', 32), 'hex')")
    [broken] = [found for found in verdict(tmp_path).breaks if found.chain == sacha.org_id]
    assert "fin signée" in broken.sentence


def test_who_runs_the_platform_plans_the_events_of_nobody(world: WorldBuilder, client: StrictClient) -> None:
    admin = world.actor("admin", None)
    old_events(None, 800)
    assert "Établir un plan" in client.as_(admin).get("/droits/conservation").text
    assert planned(admin) == [("Journal des accès, les plus anciens mois", [])]


def test_nothing_younger_leaves_the_trail_whoever_asks(world: WorldBuilder, admin_url: str) -> None:
    """Not even the function that erases: a segment that somebody would sign by hand does not open the last six months."""
    actor = world.actor("coordination", "44")
    old_events(actor.org_id, 100)
    position = one("SELECT max(position) FROM audit_seals")
    behind(admin_url, f"INSERT INTO audit_segments (position, chain, digest, events, proof) SELECT position, chain, digest, 1, digest FROM audit_seals WHERE position = {position}")  # fmt: skip
    with pytest.raises(DBAPIError, match="append-only"), owner_unit():
        db.execute(text("DELETE FROM audit_events WHERE summary = 'ancien'"))
    with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
        as_guardian(admin_url, f"SELECT odis.take_trail({position})")
    assert one("SELECT count(*) FROM audit_events WHERE summary = 'ancien'") == 1


def as_guardian(admin_url: str, statement: str) -> None:
    """As the role of the definer functions, with its triggers."""
    with psycopg.connect(libpq(admin_url), autocommit=True) as connection:
        connection.execute("SET ROLE odis_auth")
        connection.execute(statement)
