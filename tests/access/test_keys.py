"""The key of a record: made with it, read by exactly those who read what it seals, destroyed for ever."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError

from odis_app.access import erasures, keys
from odis_app.access.models import Erasure, Record, RecordKey
from odis_app.core import crypto
from odis_app.core.crypto import UnreadableError, place
from odis_app.core.db import current_unit, db, unit_of_work
from odis_app.documents.enums import Audience as DocumentAudience
from odis_app.documents.operations import store_document
from odis_app.journal import queries as journal
from odis_app.journal.enums import Audience
from odis_app.journal.models import JournalEntry
from odis_app.journal.operations import add_entry, add_system_entry
from tests.documents.conftest import PDF, upload
from tests.journal.conftest import EVERYBODY, Circle
from tests.support.sql import recorded
from tests.support.worlds import owner_unit

HERE = place("journal_entries", "body_sealed", "a1b2")
HOLDERS = {"author", "colleague", "coordinator", "partner", "chosen", "state"}


@pytest.mark.parametrize("name", EVERYBODY)
def test_a_key_is_read_by_exactly_those_who_hold_the_record(circle: Circle, name: str) -> None:
    with circle[name].acting():
        seen = db.execute(select(RecordKey.record_id)).scalars().all()
    assert (seen == [circle.record_id]) is (name in HOLDERS)
    assert seen in ([], [circle.record_id])


def test_without_the_key_nothing_is_sealed_nor_read(circle: Circle) -> None:
    with circle["author"].acting():
        sealed = keys.seal(circle.record_id, "un récit", HERE)
        assert keys.unseal(circle.record_id, sealed, HERE) == "un récit".encode()
    with circle["minimal"].acting():
        with pytest.raises(UnreadableError, match="may not be read"):
            keys.unseal(circle.record_id, sealed, HERE)
        with pytest.raises(PermissionError, match="may not be read"):
            keys.seal(circle.record_id, "un récit", HERE)


def test_the_key_alone_opens_no_row(circle: Circle) -> None:
    """Two walls, one by one: somebody who got hold of the key still writes nothing on the file."""
    with circle["author"].acting():
        keys.load([circle.record_id])
        stolen = dict(current_unit().answers)
    with circle["minimal"].acting() as identity:
        current_unit().answers.update(stolen)
        with pytest.raises(ProgrammingError, match="row-level security"):
            store_document(identity, **circle.place, upload=upload(PDF), audience=DocumentAudience.PARTENAIRES)
        db.rollback()


def test_a_key_cannot_be_hung_on_a_neighbours_record_nor_changed(circle: Circle) -> None:
    insert = text(
        "INSERT INTO record_keys (record_id, owner_org_id, public_id, version, key_sealed, made_at) "
        "VALUES (:record, :org, 'x', 1, '\\x0001', now())"
    )
    for record in (circle.record_id, 10**9):
        with pytest.raises(IntegrityError, match="fk_record_keys_record"), circle["partner"].acting() as identity:
            db.execute(insert, {"record": record, "org": identity.org_id})
    with pytest.raises(ProgrammingError, match="row-level security"), circle["partner"].acting():
        db.execute(insert, {"record": circle.record_id, "org": circle.owner_org_id})
    for statement in ("UPDATE record_keys SET version = 2", "DELETE FROM record_keys", "DELETE FROM erasures"):
        with pytest.raises(ProgrammingError, match="permission denied"), circle["author"].acting():
            db.execute(text(statement))


def test_a_value_moved_to_another_record_row_or_column_is_refused(circle: Circle) -> None:
    with circle["author"].acting() as identity:
        other = Record(kind="household", owner_org_id=identity.require_org(), department_code="44")
        db.add(other)
        db.flush()
        keys.create_one(other.id, other.owner_org_id)
        sealed = keys.seal(circle.record_id, "un récit", HERE)
        with pytest.raises(UnreadableError):
            keys.unseal(other.id, sealed, HERE)
        for elsewhere in ("c3d4", "a1b2"):
            column = "body_sealed" if elsewhere == "c3d4" else "moderation_reason_sealed"
            with pytest.raises(UnreadableError):
                keys.unseal(circle.record_id, sealed, place("journal_entries", column, elsewhere))
        with pytest.raises(UnreadableError):
            crypto.unseal(sealed, HERE)  # no master key reads it
        with pytest.raises(UnreadableError):
            crypto.unseal(bytes((crypto.INSTALLATION,)) + sealed[1:], HERE)


def test_a_wrapped_key_moved_to_another_record_is_refused(circle: Circle) -> None:
    with circle["author"].acting() as identity:
        other = Record(kind="household", owner_org_id=identity.require_org(), department_code="44")
        db.add(other)
        db.flush()
        keys.create_one(other.id, other.owner_org_id)
        number = other.id
    with owner_unit():
        swap = "UPDATE record_keys SET key_sealed = (SELECT key_sealed FROM record_keys WHERE record_id = :from) WHERE record_id = :to"
        db.execute(text(swap), {"from": circle.record_id, "to": number})
    with circle["author"].acting(), pytest.raises(UnreadableError):
        keys.load([number])


def test_a_page_of_notes_reads_one_key_once(circle: Circle) -> None:
    with circle["author"].acting() as identity:
        for number in range(6):
            add_entry(identity, **circle.place, body=f"Note {number}", audience=Audience.PARTENAIRES)
    with unit_of_work(circle["partner"].token, readonly=True) as unit, recorded() as statements:
        page = journal.timeline(unit.identity, circle.record_id)
        assert {entry.body for entry in page.items} == {f"Note {number}" for number in range(6)}
    assert sum("record_keys" in statement for statement in statements) == 1, statements.told()
    with unit_of_work(circle["partner"].token, readonly=True) as unit:
        assert not [name for name in unit.answers if "record key" in name]  # nothing outlives a unit


def test_what_the_file_tells_of_itself_is_sealed_by_the_installation(circle: Circle) -> None:
    """Whoever holds a minimal share causes such a sentence, and may not read the record's key."""
    with circle["minimal"].acting() as identity:
        add_system_entry(identity, **circle.place, body="Place proposée.")
    with circle["author"].acting() as identity:
        add_entry(identity, **circle.place, body="Écrit à la main.", audience=Audience.PARTENAIRES)
        found = {entry.body: entry.body_sealed for entry in db.execute(select(JournalEntry)).scalars()}
    assert crypto.is_of_record(found["Écrit à la main."])
    assert not crypto.is_of_record(found["Place proposée."])


