"""From the request to the end: rows, rights, progress, failures, with a real worker of a real Redis."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from jobs import reconcile
from odis_app.core import crypto, db, outbox
from odis_app.core.db import current_unit, unit_of_work
from odis_app.core.jobs import JobState, cancel_job, job_of, request_job, token_place
from tests.jobs.conftest import Person, Spawn, Stack


def ask(person: Person, task: str = "count", **params: Any) -> int:
    """Ask for a sample task as ``person``; returns the row's id."""
    with unit_of_work(person.token) as unit:
        job = request_job(
            unit.identity, task=f"tests.jobs.samples.{task}", queue="bilans", kind="essai", label="Essai", params=params
        )
        return job.id


def row(stack: Stack, job_id: int) -> dict[str, Any]:
    """The job row, seen by nobody's identity."""
    with stack.admin() as admin:
        cursor = admin.execute("SELECT * FROM jobs WHERE id = %s", (job_id,))
        assert cursor.description
        found = cursor.fetchone()
        assert found
        return dict(zip([c.name for c in cursor.description], found, strict=True))


def effects(stack: Stack) -> list[int]:
    """What the tasks wrote."""
    with stack.admin() as admin:
        return [int(str(r[0])) for r in admin.execute("SELECT job_id FROM effects ORDER BY 1").fetchall()]


def count_sessions(stack: Stack) -> int:
    """Tokens of jobs still alive."""
    with stack.admin() as admin:
        found = admin.execute("SELECT count(*) FROM private.sessions WHERE kind <> 'user'").fetchone()
        assert found
        return int(str(found[0]))


def work(spawn: Spawn, *arguments: str, **environ: str) -> str:
    """Run a worker until the queues are empty; returns what it said."""
    process = spawn("burst", **environ)
    _, said = process.communicate(timeout=120)
    return said.decode()


def test_a_job_asked_for_runs_under_its_author_and_leaves_no_token(stack: Stack, camille: Person, spawn: Spawn) -> None:
    job_id = ask(camille, "count", place=7)
    assert count_sessions(stack) == 1
    work(spawn)
    done = row(stack, job_id)
    assert (done["state"], done["progress"], done["attempts"], done["error"]) == ("done", 100, 1, "")
    assert done["result"] == {"org": camille.org_id, "user": camille.user_id, "system": "", "params": {"place": 7}}
    assert done["step"] == "Calcul des délais"
    assert effects(stack) == [job_id]
    assert (done["sealed_token"], count_sessions(stack)) == (None, 0)
    with stack.admin() as admin:
        assert admin.execute("SELECT * FROM outbox").fetchall() == []
    assert stack.client().keys("rq:job:*") == []


def test_nothing_leaves_when_the_request_is_rolled_back(stack: Stack, camille: Person) -> None:
    def ask_then_fail() -> None:
        with unit_of_work(camille.token) as unit:
            request_job(unit.identity, task="tests.jobs.samples.count", queue="bilans", kind="essai", label="Essai")
            raise RuntimeError("changed my mind")

    with pytest.raises(RuntimeError, match="changed my mind"):
        ask_then_fail()
    assert stack.client().keys("rq:job:*") == []
    with stack.admin() as admin:
        assert admin.execute("SELECT * FROM jobs").fetchall() == []
    assert count_sessions(stack) == 0


def test_what_redis_holds_is_a_name_and_a_number(stack: Stack, camille: Person) -> None:
    job_id = ask(camille, "count", secret="marqueur")
    payload = outbox.queue_named("bilans", stack.client()).jobs[0]
    assert payload.data.decode() == f'["tests.jobs.samples.count", null, [{job_id}], {{}}]'
    with stack.admin() as admin:
        assert admin.execute("SELECT sent_at IS NOT NULL FROM outbox").fetchall() == [(True,)]


def test_a_job_sees_what_its_author_sees_and_nothing_else(
    stack: Stack, camille: Person, dominique: Person, spawn: Spawn
) -> None:
    ask(dominique, "count")
    job_id = ask(camille, "look")
    work(spawn)
    assert row(stack, job_id)["result"] == {"jobs": [job_id]}


