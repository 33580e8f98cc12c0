import os
import signal
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import psycopg
import pytest

from odis_app.core.config import ROOT, libpq
from odis_app.core.services import postgres, process
from odis_app.core.services.postgres import SUPERUSER, Postgres
from odis_app.core.services.process import Patience, ServiceError
from tests.ops.conftest import processes_of

NOBODY = 65534


@pytest.fixture
def server(data_dir):
    running = Postgres(data_dir, fast=True)
    yield running
    running.stop()


def ask(url: str, question: str) -> object:
    with psycopg.connect(libpq(url)) as connection:
        return connection.execute(question).fetchone()[0]


def test_no_network_and_passwords_only(services):
    admin = services.addresses.admin
    assert ask(admin, "SHOW listen_addresses") == ""
    assert ask(admin, "SELECT count(*) FROM pg_hba_file_rules WHERE auth_method <> 'scram-sha-256'") == 0
    assert ask(admin, "SELECT array_agg(DISTINCT type) FROM pg_hba_file_rules") == ["local"]
    assert ask(admin, "SELECT count(*) FROM pg_authid WHERE rolpassword NOT LIKE 'SCRAM-SHA-256$%'") == 0
    with pytest.raises(psycopg.OperationalError, match="password"):
        ask(services.addresses.app.replace("odis_app:", "odis_app:x"), "SELECT 1")
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(host=str(services.postgres.sockets), user=SUPERUSER, dbname="odis", password="").close()


def test_files_and_secrets_belong_to_this_account_alone(services):
    data_dir = services.postgres.data_dir
    for path in (services.postgres.sockets, services.postgres.data, data_dir / "secrets", services.redis.socket.parent):
        assert path.stat().st_mode & 0o777 == 0o700, path
    assert {path.stat().st_mode & 0o777 for path in (data_dir / "secrets").iterdir()} == {0o600}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become nobody")
def test_nobody_cannot_connect_even_with_the_password(services):
    url = libpq(services.addresses.app)
    assert ask(services.addresses.app, "SELECT 1") == 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # forking a process with threads: the child only connects
        child = os.fork()
    if child == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError as error:
            os._exit(3 if "Permission denied" in str(error) else 4)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3


def test_data_survive_a_restart(server):
    server.start()
    with psycopg.connect(libpq(server.url(SUPERUSER, "postgres"))) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    server.stop()
    server.start()
    assert ask(server.url(SUPERUSER, "postgres"), "SELECT answer FROM kept") == 42


def test_parents_keep_their_permissions(data_dir):
    home = data_dir / "home"
    inside = home / "project" / "var"
    inside.mkdir(parents=True)
    home.chmod(0o700)
    server = Postgres(inside, fast=True)
    try:
        server.start()
        assert server.alive()
    finally:
        server.stop()
    assert home.stat().st_mode & 0o777 == 0o700


def test_data_of_another_major_is_refused_and_kept(server):
    server.data.mkdir()
    (server.data / "PG_VERSION").write_text("13\n")
    with pytest.raises(ServiceError, match="viennent de PostgreSQL 13, cette version d’OD&IS embarque PostgreSQL 18"):
        server.start()
    assert [path.name for path in server.data.iterdir()] == ["PG_VERSION"]


def test_a_deep_directory_gets_a_short_socket(data_dir):
    deep = data_dir / ("d" * 120)
    server = Postgres(deep, fast=True)
    try:
        server.start()
        sockets = server.sockets
        assert not sockets.is_relative_to(deep)
        assert sockets.stat().st_mode & 0o777 == 0o700
        assert ask(server.url(SUPERUSER, "postgres"), "SELECT 1") == 1
    finally:
        server.stop()
    assert not sockets.exists()


def test_a_stale_note_of_a_dead_server_is_forgotten(server):
    server.start()
    server.stop()
    (server.data / "postmaster.pid").write_text(f"{os.getpid()}\n{server.data}\n")  # the number now belongs to another
    server.start()
    assert ask(server.url(SUPERUSER, "postgres"), "SELECT 1") == 1


def test_a_killed_server_starts_again_with_what_was_committed(data_dir):
    server = Postgres(data_dir)
    try:
        server.start()
        with psycopg.connect(libpq(server.url(SUPERUSER, "postgres"))) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        os.kill(server.pid, signal.SIGKILL)
        waiting = Patience(30)
        while processes_of(data_dir) and waiting.again():
            pass
        assert not server.alive()
        server.start()
        assert ask(server.url(SUPERUSER, "postgres"), "SELECT answer FROM kept") == 42
    finally:
        server.stop()


HOLDER = """
import sys, signal
from pathlib import Path
from odis_app.core.services.embedded import embedded
with embedded(Path(sys.argv[1]), fast=True):
    print("ready", flush=True)
    signal.pause()
"""


def test_nothing_outlives_a_killed_parent(data_dir):
    parent = subprocess.Popen([sys.executable, "-c", HOLDER, str(data_dir)], stdout=subprocess.PIPE, cwd=ROOT)
    with parent:
        assert parent.stdout.readline() == b"ready\n"
        assert len(processes_of(data_dir)) >= 3
        parent.kill()
    waiting = Patience(30)
    while processes_of(data_dir) and waiting.again():
        pass
    assert processes_of(data_dir) == {}
    server = Postgres(data_dir, fast=True)
    server.start()  # at once, on the same data
    server.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another account")
def test_root_without_namespaces_runs_it_under_another_account(data_dir, monkeypatch, capsys):
    monkeypatch.setattr(postgres, "_kernel_allows", lambda options: False)  # what a container often answers
    with tempfile.TemporaryDirectory(prefix="odis-fallback-", dir="/var/tmp") as name:
        Path(name).chmod(0o755)
        monkeypatch.setattr(postgres, "FALLBACK", Path(name))
        server = Postgres(data_dir, fast=True)
        try:
            server.start()
            assert ask(server.url(SUPERUSER, "postgres"), "SELECT 1") == 1
            assert Path(f"/proc/{server.pid}").stat().st_uid != 0
            assert server.data.is_relative_to(name)
            assert server.data.stat().st_mode & 0o777 == 0o700
            assert str(server.data) in capsys.readouterr().out
        finally:
            server.stop()
        assert data_dir.stat().st_mode & 0o777 == 0o700  # no parent was opened


def test_launch_does_not_start_a_program_whose_parent_has_ended(tmp_path):
    mark = tmp_path / "ran"
    command = [sys.executable, "-I", "-S", str(process.LAUNCHER), "1", "15", "--", "touch", str(mark)]
    assert subprocess.run(command, check=False).returncode == 0
    assert not mark.exists()


def test_a_failed_start_says_what_the_server_wrote(server):
    server.start()
    server.stop()
    (server.data / "postgresql.conf").write_text("no_such_setting = 1\n")
    with pytest.raises(ServiceError, match=r"(?s)arrêté au démarrage.*no_such_setting"):
        server.start()


def test_redis_has_a_private_socket_and_no_port(services):
    assert services.redis.socket.stat().st_mode & 0o777 == 0o700
    import redis

    with redis.Redis.from_url(services.redis_url) as client:
        assert client.config_get("port") == {"port": "0"}
        assert client.config_get("save") == {"save": ""}
    assert not list(Path(services.redis.socket.parent).glob("*.rdb"))
