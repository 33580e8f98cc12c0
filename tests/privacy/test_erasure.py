"""An erased household is nowhere: written through every operation that exists, erased, then looked for in everything that is kept."""

from __future__ import annotations

import io
import json
import logging
import subprocess
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from flask import Flask
from redis import Redis
from sqlalchemy import select, text
from sqlalchemy.exc import ProgrammingError

from odis_app.access import erasures
from odis_app.access.enums import ShareLevel, SharePurpose
from odis_app.access.operations import revoke_share
from odis_app.core import clock
from odis_app.core.config import libpq
from odis_app.core.db import db
from odis_app.core.errors import RuleError
from odis_app.core.identity import Identity
from odis_app.core.jobs import Job
from odis_app.core.services.embedded import Embedded
from odis_app.core.services.postgres import SUPERUSER
from odis_app.documents.enums import Audience
from odis_app.documents.operations import Upload, store_document
from odis_app.exchange.models import ImportRow
from odis_app.households import operations as files
from odis_app.households.imports import KIND
from odis_app.households.models import Household
from odis_app.households.operations.composition import Person
from odis_app.households.operations.protected import HealthNeed, Safety
from odis_app.households.queries import present_members
from odis_app.journal.operations import add_entry, edit_entry
from odis_app.organisations.models import Organisation
from odis_app.pilotage.period import Period
from odis_app.placements.enums import EndedBy
from odis_app.placements.operations import propose, refuse
from odis_app.privacy import operations
from odis_app.privacy.enums import ConsentChannel, RequestKind
from odis_app.privacy.models import RightsRequest
from odis_app.reports.operations import request_household_report
from tests.exchange.samples import write_xlsx
from tests.placements.conftest import Town as Homes
from tests.placements.conftest import town as homes
from tests.privacy.conftest import Town, ask, family, file_of, open_file, organisation_of, town
from tests.support.client import StrictClient
from tests.support.imported import bring_in, draft
from tests.support.workers import run_job
from tests.support.worlds import confirmed, open_class2, owner_unit

__all__ = ["family", "file_of", "homes", "town"]
Find = Callable[[Identity, str], Household]
MARK = "Zorglemark"
PHONE, AGDREF, OFII = "639981177", "9907654321", "OFII778899"
HEADERS = ("N° dossier", "Nom", "Prénom", "Sexe", "Date de naissance", "Taille", "Adultes", "Mineurs", "Statut", "Téléphone", "Date du besoin", "Observations")  # fmt: skip
TOKEN = f"{MARK}Document"


def line(*, words: str) -> tuple[object, ...]:
    return (
        "Z-1",
        f"{MARK}Nom",
        f"{MARK}Prenom",
        "F",
        "12/03/1990",
        1,
        1,
        0,
        "réfugiée",
        f"06{PHONE[1:]}",
        "01/12/2026",
        words,
    )


def imported(homes: Homes, folder: Path) -> int:
    """A household from a workbook, changed by a second one; a third stays a draft. Its record's id."""
    for number, words in enumerate((f"{MARK}Import", f"{MARK}Corrige")):
        path = folder / f"liste{number}.xlsx"
        write_xlsx(path, [HEADERS, line(words=words)])
        bring_in(homes.camille, KIND, path)
    with owner_unit():
        [record] = set(db.scalars(select(ImportRow.record_id).where(ImportRow.record_id.is_not(None))).all())
    path = folder / "brouillon.xlsx"
    write_xlsx(path, [HEADERS, line(words=f"{MARK}Brouillon")])
    draft(homes.camille, KIND, path)
    assert record is not None
    return record


