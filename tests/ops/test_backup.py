"""``odis backup`` → an empty machine → ``odis restore`` → the same hash of every table; nothing that was erased or withdrawn comes back."""

import http.cookiejar
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from odis_app.access.enums import Withdrawal
from odis_app.core import migrate
from odis_app.core.config import ROOT, libpq
from odis_app.core.crypto import new_key
from odis_app.core.services import pgtools, roles
from odis_app.core.services.postgres import SUPERUSER, Postgres
from odis_app.core.services.process import ServiceError
from tests.ops import withdrawals
from tests.ops.test_external import INSTALLED, theirs
from tests.ops.test_serve import environment, free_port, launch, odis

__all__ = ["theirs"]
ASSOCIATION = "association@demo.odis.example"
_ALL = """SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
          WHERE c.relkind = 'r' AND n.nspname IN ('public', 'private', 'odis')"""


def keys_of(data_dir: Path) -> dict[str, str]:
    """The installation's keys, as whoever keeps them apart gives them to the new machine."""
    names = ("ODIS_MASTER_KEY", "ODIS_INDEX_KEY", "ODIS_DEMO_PASSWORD")
    return {name: (data_dir / "secrets" / name).read_text() for name in names}


def tables(url: str) -> dict[str, str]:
    """A fingerprint of every row of every table, written otherwise than the product's; sessions of people are put apart."""
    found = {}
    with psycopg.connect(libpq(url)) as connection:
        connection.execute("SET timezone = 'UTC'")
        for schema, table in connection.execute(_ALL).fetchall():
            rows = connection.execute(f'SELECT t::text FROM {schema}."{table}" t').fetchall()
            if table == "sessions":
                rows = connection.execute("SELECT t::text FROM private.sessions t WHERE kind <> 'user'").fetchall()
            found[f"{schema}.{table}"] = "\n".join(sorted(row[0] for row in rows))
    found.pop("private.keys")  # a secret of each installation
    return found


class Open:
    """The database of an installation whose product does not run, for the time of a block."""

    def __init__(self, data_dir: Path) -> None:
        self.server = Postgres(data_dir, fast=True)

    def __enter__(self) -> roles.Addresses:
        self.server.start()
        return roles.prepare(self.server.url(SUPERUSER, "postgres"), self.server.data_dir)

    def __exit__(self, *_: object) -> None:
        self.server.stop()


@pytest.fixture(scope="module")
def saved(installation, tmp_path_factory) -> tuple[Path, Path, dict[str, str]]:
    """(archive, file of keys, what the database held) of the demonstration."""
    folder = tmp_path_factory.mktemp("sauvegardes")
    said = odis(installation, "backup", str(folder / "lundi"), "--keys", str(folder / "cles"))
    assert said.returncode == 0, said.stdout + said.stderr
    assert "clés de dossiers dans" in said.stdout
    with Open(installation) as addresses:
        held = tables(addresses.admin)
    return folder / "lundi", next((folder / "cles").iterdir()), held


def test_an_archive_is_its_owners_alone_and_holds_no_secret_and_no_name(saved, installation):
    archive, keys, held = saved
    for path in (archive, *archive.rglob("*"), keys.parent, keys):
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path
    manifest = json.loads((archive / "manifeste.json").read_text())
    assert set(manifest["tables"]) == set(held) - {"public.record_keys"}
    assert manifest["missing"] == []
    assert manifest["tables"]["public.members"]["rows"] == len(held["public.members"].splitlines())
    words = [path.read_text().strip().rpartition(":")[2] for path in (installation / "secrets").iterdir()]
    name = re.search(r"Nemoune\w+|Prykladenko", held["public.members"])  # another test erases one family, whichever
    assert name
    content = b"".join(path.read_bytes() for path in archive.rglob("*") if path.is_file())
    for word in (*words, name[0]):
        assert word.encode() not in content


