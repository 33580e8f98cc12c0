"""Depositing, who reads, what is stored, the antivirus, a store that fails."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from odis_app.core.config import libpq
from odis_app.core.crypto import UnreadableError
from odis_app.core.db import db, token_hash, unit_of_work
from odis_app.core.errors import RuleError
from odis_app.core.ids import new_public_id, new_token
from odis_app.documents import operations
from odis_app.documents.enums import Audience, DocumentState
from odis_app.documents.policy import find_clean_document, find_document, visible_documents
from odis_app.documents.storage import Store, StoreError
from odis_app.journal import operations as journal
from odis_app.journal.policy import find_entry
from tests.documents.conftest import PDF, acting_pdf, picture, upload
from tests.journal.conftest import EVERYBODY, Circle, public_id_of
from tests.journal.test_walls import EXPECTED
from tests.support.clamav import clamav, closed_port
from tests.support.worlds import open_class2, owner_unit

__all__ = ["clamav"]

Put = Callable[..., str]


def first_wall(circle: Circle, name: str) -> set[str]:
    with circle[name].acting() as identity:
        pass
    with owner_unit():
        return {document.public_id for document in db.execute(visible_documents(identity)).scalars()}


def second_wall(circle: Circle, name: str) -> set[str]:
    with circle[name].acting():
        return set(db.execute(text("SELECT public_id FROM documents")).scalars())


def attach(circle: Circle, author: str, audience: Audience, reader: str = "", data: bytes = PDF) -> tuple[str, str]:
    """A note with a document: their public ids."""
    readers = [public_id_of(circle[reader])] if reader else []
    with circle[author].acting() as identity:
        document = operations.store_document(identity, **circle.place, upload=upload(data), audience=audience)
        entry = journal.add_entry(
            identity, **circle.place, body="Voir la pièce.", audience=audience, readers=readers, documents=[document]
        )
        return entry.public_id, document.public_id


@pytest.mark.parametrize("wall", [first_wall, second_wall])
def test_an_attachment_goes_where_its_note_goes(circle: Circle, wall: Callable[[Circle, str], set[str]]) -> None:
    stored = {key: attach(circle, key[0], key[1], key[2])[1] for key in EXPECTED}
    read = {name: wall(circle, name) for name in EVERYBODY}
    for key, document in stored.items():
        assert {name for name in EVERYBODY if document in read[name]} == EXPECTED[key], key


@pytest.mark.parametrize("wall", [first_wall, second_wall])
def test_health_documents_want_an_open_installation_and_a_right(
    circle: Circle, store: Put, wall: Callable[[Circle, str], set[str]]
) -> None:
    open_class2()
    try:
        document = store("author", sensitivity=2)
        assert {name for name in EVERYBODY if document in wall(circle, name)} == {"author", "colleague", "coordinator"}
        open_class2(False)
        assert not any(document in wall(circle, name) for name in EVERYBODY)
    finally:
        open_class2(False)


def test_a_health_document_is_refused_where_health_is_closed(circle: Circle, store: Put) -> None:
    with pytest.raises(RuleError) as refusal:
        store("author", sensitivity=2)
    assert refusal.value.field == "sensitivity"


def test_moderating_a_note_takes_its_documents_away(circle: Circle) -> None:
    entry, document = attach(circle, "partner", Audience.PARTENAIRES)
    with circle["coordinator"].acting() as identity:
        journal.moderate_entry(identity, entry=find_entry(identity, entry), reason="Pièce d’une autre famille.")
    for name in ("author", "partner", "coordinator"):
        with circle[name].acting() as identity:
            assert find_document(identity, document) is None, name


def test_nobody_attaches_somebody_elses_document(circle: Circle, store: Put) -> None:
    document = store("author")
    with circle["partner"].acting() as identity:
        found = find_document(identity, document)
    with pytest.raises(ProgrammingError, match="row-level security"), circle["partner"].acting() as identity:
        journal.add_entry(identity, **circle.place, body="Voir.", audience=Audience.PARTENAIRES, documents=[found])


@pytest.mark.parametrize("name", ["minimal", "state_without", "other", "expired", "revoked"])
def test_nobody_deposits_on_a_file_that_they_do_not_hold(circle: Circle, store: Put, name: str) -> None:
    with pytest.raises(
        PermissionError, match="the key of this record"
    ):  # the row's own wall: tests/access/test_keys.py
        store(name)


def test_bytes_and_name_are_sealed_and_bound_to_their_document(
    circle: Circle, store: Put, app: Flask, admin_url: str
) -> None:
    marked = PDF + b"MARQUEUR-CONTENU"
    first, second = store("author", data=marked, filename="MARQUEUR-NOM.pdf"), store("author")
    root = app.config["ODIS"].documents_dir
    assert not any(b"MARQUEUR" in path.read_bytes() for path in root.rglob("*") if path.is_file())
    with psycopg.connect(libpq(admin_url), autocommit=True) as connection:
        told = " ".join(row[0] for row in connection.execute("SELECT row_to_json(d)::text FROM documents d").fetchall())
        assert "MARQUEUR" not in told
        assert b"MARQUEUR".hex() not in told
    with circle["author"].acting() as identity:
        document = find_document(identity, first)
        assert (operations.content_of(document), document.name) == (marked, "MARQUEUR-NOM.pdf")
    with psycopg.connect(libpq(admin_url), autocommit=True) as connection:
        keys = dict(connection.execute("SELECT public_id, storage_key FROM documents").fetchall())
    (root / keys[second]).write_bytes((root / keys[first]).read_bytes())
    with circle["author"].acting() as identity, pytest.raises(UnreadableError):
        operations.content_of(find_document(identity, second))


def test_a_photo_is_stored_without_its_position(circle: Circle, store: Put) -> None:
    public_id = store("author", data=picture(), filename="photo.jpg")
    with circle["author"].acting() as identity:
        document = find_document(identity, public_id)
        assert b"MARQUEUR-APPAREIL" not in operations.content_of(document)
        assert document.name == "photo.jpg"


def test_a_pdf_is_kept_without_what_acts_by_itself(circle: Circle, store: Put) -> None:
    public_id = store("author", data=acting_pdf(), filename="dossier.pdf")
    with circle["author"].acting() as identity:
        document = find_document(identity, public_id)
        assert document is not None
        kept = operations.content_of(document)
    assert kept.startswith(b"%PDF-")
    assert b"MARQUEUR-SCRIPT" in acting_pdf()
    assert b"MARQUEUR" not in kept


def test_withdrawing_is_for_who_deposited_and_for_the_coordination(circle: Circle, store: Put) -> None:
    from odis_app.documents.policy import withdraws

    public_id = store("partner")
    rights = {}
    for name in ("author", "coordinator", "partner", "chosen"):
        with circle[name].acting() as identity:
            rights[name] = withdraws(identity, find_document(identity, public_id))
    assert rights == {"author": False, "coordinator": True, "partner": True, "chosen": False}
    with circle["coordinator"].acting() as identity:
        operations.withdraw_document(identity, document=find_document(identity, public_id))
    with circle["partner"].acting() as identity:
        assert find_document(identity, public_id) is None


# ── The store ───────────────────────────────────────────────────────────────


def files_under(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


def test_a_full_disk_leaves_nothing_half_written(
    circle: Circle, store: Put, installation: Callable[..., None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    installation(data_dir=tmp_path)
    real = Store.put

    def full(self: Store, key: str, sealed: bytes) -> None:
        opened = self.files.open

        def short(path: str, mode: str):
            file = opened(path, mode)
            write = file.write

            def fail(data: bytes) -> int:
                write(data[: len(data) // 2])
                raise OSError(errno.ENOSPC, "No space left on device")

            file.write = fail  # type: ignore[method-assign]
            return file

        monkeypatch.setattr(self.files, "open", short)
        real(self, key, sealed)

    monkeypatch.setattr(Store, "put", full)
    with pytest.raises(RuleError) as refusal:
        store("author")
    assert refusal.value.message == operations.STORE_DOWN
    assert files_under(tmp_path) == []
    assert second_wall(circle, "author") == set()


def test_a_transaction_that_fails_later_forgets_the_file(
    circle: Circle, installation: Callable[..., None], tmp_path: Path
) -> None:
    installation(data_dir=tmp_path)
    with pytest.raises(RuleError, match="Écrivez"), circle["author"].acting() as identity:  # noqa: PT012 - one transaction
        document = operations.store_document(
            identity, **circle.place, upload=upload(PDF), audience=Audience.PARTENAIRES
        )
        assert len(files_under(tmp_path)) == 1
        journal.add_entry(identity, **circle.place, body="", audience=Audience.PARTENAIRES, documents=[document])
    assert files_under(tmp_path) == []


def test_a_lost_file_is_told_and_a_strange_key_refused(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with pytest.raises(StoreError):
        store.get("ab/absent")
    with pytest.raises(ValueError, match="storage key"):
        store.get("../secret")


# ── The antivirus ───────────────────────────────────────────────────────────


def test_the_antivirus_lets_through_and_refuses(
    circle: Circle, store: Put, installation: Callable[..., None], clamav: str
) -> None:
    installation(clamav=clamav)
    big = store("author", data=PDF + bytes(200_000))
    with pytest.raises(RuleError) as refusal:
        store("author", data=PDF + b"EICAR")
    assert refusal.value.message == operations.INFECTED
    with circle["author"].acting() as identity:
        assert find_clean_document(identity, big) is not None
    assert second_wall(circle, "author") == {big}


def test_without_answer_a_file_waits_in_quarantine_and_leaves_it_by_the_antivirus(
    circle: Circle, store: Put, installation: Callable[..., None], clamav: str
) -> None:
    installation(clamav=closed_port())
    clean, infected = store("author"), store("author", data=PDF + b"EICAR")
    with circle["author"].acting() as identity:
        assert find_clean_document(identity, clean) is None
        with pytest.raises(RuleError, match="ne répond pas encore"):
            operations.scan_document(identity, document=find_document(identity, clean))
    installation(clamav=clamav)
    with circle["author"].acting() as identity:
        assert operations.scan_document(identity, document=find_document(identity, clean)) is DocumentState.CLEAN
        assert operations.scan_document(identity, document=find_document(identity, infected)) is DocumentState.REFUSED
    with circle["colleague"].acting() as identity:
        assert find_clean_document(identity, clean) is not None
        assert find_clean_document(identity, infected) is None


def test_the_installations_round_empties_the_quarantine(
    circle: Circle, store: Put, installation: Callable[..., None], clamav: str
) -> None:
    installation(clamav=closed_port())
    waiting = [store("author"), store("partner", Audience.ORGANISATION)]
    installation(clamav=clamav)
    token = new_token()
    with unit_of_work(None, engine_name="worker"):
        db.execute(
            text("SELECT odis.mint_system_token(:hash, :id, 'antivirus', 5)"),
            {"hash": token_hash(token), "id": new_public_id()},
        )
    with unit_of_work(token, engine_name="worker") as unit:
        assert operations.scan_quarantine(unit.identity) == 2
    for name, public_id in zip(("author", "partner"), waiting, strict=True):
        with circle[name].acting() as identity:
            assert find_clean_document(identity, public_id) is not None


def test_bare_sql_does_not_let_a_file_out_of_quarantine(
    circle: Circle, store: Put, installation: Callable[..., None]
) -> None:
    installation(clamav=closed_port())
    public_id = store("author")
    with pytest.raises(ProgrammingError, match="permission denied"), circle["author"].acting():
        db.execute(text("UPDATE documents SET state = 'clean' WHERE public_id = :id"), {"id": public_id})
    with circle["partner"].acting():
        moved = db.execute(
            text("SELECT odis.record_scan(id, 'clean') FROM documents WHERE public_id = :id"), {"id": public_id}
        ).scalar_one()
    assert moved is False
