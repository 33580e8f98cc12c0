"""Rights requests: deadlines, answers, and the copy of one adult's data alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import select, text

from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.core.identity import Identity
from odis_app.core.jobs import Job
from odis_app.core.pdf import check_pdf
from odis_app.documents.enums import Audience
from odis_app.documents.storage import Store
from odis_app.households.models import Household
from odis_app.households.operations import update_health_needs, update_member_safety
from odis_app.households.operations.protected import HealthNeed, Safety
from odis_app.households.queries import present_members
from odis_app.journal.operations import add_entry
from odis_app.privacy import operations, queries
from odis_app.privacy.copy import copy_of
from odis_app.privacy.enums import RequestKind
from odis_app.privacy.models import RightsRequest
from odis_app.privacy.operations.requests import months_after
from odis_app.privacy.policy import visible_copies, visible_requests
from tests.privacy.conftest import LAILA, NIKA, Town, agree, ask, open_file
from tests.support.client import StrictClient
from tests.support.workers import run_job
from tests.support.worlds import WorldBuilder, confirmed, open_class2, owner_unit

Find = Callable[[Identity, str], Household]


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2026, 11, 30), 3, date(2027, 2, 28)),
        (date(2026, 12, 5), 1, date(2027, 1, 5)),
    ],
)
def test_a_month_is_a_month(day: date, months: int, expected: date) -> None:
    assert months_after(day, months) == expected


def test_deadline_extension_and_answer(town: Town, family: str, file_of: Find) -> None:
    with town.camille.acting() as identity:
        household = file_of(identity, family)
        request = ask(identity, household, RequestKind.RECTIFICATION)
        assert request.due_on == months_after(clock.today(), 1)
        with pytest.raises(RuleError, match="plus de temps"):
            operations.extend_request(identity, request=request, reason="")
        operations.extend_request(identity, request=request, reason="Traduction attendue")
        assert request.due_on == months_after(clock.today(), 3)
        with pytest.raises(RuleError, match="déjà été prolongée"):
            operations.extend_request(identity, request=request, reason="Encore")
        operations.answer_request(identity, request=request, accepted=True, answer="La date est corrigée.")
        assert queries.text_of(request, "answer") == "La date est corrigée."
        with pytest.raises(RuleError, match="déjà été donnée"):
            operations.answer_request(identity, request=request, accepted=False, answer="Non")


def test_late_only_after_its_day(town: Town, family: str, file_of: Find, monkeypatch: pytest.MonkeyPatch) -> None:
    with town.camille.acting() as identity:
        request = ask(identity, file_of(identity, family), RequestKind.COPIE)
    for shift, late in ((-1, False), (0, False), (1, True)):
        monkeypatch.setattr(clock, "today", lambda day=request.due_on + timedelta(days=shift): day)
        assert request.is_late is late


def test_nobody_else_reads_a_request(town: Town, family: str, file_of: Find) -> None:
    with town.camille.acting() as identity:
        ask(identity, file_of(identity, family), RequestKind.EFFACEMENT)
    for actor in town.strangers:
        with actor.acting() as identity:
            assert db.scalars(visible_requests(identity)).all() == []
            assert db.execute(text("SELECT count(*) FROM rights_requests")).scalar_one() == 0


def texts(copied: object) -> str:
    return json.dumps(copied, ensure_ascii=False)


def test_each_adult_gets_their_own_alone(town: Town, family: str, file_of: Find) -> None:
    open_class2()
    with confirmed(town.sacha).acting() as identity:
        household = file_of(identity, family)
        laila, farid, _ = present_members(household.id)
        update_health_needs(
            identity, household=household, values={"maternity": HealthNeed(2, None, "MARQUESANTE")}, version=None
        )
        update_member_safety(
            identity,
            household=household,
            member=laila,
            safety=Safety(fvv_teh=True, note="MARQUESECRET", safe_hours="MARQUEHEURE"),
            version=None,
        )
        add_entry(
            identity,
            record_id=household.id,
            owner_org_id=household.owner_org_id,
            body="MARQUENOTE de Laila",
            audience=Audience.ORGANISATION,
        )
        his = copy_of(identity, household, farid, with_safety=True)
        hers = copy_of(identity, household, laila, with_safety=True)
        plain = copy_of(identity, household, laila, with_safety=False)
    for marker in (
        "MARQUESANTE",
        "MARQUESECRET",
        "MARQUEHEURE",
        "MARQUENOTE",
        "Laila",
        "06 00 00 00 01",
        "+33600000001",
    ):
        assert marker not in texts(his.data)
        assert marker not in str(his.document)
    assert "MARQUESECRET" in texts(hers.data)
    assert "Farid" not in texts(hers.data)
    assert "MARQUESECRET" not in texts(plain.data)
    assert "Votre sécurité" not in texts(plain.data)


def test_alone_one_reads_the_whole_file_without_names_of_staff(town: Town) -> None:
    open_class2()
    with confirmed(town.sacha).acting() as identity:
        household = open_file(identity, LAILA, NIKA, phone="+33600000001")
        update_health_needs(
            identity, household=household, values={"maternity": HealthNeed(2, None, "MARQUESANTE")}, version=None
        )
        body = f"Rendez-vous avec {identity.name}, MARQUENOTE"
        add_entry(
            identity,
            record_id=household.id,
            owner_org_id=household.owner_org_id,
            body=body,
            audience=Audience.ORGANISATION,
        )
        mine = copy_of(identity, household, present_members(household.id)[0], with_safety=False)
    assert "MARQUESANTE" in texts(mine.data)
    assert "MARQUENOTE" in texts(mine.data)
    assert "06 00 00 00 01" in texts(mine.data).replace("\u00a0", " ")  # as people write it
    assert identity.name not in texts(mine.data) + str(mine.document)
    assert "un membre de l’équipe" in texts(mine.data)


def test_the_copy_is_made_sealed_and_ends(
    database: Flask, client: StrictClient, town: Town, family: str, file_of: Find
) -> None:
    with town.camille.acting() as identity:
        request = ask(identity, file_of(identity, family), RequestKind.COPIE, details="")
    browser = client.as_(town.camille)
    here = f"/menages/{family}/demandes/{request.public_id}"
    browser.post(f"{here}/copie")
    with owner_unit():
        job = db.scalars(select(Job).where(Job.task == "jobs.privacy.copy")).one()
        assert "Nemounehzadeh" not in job.label + str(job.params)
    assert run_job(database, "jobs.privacy.copy", job.id) == "done"
    assert run_job(database, "jobs.privacy.copy", job.id) == "not queued"
    with town.camille.acting() as identity:
        copy = db.scalars(visible_copies(identity)).one()
    store = Store(database.config["ODIS"].documents_dir / "copies")
    assert b"Nemounehzadeh" not in store.get(f"{copy.storage_key}json")
    assert "Télécharger le PDF" in browser.get(here).text
    pdf = browser.get(f"{here}/copies/{copy.public_id}/pdf")
    assert check_pdf(pdf.data) == []
    sections = json.loads(browser.get(f"{here}/copies/{copy.public_id}/json").data)["sections"]
    told = {line["label"]: line["value"] for section in sections for line in section["lines"]}
    assert told["Prénom"] == "Laila"
    assert "enfant" in told["Taille du ménage"]
    assert client.as_(town.sacha).get(f"{here}/copies/{copy.public_id}/pdf", status=404)
    with owner_unit():
        actions = db.execute(text("SELECT action FROM audit_events WHERE action = 'rights:download'")).all()
        assert len(actions) == 2
        db.execute(
            text(
                "UPDATE data_copies SET created_at = now() - interval '49 hours', expires_at = now() - interval '1 hour'"
            )
        )
    with town.camille.acting() as identity:
        assert db.scalars(visible_copies(identity)).all() == []
        assert db.execute(text("SELECT count(*) FROM data_copies")).scalar_one() == 0


def test_only_the_coordination_adds_class_3(town: Town, family: str, file_of: Find) -> None:
    with confirmed(town.camille).acting() as identity:
        request = ask(identity, file_of(identity, family), RequestKind.COPIE)
        with pytest.raises(RuleError, match="Seule la coordination"):
            operations.request_copy(identity, request=request, with_safety=True)


def test_everything_moves_with_the_file(town: Town, family: str, file_of: Find) -> None:
    with town.camille.acting() as identity:
        household = file_of(identity, family)
        agree(identity, household, present_members(household.id)[0], town.operator)
        operations.request_copy(identity, request=ask(identity, household, RequestKind.COPIE))
    with owner_unit():
        db.execute(
            text("UPDATE records SET owner_org_id = :org WHERE id = :id"),
            {"org": town.neighbour.org_id, "id": household.id},
        )
        for table in ("consents", "consent_recipients", "rights_requests", "data_copies"):
            assert db.execute(text(f"SELECT DISTINCT owner_org_id FROM {table}")).scalars().all() == [
                town.neighbour.org_id
            ]
    with town.neighbour.acting() as identity:
        assert len(db.scalars(visible_requests(identity)).all()) == 1


def test_overdue_shows_today_and_the_register_lists_it(
    client: StrictClient, world: WorldBuilder, town: Town, family: str, file_of: Find
) -> None:
    with town.camille.acting() as identity:
        request = ask(identity, file_of(identity, family), RequestKind.OPPOSITION)
    with owner_unit():
        db.execute(text("UPDATE rights_requests SET received_on = received_on - 60, due_on = due_on - 60"))
    home = client.as_(town.sacha).get("/").text.replace("\u00a0", " ")
    assert "1 demande à traiter" in home
    assert "1 en retard" in home
    admin = world.actor("admin_organisation", colleague_of=town.camille)
    assert "1 demande à traiter par vos équipes" in client.as_(admin).get("/").text.replace("\u00a0", " ")
    client.as_(admin).get("/droits/demandes", status=403)
    assert "En retard" in client.as_(town.sacha).get("/droits/demandes").text
    page = client.as_(town.camille)
    here = f"/menages/{family}/demandes/{request.public_id}"
    page.get(here)
    page.post(f"{here}/prolonger", data={"reason": ""}, status=422)
    page.post(f"{here}/repondre", data={"decision": "non", "answer": "Mission d’intérêt public, article 21."})
    assert "Refusée" in page.get(f"/menages/{family}/droits").text
    assert "t-droits" not in client.as_(town.sacha).get("/").text


def test_pages_register_a_request(client: StrictClient, town: Town, family: str, file_of: Find) -> None:
    browser = client.as_(town.camille)
    with town.camille.acting() as identity:
        member = present_members(file_of(identity, family).id)[1].public_id
    typed = {"member": member, "kind": "rectification", "received_on": clock.today().isoformat(), "details": ""}
    where = f"/menages/{family}/demandes/nouvelle"
    browser.get(where)
    assert "corriger" in browser.post(where, data=typed, status=422).text
    browser.post(where, data=typed | {"details": "carte 1 85 05 78 006 084 91"}, status=422)
    browser.post(where, data=typed | {"details": "La date de naissance"})
    with owner_unit():
        assert b"naissance" not in db.scalars(select(RightsRequest.details_sealed)).one()