def test_an_empty_machine_gets_everything_back(saved, installation, data_dir):
    archive, keys, held = saved
    new = data_dir / "neuf"
    more = keys_of(installation)
    said = odis(new, "restore", str(archive), "--keys", str(keys), **more)
    assert said.returncode == 0, said.stdout + said.stderr
    assert f"{len(held) - 1} tables identiques" in said.stdout
    assert "0 effacements rejoués" in said.stdout
    assert "illisibles" not in said.stdout
    with Open(new) as addresses:
        assert tables(addresses.admin) == held
        with psycopg.connect(libpq(addresses.admin)) as connection:
            sessions = connection.execute("SELECT count(*) FROM private.sessions WHERE kind = 'user'").fetchone()
            document = connection.execute(
                "SELECT d.public_id, d.size FROM documents d JOIN households h ON h.id = d.record_id JOIN users u ON u.email = %s "
                "JOIN memberships m ON m.user_id = u.id AND m.organisation_id = d.owner_org_id WHERE d.state = 'clean' LIMIT 1",
                (ASSOCIATION,),
            ).fetchone()
    assert sessions == (0,)
    assert document
    product = launch(new, free_port(), **more)
    try:
        product.wait_for("Ctrl-C pour arrêter")
        browser = sign_in(f"http://127.0.0.1:{product.port}", more["ODIS_DEMO_PASSWORD"])
        with browser.open(f"http://127.0.0.1:{product.port}/documents/{document[0]}", timeout=30) as answer:
            assert (answer.status, len(answer.read())) == (200, document[1])
    finally:
        assert product.end(signal.SIGTERM) == 0
    verified = odis(new, "audit", "verify", ODIS_DEMO="1", **more)
    assert verified.returncode == 0, verified.stdout


def sign_in(address: str, password: str) -> urllib.request.OpenerDirector:
    """A browser of the association's social worker."""
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    page = browser.open(f"{address}/connexion", timeout=30).read().decode()
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token
    form = urllib.parse.urlencode({"csrf_token": token[1], "email": ASSOCIATION, "password": password})
    sent = urllib.request.Request(f"{address}/connexion", form.encode(), {"Referer": f"{address}/connexion"})
    assert "Se déconnecter" in browser.open(sent, timeout=30).read().decode()
    return browser


def test_what_is_written_meanwhile_stays_out_and_what_is_erased_or_withdrawn_after_stays_so(installation, data_dir):
    """Pairs of rows are written during the backup: none is cut in two. A household erased after it does not come back, nor a right of any kind."""
    archive, kept = data_dir / "mardi", data_dir / "cles"
    more = keys_of(installation)
    with Open(installation) as addresses:
        outside = {**addresses.environment(), **more}
        with psycopg.connect(libpq(addresses.admin)) as connection:
            connection.execute("INSERT INTO mails (public_id, template, sealed, useful_until) VALUES ('enattente', 'x', 'x', now() + interval '1 day')")  # fmt: skip
            withdrawals.give(connection)
            assert withdrawals.standing(connection) == set(Withdrawal)
            assert withdrawals.opened(connection)
        stop, pairs = threading.Event(), [0]
        writer = threading.Thread(target=write_pairs, args=(addresses.admin, stop, pairs))
        writer.start()
        try:
            said = odis(installation, "backup", str(archive), "--keys", str(kept), **outside)
        finally:
            stop.set()
            writer.join()
        assert said.returncode == 0, said.stdout + said.stderr
        assert pairs[0] > 0
        record, name = erase_one(addresses.migrate)
        with psycopg.connect(libpq(addresses.admin)) as connection:
            withdrawals.withdraw(connection)
            assert withdrawals.standing(connection) == set()
        settled = odis(installation, "keys", "status", **outside)
        assert "effacements et retraits recopiés" in settled.stdout, settled.stdout + settled.stderr
        with psycopg.connect(libpq(addresses.admin)) as connection:
            connection.execute("DELETE FROM organisations WHERE name = 'Pendant'")
            connection.execute("DELETE FROM mails WHERE public_id = 'enattente'")
            withdrawals.close(connection)
    new, log = data_dir / "neuf", installation / "effacements"
    words = ("restore", str(archive), "--keys", str(next(kept.iterdir())), "--erasures", str(log))
    said = odis(new, *words, **more)
    assert said.returncode == 0, said.stdout + said.stderr
    assert "1 effacements rejoués" in said.stdout
    # of passwords, one was changed and one account got another passkey; those given and withdrawn since are not there
    for kind in Withdrawal:
        assert f"{kind.label} : {2 if kind is Withdrawal.PASSWORD else 1}" in said.stdout, said.stdout
    assert "2 comptes ont changé de mot de passe" in said.stdout
    with Open(new) as addresses, psycopg.connect(libpq(addresses.admin)) as connection:
        assert withdrawals.standing(connection) == set()
        assert (withdrawals.opened(connection), withdrawals.kept(connection)) == (0, withdrawals.KEPT)
        for table in ("records", "households", "record_keys"):
            column = "record_id" if table == "record_keys" else "id"
            assert connection.execute(f"SELECT count(*) FROM {table} WHERE {column} = %s", (record,)).fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM members WHERE last_name = %s", (name,)).fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM record_keys").fetchone() == connection.execute("SELECT count(*) FROM records").fetchone()  # fmt: skip
        halves = "SELECT count(*), count(a.id) FROM organisations o LEFT JOIN organisation_areas a ON a.organisation_id = o.id WHERE o.name = 'Pendant'"
        whole = connection.execute(halves).fetchone()
        mail = connection.execute(
            "SELECT state, sealed FROM mails WHERE public_id = 'enattente'"
        ).fetchone()  # it left meanwhile, perhaps: never twice
    assert whole
    assert whole[0] == whole[1] < pairs[0]
    assert mail == ("unsure", None)


