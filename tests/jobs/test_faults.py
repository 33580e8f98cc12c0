"""Faults done for real: Redis stopped, Redis back and empty, a worker killed. Nothing lost, nothing doubled."""

from __future__ import annotations

import os
import signal
from datetime import timedelta

import pytest

from jobs.queues import ALLOWED, MAX_ATTEMPTS
from jobs.reconcile import Reconciled, reconcile
from jobs.worker import build_worker
from odis_app.core import db, outbox
from tests.jobs.conftest import Person, Spawn, Stack
from tests.jobs.test_jobs import ask, count_sessions, effects, row, work

NOW = timedelta(0)


def as_scheduler(stack: Stack) -> Reconciled:
    """One pass of the reconciler under the worker's role, every delay counted as over."""
    db.configure("app", stack.addresses.worker)
    try:
        return reconcile(stack.client(), stale=NOW, grace=NOW)
    finally:
        db.configure("app", stack.addresses.app)


def test_a_job_asked_for_while_redis_is_stopped_leaves_when_it_is_back(
    stack: Stack, camille: Person, spawn: Spawn
) -> None:
    stack.redis.stop()
    job_id = ask(camille, "count")  # the page answers; the row waits
    assert (row(stack, job_id)["state"], row(stack, job_id)["attempts"]) == ("queued", 0)
    with stack.admin() as admin:
        assert admin.execute("SELECT sent_at FROM outbox").fetchall() == [(None,)]
    stack.redis.start()
    assert as_scheduler(stack) == Reconciled(pushed=1, given_back=0, failed=0)
    work(spawn)
    assert row(stack, job_id)["state"] == "done"
    assert effects(stack) == [job_id]


def test_redis_restarted_empty_between_asking_and_running_loses_nothing(
    stack: Stack, camille: Person, spawn: Spawn
) -> None:
    wanted = [ask(camille, "count") for _ in range(3)]
    stack.redis.stop()
    stack.redis.start()
    assert stack.client().keys() == []
    assert as_scheduler(stack).pushed == 3
    assert as_scheduler(stack).pushed == 0
    work(spawn)
    assert effects(stack) == wanted
    assert {row(stack, job_id)["attempts"] for job_id in wanted} == {1}


def test_a_worker_sends_what_is_due_when_it_starts(stack: Stack, camille: Person, spawn: Spawn) -> None:
    stack.redis.stop()
    job_id = ask(camille, "count")
    stack.redis.start()
    process = spawn("reconcile-burst")
    process.communicate(timeout=120)
    assert row(stack, job_id)["state"] == "done"


def test_a_worker_killed_in_the_middle_is_replaced_and_writes_once(stack: Stack, camille: Person, spawn: Spawn) -> None:
    job_id, redis = ask(camille, "effect"), stack.client()
    first = spawn()
    assert redis.blpop(["test:reached"], timeout=60)
    os.kill(first.pid, signal.SIGKILL)  # its child dies with it
    first.communicate()
    assert row(stack, job_id)["state"] == "running"
    assert effects(stack) == []
    assert as_scheduler(stack) == Reconciled(pushed=1, given_back=1, failed=0)
    redis.rpush("test:go", 1)
    work(spawn)
    done = row(stack, job_id)
    assert (done["state"], done["attempts"], done["progress"]) == ("done", 2, 100)
    assert effects(stack) == [job_id]
    assert count_sessions(stack) == 0


def test_a_job_that_kills_its_worker_three_times_fails_with_a_sentence(
    stack: Stack, camille: Person, spawn: Spawn
) -> None:
    job_id, redis = ask(camille, "wait"), stack.client()
    for attempt in range(1, MAX_ATTEMPTS + 1):
        worker = spawn()
        assert redis.blpop(["test:reached"], timeout=60) == (b"test:reached", str(attempt).encode())
        os.kill(worker.pid, signal.SIGKILL)
        worker.communicate()
        done = as_scheduler(stack)
        assert (done.given_back, done.failed) == ((1, 0) if attempt < MAX_ATTEMPTS else (0, 1))
    failed = row(stack, job_id)
    assert (failed["state"], failed["attempts"], failed["sealed_token"]) == ("failed", MAX_ATTEMPTS, None)
    assert "trois fois" in failed["error"]
    assert count_sessions(stack) == 0


def test_a_worker_believed_dead_that_wakes_up_writes_nothing(stack: Stack, camille: Person, spawn: Spawn) -> None:
    job_id, redis = ask(camille, "effect"), stack.client()
    slow = spawn()
    assert redis.blpop(["test:reached"], timeout=60)
    assert as_scheduler(stack).given_back == 1
    other = spawn()
    assert redis.blpop(["test:reached"], timeout=60) == (b"test:reached", b"2")
    redis.rpush("test:go", 1, 1)
    for worker in (slow, other):
        worker.terminate()
        worker.communicate(timeout=60)
    assert (row(stack, job_id)["state"], row(stack, job_id)["attempts"]) == ("done", 2)
    assert effects(stack) == [job_id]


def test_a_job_lost_between_the_queue_and_its_claim_is_pushed_under_a_new_number(
    stack: Stack, camille: Person, spawn: Spawn
) -> None:
    job_id, redis = ask(camille, "count"), stack.client()
    redis.delete("rq:queue:bilans")  # what a worker killed just after it took the job leaves: the hash, and no list
    assert as_scheduler(stack).pushed == 1
    assert outbox.queue_named("bilans", redis).count == 1
    work(spawn)
    assert (row(stack, job_id)["state"], effects(stack)) == ("done", [job_id])


def test_a_job_that_beats_is_left_alone(stack: Stack, camille: Person, spawn: Spawn) -> None:
    ask(camille, "effect")
    spawn()
    assert stack.client().blpop(["test:reached"], timeout=60)
    db.configure("app", stack.addresses.worker)
    assert reconcile(stack.client()) == Reconciled(pushed=0, given_back=0, failed=0)


def test_every_allowed_name_is_a_function_with_a_reason_to_run_twice() -> None:
    from importlib import import_module

    for name in ALLOWED:
        module, _, function = name.rpartition(".")
        assert module.startswith("jobs.")
        assert "twice" in (getattr(import_module(module), function).__doc__ or ""), name


def test_one_worker_serves_every_queue(stack: Stack) -> None:
    assert build_worker(stack.client()).queue_names() == ["rapide", "bilans", "nuit"]


@pytest.mark.usefixtures("as_worker")
def test_the_reconciler_without_redis_still_gives_back_and_says_so(stack: Stack) -> None:
    from redis.exceptions import ConnectionError as Unreachable

    client = stack.client()
    stack.redis.stop()
    assert reconcile(client).pushed == 0  # nothing due: Redis is not even asked
    with pytest.raises(Unreachable):
        client.ping()
