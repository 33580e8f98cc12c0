"""The packet of a handover: the bilan that its giver had made, and what the receiver has to do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from odis_app.core.db import db
from odis_app.core.identity import Identity
from odis_app.documents.enums import Audience
from odis_app.documents.storage import Store
from odis_app.households.models import Household
from odis_app.households.operations import confirm_review
from odis_app.households.policy import find_passation
from odis_app.households.queries import packet
from odis_app.journal.operations import add_entry
from odis_app.reports import operations
from odis_app.reports.models import Report
from tests.households.conftest import Town, family, file_of, town
from tests.households.test_cooperation_passation import accept, propose
from tests.reports.reading import pdf_text
from tests.support.client import StrictClient
from tests.support.workers import run_job
from tests.support.worlds import owner_unit

__all__ = ["family", "file_of", "town"]
Find = Callable[[Identity, str], Household]


def made(app: Flask) -> Report:
    """The bilan of the packet, once the workers made it."""
    with owner_unit():
        report = db.scalars(select(Report).where(Report.passation_id.is_not(None))).one()
        db.expunge_all()
    assert run_job(app, operations.TASK, report.job_id) == "done"
    return report


def test_the_receiver_gets_the_bilan_with_the_file_and_nobody_else(
    database: Flask, town: Town, family: str, client: StrictClient, tmp_path: Path
) -> None:
    proposed = propose(town.camille, town.neighbour, family)
    report = made(database)
    address = f"/bilans/{report.public_id}/pdf"
    page = f"/menages/passations/{proposed}"
    assert "Bilan du ménage" in client.as_(town.camille).get(page).text
    assert "Bilan du ménage" not in client.as_(town.neighbour).get(page).text, "nothing of it before the file"
    client.as_(town.neighbour).get(address, status=404)
    assert accept(town.neighbour, proposed)
    assert "Bilan du ménage" in client.as_(town.neighbour).get(page).text
    given = client.as_(town.neighbour).get(address).data
    with town.neighbour.acting() as identity:
        found = find_passation(identity, proposed)
        assert found is not None
        known = operations.packet_of(identity, found)
        assert known is not None
        assert operations.content_of(known, "pdf", Store(database.config["ODIS"].documents_dir / "bilans")) == given
    words = pdf_text(given, tmp_path)
    if words is not None:  # pdftotext is not on this machine
        assert "Dossier M-44-" in words
        assert "sûr" not in words.lower(), "no safe contact, no class 3"
    client.as_(town.camille).get(address)  # who gave the file reads it sixty days more
    for stranger in (town.elsewhere, town.ddets, town.operator):
        client.as_(stranger).get(address, status=404)
        with stranger.acting():
            assert db.execute(text("SELECT count(*) FROM reports WHERE outcome = 'ready'")).scalar_one() == 0


def test_when_the_file_goes_further_the_packet_is_read_no_more(database: Flask, town: Town, family: str) -> None:
    first = propose(town.camille, town.neighbour, family)
    report = made(database)
    assert accept(town.neighbour, first)
    with town.neighbour.acting():
        assert db.execute(text("SELECT count(*) FROM reports WHERE public_id = :id"), {"id": report.public_id}).scalar_one() == 1  # fmt: skip
    assert accept(town.operator, propose(town.neighbour, town.operator, family))
    with town.neighbour.acting() as identity:
        assert db.execute(text("SELECT count(*) FROM reports WHERE public_id = :id"), {"id": report.public_id}).scalar_one() == 0  # fmt: skip
        found = find_passation(identity, first)
        assert found is None or operations.packet_of(identity, found) is None


def test_the_checklist_is_ticked_from_the_facts(town: Town, family: str, file_of: Find, client: StrictClient) -> None:
    proposed = propose(town.camille, town.neighbour, family)
    page = f"/menages/passations/{proposed}"
    before = client.as_(town.neighbour).get(page).text
    assert "Redemander à chaque adulte" in before
    assert "Fait : " not in before
    assert accept(town.neighbour, proposed)
    assert "Fait : " not in client.as_(town.neighbour).get(page).text
    with town.neighbour.acting() as identity:
        household = file_of(identity, family)
        add_entry(identity, record_id=household.id, owner_org_id=household.owner_org_id, body="Vue à l’accueil", audience=Audience.ORGANISATION)  # fmt: skip
        confirm_review(identity, household=household)
    with town.neighbour.acting() as identity:
        found = find_passation(identity, proposed)
        assert found is not None
        done = [step.words for step in packet.checklist(identity, found, file_of(identity, family)) if step.done]
    assert [words.split(",")[0] for words in done] == ["Appeler ou voir le ménage", "Relire la composition"]
    assert client.as_(town.neighbour).get(page).text.count("Fait : ") == 2


def test_a_bilan_is_not_hung_on_a_handover_of_another_file(database: Flask, town: Town, family: str) -> None:
    propose(town.camille, town.neighbour, family)
    insert = text(
        "INSERT INTO reports (public_id, kind, record_id, passation_id, since, until, title, owner_org_id, author_id, author_label, created_at, expires_at) "
        "SELECT 'attaque000000000', 'household', h.id, :passation, current_date, current_date, 'x', :org, :user, 'x', now(), now() + interval '1 day' "
        "FROM households h WHERE h.public_id = :family"
    )
    given = {"org": town.camille.org_id, "user": town.camille.user_id, "family": family}
    with pytest.raises(IntegrityError), town.camille.acting():
        db.execute(insert, given | {"passation": 987654321})