def write_pairs(url: str, stop: threading.Event, pairs: list[int]) -> None:
    """An organisation and its area, in one transaction, over and over."""
    with psycopg.connect(libpq(url), autocommit=True) as connection:
        while not stop.is_set():
            with connection.transaction():
                made = connection.execute(
                    "INSERT INTO organisations (public_id, name, short_name, folded, kind) "
                    "VALUES (md5(random()::text), 'Pendant', 'Pendant', 'pendant', 'association') RETURNING id"
                ).fetchone()
                connection.execute(
                    "INSERT INTO organisation_areas (organisation_id, department_code) VALUES (%s, '44')", made
                )
            pairs[0] += 1


def erase_one(url: str) -> tuple[int, str]:
    """Erase a household whose name nobody else has, as the installation's own task does: (record, name)."""
    with psycopg.connect(libpq(url)) as connection:
        found = connection.execute(
            "SELECT min(household_id), last_name FROM members GROUP BY last_name HAVING count(DISTINCT household_id) = 1 ORDER BY 1 LIMIT 1"
        ).fetchone()
        assert found
        connection.execute(
            "WITH gone AS (DELETE FROM record_keys WHERE record_id = %s RETURNING record_id, public_id) "
            "INSERT INTO erasures (record_id, key_id) SELECT record_id, public_id FROM gone", found[:1],
        )  # fmt: skip
        connection.execute("SELECT odis.take_household(%s)", found[:1])
    return found


def _flip(archive: Path) -> None:
    path = archive / "base.dump"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.unlink()
    path.write_bytes(data)


def _lose(archive: Path) -> None:
    next(path for path in (archive / "documents").rglob("*") if path.is_file()).unlink()


def _add(archive: Path) -> None:
    (archive / "documents" / "ajout").write_bytes(b"x")


def _forge(archive: Path) -> None:
    """The dump and its hash in the manifest, both changed: the proof of the manifest is not."""
    _flip(archive)
    path = archive / "manifeste.json"
    told = json.loads(path.read_text())
    told["parts"]["base.dump"][1] = "0" * 64
    path.unlink()
    path.write_text(json.dumps(told))


def _headless(archive: Path) -> None:
    (archive / "manifeste.json").unlink()


