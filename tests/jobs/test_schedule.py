"""The schedule: slots, one run whoever plans, an identity per run."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, time, timedelta
from importlib import import_module

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from jobs.queues import ALLOWED, QUEUES
from jobs.schedule import SCHEDULE, Schedule
from jobs.scheduler import plan, tick
from odis_app.core import clock, crypto, db
from odis_app.core.db import unit_of_work
from tests.jobs.conftest import Person, Spawn, Stack
from tests.jobs.test_jobs import count_sessions, row, work

NIGHT = Schedule("nuit", "Chaque nuit", "tests.jobs.samples.count", at=time(2, 30))
HOURLY = Schedule("heure", "Chaque heure", "tests.jobs.samples.count", every=timedelta(hours=1))


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


@pytest.mark.parametrize(
    ("schedule", "now", "slot"),
    [
        (HOURLY, utc(2026, 11, 20, 9, 59, 59), utc(2026, 11, 20, 9)),
        (HOURLY, utc(2026, 11, 20, 10), utc(2026, 11, 20, 10)),
        (NIGHT, utc(2026, 11, 20, 1, 29), utc(2026, 11, 19, 1, 30)),
        (NIGHT, utc(2026, 11, 20, 1, 30), utc(2026, 11, 20, 1, 30)),
        (NIGHT, utc(2026, 7, 20, 0, 30), utc(2026, 7, 20, 0, 30)),
        (NIGHT, utc(2026, 3, 29, 12), utc(2026, 3, 29, 1, 30)),  # 2 h 30 does not exist that night
        (NIGHT, utc(2026, 10, 25, 12), utc(2026, 10, 25, 0, 30)),  # 2 h 30 comes twice that night: the first
        (Schedule("s", "s", "t", at=time(6), weekday=0), utc(2026, 11, 20, 12), utc(2026, 11, 16, 5)),
        (Schedule("m", "m", "t", at=time(6), day=1), utc(2026, 11, 1, 4, 59), utc(2026, 10, 1, 4)),
    ],
)
def test_the_last_slot_is_the_latest_due_instant(schedule: Schedule, now: datetime, slot: datetime) -> None:
    assert schedule.last_slot(now) == slot


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)), st.sampled_from([NIGHT, HOURLY])
)
def test_slots_follow_each_other_across_clock_changes(now: datetime, schedule: Schedule) -> None:
    slot = schedule.last_slot(now)
    assert slot <= now < slot + timedelta(hours=26)
    assert schedule.last_slot(slot) == slot
    assert schedule.last_slot(slot - timedelta(seconds=1)) < slot


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"every": timedelta(hours=1), "at": time(2)},
        {"every": timedelta(seconds=5)},
        {"every": timedelta(hours=1), "weekday": 1},
        {"at": time(2), "day": 31},
    ],
)
def test_a_line_that_would_never_be_due_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="x:"):
        Schedule("x", "x", "x", **wrong)  # type: ignore[arg-type]


def test_every_line_names_an_allowed_task_an_existing_queue_and_itself_once() -> None:
    assert {item.task for item in SCHEDULE} <= ALLOWED
    assert {item.queue for item in SCHEDULE} <= set(QUEUES)
    assert len({item.name for item in SCHEDULE}) == len(SCHEDULE)
    for item in SCHEDULE:
        module, _, name = item.task.rpartition(".")
        assert callable(getattr(import_module(module), name))


@pytest.mark.usefixtures("as_worker")
def test_two_schedulers_plan_one_run(stack: Stack) -> None:
    now, found, start = clock.now(), [], threading.Barrier(4)

    def one() -> None:
        start.wait()
        found.extend(plan(now))

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found.extend(plan(now))  # whoever found the lock taken comes back at the next tick
    assert len(found) == len(SCHEDULE)
    with stack.admin() as admin:
        assert len(admin.execute("SELECT 1 FROM jobs").fetchall()) == len(SCHEDULE)
    assert plan(now) == []


@pytest.mark.usefixtures("as_worker")
def test_a_planned_run_has_an_identity_of_its_own_and_leaves_none(stack: Stack, spawn: Spawn) -> None:
    (job_id,) = plan(clock.now(), [HOURLY])
    tick(stack.client())
    work(spawn)
    done = row(stack, job_id)
    assert done["state"] == "done"
    assert done["result"] == {"org": None, "user": None, "system": "system:heure", "params": {}}
    assert count_sessions(stack) == 0


@pytest.mark.usefixtures("as_worker")
def test_the_real_schedule_runs_to_its_end(stack: Stack, camille: Person, spawn: Spawn) -> None:
    with stack.admin() as admin:
        admin.execute("UPDATE private.sessions SET expires_at = now() - interval '2 hours'")
        admin.execute(
            """INSERT INTO jobs (public_id, kind, task, queue, label, owner_org_id, user_id, state, created_at, finished_at)
               SELECT 'old' || days, 'x', 'x', 'nuit', 'x', %s, %s, 'done', now(), now() - make_interval(days => days)
                 FROM (VALUES (29), (31)) AS v (days)""",
            (camille.org_id, camille.user_id),
        )
    tick(stack.client())
    work(spawn)
    with stack.admin() as admin:
        runs = admin.execute(
            "SELECT schedule, state, result FROM jobs WHERE schedule IN ('purge-jobs', 'purge-sessions') ORDER BY 1"
        ).fetchall()
        left = admin.execute("SELECT public_id FROM jobs WHERE schedule IS NULL").fetchall()
    assert runs == [("purge-jobs", "done", {"jobs": 1}), ("purge-sessions", "done", {"sessions": 1})]
    assert left == [("old29",)]
    with unit_of_work(readonly=True):
        runs = db.db.execute(text("SELECT schedule, state FROM odis.schedule_runs()")).all()
    assert {"purge-sessions": "done", "purge-jobs": "done"}.items() <= {row.schedule: row.state for row in runs}.items()


@pytest.mark.usefixtures("as_worker")
def test_a_tick_survives_a_redis_that_is_down_and_plans_all_the_same(stack: Stack) -> None:
    client = stack.client()
    stack.redis.stop()
    tick(client)
    with unit_of_work(readonly=True):
        depths = db.db.execute(text("SELECT queued FROM odis.job_depths()")).scalars().all()
    assert sum(depths) == len(SCHEDULE)


def test_the_keys_of_another_installation_are_refused(stack: Stack) -> None:
    with unit_of_work():
        crypto.verify_database(db.db().connection())
    with unit_of_work():
        crypto.verify_database(db.db().connection())
        other = crypto.Keyring({1: b"w" * 32}, b"x" * 32)
        with pytest.raises(crypto.KeyProblemError, match="n’est pas la clé de cette base"):
            crypto.verify_database(db.db().connection(), other)
    with stack.admin() as admin:
        stored = admin.execute("SELECT name, fingerprint FROM key_checks ORDER BY 1").fetchall()
    assert [name for name, _ in stored] == ["index", "master:1"]


def test_the_migration_goes_down_and_up_again(stack: Stack) -> None:
    from odis_app.core import migrate

    db.dispose("app")
    migrate.downgrade(stack.addresses.migrate, "0002_territories")
    with stack.admin() as admin:
        assert admin.execute(
            "SELECT to_regclass('jobs'), to_regclass('outbox'), to_regclass('key_checks')"
        ).fetchone() == (
            None,
            None,
            None,
        )
        assert (
            admin.execute(
                "SELECT proname FROM pg_proc WHERE proname LIKE 'job\\_%' AND proname <> 'job_rights'"
            ).fetchall()
            == []
        )
    migrate.upgrade(stack.addresses.migrate, identity_key=stack.identity_key, revision="0003_jobs")
    db.configure("app", stack.addresses.app)
    with unit_of_work(readonly=True):
        assert db.db().execute(text("SELECT count(*) FROM odis.job_depths()")).scalar_one() == 0
