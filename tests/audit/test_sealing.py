"""The seals of the trail: what is changed behind the application's back is named."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from flask import Flask
from sqlalchemy import text

from jobs.runner import perform
from odis_app.audit import sealing
from odis_app.audit.operations import record_event
from odis_app.core import clock
from odis_app.core import db as core_db
from odis_app.core.config import libpq
from odis_app.core.db import db, token_hash, unit_of_work
from odis_app.core.ids import new_token
from odis_app.organisations.seeds import Actor
from tests.support.worlds import WorldBuilder, owner_unit


@pytest.fixture
def trail(world: WorldBuilder) -> tuple[Actor, Actor]:
    """Two people of two organisations with five acts each, sealed."""
    actors = world.actor("association", "44"), world.actor("operateur", "44")
    for rank in range(5):
        for actor in actors:
            act(actor, f"essai {rank}")
    seal()
    return actors


def act(actor: Actor, summary: str) -> None:
    with actor.acting() as identity:
        record_event(identity, "essai:write", summary=summary)


@contextmanager
def as_job(name: str = "seal-audit") -> Iterator[None]:
    token = new_token()
    with unit_of_work(engine_name="worker"):
        db.execute(
            text("SELECT odis.mint_system_token(:hash, substr(md5(random()::text), 1, 16), :name, 5)"),
            {"hash": token_hash(token), "name": f"system:{name}"},
        )
    with unit_of_work(token, engine_name="worker"):
        yield


def seal() -> int:
    with as_job():
        return sealing.seal_pending(before=clock.now() + timedelta(minutes=1))


def verdict(folder: Path) -> sealing.Verdict:
    with owner_unit():
        return sealing.verify(folder)


def behind(admin_url: str, statement: str) -> None:
    """What somebody who owns the machine could do."""
    with psycopg.connect(libpq(admin_url), autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(statement)


def test_an_untouched_trail_holds(trail: tuple[Actor, Actor], tmp_path: Path) -> None:
    found = verdict(tmp_path)
    assert found.breaks == []
    assert (found.unsealed, found.late) == (0, [])
    assert found.sealed >= 10


def test_sealing_twice_seals_nothing_more(trail: tuple[Actor, Actor]) -> None:
    assert seal() == 0


@pytest.mark.parametrize(
    "change",
    [
        "summary = 'autre chose'",
        "actor_label = 'Quelqu’un d’autre'",
        "at = at - interval '1 day'",
        "record_id = 1",
        "data = '{\"a\": 1}'",
    ],
)
def test_a_changed_event_is_named_and_only_its_chain_is_broken(
    trail: tuple[Actor, Actor], admin_url: str, tmp_path: Path, change: str
) -> None:
    with owner_unit():
        event = db.execute(
            text("SELECT id FROM audit_events WHERE actor_org_id = :o AND summary = 'essai 2'"), {"o": trail[0].org_id}
        ).scalar_one()
    behind(admin_url, f"UPDATE audit_events SET {change} WHERE id = {event}")
    found = verdict(tmp_path).breaks
    assert [(b.chain, b.event_id) for b in found] == [(trail[0].org_id, event)]


def test_an_erased_event_is_named(trail: tuple[Actor, Actor], admin_url: str, tmp_path: Path) -> None:
    with owner_unit():
        event = db.execute(
            text("SELECT id FROM audit_events WHERE actor_org_id = :o AND summary = 'essai 0'"), {"o": trail[1].org_id}
        ).scalar_one()
    behind(admin_url, f"DELETE FROM audit_events WHERE id = {event}")
    (found,) = verdict(tmp_path).breaks
    assert (found.chain, found.event_id) == (trail[1].org_id, event)
    assert "effacé" in found.sentence


def test_events_moved_in_time_do_not_change_places(trail: tuple[Actor, Actor], admin_url: str, tmp_path: Path) -> None:
    """Two neighbours of a chain exchange their words."""
    behind(
        admin_url,
        "UPDATE audit_events a SET summary = b.summary FROM audit_events b WHERE a.actor_org_id = b.actor_org_id "
        "AND ((a.summary = 'essai 1' AND b.summary = 'essai 2') OR (a.summary = 'essai 2' AND b.summary = 'essai 1'))",
    )
    assert len(verdict(tmp_path).breaks) == 2


def test_a_cut_tail_is_told_by_the_anchor(trail: tuple[Actor, Actor], admin_url: str, tmp_path: Path) -> None:
    with as_job():
        assert sealing.anchor(tmp_path, clock.today()) >= 2
        assert sealing.anchor(tmp_path, clock.today()) == 0
    assert verdict(tmp_path).breaks == []
    behind(
        admin_url,
        "WITH gone AS (DELETE FROM audit_seals WHERE event_id IN (SELECT id FROM audit_events WHERE summary = 'essai 4') RETURNING event_id) "
        "DELETE FROM audit_events WHERE id IN (SELECT event_id FROM gone)",
    )
    found = verdict(tmp_path).breaks
    assert {b.chain for b in found} == {actor.org_id for actor in trail}
    assert all("ancré" in b.sentence for b in found)


def test_the_tail_without_seal_is_counted(trail: tuple[Actor, Actor], tmp_path: Path) -> None:
    act(trail[0], "tout juste")
    found = verdict(tmp_path)
    assert found.unsealed >= 1
    assert found.oldest_unsealed is not None
    assert found.breaks == []


def test_an_event_slipped_in_long_after_its_date_is_shown(
    trail: tuple[Actor, Actor], admin_url: str, tmp_path: Path
) -> None:
    behind(
        admin_url,
        f"INSERT INTO audit_events (at, action, actor_kind, actor_label, actor_org_id) VALUES (now() - interval '3 days', 'x:write', 'user', 'x', {trail[0].org_id})",
    )
    seal()
    found = verdict(tmp_path)
    assert found.breaks == []
    assert len(found.late) == 1


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_seals SET chain = 9", "DELETE FROM audit_seals", "TRUNCATE audit_seals"]
)
def test_seals_are_never_changed_by_a_role_of_the_product(trail: tuple[Actor, Actor], statement: str) -> None:
    with pytest.raises(Exception, match=r"append-only|permission denied"), owner_unit():
        db.execute(text(statement))


def test_nobody_but_the_sealing_job_reads_or_writes_seals(trail: tuple[Actor, Actor]) -> None:
    with trail[0].acting():
        assert db.execute(text("SELECT count(*) FROM audit_seals")).scalar_one() == 0
    with as_job("purge-jobs"):
        assert db.execute(text("SELECT count(*) FROM audit_seals")).scalar_one() == 0
        assert db.execute(text("SELECT count(*) FROM audit_events")).scalar_one() == 0
    with pytest.raises(Exception, match="permission denied"), trail[0].acting():
        db.execute(
            text("INSERT INTO audit_seals (event_id, chain, digest) VALUES (1, 1, decode(repeat('00', 32), 'hex'))")
        )


def test_the_command_says_what_is_broken(trail: tuple[Actor, Actor], database: Flask, admin_url: str) -> None:
    runner = database.test_cli_runner()
    good = runner.invoke(args=["audit", "verify"])
    assert good.exit_code == 0, good.output
    assert "Aucune rupture" in good.output
    behind(admin_url, "UPDATE audit_events SET summary = 'falsifié' WHERE summary = 'essai 3'")
    bad = runner.invoke(args=["audit", "verify"])
    assert bad.exit_code == 1
    assert bad.output.count("ROMPU") == 2


def test_the_scheduled_job_seals_and_anchors(trail: tuple[Actor, Actor], database: Flask) -> None:
    with unit_of_work(engine_name="worker"):
        job = db.execute(
            text(
                "SELECT odis.job_schedule('seal-audit', now(), 'jobs.audit.seal', 'nuit', 'Sceau', 'abcdefghjkmnpqrs')"
            )
        ).scalar_one()
    config = database.config["ODIS"]
    core_db.configure("app", config.worker_database_url)
    try:
        with database.app_context():
            assert perform("jobs.audit.seal", job) == "done"
    finally:
        core_db.configure("app", config.database_url)
    assert list(config.anchors_dir.glob("*.jsonl"))
    shutil.rmtree(config.anchors_dir)