def live(app: Flask, homes: Homes, record: int) -> int:
    """Everything that happens in a file; the id of its granted request of erasure."""
    open_class2()
    with confirmed(homes.sacha).acting() as identity:
        household = db.get_one(Household, record)
        member = present_members(record)[0]
        files.update_identity(
            identity,
            household=household,
            version=None,
            values={"phone": f"+33{PHONE}", "accommodation_note": f"{MARK}Adresse", "languages": ["fa"]},
        )
        files.update_administrative(
            identity,
            household=household,
            version=None,
            values={"agdref": AGDREF, "ofii_number": OFII, "domiciliation": f"{MARK}Domicile"},
        )
        files.update_needs(
            identity, household=household, values={"school": (2, f"{MARK}Ecole")}, source=f"{MARK}Source", version=None
        )
        files.update_request(
            identity,
            household=household,
            values={"need_from": clock.today(), "life_project": f"{MARK}Projet"},
            wished=["53"],
            version=None,
        )
        files.update_health_needs(
            identity, household=household, values={"maternity": HealthNeed(2, None, f"{MARK}Sante")}, version=None
        )
        files.update_member_safety(
            identity,
            household=household,
            member=member,
            safety=Safety(note=f"{MARK}Danger", safe_hours=f"{MARK}Heures"),
            version=None,
        )
        files.change_member(
            identity,
            household=household,
            member=member,
            values={"situation_note": f"{MARK}Situation", "first_name": f"{MARK}Autre"},
            version=None,
        )
        entry = add_entry(
            identity,
            record_id=record,
            owner_org_id=household.owner_org_id,
            body=f"{MARK}Note",
            audience=Audience.PARTENAIRES,
        )
        edit_entry(identity, entry=entry, body=f"{MARK}Reprise", audience=Audience.PARTENAIRES, version=entry.version)
        upload = Upload(f"{MARK}Fichier.txt", io.BytesIO(f"{TOKEN} contenu".encode()))
        document = store_document(
            identity,
            record_id=record,
            owner_org_id=household.owner_org_id,
            upload=upload,
            audience=Audience.ORGANISATION,
        )
        operations.give_consent(
            identity, household=household, member=member, purpose="photos", organisations=[homes_organisation(homes)], max_class=1, language="fa",
            channel=ConsentChannel.ORAL, given_on=clock.today(), witness=f"{MARK}Temoin", document=document,
        )  # fmt: skip
        grant = files.share_household(
            identity,
            household=household,
            organisation=homes_organisation(homes),
            level=ShareLevel.FULL,
            purpose=SharePurpose.ACCOMPAGNEMENT,
            motive=f"{MARK}Motif",
        )
        revoke_share(identity, grant=grant)
        place = homes.home()
        orientation = propose(identity, household=household, place=place, starts_on=clock.today(), ends_on=None)
        refuse(identity, orientation=orientation, party=EndedBy.MENAGE, motif="duree", comment=f"{MARK}Refus"[:60])
        request_household_report(identity, household=household, period=Period(date(2026, 1, 1), clock.today()))
        copy = ask(identity, household, RequestKind.COPIE, details=f"{MARK}Copie")
        operations.request_copy(identity, request=copy, with_safety=True)
        operations.answer_request(identity, request=copy, accepted=True, answer=f"{MARK}Reponse")
        asked = ask(identity, household, RequestKind.EFFACEMENT, details=f"{MARK}Raison")
        operations.answer_request(identity, request=asked, accepted=True, answer=f"{MARK}Accord")
        request_id = asked.id
    with owner_unit():
        jobs = db.execute(select(Job.id, Job.task).where(Job.task.in_(["jobs.reports.run", "jobs.privacy.copy"]))).all()
    for job in jobs:
        assert run_job(app, job.task, job.id) == "done"
    return request_id


def homes_organisation(homes: Homes) -> Organisation:
    return db.get_one(Organisation, homes.operator.org_id)


def dump(services: Embedded) -> bytes:
    url = libpq(services.postgres.url(SUPERUSER, "odis"))
    command = [str(services.postgres.run_as.binaries / "pg_dump"), "--dbname", url, "--inserts"]
    return subprocess.run(command, check=True, capture_output=True).stdout


def kept_on_disk(folder: Path) -> bytes:
    return b"\n".join(
        str(path).encode() + (path.read_bytes() if path.is_file() else b"") for path in sorted(folder.rglob("*"))
    )


