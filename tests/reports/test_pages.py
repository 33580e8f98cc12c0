"""/bilans without JavaScript, then by fragments; Redis stopped for real; the command."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, text

from odis_app.core import clock
from odis_app.core.config import ROOT
from odis_app.core.db import db
from odis_app.core.services.embedded import Embedded
from odis_app.pilotage.period import last_month
from odis_app.reports.models import Report
from tests.placements.conftest import Town
from tests.reports.conftest import ask_department, row
from tests.support.client import StrictClient, text_of
from tests.support.worlds import owner_unit

Work = Callable[[str], str]
BURST = "from jobs.worker import run; from odis_app.core.config import Config; run(Config.from_env(), burst=True)"


def newest() -> str:
    with owner_unit():
        return db.scalars(select(Report.public_id).order_by(Report.id.desc()).limit(1)).one()


def test_a_bilan_is_asked_for_watched_read_and_made_again(town: Town, work: Work, client: StrictClient) -> None:
    browser = client.as_(town.ddets)
    assert "Aucun bilan pour votre organisation." in text_of(browser.get("/bilans"))
    form = browser.get("/bilans/nouveau")
    browser.submit(form, {"kind": "department", "department": "44"})
    public_id = newest()
    page = browser.get(f"/bilans/{public_id}")
    assert "En préparation" in text_of(page)
    assert 'hx-trigger="every 2s"' in page.get_data(as_text=True)
    assert work(public_id) == "done"
    page = browser.get(f"/bilans/{public_id}")
    words = text_of(page)
    assert "Bilan prêt" in words
    assert (row(public_id).pdf_sha256 or b"").hex() in words
    assert "every 2s" not in page.get_data(as_text=True)
    fragment = browser.get(f"/bilans/{public_id}", htmx=True).get_data(as_text=True)
    assert fragment.lstrip().startswith("<section")
    assert "Loire-Atlantique (44)" in text_of(browser.get("/bilans"))
    browser.submit(page, {}, button="Refaire le bilan")
    assert newest() != public_id


def test_a_download_is_written_down_first(town: Town, work: Work, client: StrictClient) -> None:
    public_id = ask_department(town.ddets)
    assert work(public_id) == "done"
    response = client.as_(town.ddets).get(f"/bilans/{public_id}/xlsx")
    assert response.get_data()[:2] == b"PK"
    assert response.headers["Cache-Control"] == "no-store"
    with owner_unit():
        events = db.execute(
            text(
                "SELECT action, data ->> 'file', actor_user_id FROM audit_events WHERE action LIKE 'report:%' ORDER BY id"
            )
        ).all()
    assert [tuple(e) for e in events][-1] == ("report:download", "xlsx", town.ddets.user_id)
    assert {e.action for e in events} >= {"report:request", "report:generate"}


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"kind": "household", "number": ""}, "Écrivez le numéro du dossier"),
        ({"kind": "household", "number": "M-99-9999"}, "Aucun dossier ouvert à votre organisation ne porte ce numéro"),
        ({"since": "2026-02-10", "until": "2026-02-01"}, "Le dernier jour vient avant le premier"),
        ({"until": "2099-01-01"}, "La fin de la période est aujourd’hui au plus tard"),
        ({"since": "2001-01-01"}, "Une période compte trois ans au plus"),
    ],
)
def test_what_is_wrong_is_said(town: Town, client: StrictClient, values: dict[str, str], said: str) -> None:
    browser = client.as_(town.camille)
    page = browser.submit(
        browser.get("/bilans/nouveau"), {"kind": "department", "department": "44", **values}, status=422
    )
    assert said in text_of(page)


def test_the_button_of_a_file_leads_to_its_bilan(town: Town, client: StrictClient) -> None:
    browser = client.as_(town.camille)
    assert "Faire le bilan" in text_of(browser.get(f"/menages/{town.household}"))
    form = browser.get(f"/menages/{town.household}/bilan")
    browser.submit(form, {}, button="Demander le bilan")
    assert row(newest()).title.startswith("Dossier M-44-")
    client.as_(town.neighbour).get(f"/menages/{town.household}/bilan", status=404)


def test_a_bilan_can_be_stopped(town: Town, work: Work, client: StrictClient) -> None:
    public_id = ask_department(town.ddets)
    browser = client.as_(town.ddets)
    browser.submit(browser.get(f"/bilans/{public_id}"), {}, button="Arrêter")
    assert "Le bilan a été arrêté avant la fin." in text_of(browser.get(f"/bilans/{public_id}"))
    assert work(public_id) == "not queued"


def test_redis_stopped_the_request_is_kept_and_ends_when_it_is_back(
    town: Town, client: StrictClient, services: Embedded, database: Flask
) -> None:
    browser = client.as_(town.ddets)
    services.redis.stop()
    try:
        browser.submit(browser.get("/bilans/nouveau"), {"kind": "department", "department": "44"})
        public_id = newest()
        words = text_of(browser.get(f"/bilans/{public_id}"))
    finally:
        services.redis.start()
    assert "En attente : la file de travaux est arrêtée, votre demande est gardée." in words
    environ = {**os.environ, **database.config["ODIS"].environment()}
    done = subprocess.run(
        [sys.executable, "-c", BURST], env=environ, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False
    )
    assert row(public_id).is_ready, done.stderr[-2000:]
    assert "Bilan prêt" in text_of(browser.get(f"/bilans/{public_id}"))


def test_the_command_writes_a_bilan_without_the_browser(town: Town, database: Flask, tmp_path: Path) -> None:
    runner = database.test_cli_runner()
    out = tmp_path / "bilan.pdf"
    month = last_month(clock.today())
    since, until = month.since.isoformat(), month.until.isoformat()
    made = runner.invoke(args=["bilan", "department", "44", "--from", since, "--to", until, "--out", str(out)])
    assert made.exit_code == 0, made.output
    assert out.read_bytes()[:5] == b"%PDF-"
    assert out.with_suffix(".xlsx").read_bytes()[:2] == b"PK"
    made = runner.invoke(args=["bilan", "household", town.household, "--to", until, "--from", since, "--out", str(out)])
    assert made.exit_code == 0, made.output
    for wrong, said in (
        (["bilan", "household", "M-44-9999", "--out", str(out)], "Aucun dossier"),
        (["bilan", "department", "99", "--out", str(out)], "Personne n’a les droits"),
        (["bilan", "department", "44", "--from", until, "--to", since, "--out", str(out)], "--to vient avant"),
    ):
        refused = runner.invoke(args=wrong)
        assert refused.exit_code == 1
        assert said in refused.output
