"""``odis serve`` as a person runs it: the real product, a port of its own, a data directory of its own."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from odis_app.core import migrate
from odis_app.core.config import ROOT, SERVICES_FILE, libpq
from odis_app.core.services.process import Patience
from tests.ops.conftest import processes_of

LONG = 170


@dataclass
class Product:
    """A running ``odis serve --demo``."""

    data_dir: Path
    port: int
    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)

    def wait_for(self, text: str) -> str:
        """Read its output until a line holds ``text``."""
        for line in self.process.stdout:
            self.lines.append(line.rstrip())
            if text in line:
                return line
        raise AssertionError("it ended: " + "\n".join(self.lines))

    def get(self, path: str) -> tuple[int, str]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30) as answer:
            return answer.status, answer.read().decode()

    def end(self, number: int) -> int:
        self.process.send_signal(number)
        with self.process.stdout as rest:
            self.lines += rest.read().splitlines()
        return self.process.wait(60)


def environment(data_dir: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ODIS_") and name != "PORT"}
    return {**kept, "ODIS_DATA_DIR": str(data_dir), "PYTHONPATH": str(ROOT), **more}


def odis(data_dir: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "odis_app.cli", *words]
    return subprocess.run(
        command, env=environment(data_dir, **more), cwd=ROOT, capture_output=True, text=True, timeout=LONG, check=False
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def launch(data_dir: Path, port: int, **more: str) -> Product:
    command = [sys.executable, "-m", "odis_app.cli", "serve", "--demo", "--port", str(port)]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return Product(data_dir, port, subprocess.Popen(command, env=environment(data_dir, **more), cwd=ROOT, **streams))


def gone(data_dir: Path) -> dict[int, str]:
    waiting = Patience(30)
    while processes_of(data_dir) and waiting.again():
        pass
    return processes_of(data_dir)


@pytest.fixture
def product(installation) -> Iterator[Product]:
    running = launch(installation, free_port())
    try:
        running.wait_for("Ctrl-C pour arrêter")
        yield running
    finally:
        if running.process.poll() is None:
            running.end(signal.SIGTERM)


def test_it_prints_the_address_and_the_accounts_and_answers(product):
    shown = "\n".join(product.lines)
    assert f"http://127.0.0.1:{product.port}" in shown
    assert len(re.findall(r"@demo\.odis\.example", shown)) == 9
    password = (product.data_dir / "secrets" / "ODIS_DEMO_PASSWORD").read_text()
    assert f"mot de passe {password}" in shown
    assert "Chargement" not in shown  # the second start loads nothing again
    status, health = product.get("/sante")
    assert status == 200, health


def test_sigterm_leaves_no_process_and_no_address(product):
    for part in ("gunicorn", "jobs.worker", "redis-server", "bin/postgres"):
        waiting = Patience(30)  # for an instant, what becomes another program shows no environment
        while not any(part in words for words in processes_of(product.data_dir).values()):
            assert waiting.again(), part
    assert product.end(signal.SIGTERM) == 0
    assert gone(product.data_dir) == {}
    assert not (product.data_dir / SERVICES_FILE).exists()


def test_ctrl_c_twice_stops_as_cleanly_as_once(product):
    product.process.send_signal(signal.SIGINT)
    assert product.end(signal.SIGINT) == 0
    assert gone(product.data_dir) == {}


def test_kill_9_leaves_no_process_and_the_next_start_works(product):
    product.end(signal.SIGKILL)
    assert gone(product.data_dir) == {}
    again = launch(product.data_dir, product.port)
    again.wait_for("Ctrl-C pour arrêter")
    assert again.get("/sante")[0] == 200
    assert again.end(signal.SIGTERM) == 0


def _children(product: Product, what: str) -> set[int]:
    """The processes that the product itself started, whose command names ``what``."""
    family = {pid for pid, words in processes_of(product.data_dir).items() if what in words}
    return {pid for pid in family if _parent(pid) == product.process.pid}


@pytest.mark.parametrize("what", ["gunicorn", "jobs.worker", "redis-server", "bin/postgres"])
def test_what_is_killed_comes_back(product, what):
    waiting = Patience(30)  # for an instant, what becomes another program shows no environment
    while not (parents := _children(product, what)):
        assert waiting.again(), processes_of(product.data_dir)
    for pid in parents:
        os.kill(pid, signal.SIGKILL)
    product.wait_for("nouveau démarrage dans")
    waiting = Patience(90)
    while not _healthy(product):
        assert waiting.again(), product.lines


def test_a_second_one_on_the_same_data_says_so(product):
    second = odis(product.data_dir, "serve", "--demo", "--port", str(free_port()))
    assert second.returncode == 2
    assert f"OD&IS tourne déjà sur {product.data_dir} (processus {product.process.pid}" in second.stderr
    assert product.get("/sante")[0] == 200


def test_a_command_typed_beside_uses_its_services(product):
    shown = odis(product.data_dir, "territories", "load", "--json")
    assert shown.returncode == 0, shown.stderr
    assert json.loads(shown.stdout)


def test_a_command_typed_when_nothing_runs_has_services_for_its_time(installation):
    shown = odis(installation, "territories", "load", "--json")
    assert shown.returncode == 0, shown.stderr
    assert json.loads(shown.stdout)
    assert gone(installation) == {}


def test_a_real_installation_never_opens_a_demonstration(installation):
    from odis_app.core.crypto import new_key

    keys = {"ODIS_MASTER_KEY": f"1:{new_key()}", "ODIS_INDEX_KEY": new_key()}
    shown = odis(installation, "serve", "--port", str(free_port()), **keys)
    assert shown.returncode == 2
    assert "Cette base est une démonstration" in shown.stderr


def test_a_demonstration_never_opens_a_real_installation(services, data_dir):
    migrate.upgrade(services.addresses.migrate, identity_key="ab" * 32, instance_kind="production")
    more = {"ODIS_DATABASE_URL": services.addresses.admin, "ODIS_REDIS_URL": services.redis_url}
    # The passwords of this server's roles are those of its own directory: the command puts its own, we put them back.
    shown = odis(services.postgres.data_dir, "serve", "--demo", "--port", str(free_port()), **more)
    assert shown.returncode == 2
    assert "Cette base est une installation réelle" in shown.stderr
    with psycopg.connect(libpq(services.addresses.admin)) as connection:
        row = connection.execute("SELECT value #>> '{}' FROM instance WHERE key = 'kind'").fetchone()
    assert row == ("production",)


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"ODIS_HOST": "0.0.0.0"}, "ODIS_HOST : une démonstration n’écoute que sur cette machine"),
        ({"ODIS_HOST": "odis.example"}, "ODIS_HOST : une démonstration n’écoute que sur cette machine"),
        (
            {"ODIS_DATABASE_URL": "postgresql://u:p@db.example/odis"},
            "n’ouvre pas la base d’une autre machine (db.example)",
        ),
        (
            {"ODIS_DATABASE_URL": "postgresql://u:p@/odis?host=10.0.0.5"},
            "n’ouvre pas la base d’une autre machine (10.0.0.5)",
        ),
        ({"PORT": "huit"}, "PORT ne convient pas"),
    ],
)
def test_what_a_demonstration_refuses(data_dir, more, sentence):
    shown = odis(data_dir, "serve", "--demo", **more)
    assert shown.returncode == 2
    assert sentence in shown.stderr
    assert list(data_dir.iterdir()) == []


def test_a_taken_port_is_told_before_anything_starts(data_dir):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        shown = odis(data_dir, "serve", "--demo", "--port", str(port))
    assert shown.returncode == 2
    assert f"Le port {port} est déjà pris sur 127.0.0.1" in shown.stderr
    assert not (data_dir / "postgres").exists()


def test_a_real_installation_asks_for_its_keys(data_dir):
    shown = odis(data_dir, "serve", "--port", str(free_port()))
    assert shown.returncode == 2
    assert "ODIS_MASTER_KEY est absente" in shown.stderr


def test_a_production_process_names_what_is_absent(data_dir):
    for command in ("web", "worker", "scheduler"):
        shown = odis(data_dir, command)
        assert shown.returncode == 2
        assert "ODIS_DATABASE_URL est absente" in shown.stderr


def test_help_needs_nothing(data_dir):
    shown = odis(data_dir, "--help")
    assert shown.returncode == 0, shown.stderr
    assert {"serve", "web", "worker", "scheduler"} <= set(shown.stdout.split())
    assert list(data_dir.iterdir()) == []


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def _healthy(product: Product) -> bool:
    try:
        return product.get("/sante")[0] == 200
    except OSError:
        return False