def kept_in_redis(url: str) -> bytes:
    client = Redis.from_url(url)
    return b"\n".join(key + (client.dump(key) or b"") for key in client.scan_iter("*"))


def found_in(content: bytes) -> list[str]:
    lowered = content.lower()
    return [mark for mark in (MARK, PHONE, AGDREF, OFII) if mark.lower().encode() in lowered]


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO)
    return caplog


def test_nothing_of_an_erased_household_is_found_anywhere(
    database: Flask,
    homes: Homes,
    services: Embedded,
    tmp_path: Path,
    said: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    config = database.config["ODIS"]
    record = imported(homes, tmp_path)
    request_id = live(database, homes, record)
    before = dump(services)
    assert found_in(before)  # names are in clear in the walls' tables: the search does find them
    stored = {p for p in config.documents_dir.rglob("*") if p.is_file()}
    with owner_unit():
        number = db.get_one(Household, record).number
    with homes.sacha.acting() as identity:
        operations.erase_on_request(identity, request=db.get_one(RightsRequest, request_id))
    with owner_unit():
        job = db.execute(
            text(
                "INSERT INTO jobs (public_id, kind, task, queue, label, schedule, slot) VALUES ('erasures-of-test', 'schedule', 'jobs.privacy.erase', 'nuit', 'x', 'run-erasures', now()) RETURNING id"
            )
        ).scalar_one()
    assert run_job(database, "jobs.privacy.erase", job) == "done"
    after = dump(services)
    assert found_in(after) == []
    assert number.encode() not in b"\n".join(row for row in after.splitlines() if b"audit_events" not in row)
    assert found_in(kept_on_disk(config.data_dir)) == []
    assert found_in(kept_in_redis(config.redis_url)) == []
    assert found_in((said.text + "".join(capfd.readouterr())).encode()) == []
    assert found_in(services.postgres.log.read_bytes()) == []
    gone = {p for p in stored if not p.exists()}
    assert len(gone) == 5  # the document, the two files of the bilan, the two of the copy
    with owner_unit():
        events = db.execute(
            text("SELECT action, record_id, summary, data::text AS data FROM audit_events WHERE record_id = :id"),
            {"id": record},
        ).all()
        assert "record:erase" in {e.action for e in events}
        assert db.execute(text("SELECT sum(households) FROM retired_statistics")).scalar_one() == 1
        assert db.execute(text("SELECT count(*) FROM erasures WHERE record_id = :id"), {"id": record}).scalar_one() == 1
        assert (
            db.execute(text("SELECT count(*) FROM record_keys WHERE record_id = :id"), {"id": record}).scalar_one() == 0
        )
    assert json.dumps(record) in kept_on_disk(config.erasures_dir).decode("utf-8", "replace")
    for path in config.erasures_dir.glob("*.jsonl"):
        path.unlink()  # the process died before it wrote the line down: the next round does
    with owner_unit():
        again = text(
            "INSERT INTO jobs (public_id, kind, task, queue, label, schedule, slot) SELECT 'erasures-once-more', kind, task, queue, label, schedule, slot + interval '30 minutes' FROM jobs WHERE id = :id RETURNING id"
        )
        later = db.execute(again, {"id": job}).scalar_one()
    assert run_job(database, "jobs.privacy.erase", later) == "done"
    assert record in {line.record_id for line in erasures.lines(config.erasures_dir)}


def test_a_backup_of_yesterday_brings_nobody_back(town: Town, family: str, file_of: Find, tmp_path: Path) -> None:
    """The database of before the erasure, the log of after it: the file, its rows and its documents go again; the next file of that number stays."""
    with town.camille.acting() as identity:
        household = file_of(identity, family)
        record = household.id
        upload = Upload("titre.txt", io.BytesIO(b"Titre de sejour"))
        store_document(
            identity,
            record_id=record,
            owner_org_id=household.owner_org_id,
            upload=upload,
            audience=Audience.ORGANISATION,
        )
        other = open_file(identity, Person("Autre", "Personne", "f", birth_date=date(1991, 2, 3))).public_id
    with owner_unit():
        key = db.execute(text("SELECT public_id FROM record_keys WHERE record_id = :id"), {"id": record}).scalar_one()
    assert erasures.append(tmp_path, [erasures.Erased(record, key, clock.now().isoformat())]) == 1
    with owner_unit():
        assert erasures.replay(tmp_path) == [record]
    with owner_unit():
        assert erasures.replay(tmp_path) == []
        for table, column in (
            ("records", "id"),
            ("households", "id"),
            ("members", "household_id"),
            ("journal_entries", "record_id"),
            ("documents", "record_id"),
        ):
            left = text(f"SELECT count(*) FROM {table} WHERE {column} = :id")
            assert db.execute(left, {"id": record}).scalar_one() == 0, table
        assert db.execute(text("SELECT folder FROM erased_files")).scalars().all() == ["documents"]
        assert db.execute(text("SELECT public_id FROM households")).scalars().all() == [other]
        assert erasures.settle(tmp_path) == 0


def test_each_adult_must_have_asked(town: Town, family: str, file_of: Find, client: StrictClient) -> None:
    with town.sacha.acting() as identity:
        household = file_of(identity, family)
        laila, farid, _ = present_members(household.id)
        first = ask(identity, household, RequestKind.EFFACEMENT, member=laila)
        operations.answer_request(identity, request=first, accepted=True, answer="Oui")
    browser, here = client.as_(town.sacha), f"/menages/{family}/demandes/{first.public_id}"
    assert "Chaque adulte" in browser.post(f"{here}/effacer", status=422).text
    with town.sacha.acting() as identity:
        household = file_of(identity, family)
        second = ask(identity, household, RequestKind.EFFACEMENT, member=farid)
    assert "Chaque adulte" in browser.post(f"{here}/effacer", status=422).text
    with town.sacha.acting() as identity:
        operations.answer_request(identity, request=db.get_one(RightsRequest, second.id), accepted=True, answer="Oui")
    client.as_(town.camille).post(f"{here}/effacer", status=403)
    browser.post(f"{here}/effacer")
    browser.get(f"/menages/{family}", status=404)
    with town.sacha.acting():
        assert db.scalars(select(Household)).all() == []


def test_what_is_under_way_keeps_it_whole(town: Town, file_of: Find) -> None:
    with town.sacha.acting() as identity:
        household = open_file(identity, Person("Laila", "Seule", "f", birth_date=date(1990, 3, 4)))
        asked = ask(identity, household, RequestKind.EFFACEMENT)
        operations.answer_request(identity, request=asked, accepted=True, answer="Oui")
        files.share_household(
            identity,
            household=household,
            organisation=organisation_of(town.neighbour),
            level=ShareLevel.MINIMAL,
            purpose=SharePurpose.MOBILITE,
        )
    with pytest.raises(RuleError, match="un partage en cours"), town.sacha.acting() as identity:
        operations.erase_on_request(identity, request=db.get_one(RightsRequest, asked.id))
    with owner_unit():
        assert (
            db.execute(
                text("SELECT count(*) FROM record_keys WHERE record_id = :id"), {"id": household.id}
            ).scalar_one()
            == 1
        )


def test_a_neighbour_erases_nothing(town: Town, family: str, file_of: Find) -> None:
    with town.sacha.acting() as identity:
        asked = ask(identity, file_of(identity, family), RequestKind.EFFACEMENT)
        operations.answer_request(identity, request=asked, accepted=True, answer="Oui")
    for actor in town.strangers:
        with actor.acting():
            assert db.execute(text("SELECT odis.erase_requested(:id)"), {"id": asked.id}).scalar_one() == "refused"
    with pytest.raises(ProgrammingError, match="permission denied"), town.sacha.acting():
        db.execute(text("DELETE FROM households"))