def test_another_organisation_reads_and_cancels_nothing(stack: Stack, camille: Person, dominique: Person) -> None:
    job_id = ask(camille, "count")
    public_id = row(stack, job_id)["public_id"]
    with unit_of_work(dominique.token) as unit:
        assert job_of(unit.identity, public_id) is None
        assert db.db().execute(text("SELECT * FROM jobs")).all() == []
        assert db.db().execute(text("SELECT * FROM outbox")).all() == []
        assert not db.db().execute(text("SELECT odis.job_cancel(:id)"), {"id": public_id}).scalar_one()
        with pytest.raises(LookupError):
            outbox.enqueue("tests.jobs.samples.count", job_id)
    assert row(stack, job_id)["state"] == "queued"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE jobs SET state = 'done'",
        "DELETE FROM jobs",
        "UPDATE outbox SET task = 'os.system'",
        "SELECT odis.job_claim(1, 'x')",
        "SELECT odis.job_finish(1, 1::smallint, 'done', '', '{}')",
        "SELECT odis.outbox_due()",
        "SELECT odis.job_schedule('x', now(), 'x', 'x', 'x', 'x')",
        """INSERT INTO jobs (public_id, kind, task, queue, label, owner_org_id, user_id, state, attempts)
        SELECT 'x', 'x', 'x', 'x', 'x', odis.org(), odis.user_id(), 'running', 1""",
        "INSERT INTO jobs (public_id, kind, task, queue, label, schedule, slot) VALUES ('x', 'x', 'x', 'x', 'x', 'x', now())",
    ],
)
def test_the_web_cannot_move_a_job(camille: Person, statement: str) -> None:
    ask(camille, "count")
    with pytest.raises(DBAPIError, match=r"permission denied|row-level security"), unit_of_work(camille.token):
        db.db().execute(text(statement))


def test_rights_withdrawn_between_asking_and_running_stop_the_job(stack: Stack, camille: Person, spawn: Spawn) -> None:
    job_id = ask(camille, "count")
    with stack.admin() as admin:
        admin.execute("UPDATE memberships SET starts_on = current_date - 9, ends_on = current_date - 1")
    work(spawn)
    stopped = row(stack, job_id)
    assert stopped["state"] == "failed"
    assert "Vos droits ont changé" in stopped["error"]
    assert (effects(stack), count_sessions(stack)) == ([], 0)


def test_a_request_that_waited_past_its_token_says_so(stack: Stack, camille: Person, spawn: Spawn) -> None:
    job_id = ask(camille, "count")
    with stack.admin() as admin:
        admin.execute("UPDATE private.sessions SET expires_at = now() - interval '1 second' WHERE kind = 'job'")
    work(spawn)
    assert "a attendu trop longtemps" in row(stack, job_id)["error"]


def test_a_token_moved_to_another_row_opens_nothing(
    stack: Stack, camille: Person, dominique: Person, spawn: Spawn
) -> None:
    stolen, mine = ask(camille, "count"), ask(dominique, "count")
    with stack.admin() as admin:
        admin.execute(
            "UPDATE jobs SET sealed_token = (SELECT sealed_token FROM jobs WHERE id = %s) WHERE id = %s", (stolen, mine)
        )
    work(spawn)
    assert (row(stack, stolen)["state"], row(stack, mine)["state"]) == ("done", "failed")
    assert effects(stack) == [stolen]


def test_the_row_holds_no_token_in_clear(stack: Stack, camille: Person) -> None:
    found = row(stack, ask(camille, "count"))
    token = crypto.unseal(found["sealed_token"], token_place(found["public_id"])).decode()
    assert token.encode() not in found["sealed_token"]
    with unit_of_work(token):
        assert (current_unit().identity.kind, current_unit().identity.user_id) == ("job", camille.user_id)


