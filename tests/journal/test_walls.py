"""Who reads what, told by hand; each wall alone gives the same answer."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from odis_app.core.config import libpq
from odis_app.core.db import db
from odis_app.journal import operations
from odis_app.journal.enums import Audience
from odis_app.journal.policy import find_entry, visible_entries
from tests.journal.conftest import EVERYBODY, Circle, end
from tests.support.worlds import owner_unit

OWNERS = {"author", "colleague", "coordinator"}
PARTNERS = {"partner", "chosen"}
# (who writes, audience, who is chosen) → who reads; everybody else in EVERYBODY reads nothing
EXPECTED = {
    ("author", Audience.ORGANISATION, ""): OWNERS,
    ("author", Audience.PARTENAIRES, ""): OWNERS | PARTNERS,
    ("author", Audience.ETAT, ""): OWNERS | {"state"},
    ("author", Audience.CHOISIS, "chosen"): {"author", "chosen"},
    ("author", Audience.CHOISIS, "state"): {"author", "state"},
    ("partner", Audience.ORGANISATION, ""): PARTNERS,
    ("partner", Audience.PARTENAIRES, ""): OWNERS | PARTNERS,
    ("partner", Audience.ETAT, ""): PARTNERS | {"state"},
    ("partner", Audience.CHOISIS, "author"): {"partner", "author"},
    ("state", Audience.PARTENAIRES, ""): OWNERS | PARTNERS | {"state"},
    ("state", Audience.ORGANISATION, ""): {"state"},
}


def first_wall(circle: Circle, name: str) -> set[str]:
    """What ``visible_entries`` gives, with row-level security out of the way."""
    with circle[name].acting() as identity:
        pass
    with owner_unit():
        return {entry.public_id for entry in db.execute(visible_entries(identity)).scalars()}


def second_wall(circle: Circle, name: str, table: str = "journal_entries") -> set[str]:
    """What bare SQL gives under somebody's identity."""
    with circle[name].acting():
        return set(db.execute(text(f"SELECT public_id FROM {table}")).scalars())


@pytest.mark.parametrize("wall", [first_wall, second_wall])
def test_each_wall_alone_gives_each_entry_to_its_audience(
    circle: Circle, write: Callable[..., str], wall: Callable[[Circle, str], set[str]]
) -> None:
    written = {key: write(key[0], key[1], reader=key[2]) for key in EXPECTED}
    read = {name: wall(circle, name) for name in EVERYBODY}
    for key, entry in written.items():
        assert {name for name in EVERYBODY if entry in read[name]} == EXPECTED[key], key


def test_a_share_withdrawn_closes_what_was_chosen_too(circle: Circle, write: Callable[..., str]) -> None:
    entry = write("author", Audience.CHOISIS, reader="chosen")
    assert entry in second_wall(circle, "chosen")
    end(circle, "partner")
    assert entry not in second_wall(circle, "chosen")
    assert entry not in first_wall(circle, "chosen")


def test_a_partner_that_lost_the_file_reads_not_even_its_own_notes(circle: Circle, write: Callable[..., str]) -> None:
    entry = write("partner", Audience.ORGANISATION)
    end(circle, "partner")
    assert entry not in second_wall(circle, "partner") | first_wall(circle, "partner")


def test_nobody_is_told_who_reads_what_they_cannot_read(circle: Circle, write: Callable[..., str]) -> None:
    write("author", Audience.CHOISIS, reader="chosen")
    for name in EVERYBODY:
        with circle[name].acting():
            rows = db.execute(text("SELECT user_id FROM journal_readers")).scalars().all()
        assert (rows == [circle["chosen"].user_id]) is (name in {"author", "chosen"}), name


