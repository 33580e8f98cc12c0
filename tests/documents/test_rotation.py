"""Keys change, what they sealed stays readable: two masters then one, a rotation killed half-way, one record's own key, keys kept apart."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from flask import Flask
from sqlalchemy import select, text

from odis_app.access import erasures, keys
from odis_app.access.models import RecordKey
from odis_app.core import crypto
from odis_app.core.config import ROOT, Config, libpq
from odis_app.core.crypto import KeyProblemError, UnreadableError, new_key
from odis_app.core.db import configure, db, unit_of_work
from odis_app.core.jobs import request_job
from odis_app.documents import keys_backup, operations, resealing
from odis_app.documents.models import Document
from odis_app.documents.policy import find_document
from odis_app.documents.storage import Store, StoreError
from odis_app.households import queries
from odis_app.households.models import Household, Member, MemberSafety
from odis_app.households.operations import update_administrative, update_identity, update_member_safety
from odis_app.households.operations.protected import HealthNeed, Safety, as_told, update_health_needs
from odis_app.housing.models import OfferAddress, OfferHost, PlaceAddress
from odis_app.journal import queries as journal
from odis_app.journal.enums import Audience
from odis_app.journal.models import JournalEntry
from odis_app.journal.operations import add_entry, edit_entry, moderate_entry
from odis_app.structures.models import StructureAddress
from tests.documents.conftest import PDF
from tests.housing.conftest import Homes
from tests.journal.conftest import Circle
from tests.support.worlds import WorldBuilder, open_class2, owner_unit

Read = Callable[[], dict[str, object]]
SECOND = new_key()


@pytest.fixture
def rotating(database: Flask, admin_url: str) -> Iterator[Callable[[str], None]]:
    """``rotating("1,2")`` gives the process these masters; afterwards the session's own, and the fingerprints as they were."""
    config: Config = database.config["ODIS"]
    masters = {"1": config.master_key, "2": f"2:{SECOND}"}
    with psycopg.connect(libpq(admin_url), autocommit=True) as connection:
        kept = connection.execute("SELECT name, fingerprint FROM key_checks").fetchall()
        yield (
            lambda names: (
                crypto.configure(",".join(masters[name] for name in names.split(",")), config.index_key) and None
            )
        )
        crypto.configure(config.master_key, config.index_key)
        connection.execute("TRUNCATE key_checks")
        with connection.cursor() as cursor:
            cursor.executemany("INSERT INTO key_checks (name, fingerprint) VALUES (%s, %s)", kept)


@pytest.fixture
def filled(circle: Circle, store: Callable[..., str]) -> Read:
    """A file with something sealed in each place; reads all of it back, in clear."""
    open_class2()
    document = store("author", data=PDF + b"un contenu", filename="un nom.pdf")
    with circle["coordinator"].acting() as identity:
        household = db.get_one(Household, circle.record_id)
        given = {"household": household, "version": None}
        update_identity(identity, values={"phone": "+33639980123"}, **given)
        update_administrative(identity, values={"agdref": "9903123456", "ofii_number": "123456789"}, **given)
        update_health_needs(identity, values={"equipment": HealthNeed(2, None, "trois fois par semaine")}, **given)
        member = db.execute(select(Member).order_by(Member.id).limit(1)).scalar_one()
        safety = Safety(note="ne pas appeler", safe_channel="sms", safe_hours="le matin", no_message=False)
        update_member_safety(identity, member=member, safety=safety, **given)
    with circle["author"].acting() as identity:
        note = add_entry(identity, **circle.place, body="première version", audience=Audience.PARTENAIRES)
        edit_entry(identity, entry=note, version=1, body="seconde version", audience=Audience.PARTENAIRES)
        other = add_entry(identity, **circle.place, body="à masquer", audience=Audience.PARTENAIRES).public_id
        request_job(identity, task="jobs.reports.run", queue="bilans", kind="essai", label="Essai")
    with circle["coordinator"].acting() as identity:
        moderate_entry(
            identity,
            entry=db.execute(select(JournalEntry).where(JournalEntry.public_id == other)).scalar_one(),
            reason="un motif",
        )
    with owner_unit():
        totp = crypto.seal("JBSWY3DP", crypto.place("private.totp", "secret", circle["author"].user_id))
        db.execute(
            text("INSERT INTO private.totp (user_id, sealed, confirmed_at) VALUES (:id, :sealed, now())"),
            {"id": circle["author"].user_id, "sealed": totp},
        )
        mail = "INSERT INTO mails (public_id, template, sealed, useful_until) VALUES ('unmail', 'invitation', :sealed, now() + interval '1 day')"
        db.execute(
            text(mail),
            {"sealed": crypto.seal('{"to": "a@b.test", "context": {}}', crypto.place("mails", "sealed", "unmail"))},
        )

    def read() -> dict[str, object]:
        with unit_of_work(circle["coordinator"].token, readonly=True) as unit:
            household = db.get_one(Household, circle.record_id)
            found = find_document(unit.identity, document)
            assert found is not None
            entries = journal.timeline(unit.identity, circle.record_id).items
            rows = db.execute(select(JournalEntry)).scalars().all()
            said: dict[str, object] = {
                "phone": queries.phone_of(household), "agdref": queries.agdref_of(household), "ofii": queries.sealed_number(household, "ofii_number"),
                "health": [queries.health_detail(household, need) for need in queries.health_needs(household)],
                "document": operations.content_of(found), "name": found.name,
                "notes": sorted((entry.body, entry.moderation_reason) for entry in entries),
                "former": sorted(text.body for row in rows for text in journal.former_texts(row)),
            }  # fmt: skip
        with owner_unit():  # class 3 wants a renewed proof of identity: read behind the walls
            safety = db.execute(select(MemberSafety).where(MemberSafety.note_sealed.is_not(None))).scalar_one()
            said["safety"] = as_told(db.get_one(Member, safety.member_id), safety), safety.assessed_by_label
            row = db.execute(text("SELECT sealed FROM private.totp")).scalar_one()
            said["totp"] = crypto.unseal(bytes(row), crypto.place("private.totp", "secret", circle["author"].user_id))
            job = db.execute(text("SELECT public_id, sealed_token FROM jobs")).one()
            said["token"] = crypto.unseal(bytes(job.sealed_token), crypto.place("jobs", "sealed_token", job.public_id))
            sealed = db.execute(text("SELECT sealed FROM mails")).scalar_one()
            said["mail"] = crypto.unseal(bytes(sealed), crypto.place("mails", "sealed", "unmail"))
        return said

    return read