def _newer(archive: Path) -> None:
    path = archive / "manifeste.json"
    told = json.loads(path.read_text())
    path.unlink()
    path.write_text(json.dumps(told | {"format": 9}))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (_flip, "base.dump a été modifié depuis la sauvegarde"),
        (_lose, "manque dans cette sauvegarde"),
        (_add, "documents/ajout n’est pas dans le manifeste"),
        (_forge, "Le manifeste de cette sauvegarde a été modifié"),
        (_headless, "son manifeste manque"),
        (_newer, "format inconnu (9)"),
    ],
)
def test_an_altered_archive_is_refused_before_anything_is_written(saved, installation, data_dir, change, sentence):
    altered = data_dir / "copie"
    shutil.copytree(saved[0], altered, copy_function=os.link)
    change(altered)
    said = odis(data_dir / "neuf", "restore", str(altered), **keys_of(installation))
    assert said.returncode == 2
    assert sentence in said.stderr
    assert not (data_dir / "neuf" / "postgres").exists()


def test_other_keys_open_nothing(saved, installation, data_dir):
    for name in ("ODIS_MASTER_KEY", "ODIS_INDEX_KEY"):
        other = new_key() if name == "ODIS_INDEX_KEY" else f"1:{new_key()}"
        said = odis(data_dir / "neuf", "restore", str(saved[0]), **keys_of(installation) | {name: other})
        assert said.returncode == 2
        assert f"{name}" in said.stderr
        assert "n’est pas celle de cette sauvegarde" in said.stderr
    assert not (data_dir / "neuf" / "postgres").exists()


def test_what_is_not_empty_is_not_overwritten(saved, installation):
    with Open(installation) as addresses:
        before = tables(addresses.admin)
    said = odis(installation, "restore", str(saved[0]), **keys_of(installation))
    assert said.returncode == 2
    assert "n’est pas vide : une restauration n’écrase rien" in said.stderr
    with Open(installation) as addresses:
        assert tables(addresses.admin) == before
    again = odis(installation, "backup", str(saved[0]), ODIS_DEMO="1")
    assert again.returncode == 2
    assert "existe déjà" in again.stderr


@pytest.fixture
def waiting(installation, data_dir) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """A backup stopped in the middle of the dump: a table that it wants is locked."""
    target = data_dir / "jeudi"
    with Open(installation) as addresses, psycopg.connect(libpq(addresses.admin)) as blocker:
        blocker.execute("LOCK TABLE members IN ACCESS EXCLUSIVE MODE")
        command = [sys.executable, "-m", "odis_app.cli", "backup", str(target)]
        more = {**addresses.environment(), **keys_of(installation), "ODIS_DEMO": "1"}
        with subprocess.Popen(
            command, env=environment(installation, **more), cwd=ROOT, stderr=subprocess.PIPE, text=True
        ) as running:
            while not _waits_for_the_lock(addresses.admin):
                assert running.poll() is None, running.stderr and running.stderr.read()
            yield running, target
            running.kill()


def _waits_for_the_lock(url: str) -> bool:
    with psycopg.connect(libpq(url)) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE usename = 'odis_backup' AND wait_event_type = 'Lock' AND pg_sleep(0.05) IS NOT NULL"
        ).fetchone()
    return bool(row and row[0])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_backup_is_no_backup(waiting, installation, number):
    running, target = waiting
    running.send_signal(number)
    assert running.wait(60) != 0
    assert not target.exists()
    left = [path for path in target.parent.iterdir() if path.name.endswith(".en-cours")]
    assert bool(left) == (number is signal.SIGKILL)
    for path in left:
        said = odis(target.parent / "neuf", "restore", str(path), **keys_of(installation))
        assert "n’est pas une sauvegarde entière" in said.stderr