@pytest.mark.parametrize("name", ["minimal", "state_without", "other", "expired", "revoked", "national", "admin"])
def test_bare_sql_writes_nothing_on_a_file_that_is_not_held(circle: Circle, name: str) -> None:
    who = circle[name]
    with pytest.raises(ProgrammingError, match="row-level security"), who.acting():
        db.execute(
            text(
                "INSERT INTO journal_entries (public_id, record_id, owner_org_id, kind, audience, author_user_id, author_org_id, author_label, org_label, "
                "body_sealed, happened_at) VALUES ('intrus', :record, :owner, 'note', 'partenaires', :me, :org, 'x', 'x', 'x', now())"
            ),
            {"record": circle.record_id, "owner": circle.owner_org_id, "me": who.user_id, "org": who.org_id},
        )


def test_bare_sql_cannot_sign_for_somebody_else_nor_change_the_author(
    circle: Circle, write: Callable[..., str]
) -> None:
    entry = write("author", Audience.PARTENAIRES)
    for column in ("author_user_id", "author_label", "record_id", "kind", "created_at"):
        with pytest.raises(ProgrammingError, match="permission denied"), circle["author"].acting():
            db.execute(text(f"UPDATE journal_entries SET {column} = {column} WHERE public_id = :id"), {"id": entry})
    for name in ("colleague", "partner", "chosen", "state"):
        with circle[name].acting():
            changed = db.execute(text("UPDATE journal_entries SET version = 9 WHERE public_id = :id"), {"id": entry})
            assert changed.rowcount == 0, name


def test_bare_sql_cannot_add_a_reader_to_somebody_elses_note_nor_a_stranger_to_ones_own(
    circle: Circle, write: Callable[..., str]
) -> None:
    entry = write("author", Audience.CHOISIS, reader="chosen")
    statement = text(
        "INSERT INTO journal_readers SELECT id, record_id, :user, 'x' FROM journal_entries WHERE public_id = :id"
    )
    with pytest.raises(ProgrammingError, match="row-level security"), circle["chosen"].acting():
        db.execute(statement, {"id": entry, "user": circle["partner"].user_id})
    with pytest.raises(ProgrammingError, match="row-level security"), circle["author"].acting():
        db.execute(statement, {"id": entry, "user": circle["other"].user_id})
    with circle["colleague"].acting():
        assert db.execute(statement, {"id": entry, "user": circle["colleague"].user_id}).rowcount == 0


def test_the_same_answer_for_a_foreign_and_a_missing_entry(circle: Circle, write: Callable[..., str]) -> None:
    entry = write("author", Audience.ORGANISATION)
    with circle["partner"].acting() as identity:
        assert find_entry(identity, entry) is None
        assert find_entry(identity, "0" * 16) is None


def test_what_people_write_is_never_in_clear_in_the_tables(
    circle: Circle, write: Callable[..., str], admin_url: str
) -> None:
    public_id = write("author", Audience.PARTENAIRES, body="MARQUEUR-CORPS premier")
    with circle["author"].acting() as identity:
        operations.edit_entry(
            identity,
            entry=find_entry(identity, public_id),
            version=1,
            body="MARQUEUR-CORPS second",
            audience=Audience.PARTENAIRES,
        )
    with circle["coordinator"].acting() as identity:
        operations.moderate_entry(identity, entry=find_entry(identity, public_id), reason="MARQUEUR-MOTIF")
    with psycopg.connect(libpq(admin_url)) as connection:
        for table in ("journal_entries", "journal_revisions", "audit_events", "journal_readers"):
            rows = connection.execute(f"SELECT t::text, row_to_json(t)::text FROM {table} t").fetchall()
            told = " ".join(part for row in rows for part in row)
            for marker in ("MARQUEUR", b"MARQUEUR".hex()):
                assert marker not in told, table
        assert connection.execute("SELECT count(*) FROM journal_revisions").fetchone() == (2,)


def test_who_may_be_chosen_is_who_holds_the_file_in_full(circle: Circle) -> None:
    statement = text("SELECT user_id FROM odis.record_people(:record)")
    holders = {circle[name].user_id for name in ("author", "colleague", "coordinator", "partner", "chosen", "state")}
    for name in EVERYBODY:
        with circle[name].acting():
            people = set(db.execute(statement, {"record": circle.record_id}).scalars())
        assert people == (holders if circle[name].user_id in holders else set()), name