def _headers() -> dict[str, set[tuple[int, int]]]:
    """(owner, version) of every sealed value, per column."""
    with owner_unit():
        return {
            f"{c.table}.{c.column}": {(bytes(v)[0], bytes(v)[1]) for v in db.execute(text(f"SELECT {c.column} FROM {c.table} WHERE {c.column} IS NOT NULL")).scalars()}
            for c in resealing.COLUMNS
        }  # fmt: skip


def test_two_masters_then_one_and_everything_is_read(
    circle: Circle, filled: Read, rotating: Callable[[str], None], database: Flask
) -> None:
    before = filled()
    assert before["notes"] == [("", "un motif"), ("seconde version", "")]
    rotating("1,2")
    with owner_unit():
        assert resealing.pending().values.keys() >= {
            "record_keys.key_sealed",
            "private.totp.sealed",
            "jobs.sealed_token",
            "mails.sealed",
        }
        crypto.verify_database(db.connection())
    configure("owner", database.config["ODIS"].migrate_database_url, pool_size=1)
    told: list[str] = []
    assert resealing.rotate_master(Store(database.config["ODIS"].documents_dir), told.append).is_nothing
    assert told
    rotating("2")
    assert filled() == before
    versions = _headers()
    assert versions["record_keys.key_sealed"] == versions["private.totp.sealed"] == {(crypto.INSTALLATION, 2)}
    assert versions["household_identities.phone_sealed"] == {
        (crypto.RECORD, 1)
    }  # its key was wrapped again, it was not touched
    with owner_unit():
        crypto.verify_database(db.connection())
        assert set(db.execute(text("SELECT name FROM key_checks WHERE name LIKE 'master:%'")).scalars()) == {"master:2"}
    rotating("1")
    with pytest.raises(KeyProblemError, match="version 2, manque"), owner_unit():
        crypto.verify_database(db.connection())
    with pytest.raises(UnreadableError):
        filled()


def test_a_start_without_the_master_of_a_record_key_is_refused(circle: Circle, rotating: Callable[[str], None]) -> None:
    with owner_unit():
        db.execute(text("DELETE FROM key_checks WHERE name = 'master:1'"))  # as after a restoration of older keys
    rotating("2")
    with pytest.raises(KeyProblemError, match="version 1, manque : les clés de dossiers"), owner_unit():
        crypto.verify_database(db.connection())


def _command(config: Config, *words: str) -> tuple[list[str], dict[str, str]]:
    master = f"{config.master_key},2:{SECOND}"
    environ = {**os.environ, **replace(config, master_key=master).environment()}
    return [sys.executable, "-m", "odis_app.cli", "keys", *words], environ


