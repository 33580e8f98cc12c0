"""Whoever may write in Redis gets nothing run: no name off the list, no pickle, no callback, no webhook (security.md 12)."""

from __future__ import annotations

import http.server
import json
import pickle
import threading
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer, PickleSerializer

from odis_app.core import outbox
from tests.jobs.conftest import Person, Spawn, Stack
from tests.jobs.test_jobs import ask, row, work


@pytest.fixture
def proof(tmp_path: Path) -> Path:
    """A file that exists only if something of the payload was executed."""
    return tmp_path / "executed"


def status(redis: Redis, name: str) -> str:
    """What Redis says of a job."""
    return (redis.hget(f"rq:job:{name}", "status") or b"gone").decode()


def test_a_shell_command_by_name_is_refused(stack: Stack, spawn: Spawn, proof: Path) -> None:
    redis = stack.client()
    Queue("bilans", connection=redis, serializer=JSONSerializer).enqueue_call(
        "os.system", args=(f"touch {proof}",), job_id="evil"
    )
    work(spawn)
    assert status(redis, "evil") == "failed"
    assert not proof.exists()


class Bomb:
    """Runs a command when it is unpickled."""

    def __init__(self, proof: Path) -> None:
        self.proof = proof

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
        import os

        return os.system, (f"touch {self.proof}",)


def test_a_pickle_is_refused_without_being_opened(stack: Stack, spawn: Spawn, proof: Path) -> None:
    redis = stack.client()
    Queue("bilans", connection=redis, serializer=PickleSerializer).enqueue_call(
        "tests.jobs.samples.count", args=(Bomb(proof),), job_id="evil"
    )
    work(spawn)
    assert status(redis, "evil") == "failed"
    assert not proof.exists()
    pickle.loads(zlib.decompress(redis.hget("rq:job:evil", "data") or b""))
    assert proof.exists()  # the bomb was a real one


@pytest.mark.parametrize("field", ["meta", "result"])
def test_a_pickle_beside_a_good_job_is_not_opened(
    stack: Stack, camille: Person, spawn: Spawn, proof: Path, field: str
) -> None:
    job_id, redis = ask(camille, "count"), stack.client()
    name = outbox.queue_named("bilans", redis).job_ids[0]
    redis.hset(f"rq:job:{name}", field, pickle.dumps(Bomb(proof)))
    work(spawn)
    assert row(stack, job_id)["state"] == "done"
    assert not proof.exists()


@pytest.mark.parametrize(
    "payload",
    [
        ["jobs.runner.perform", None, ["os.system", 1], {}],
        ["jobs.maintenance.purge_jobs.__globals__", None, [1], {}],
        ["tests.jobs.samples.count", None, ["1; touch"], {}],
        ["tests.jobs.samples.count", None, [True], {}],
        ["tests.jobs.samples.count", None, [1, 2], {}],
        ["tests.jobs.samples.count", None, [1], {"env": "x"}],
        ["tests.jobs.samples.count", "instance", [1], {}],
        ["tests.jobs.samples.time.sleep", None, [1], {}],
        "tests.jobs.samples.count",
    ],
)
def test_a_payload_that_is_not_a_listed_name_and_one_number_is_refused(
    stack: Stack, spawn: Spawn, payload: object
) -> None:
    redis = stack.client()
    queue = Queue("bilans", connection=redis, serializer=JSONSerializer)
    queue.enqueue_call("tests.jobs.samples.count", args=(1,), job_id="evil")
    redis.hset("rq:job:evil", "data", zlib.compress(json.dumps(payload).encode()))
    work(spawn)
    assert status(redis, "evil") == "failed"


@pytest.mark.parametrize("field", ["success_callback_name", "failure_callback_name", "stopped_callback_name"])
@pytest.mark.parametrize("task", ["count", "fail"])
def test_callbacks_found_in_redis_are_ignored(
    stack: Stack, camille: Person, spawn: Spawn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, field: str, task: str
) -> None:
    """RQ would import the module to find the callback: its import alone is the proof."""
    (tmp_path / "odis_trap.py").write_text(f"open({str(tmp_path / 'executed')!r}, 'w').close()\n", encoding="ascii")
    job_id, redis = ask(camille, task), stack.client()
    name = outbox.queue_named("bilans", redis).job_ids[0]
    redis.hset(f"rq:job:{name}", field, "odis_trap.run")
    process = spawn("burst", TEST_PATH=str(tmp_path))
    process.communicate(timeout=120)
    assert row(stack, job_id)["state"] in {"done", "failed"}
    assert not (tmp_path / "executed").exists()


@pytest.fixture
def listener() -> Iterator[tuple[int, list[str]]]:
    """A web server on the loopback that notes who calls."""
    calls: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            calls.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port, calls
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_webhook_found_in_redis_is_not_called(
    stack: Stack, camille: Person, spawn: Spawn, listener: tuple[int, list[str]]
) -> None:
    port, calls = listener
    job_id, redis = ask(camille, "count"), stack.client()
    name = outbox.queue_named("bilans", redis).job_ids[0]
    hook = {"url": f"http://127.0.0.1:{port}/leak", "job_status": "finished"}
    redis.hset(f"rq:job:{name}", "webhooks", json.dumps([hook]))
    work(spawn)
    assert row(stack, job_id)["state"] == "done"
    assert calls == []


def test_a_longer_timeout_written_in_redis_is_ignored(stack: Stack, camille: Person, spawn: Spawn) -> None:
    job_id, redis = ask(camille, "overrun"), stack.client()
    name = outbox.queue_named("bilans", redis).job_ids[0]
    redis.hset(f"rq:job:{name}", "timeout", 86400)
    work(spawn, TEST_TIMEOUT="1")
    assert "dépassé le temps permis" in row(stack, job_id)["error"]
