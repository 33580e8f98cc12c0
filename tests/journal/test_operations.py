"""Writing, editing, moderating: what is refused, what is kept, what is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, text

from odis_app.audit.models import AuditEvent
from odis_app.core import clock
from odis_app.core.db import db, token_hash, unit_of_work
from odis_app.core.errors import RuleError, StaleVersionError
from odis_app.core.ids import new_public_id, new_token
from odis_app.journal import operations, queries
from odis_app.journal.enums import Audience, Medium, Tag
from odis_app.journal.models import JournalEntry
from odis_app.journal.policy import edits, find_entry, moderates
from tests.journal.conftest import Circle, public_id_of

Write = Callable[..., str]


def test_the_timeline_gives_what_was_written_latest_exchange_first(circle: Circle, write: Write) -> None:
    now = clock.now()
    write(
        "author",
        Audience.PARTENAIRES,
        body="Deuxième",
        happened_at=now - timedelta(days=1),
        medium=Medium.TELEPHONE,
        tags=[Tag.LOGEMENT, Tag.DROITS],
    )
    write("partner", Audience.PARTENAIRES, body="Premier", happened_at=now - timedelta(days=3))
    write("author", Audience.CHOISIS, body="Troisième", reader="chosen")
    with circle["author"].acting() as identity:
        page = queries.timeline(identity, circle.record_id)
    assert [e.body for e in page.items] == ["Troisième", "Deuxième", "Premier"]
    assert page.total == 3
    assert (page.items[1].medium, page.items[1].tags) == ("Téléphone", ["Logement", "Droits"])
    assert [label.endswith(")") for label in page.items[0].readers] == [True]
    assert [e.may_edit for e in page.items] == [True, True, False]


def test_the_timeline_costs_the_same_whatever_its_length(circle: Circle, write: Write) -> None:
    from sqlalchemy import event

    from odis_app.core.db import engine

    def statements() -> int:
        seen: list[str] = []
        listener = lambda *given: seen.append(given[2])  # noqa: E731
        event.listen(engine("app"), "before_cursor_execute", listener)
        with circle["author"].acting() as identity:
            queries.timeline(identity, circle.record_id)
        event.remove(engine("app"), "before_cursor_execute", listener)
        return len(seen)

    write("author", Audience.PARTENAIRES)
    without_chosen = statements()
    write("author", Audience.CHOISIS, reader="chosen")
    few = statements()
    assert few == without_chosen + 1
    for _ in range(8):
        write("author", Audience.CHOISIS, reader="chosen")
    assert statements() == few


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"body": "   \n "}, "body"),
        ({"body": "x" * 5001}, "body"),
        ({"happened_at": datetime(1825, 5, 1, 10, 0)}, "happened_at"),
        ({"happened_at": clock.now() + timedelta(days=2)}, "happened_at"),
        ({"audience": Audience.CHOISIS}, "readers"),
    ],
)
def test_a_note_that_says_nothing_or_comes_from_nowhen_is_refused(
    circle: Circle, given: dict[str, object], field: str
) -> None:
    note = {"body": "Appel.", "audience": Audience.PARTENAIRES, **given}
    with pytest.raises(RuleError) as refusal, circle["author"].acting() as identity:
        operations.add_entry(identity, **circle.place, **note)
    assert refusal.value.field == field


@pytest.mark.parametrize("stranger", ["other", "minimal", "expired", "revoked", "national"])
def test_only_people_who_hold_the_file_may_be_chosen(circle: Circle, stranger: str) -> None:
    readers = [public_id_of(circle["chosen"]), public_id_of(circle[stranger])]
    with pytest.raises(RuleError) as refusal, circle["author"].acting() as identity:
        operations.add_entry(identity, **circle.place, body="Appel.", audience=Audience.CHOISIS, readers=readers)
    assert refusal.value.message == operations.UNKNOWN_READER


def test_an_edit_keeps_the_former_text_for_the_author_and_the_coordination_only(circle: Circle, write: Write) -> None:
    public_id = write("partner", Audience.PARTENAIRES, body="Avant")
    with circle["partner"].acting() as identity:
        entry = find_entry(identity, public_id)
        operations.edit_entry(identity, entry=entry, version=1, body="Après", audience=Audience.PARTENAIRES)
    told = {}
    for name in ("partner", "chosen", "coordinator", "author"):
        with circle[name].acting() as identity:
            entry = find_entry(identity, public_id)
            assert (entry.body, entry.version) == ("Après", 2)
            told[name] = [text.body for text in queries.former_texts(entry)]
    assert told == {"partner": ["Avant"], "chosen": ["Avant"], "coordinator": ["Avant"], "author": []}


def test_the_second_of_two_edits_is_told(circle: Circle, write: Write) -> None:
    public_id = write("author", Audience.PARTENAIRES, body="Avant")
    with circle["author"].acting() as identity:
        operations.edit_entry(
            identity, entry=find_entry(identity, public_id), version=1, body="Premier", audience=Audience.PARTENAIRES
        )
    with pytest.raises(StaleVersionError) as refusal, circle["author"].acting() as identity:
        operations.edit_entry(
            identity, entry=find_entry(identity, public_id), version=1, body="Second", audience=Audience.ORGANISATION
        )
    assert "Premier" in refusal.value.changes[0]
    with circle["author"].acting() as identity:
        entry = find_entry(identity, public_id)
        assert (entry.body, entry.audience) == ("Premier", "partenaires")


def test_changing_the_chosen_people_changes_who_reads(circle: Circle, write: Write) -> None:
    public_id = write("author", Audience.CHOISIS, reader="chosen")
    colleague = public_id_of(circle["colleague"])
    with circle["author"].acting() as identity:
        entry = find_entry(identity, public_id)
        operations.edit_entry(
            identity, entry=entry, version=1, body="Nouveau", audience=Audience.CHOISIS, readers=[colleague]
        )
    for name, reads in (("chosen", False), ("colleague", True)):
        with circle[name].acting() as identity:
            assert (find_entry(identity, public_id) is not None) is reads


def test_who_edits_and_who_moderates(circle: Circle, write: Write) -> None:
    public_id = write("partner", Audience.PARTENAIRES)
    rights = {}
    for name in ("author", "colleague", "coordinator", "partner", "chosen"):
        with circle[name].acting() as identity:
            entry = find_entry(identity, public_id)
            rights[name] = (edits(identity, entry), moderates(identity, entry))
    assert rights == {
        "author": (False, False), "colleague": (False, False), "coordinator": (False, True), "partner": (True, False), "chosen": (False, False),
    }  # fmt: skip


def test_moderation_hides_the_text_from_everybody_and_leaves_its_trace(circle: Circle, write: Write) -> None:
    public_id = write("partner", Audience.PARTENAIRES, body="Propos déplacés")
    with circle["coordinator"].acting() as identity:
        operations.moderate_entry(identity, entry=find_entry(identity, public_id), reason="Opinion sur une personne.")
    for name in ("author", "partner", "coordinator"):
        with circle[name].acting() as identity:
            view = queries.timeline(identity, circle.record_id).items[0]
            assert (view.body, view.moderation_reason) == ("", "Opinion sur une personne.")
            assert view.moderated_at is not None
            assert (view.may_edit, view.may_moderate) == (False, False)
    with circle["coordinator"].acting() as identity:
        assert [t.body for t in queries.former_texts(find_entry(identity, public_id))] == ["Propos déplacés"]
        actions = db.execute(select(AuditEvent.action).where(AuditEvent.record_id == circle.record_id)).scalars().all()
        assert "journal:moderate" in actions
    with pytest.raises(RuleError, match="masquée"), circle["partner"].acting() as identity:
        operations.edit_entry(
            identity, entry=find_entry(identity, public_id), version=2, body="Retour", audience=Audience.PARTENAIRES
        )


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501])
def test_moderation_wants_a_reason(circle: Circle, write: Write, reason: str) -> None:
    public_id = write("partner", Audience.PARTENAIRES)
    with pytest.raises(RuleError) as refusal, circle["coordinator"].acting() as identity:
        operations.moderate_entry(identity, entry=find_entry(identity, public_id), reason=reason)
    assert refusal.value.field == "reason"


def test_the_same_form_sent_twice_writes_one_note(circle: Circle) -> None:
    key = new_public_id()
    made = []
    for _ in range(2):
        with circle["author"].acting() as identity:
            made.append(
                operations.add_entry(identity, **circle.place, body="Appel.", audience=Audience.PARTENAIRES, key=key).id
            )
    assert made[0] == made[1]


@pytest.mark.parametrize("name", ["author", "partner", "minimal"])
def test_whoever_acts_on_a_file_makes_it_speak(circle: Circle, name: str) -> None:
    with circle[name].acting() as identity:
        operations.add_system_entry(identity, **circle.place, body="Proposition acceptée.")
    with circle["colleague"].acting() as identity:
        view = queries.timeline(identity, circle.record_id).items[0]
    assert (view.is_system, view.body, view.may_edit, view.may_moderate) == (
        True,
        "Proposition acceptée.",
        False,
        False,
    )


@pytest.mark.parametrize("name", ["other", "expired", "revoked", "state_without"])
def test_nobody_else_does(circle: Circle, name: str) -> None:
    from sqlalchemy.exc import ProgrammingError

    with pytest.raises(ProgrammingError, match="row-level security"), circle[name].acting() as identity:
        operations.add_system_entry(identity, **circle.place, body="Intrus.")


def test_a_scheduled_task_makes_the_file_speak_for_its_owner(circle: Circle) -> None:
    token = new_token()
    with unit_of_work(None, engine_name="worker"):
        db.execute(
            text("SELECT odis.mint_system_token(:hash, :id, 'expirations', 5)"),
            {"hash": token_hash(token), "id": new_public_id()},
        )
    with unit_of_work(token, engine_name="worker") as unit:
        operations.add_system_entry(unit.identity, **circle.place, body="Proposition expirée.")
        assert db.execute(select(JournalEntry)).scalars().all() == []
    with circle["partner"].acting() as identity:
        assert [e.body for e in queries.timeline(identity, circle.record_id).items] == ["Proposition expirée."]