def test_a_rotation_killed_between_two_batches_goes_on_where_it_was(
    circle: Circle, filled: Read, rotating: Callable[[str], None], database: Flask, admin_url: str
) -> None:
    before, config = filled(), database.config["ODIS"]
    command, environ = _command(config, "rotate", "--batch", "1")
    with psycopg.connect(
        libpq(admin_url)
    ) as blocker:  # the rotation waits at the mails: it cannot end before it is killed
        blocker.execute("LOCK TABLE mails IN ACCESS EXCLUSIVE MODE")
        with subprocess.Popen(command, env=environ, cwd=ROOT, stdout=subprocess.PIPE, text=True) as running:
            assert running.stdout is not None
            assert "record_keys.key_sealed" in running.stdout.readline()
            running.kill()
    rotating("1,2")
    versions = _headers()
    assert versions["record_keys.key_sealed"] == {(crypto.INSTALLATION, 2)}
    assert versions["mails.sealed"] == {(crypto.INSTALLATION, 1)}
    assert filled() == before  # half-way, everything is read
    ended = subprocess.run(command, env=environ, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ended.returncode, "Tout est sous la clé en cours." in ended.stdout) == (0, True), (
        ended.stdout + ended.stderr
    )
    rotating("2")
    assert filled() == before
    command, environ = _command(config, "status")
    said = subprocess.run(command, env=environ, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (said.returncode, "1 clés de dossiers sous la version 2." in said.stdout) == (0, True), (
        said.stdout + said.stderr
    )


def test_what_cannot_be_read_is_told_and_its_key_is_kept(
    circle: Circle, filled: Read, rotating: Callable[[str], None], database: Flask
) -> None:
    with owner_unit():
        crypto.verify_database(db.connection())
        db.execute(text("UPDATE mails SET sealed = set_byte(sealed, 20, (get_byte(sealed, 20) + 1) % 256)"))
    rotating("1,2")
    configure("owner", database.config["ODIS"].migrate_database_url, pool_size=1)
    left = resealing.rotate_master(Store(database.config["ODIS"].documents_dir), lambda _said: None)
    assert left.values == {"mails.sealed": 1}
    assert [where.split()[0] for where in left.unreadable] == ["mails.sealed"]
    with owner_unit():
        assert "master:1" in set(db.execute(text("SELECT name FROM key_checks")).scalars())


def test_one_record_changes_its_key_and_its_files(circle: Circle, filled: Read, database: Flask) -> None:
    before, files = filled(), Store(database.config["ODIS"].documents_dir)
    with owner_unit():
        former = db.execute(select(Document.storage_key)).scalar_one()
        wrapped = db.execute(select(RecordKey.key_sealed)).scalar_one()
        sealed = db.execute(text("SELECT phone_sealed FROM household_identities")).scalar_one()
    configure("owner", database.config["ODIS"].migrate_database_url, pool_size=1)
    assert resealing.rotate_record(circle.record_id, files) >= 8
    assert filled() == before
    with owner_unit():
        row = db.execute(select(RecordKey)).scalar_one()
        assert (row.version, row.key_sealed != wrapped) == (2, True)
        assert not files.files.exists(f"{files.root}/{former}")
    with circle["author"].acting(), pytest.raises(UnreadableError):  # what was copied before is no use any more
        keys.unseal(circle.record_id, bytes(sealed), crypto.place("household_identities", "phone", "x"))
    assert all(found <= {(crypto.RECORD, 2), (crypto.INSTALLATION, 1)} for found in _headers().values())


def test_a_home_changes_its_key_and_its_address_its_host_and_its_label_are_read(
    world: WorldBuilder, database: Flask
) -> None:
    """An offer that opened a place, and a secret structure with two: what hangs on a record follows its key, the rest keeps its own."""
    made, association, operator = Homes(), world.actor("association", "44"), world.actor("operateur", "44")
    offer = made.offer(association, stage="validated", specialised_fvv_teh=True)
    structure = made.structure(operator, secret=True)
    for _place in range(2):
        made.place(operator, structure=structure, secret=True)

    def read() -> list[tuple[str, ...]]:
        named = {
            OfferHost: ("name", "phone", "email", "siret", "note"), OfferAddress: ("commune_code", "address"),
            PlaceAddress: ("label", "commune_code", "address"), StructureAddress: ("name", "commune_code", "address"),
        }  # fmt: skip
        found = []
        for actor in (association, operator):
            with actor.acting():
                for model, names in named.items():
                    rows = db.execute(select(model)).scalars()
                    found += sorted(tuple(getattr(row, name) for name in names) for row in rows)
        return found

    before = read()
    assert len(before) == 6
    configure("owner", database.config["ODIS"].migrate_database_url, pool_size=1)
    files = Store(database.config["ODIS"].documents_dir)
    assert (resealing.rotate_record(offer.id, files), resealing.rotate_record(structure.id, files)) == (8, 9)
    assert read() == before
    homes = ("offer_hosts.", "offer_addresses.", "place_addresses.", "structure_addresses.")
    versions = {name: found for name, found in _headers().items() if name.startswith(homes) and found}
    assert set(map(frozenset, versions.values())) == {frozenset({(crypto.RECORD, 2)})}


def test_a_rotation_of_one_record_that_fails_changes_nothing(circle: Circle, filled: Read, database: Flask) -> None:
    before, root = filled(), database.config["ODIS"].documents_dir
    with owner_unit():
        [lost] = [root / key for key in db.execute(select(Document.storage_key)).scalars()]
    lost.rename(lost.with_suffix(".ailleurs"))
    kept = sorted(path for path in root.rglob("*") if path.is_file())
    configure("owner", database.config["ODIS"].migrate_database_url, pool_size=1)
    with pytest.raises(StoreError):
        resealing.rotate_record(circle.record_id, Store(root))
    assert sorted(path for path in root.rglob("*") if path.is_file()) == kept
    lost.with_suffix(".ailleurs").rename(lost)
    with owner_unit():
        assert db.execute(select(RecordKey.version)).scalar_one() == 1
    assert filled() == before


def test_keys_are_kept_apart_for_a_while_and_an_erased_file_does_not_come_back(
    circle: Circle, filled: Read, database: Flask, tmp_path: Path
) -> None:
    before, log = filled(), tmp_path / "effacements"
    keys.configure(log)
    with owner_unit():
        path, count = keys_backup.write(tmp_path / "cles")
        assert (count, path.stat().st_mode & 0o777) == (1, 0o600)
        db.execute(text("DELETE FROM record_keys"))
    with pytest.raises(UnreadableError):
        filled()
    with owner_unit():
        assert (keys_backup.read(path, log), keys_backup.read(path, log)) == (1, 0)
    assert filled() == before
    with circle["coordinator"].acting() as identity:
        assert keys.shred(identity, circle.record_id)
    with owner_unit():
        assert keys_backup.read(path, log) == 0
    (tmp_path / "cles" / "cles-2001-01-01-000000.jsonl").write_text("{}")
    assert keys_backup.forget_old(tmp_path / "cles", 30) == 1
    assert path.exists()
    keys.configure(database.config["ODIS"].erasures_dir)


def test_erase_restore_yesterday_unreadable(
    circle: Circle, filled: Read, database: Flask, admin_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Yesterday's copy of the whole database brings the key back; the log, which is in no database, destroys it again."""
    log = tmp_path / "effacements"
    keys.configure(log)
    tables = ("record_keys", "household_identities", "journal_entries", "journal_revisions", "documents", "erasures")
    with psycopg.connect(libpq(admin_url), autocommit=True) as connection:
        columns = {
            t: ", ".join(r[0] for r in connection.execute("SELECT column_name FROM information_schema.columns WHERE table_name = %s AND is_generated = 'NEVER' AND table_schema = 'public' ORDER BY ordinal_position", (t,)))
            for t in tables
        }  # fmt: skip
        yesterday = {}
        for table in tables:
            with connection.cursor().copy(f"COPY {table} ({columns[table]}) TO STDOUT") as copy:
                yesterday[table] = b"".join(bytes(block) for block in copy)
        with circle["coordinator"].acting() as identity:
            assert keys.shred(identity, circle.record_id)
        connection.execute("SET session_replication_role = replica")
        for table in tables:
            connection.execute(f"DELETE FROM {table}")
            with connection.cursor().copy(f"COPY {table} ({columns[table]}) FROM STDIN") as copy:
                copy.write(yesterday[table])
    filled()  # the restored base is readable: this is what the replay is for
    registered = list(erasures._after_replay)
    monkeypatch.setattr(erasures, "_after_replay", [])
    with owner_unit():
        assert erasures.replay(log) == [circle.record_id]
    with pytest.raises(UnreadableError, match="destroyed"):
        filled()
    with owner_unit():  # and what is in clear goes with it
        for callback in registered:
            callback([circle.record_id], [])
        for table in ("records", "households", "household_identities", "journal_entries", "documents"):
            assert db.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() == 0, table
    keys.configure(database.config["ODIS"].erasures_dir)


@pytest.mark.parametrize("process", ["web", "worker"])
def test_nothing_starts_with_another_master_key(rotating: Callable[[str], None], database: Flask, process: str) -> None:
    """One sentence and an exit code: not one page, not one job under a key that is not the installation's."""
    with owner_unit():
        crypto.verify_database(db.connection())
    config = replace(database.config["ODIS"], master_key=f"1:{new_key()}")
    command = [sys.executable, "-m", "odis_app.cli", process]
    environ = {**os.environ, **config.environment()}
    said = subprocess.run(command, env=environ, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert said.returncode == 2
    assert "ODIS_MASTER_KEY, version 1, n’est pas la clé de cette base" in said.stderr
    assert "Traceback" not in said.stderr
