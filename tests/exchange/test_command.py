"""``odis import``: the wizard's engine on the command line; all of the file, or nothing and the list of what is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import func, select

from odis_app.core.db import db
from odis_app.exchange.models import Import
from odis_app.households.models import Household
from odis_app.organisations.seeds import Actor
from tests import conftest
from tests.support.worlds import WorldBuilder, owner_unit

HEADERS = "Nom;Prénom;Sexe;Date de naissance;Taille;Adultes;Mineurs;Statut;Téléphone;Date du besoin"
NOUR = "Exemplova;Nour;F;12/03/1990;1;1;0;réfugiée;0639980107;01/12/2026"
AMINA = "Fictive;Amina;F;31/02/1990;1;1;0;réfugiée;06 39;01/12/2026"


@pytest.fixture
def actor(world: WorldBuilder) -> Actor:
    return world.actor("association", "44")


def run(app: Flask, tmp_path: Path, *lines: str, options: tuple[str, ...] = (), headers: str = HEADERS) -> Result:
    file = tmp_path / "suivi.csv"
    file.write_text("\n".join([headers, *lines]) + "\n", encoding="utf-8")
    result = app.test_cli_runner().invoke(args=["import", "menages", str(file), *options])
    conftest._configure(app)  # the command closes the installation's own connections
    return result


def counts() -> tuple[int, int]:
    """(households, imports and drafts) of the whole base."""
    with owner_unit():
        return tuple(db.execute(select(func.count()).select_from(model)).scalar_one() for model in (Household, Import))  # type: ignore[return-value]


def test_a_clean_file_is_tried_then_recorded_once(database: Flask, actor: Actor, tmp_path: Path) -> None:
    tried = run(database, tmp_path, NOUR, options=("--dry-run",))
    assert tried.exit_code == 0, tried.output
    assert "1\u00a0création" in tried.output
    assert counts() == (0, 0)
    done = run(database, tmp_path, NOUR)
    assert done.exit_code == 0, done.output
    assert "/imports/" in done.output
    assert counts() == (1, 1)
    again = run(database, tmp_path, NOUR)
    assert (again.exit_code, "Tout est déjà enregistré" in again.output) == (1, True)
    assert counts() == (1, 1)


def test_each_error_is_told_by_line_and_column_and_nothing_stays(database: Flask, actor: Actor, tmp_path: Path) -> None:
    refused = run(database, tmp_path, NOUR, AMINA)
    assert refused.exit_code == 1
    assert "Ligne 3, colonne « Date de naissance » :" in refused.stderr
    assert "Ligne 3, colonne « Téléphone » :" in refused.stderr
    assert "rien n’est enregistré" in refused.stderr
    assert counts() == (0, 0)


def test_columns_may_be_told(database: Flask, actor: Actor, tmp_path: Path) -> None:
    mapping = tmp_path / "colonnes.json"
    odd = HEADERS.replace("Nom", "Bidule")
    unread = run(database, tmp_path, NOUR, headers=odd)
    assert (unread.exit_code, "Il manque « Nom" in unread.output, "« Bidule »" in unread.output) == (1, True, True)
    keys = ("last_name", "first_name", "sex", "birth", "size", "adults", "minors", "status", "phone", "needed_on")
    mapping.write_text(json.dumps(dict(zip(odd.split(";"), keys, strict=True))), encoding="utf-8")
    told = run(database, tmp_path, NOUR, headers=odd, options=("--mapping", str(mapping)))
    assert told.exit_code == 0, told.output
    mapping.write_text(json.dumps({"Nom": "inconnue"}), encoding="utf-8")
    unknown = run(database, tmp_path, NOUR, options=("--mapping", str(mapping)))
    assert (unknown.exit_code, "last_name" in unknown.output) == (1, True)


def test_who_has_no_right_imports_nothing(database: Flask, world: WorldBuilder, tmp_path: Path) -> None:
    assert "Personne n’a le droit" in run(database, tmp_path, NOUR).output
    world.actor("ddets", "44")
    refused = run(database, tmp_path, NOUR, options=("--as", "ddets1@test.odis.example"))
    assert (refused.exit_code, "Personne n’a le droit" in refused.output) == (1, True)
    assert counts() == (0, 0)


def test_an_unknown_kind_names_those_that_exist(database: Flask, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("a;b\n", encoding="utf-8")
    result = database.test_cli_runner().invoke(args=["import", "licornes", str(file)])
    assert (result.exit_code, "menages" in result.output, "offres" in result.output) == (1, True, True)
