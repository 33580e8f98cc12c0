"""The register of processing: whole, current, open to everybody, and only what the code says."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from odis_app.core import data_classes
from odis_app.core.db import unit_of_work
from odis_app.home import register
from odis_app.home.register_words import ACTIVITIES, NAMES
from odis_app.privacy.queries import purposes
from tests.support.client import StrictClient

PAGE = Path(__file__).resolve().parents[2] / "docs" / "registre.md"


def test_every_package_with_data_is_in_one_activity() -> None:
    named = [name for activity in ACTIVITIES for name in activity.packages]
    assert len(named) == len(set(named))
    assert {column.package for column in data_classes.columns()} - set(named) == set()


def test_every_table_has_its_french_name_and_no_name_is_left_over() -> None:
    tables = {column.table for column in data_classes.columns()}
    assert (sorted(tables - set(NAMES)), sorted(set(NAMES) - tables)) == ([], []), "say it in home/register_words.py"


def test_every_activity_has_a_legal_basis(database: Flask) -> None:
    with unit_of_work(None, readonly=True):
        assert [e.activity.title for e in register.register(purposes()) if not e.bases] == []


def test_the_lines_count_every_column(database: Flask) -> None:
    with unit_of_work(None, readonly=True):
        health = next(
            line
            for e in register.register(purposes())
            for line in e.lines
            if line.data == NAMES["household_health_needs"]
        )
    assert "2 santé" in health.classes
    assert health.sealed == "1 champ sur 7"


def test_the_readers_are_those_of_the_permissions(database: Flask) -> None:
    with unit_of_work(None, readonly=True):
        files = register.register(purposes())[0]
    assert "Lire les besoins de santé (classe 2) : Travail social, Coordination" in files.readers
    assert not any("Modifier" in reader for reader in files.readers)


def test_the_published_register_is_current(database: Flask) -> None:
    with unit_of_work(None, readonly=True):
        assert PAGE.read_text(encoding="utf-8").strip() == register.as_markdown(purposes()), (
            "run: odis registre --markdown > docs/registre.md"
        )


def test_the_command_writes_it(database: Flask) -> None:
    ran = database.test_cli_runner().invoke(args=["registre", "--markdown"])
    assert ran.output.startswith("# Registre des traitements")
    short = database.test_cli_runner().invoke(args=["registre"])
    assert len(short.output.splitlines()) == len(ACTIVITIES)


def test_the_page_is_open_to_everybody_and_linked(client: StrictClient) -> None:
    page = client.get("/registre")
    assert "Registre des traitements" in page.text
    assert "besoins de santé" in page.text
    assert "/registre" in client.get("/donnees-personnelles").text


def test_a_table_classed_twice_or_a_column_half_said_is_refused(tmp_path: Path) -> None:
    facts = "{class: 0, purpose: essai, retention: 1 an, encrypted: false, exportable: false}"
    for package in ("un", "deux"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "data_classes.yml").write_text(f"essais:\n  id: {facts}\n", encoding="utf-8")
    with pytest.raises(ValueError, match="classed twice"):
        data_classes.columns(tmp_path)
    (tmp_path / "deux" / "data_classes.yml").write_text("autres:\n  id: {class: 0, purpose: essai}\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"autres\.id"):
        data_classes.columns(tmp_path)
