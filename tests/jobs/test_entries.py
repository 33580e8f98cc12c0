"""The two processes as they are started in production: they refuse to start wrong, and stop when told."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from odis_app.core import crypto, db
from odis_app.core.config import ROOT
from odis_app.core.db import unit_of_work
from tests.jobs.conftest import Stack

ENTRIES = ["jobs.worker", "jobs.scheduler"]


def environment(stack: Stack, folder: Path, **more: str) -> dict[str, str]:
    """What the supervisor gives to a process of production."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith("ODIS_")}
    return (
        mine
        | stack.keys
        | {
            "ODIS_DATABASE_URL": stack.addresses.app,
            "ODIS_WORKER_DATABASE_URL": stack.addresses.worker,
            "ODIS_REDIS_URL": stack.redis.url,
            "ODIS_IDENTITY_KEY": stack.identity_key,
            "ODIS_SECRET_KEY": "s" * 32,
            "ODIS_DATA_DIR": str(folder),
        }
        | more
    )


def start(entry: str, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run an entry that is expected to refuse."""
    command = [sys.executable, "-m", entry]
    return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("entry", ENTRIES)
def test_it_does_not_start_without_its_key(stack: Stack, tmp_path: Path, entry: str) -> None:
    environ = environment(stack, tmp_path)
    del environ["ODIS_MASTER_KEY"]
    done = start(entry, environ)
    assert done.returncode == 2
    assert done.stderr.startswith("ODIS_MASTER_KEY est absente.")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("entry", ENTRIES)
def test_it_does_not_start_with_the_key_of_another_installation(stack: Stack, tmp_path: Path, entry: str) -> None:
    with unit_of_work():
        crypto.verify_database(db.db().connection())
    done = start(entry, environment(stack, tmp_path, ODIS_MASTER_KEY=f"1:{crypto.new_key()}"))
    assert done.returncode == 2
    assert "version 1, n’est pas la clé de cette base" in done.stderr
    assert "Traceback" not in done.stderr