def test_a_restoration_that_was_cut_is_closed_to_everyone_and_begun_again(saved, installation, data_dir):
    archive, keys, held = saved
    new, more = data_dir / "neuf", keys_of(installation)
    (data_dir / "effacements").write_text("")  # not a folder of erasures: refused by the command before it begins
    assert odis(new, "restore", str(archive), "--erasures", str(data_dir / "effacements"), **more).returncode == 2
    words = ("restore", str(archive), "--keys", str(keys))
    assert odis(new, *words, **more).returncode == 0
    with Open(new) as addresses, psycopg.connect(libpq(addresses.migrate), autocommit=True) as connection:
        connection.execute(
            "COMMENT ON DATABASE odis IS 'odis : restauration en cours'"
        )  # as if the last step was missing
        connection.execute("DELETE FROM journal_entries")
    refused = odis(new, "serve", "--demo", "--port", str(free_port()), **more)
    assert refused.returncode == 2
    assert "La restauration de cette base n’est pas finie" in refused.stderr
    again = odis(new, *words, **more)
    assert again.returncode == 0, again.stdout + again.stderr
    with Open(new) as addresses:
        assert tables(addresses.admin) == held


@pytest.mark.skipif(not INSTALLED, reason="needs the system's own PostgreSQL")
def test_an_outside_server_older_than_ours_is_saved_and_restored_by_its_own_tools(
    theirs, saved, installation, data_dir
):
    admin = theirs.url(SUPERUSER, "postgres")
    more = {"ODIS_MASTER_KEY": f"1:{new_key()}", "ODIS_INDEX_KEY": new_key(), "ODIS_DATABASE_URL": libpq(admin)}
    ours = data_dir / "ours"
    addresses = roles.prepare(admin, ours)
    migrate.upgrade(addresses.migrate, identity_key="ab" * 32, instance_kind="production")
    held = tables(addresses.admin)
    said = odis(ours, "backup", str(data_dir / "quinze"), **more)
    assert said.returncode == 0, said.stdout + said.stderr
    told = json.loads((data_dir / "quinze" / "manifeste.json").read_text())
    assert (told["server"], told["tool"]) == (15, 15)
    with psycopg.connect(libpq(admin), autocommit=True) as connection:
        connection.execute("DROP DATABASE odis")
    said = odis(ours, "restore", str(data_dir / "quinze"), **more)
    assert said.returncode == 0, said.stdout + said.stderr
    back = tables(addresses.admin)
    assert back.pop("public.key_checks") == held.pop("public.key_checks")
    assert back == held
    with psycopg.connect(libpq(admin), autocommit=True) as connection:
        connection.execute("DROP DATABASE odis")
    newer = odis(ours, "restore", str(saved[0]), **more | keys_of(installation))
    assert newer.returncode == 2
    assert "ce serveur est un PostgreSQL 15" in newer.stderr


def test_the_right_pg_dump_is_found_or_named(tmp_path):
    for major in ("14", "16", "18"):
        path = tmp_path / major / "pg_dump"
        path.parent.mkdir()
        path.write_text(f"#!/bin/sh\necho 'pg_dump (PostgreSQL) {major}.2 (autre 99)'\n")
        path.chmod(0o755)
    folders = [tmp_path / major for major in ("18", "14", "16")]
    assert pgtools.tool("pg_dump", 15, folders) == (tmp_path / "16" / "pg_dump", 16)
    assert pgtools.tool("pg_dump", 16, folders)[1] == 16
    with pytest.raises(ServiceError, match="pg_dump 18 est plus ancien que le serveur PostgreSQL 19"):
        pgtools.tool("pg_dump", 19, folders)
    with pytest.raises(ServiceError, match="pg_dump est introuvable : installez le paquet « postgresql-client-15 »"):
        pgtools.tool("pg_dump", 15, [tmp_path])


def test_a_role_that_a_wall_stops_makes_no_backup(installation, data_dir):
    with Open(installation) as addresses:
        more = {**addresses.environment(), **keys_of(installation), "ODIS_DEMO": "1"}
        said = odis(
            installation, "backup", str(data_dir / "x"), **more | {"ODIS_BACKUP_DATABASE_URL": addresses.worker}
        )
    assert said.returncode == 2
    assert "ne lit pas toute la base" in said.stderr
    assert not (data_dir / "x").exists()
