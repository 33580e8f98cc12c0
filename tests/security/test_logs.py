"""Technical logs carry ids and places in the code, never a person: everything is driven with marked words, then the logs are searched."""

from __future__ import annotations

import logging
import re

import pytest
import structlog
from flask import Flask
from sqlalchemy import select, text

from jobs.queues import ALLOWED
from jobs.schedule import SCHEDULE
from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.jobs import request_job
from odis_app.core.logs import traced
from odis_app.core.permissions import public
from odis_app.core.services.embedded import Embedded
from odis_app.exchange.models import Import
from odis_app.households.models import Household, Member
from odis_app.households.queries.lists import HouseholdFilter
from odis_app.privacy import operations as privacy
from odis_app.privacy.enums import RequestKind
from odis_app.privacy.models import RightsRequest
from odis_app.reports.export_kinds import KINDS
from odis_app.reports.exports import request_export
from tests.security.region import LETTERS, Region
from tests.security.visits import addresses, browser, lists
from tests.support.client import form_values
from tests.support.html import parsed
from tests.support.workers import run_job
from tests.support.worlds import owner_unit

MARKS = (
    "Marqueuzine",
    "Lalarème",
    "Lalareme",
    "Marqueuse",
    "Marqueur",
    "hote@exemple.test",
    "600000001",
    "639980001",
    "Secretinscrit",
)


def marks_in(words: str) -> list[str]:
    return [mark for mark in MARKS if mark in words]


@pytest.fixture
def everything_said(caplog: pytest.LogCaptureFixture) -> structlog.testing.LogCapture:
    """All loggers at their most talkative."""
    caplog.set_level(logging.INFO)
    for name in ("werkzeug", "rq", "odis_app", "jobs"):
        caplog.set_level(logging.DEBUG, logger=name)
    logging.getLogger("sqlalchemy.engine").setLevel(logging.WARNING)  # echoing statements is never on
    captured = structlog.testing.LogCapture()
    former = structlog.get_config()["processors"]
    structlog.configure(processors=[captured])
    yield captured
    structlog.configure(processors=former)


def test_no_page_nor_form_of_the_product_writes_a_person_in_the_logs(
    app: Flask,
    region: Region,
    services: Embedded,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    everything_said: structlog.testing.LogCapture,
) -> None:
    """Own pages, searches by name and phone, refused forms with marked words in every field, and a stranger who tries."""
    start = services.postgres.log.stat().st_size
    client, stranger = browser(app, region.camille), browser(app, region.people["elsewhere", "ts"])
    sent = 0
    for url in [*(url for _, url in addresses(app, region, "GET")), *lists(app)]:
        page = client.browser.get(url, buffered=True)
        stranger.browser.get(f"{url}?q=Marqueuzine", buffered=True).close()
        html = page.get_data(as_text=True) if page.mimetype == "text/html" else ""
        page.close()
        for form in parsed(html).find_all("form", method=re.compile("post", re.I)):
            action = str(form.get("action") or url)
            if action.endswith(("deconnexion", "retirer", "arreter", "annuler", "archiver", "supprimer", "signaler")):
                continue
            fields = {k: v if k == "csrf_token" else f"{v} Marqueuzine" for k, v in form_values(form).items()}
            client.browser.post(action, data=fields, headers={"Referer": "http://localhost/"}, buffered=True).close()
            sent += 1
    assert sent > 20
    out = capfd.readouterr()
    assert marks_in(out.out + out.err) == []
    assert marks_in(caplog.text) == []
    assert marks_in(str(everything_said.entries)) == []
    with services.postgres.log.open(encoding="utf-8", errors="replace") as log:
        log.seek(start)
        assert marks_in(log.read()) == []


FREE = "Marqueuzine"
OPENED = {
    "principal-first_name": "Lalarème", "principal-last_name": "Marqueuzine-Neuve", "principal-sex": "f", "principal-birth": "1981",
    "dispositif": "1", "department": "44", "phone": "0639980001",
}  # fmt: skip
OFFERED = {
    "host_name": "Jeanne Marqueuse", "phone": "0639980001", "commune": "Nantes (44)", "kind": "chambre_chez_habitant", "capacity": "1", "bedrooms": "1",
    "units": "1", "smoke_detector": "y",
}  # fmt: skip
NOTED = ("/menages/{household}/journal", {"body": f"{FREE}, 0600000001"}, "Noter l’échange")
INVITED = ("/equipe/inviter", {"roles": ["travailleur_social"]}, "Envoyer l’invitation")
SOUGHT = ("/recherche", {"q": FREE}, "Rechercher")
# By role: the page, what is typed, the button. Those who write nothing about anybody look for them.
WRITTEN = {
    "ts": [("/menages/nouveau", OPENED, None), NOTED],
    "co": [("/offres/nouveau", OFFERED, "Enregistrer"), NOTED, INVITED],
    "qo": [("/offres/nouveau", OFFERED, "Enregistrer")],
    "op": [NOTED],
    "ba": [("/places/{place}/modifier", {"label": f"Studio {FREE}"}, "Enregistrer")],
    "ao": [INVITED],
    "ap": [INVITED],
    "dd": [SOUGHT],
    "na": [SOUGHT],
    "cl": [SOUGHT],
}  # fmt: skip