@pytest.mark.parametrize(
    ("task", "sentence"),
    [("fail", "Le travail s’est arrêté sur une erreur."), ("refuse", "La période demandée n’a aucune donnée.")],
)
def test_a_failure_undoes_what_was_written_and_says_a_sentence(
    stack: Stack, camille: Person, spawn: Spawn, task: str, sentence: str
) -> None:
    job_id = ask(camille, task)
    work(spawn)
    failed = row(stack, job_id)
    assert failed["state"] == "failed"
    assert failed["error"].startswith(sentence)
    assert (effects(stack), count_sessions(stack)) == ([], 0)


def test_a_job_that_overruns_its_queue_is_stopped(stack: Stack, camille: Person, spawn: Spawn) -> None:
    job_id = ask(camille, "overrun")
    work(spawn, TEST_TIMEOUT="1")
    assert "dépassé le temps permis" in row(stack, job_id)["error"]


def test_the_page_sees_progress_while_the_job_runs_and_its_writes_only_at_the_end(
    stack: Stack, camille: Person, spawn: Spawn
) -> None:
    job_id = ask(camille, "effect")
    spawn()
    redis = stack.client()
    assert redis.blpop(["test:reached"], timeout=60)
    with unit_of_work(camille.token, readonly=True) as unit:
        job = job_of(unit.identity, row(stack, job_id)["public_id"])
        assert job is not None
        assert (job.status, job.progress, job.step) == (JobState.RUNNING, 30, "Lecture des dossiers")
        assert (job.status.label, job.status.is_final) == ("en cours", False)
    assert effects(stack) == []


def test_a_cancelled_job_undoes_what_it_was_writing(stack: Stack, camille: Person, spawn: Spawn) -> None:
    job_id = ask(camille, "effect")
    worker, redis = spawn(), stack.client()
    assert redis.blpop(["test:reached"], timeout=60)
    with unit_of_work(camille.token) as unit:
        job = job_of(unit.identity, row(stack, job_id)["public_id"])
        assert job is not None
        assert cancel_job(unit.identity, job=job)
        assert not cancel_job(unit.identity, job=job)
    redis.rpush("test:go", 1)
    worker.terminate()  # a warm stop: the present job comes to its end first
    worker.communicate(timeout=60)
    assert row(stack, job_id)["state"] == "cancelled"
    assert (effects(stack), count_sessions(stack)) == ([], 0)


def test_a_graceful_stop_finishes_the_present_job(stack: Stack, camille: Person, spawn: Spawn) -> None:
    job_id = ask(camille, "effect")
    worker, redis = spawn(), stack.client()
    assert redis.blpop(["test:reached"], timeout=60)
    worker.terminate()
    redis.rpush("test:go", 1)
    worker.communicate(timeout=60)
    assert row(stack, job_id)["state"] == "done"
    assert effects(stack) == [job_id]


def test_a_job_pushed_twice_runs_once(stack: Stack, camille: Person, spawn: Spawn) -> None:
    job_id = ask(camille, "count")
    queue = outbox.queue_named("bilans", stack.client())
    queue.enqueue_call("tests.jobs.samples.count", args=(job_id,), job_id="another-name")
    work(spawn)
    assert (row(stack, job_id)["attempts"], effects(stack)) == (1, [job_id])


@pytest.mark.usefixtures("as_worker")
def test_a_job_given_to_the_wrong_task_is_not_claimed(stack: Stack, camille: Person) -> None:
    db.configure("app", stack.addresses.app)
    job_id = ask(camille, "count")
    db.configure("app", stack.addresses.worker)
    with unit_of_work():
        assert (
            db.db()
            .execute(text("SELECT * FROM odis.job_claim(:id, 'jobs.maintenance.purge_jobs')"), {"id": job_id})
            .all()
            == []
        )


@pytest.mark.usefixtures("as_worker")
def test_pushing_again_does_nothing_to_a_job_that_waits_in_redis(stack: Stack, camille: Person) -> None:
    db.configure("app", stack.addresses.app)
    ask(camille, "count")
    db.configure("app", stack.addresses.worker)
    assert reconcile.reconcile(stack.client()).pushed == 0
    assert len(outbox.queue_named("bilans", stack.client())) == 1
