"""Real servers in directories of their own; nothing here touches the developer's ``var/``."""

import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from odis_app.core.services.embedded import Embedded, embedded


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A short data directory; the test fails if a process that knows it is still there at the end."""
    with tempfile.TemporaryDirectory(prefix="odis-ops-") as name:
        yield Path(name)
        left = processes_of(Path(name))
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        assert not left, f"processes left behind: {left}"


@pytest.fixture(scope="session")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    """One embedded PostgreSQL and Redis for the tests that change nothing in them."""
    with embedded(tmp_path_factory.mktemp("ops"), fast=True) as running:
        yield running


@pytest.fixture(scope="session")
def installation() -> Iterator[Path]:
    """A data directory where the product has been started once: territories and demonstration data are loaded."""
    from tests.ops.test_serve import free_port, gone, launch

    with tempfile.TemporaryDirectory(prefix="odis-serve-") as name:
        data_dir = Path(name)
        product = launch(data_dir, free_port())
        try:
            product.wait_for("Ctrl-C pour arrêter")
        finally:
            code = product.end(signal.SIGTERM)
        assert code == 0, product.lines
        assert product.lines[-1] == "OD&IS est arrêté."
        assert gone(data_dir) == {}
        yield data_dir


def processes_of(data_dir: Path) -> dict[int, str]:
    """Living processes (but this one) whose command line or environment names ``data_dir``."""
    needle, found = os.fsencode(str(data_dir)), {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes()
            known = needle in words or needle in (folder / "environ").read_bytes()
            state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if known and state != "Z" and int(folder.name) != os.getpid():
            found[int(folder.name)] = words.replace(b"\0", b" ").decode(errors="replace")
    return found