def nothing_told(
    region: Region, services: Embedded, start: int, caplog: pytest.LogCaptureFixture, *said: object
) -> None:
    assert marks_in(caplog.text) == []
    assert [marks_in(str(words)) for words in said if marks_in(str(words))] == []
    with services.postgres.log.open(encoding="utf-8", errors="replace") as log:
        log.seek(start)
        assert marks_in(log.read()) == []


def test_what_each_role_writes_in_earnest_is_in_no_log(
    app: Flask,
    region: Region,
    services: Embedded,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    everything_said: structlog.testing.LogCapture,
) -> None:
    """Each form is accepted: 303, or the page of a search."""
    assert set(WRITTEN) == set(LETTERS)
    start = services.postgres.log.stat().st_size
    for rank, (letters, forms) in enumerate(WRITTEN.items()):
        client = browser(app, region.people["own", letters])
        for page, typed, button in forms:
            given = {**typed, "email": f"{rank}hote@exemple.test"} if "roles" in typed else typed
            answer = client.get(page.format(**region.things))
            if page == "/recherche":
                client.submit(answer, given, action="/recherche", status=200)
            else:
                client.submit(answer, given, button=button)
    out = capfd.readouterr()
    nothing_told(region, services, start, caplog, out.out, out.err, everything_said.entries)


def test_the_workers_write_nobody_in_the_logs(
    app: Flask,
    region: Region,
    services: Embedded,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    everything_said: structlog.testing.LogCapture,
) -> None:
    """Every task that workers know runs once, on files, offers, mails and imports full of marked words; each ends well."""
    _ask_for_everything(region)
    start = services.postgres.log.stat().st_size
    with owner_unit():
        for line in SCHEDULE:
            db.execute(
                text(
                    "INSERT INTO jobs (public_id, kind, task, queue, label, schedule, slot) "
                    "VALUES (substr(md5(random()::text), 1, 16), 'schedule', :task, :queue, :label, :name, clock_timestamp())"
                ),
                {"task": line.task, "queue": line.queue, "label": line.label, "name": line.name},
            )
        waiting = db.execute(
            text("SELECT id, task FROM jobs WHERE state = 'queued' ORDER BY schedule NULLS FIRST, id")
        ).all()
    ended = {task: run_job(app, task, job) for job, task in waiting}
    assert set(ended) == ALLOWED
    assert {task: how for task, how in ended.items() if how != "done"} == {}
    out = capfd.readouterr()
    nothing_told(region, services, start, caplog, out.out, out.err, everything_said.entries)


def _ask_for_everything(region: Region) -> None:
    """A bilan waits already, with the handover; a copy of one's data, a list that leaves, an import."""
    with region.camille.acting() as identity:
        household = region.numbers["household"]
        asked = db.scalars(select(RightsRequest).where(RightsRequest.household_id == household).limit(1)).one()
        copy = privacy.register_request(
            identity, household=db.get_one(Household, household), member=db.get_one(Member, asked.member_id), kind=RequestKind.COPIE,
            received_on=clock.today(), details=f"Tout sur {FREE}",
        )  # fmt: skip
        privacy.request_copy(identity, request=copy)
        request_export(identity, kind=KINDS["menages"], filters=HouseholdFilter())
    with region.people["own", "ts"].acting() as identity:
        found = db.scalars(select(Import).where(Import.public_id == region.things["found"])).one()
        told = {"import": found.public_id, "checked_at": found.checked_at.isoformat() if found.checked_at else ""}
        request_job(identity, task="jobs.exchange.record", queue="bilans", kind="import", label="Import", params=told)


def test_an_unexpected_error_is_told_by_its_place_and_its_reference_only(
    app: Flask,
    region: Region,
    services: Embedded,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The database quotes the row that it refuses; neither its log nor ours repeat it."""

    @public
    def broken() -> str:
        db.execute(
            text(
                "INSERT INTO household_counters (owner_org_id, department_code, last) VALUES (:o, 'Secretinscrit', 1)"
            ),
            {"o": region.camille.org_id},
        )
        return "unreachable: the département does not exist"

    caplog.set_level(logging.INFO)
    monkeypatch.setitem(app.view_functions, "home.legal", broken)
    start = services.postgres.log.stat().st_size
    answer = browser(app, region.camille).browser.get("/mentions-legales")
    assert answer.status_code == 500
    assert "Secretinscrit" not in answer.get_data(as_text=True)
    assert "Secretinscrit" not in caplog.text
    assert "test_logs.py" in caplog.text
    with services.postgres.log.open(encoding="utf-8", errors="replace") as log:
        log.seek(start)
        assert "Secretinscrit" not in log.read()


def test_a_traced_error_says_where_and_never_what() -> None:
    try:
        try:
            {}["Secretinscrit"]
        except KeyError as cause:
            raise ValueError("Secretinscrit") from cause
    except ValueError as error:
        said = traced(error)
    assert said.startswith("ValueError ← KeyError : security/test_logs.py:")
    assert "Secretinscrit" not in said
