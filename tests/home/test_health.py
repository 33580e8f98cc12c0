"""/sante says what is down, for real, and 503; what is late, and 200. /metrics and /demo answer whom they should."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from odis_app import create_app
from odis_app.core import outbox
from odis_app.core.config import Config
from odis_app.core.db import db
from tests import conftest
from tests.support.client import StrictClient, text_of
from tests.support.worlds import WorldBuilder, owner_unit


@pytest.fixture
def broken(database: Flask) -> Iterator[Any]:
    """``broken(redis_url=…)``: the same application with one address that leads nowhere."""
    config: Config = database.config["ODIS"]
    yield lambda **changes: create_app(replace(config, **changes)).test_client()
    outbox.configure(config.redis_url)
    conftest._configure(database)


def told(client: Any, status: int) -> dict[str, Any]:
    answer = client.get("/sante")
    assert answer.status_code == status, answer.get_data(as_text=True)
    return answer.get_json()  # type: ignore[no-any-return]


def job(queue: str, *, waited: int, planned: int) -> None:
    """A planned task that has waited ``waited`` minutes, for an instant ``planned`` minutes ago."""
    with owner_unit():
        db.execute(
            text(
                "INSERT INTO jobs (public_id, kind, task, queue, label, schedule, slot, created_at) VALUES (substr(md5(random()::text), 1, 16), 'schedule', 'x', "
                ":queue, 'x', 'send-mails', now() - make_interval(mins => :planned), now() - make_interval(mins => :waited))"
            ),
            {"queue": queue, "planned": planned, "waited": waited},
        )


def test_all_is_well_and_nothing_personal_is_said(client: StrictClient, world: WorldBuilder) -> None:
    world.actor("association", "44")
    job("rapide", waited=1, planned=1)
    said = told(client.browser, 200)
    assert {name: said[name] for name in ("statut", "base", "redis", "stockage", "planificateur")} == dict.fromkeys(
        ("statut", "base", "redis", "stockage", "planificateur"), "ok"
    )
    assert said["files"]["rapide"]["en_attente"] == 1
    assert "Organisation" not in str(said)


def test_a_redis_that_does_not_answer_is_503(broken: Any, tmp_path: Path) -> None:
    said = told(broken(redis_url=f"unix://{tmp_path}/nobody.sock"), 503)
    assert (said["redis"], said["base"], said["statut"]) == ("en panne", "ok", "en panne")


def test_a_base_that_does_not_answer_is_503_and_still_json(broken: Any, tmp_path: Path) -> None:
    said = told(broken(database_url=f"postgresql+psycopg://odis_app@/odis?host={tmp_path}"), 503)
    assert (said["base"], said["redis"], said["files"], said["statut"]) == ("en panne", "ok", {}, "en panne")


def test_a_storage_that_takes_no_file_is_503(broken: Any, tmp_path: Path) -> None:
    client = broken()
    blocked = tmp_path / "fichier"
    blocked.write_text("pas un dossier", encoding="utf-8")
    client.application.config["ODIS"] = replace(client.application.config["ODIS"], data_dir=blocked)
    said = told(client, 503)
    assert (said["stockage"], said["base"], said["statut"]) == ("en panne", "ok", "en panne")


def test_a_queue_that_nobody_serves_and_a_scheduler_that_stopped_are_told_without_closing_the_door(
    client: StrictClient, world: WorldBuilder
) -> None:
    job("rapide", waited=1, planned=16)
    said = told(client.browser, 200)
    assert (said["statut"], said["files"]["rapide"]["en_retard"], said["planificateur"]) == (
        "en retard",
        False,
        "en retard",
    )
    home = text_of(client.as_(world.actor("admin", None)).get("/"))
    assert "Planificateur En retard" in home
    job("bilans", waited=16, planned=1)
    said = told(client.browser, 200)
    assert (said["statut"], said["files"]["bilans"]["en_retard"], said["planificateur"]) == ("en retard", True, "ok")


def test_figures_are_for_this_machine_alone(client: StrictClient) -> None:
    client.get("/mentions-legales")
    answer = client.browser.get("/metrics")
    assert answer.status_code == 200
    assert "# TYPE odis_" in answer.get_data(as_text=True)
    assert client.browser.get("/metrics", headers={"X-Forwarded-For": "192.0.2.1"}).status_code == 404
    assert client.browser.get("/metrics", environ_base={"REMOTE_ADDR": "192.0.2.1"}).status_code == 404


def test_the_page_of_the_demonstration_lists_its_accounts_and_is_nowhere_else(
    client: StrictClient, broken: Any
) -> None:
    page = text_of(client.get("/demo"))
    for name in ("association", "coordination", "operateur", "aval", "ddets44", "ddets53", "dihal", "autre", "admin"):
        assert f"{name}@demo.odis.example" in page
    assert broken(demo=False, demo_password="").get("/demo").status_code == 404