# ── Destroying ──────────────────────────────────────────────────────────────


@pytest.fixture
def log(app: Flask, tmp_path: Path):
    """A log of erasures of the test's own."""
    keys.configure(tmp_path / "effacements")
    yield tmp_path / "effacements"
    keys.configure(app.config["ODIS"].erasures_dir)


@pytest.mark.parametrize("name", sorted(set(EVERYBODY) - {"coordinator"}))
def test_nobody_but_the_coordination_destroys_a_key(circle: Circle, log: Path, name: str) -> None:
    with circle[name].acting() as identity:
        assert keys.shred(identity, circle.record_id) is False
    with owner_unit():
        assert db.execute(select(RecordKey.record_id)).scalars().all() == [circle.record_id]
    assert erasures.lines(log) == []


def test_a_destroyed_key_leaves_the_unit_the_table_and_a_line_outside(circle: Circle, log: Path) -> None:
    with circle["coordinator"].acting() as identity:
        sealed = keys.seal(circle.record_id, "un récit", HERE)
        assert keys.shred(identity, circle.record_id) is True
        with pytest.raises(UnreadableError):
            keys.unseal(circle.record_id, sealed, HERE)
        assert erasures.lines(log) == []  # not before it is true
        assert keys.shred(identity, circle.record_id) is False
    with owner_unit():
        noted = db.execute(select(Erasure).where(Erasure.kind == erasures.OF_RECORDS)).scalar_one()
        assert db.execute(text("SELECT count(*) FROM audit_events WHERE action = 'record:shred'")).scalar_one() == 1
        [line] = erasures.lines(log)
        assert (line.record_id, line.key_id) == (noted.record_id, noted.key_id) == (circle.record_id, noted.key_id)
    with pytest.raises(PermissionError), circle["author"].acting() as identity:
        add_entry(identity, **circle.place, body="Trop tard.", audience=Audience.PARTENAIRES)


def test_what_is_undone_leaves_no_line(circle: Circle, log: Path) -> None:
    with pytest.raises(IntegrityError), circle["coordinator"].acting() as identity:  # noqa: PT012 - the unit is what fails
        assert keys.shred(identity, circle.record_id)
        db.execute(text("UPDATE households SET size = 0"))
    assert erasures.lines(log) == []
    with circle["author"].acting():
        assert keys.seal(circle.record_id, "un récit", HERE)


def test_a_line_lost_by_a_crash_is_written_at_the_next_round(circle: Circle, log: Path) -> None:
    with circle["coordinator"].acting() as identity:
        keys.shred(identity, circle.record_id)
    [line] = erasures.lines(log)
    for path in log.glob("*.jsonl"):
        path.write_text(path.read_text(encoding="utf-8")[:40], encoding="utf-8")
    assert erasures.lines(log) == []
    with owner_unit():
        assert (erasures.settle(log), erasures.settle(log)) == (2, 0)  # and the circle's share that was withdrawn
    [again] = [one for one in erasures.lines(log) if one.kind == erasures.OF_RECORDS]
    assert (again.record_id, again.key_id) == (line.record_id, line.key_id)


def test_a_restored_key_is_destroyed_again_and_a_new_record_of_that_number_is_left_alone(
    circle: Circle, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with owner_unit():
        kept = dict(db.execute(text("SELECT * FROM record_keys")).mappings().one())
    with circle["coordinator"].acting() as identity:
        keys.shred(identity, circle.record_id)
    told: list[list[int]] = []
    monkeypatch.setattr(erasures, "_after_replay", [lambda ids, others: told.append([*ids, *others]) or []])
    kept.pop("master")
    restore = text(
        "INSERT INTO record_keys (record_id, owner_org_id, public_id, version, key_sealed, made_at) "
        "VALUES (:record_id, :owner_org_id, :public_id, :version, :key_sealed, :made_at)"
    )
    with owner_unit():
        db.execute(text("DELETE FROM erasures"))  # yesterday's database knew nothing of it
        db.execute(restore, kept)
        assert erasures.replay(log) == [circle.record_id]
        assert db.execute(select(Erasure.key_id)).scalar_one() == kept["public_id"]
        db.execute(restore, kept | {"public_id": "unautredossier00"})
        assert erasures.replay(log) == []
    assert told == [[circle.record_id], []]


def test_the_database_itself_refuses_a_destruction_by_somebody_else(circle: Circle) -> None:
    with circle["partner"].acting():
        assert db.execute(text("SELECT * FROM odis.shred_key(:record)"), {"record": circle.record_id}).all() == []
    with pytest.raises(DBAPIError), circle["author"].acting():
        db.execute(text("TRUNCATE record_keys"))
