"""A list that leaves: an AES archive, its password once, two days, its author alone; above fifty, two people."""

from __future__ import annotations

import io
import os
import zipfile
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
import pyzipper
import yaml
from bs4 import BeautifulSoup
from flask import Flask
from openpyxl import load_workbook
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from odis_app.access.enums import ReviewKind, Verdict
from odis_app.access.models import Review
from odis_app.access.operations import decide_review
from odis_app.core import db
from odis_app.core.config import ROOT
from odis_app.core.db import token_hash, unit_of_work
from odis_app.core.formats import pluriel
from odis_app.core.permissions import StepUpNeededError
from odis_app.documents.storage import Store
from odis_app.households.operations.composition import Person
from odis_app.households.queries import HouseholdFilter
from odis_app.organisations.seeds import Actor
from odis_app.reports import exports
from odis_app.reports.export_kinds import KINDS, ExportKind
from odis_app.reports.export_rows import COLUMNS
from odis_app.reports.models import ListExport
from tests.households.conftest import open_file
from tests.support.client import StrictClient, text_of
from tests.support.workers import run_job
from tests.support.worlds import WorldBuilder, confirmed, owner_unit

FORMULA = "=HYPERLINK(1)"
FORGED = """INSERT INTO list_exports (public_id, owner_org_id, author_id, author_label, filters_sealed, kind, lines, lines_48h, created_at, expires_at)
    VALUES ('exportforge00001', :org, :me, 'x', '', 'menages', 40, 40, now() - interval '90 hours', now() - interval '80 hours')"""


@pytest.fixture
def author(world: WorldBuilder) -> Actor:
    """An association with two files, one of whose people has a name that a spreadsheet would run."""
    actor = world.actor("association", "44")
    with actor.acting() as identity:
        open_file(identity)
        open_file(identity, Person("Zoé", FORMULA, "f", birth_year=1990))
    return actor


def asked(client: StrictClient, query: str = "") -> str:
    """The public id of an export asked for through the pages."""
    page = client.get(f"/menages/exporter{query}")
    answer = client.submit(page, {}, button="Préparer l’export")
    return str(answer.headers["Location"]).rsplit("/", 1)[1]


def made(app: Flask, public_id: str) -> None:
    with owner_unit():
        job_id = db.db.execute(select(ListExport.job_id).where(ListExport.public_id == public_id)).scalar_one()
    assert run_job(app, "jobs.exports.run", job_id) == "done"


def shown(client: StrictClient, public_id: str) -> str:
    """The password, from the page that shows it."""
    page = client.submit(client.get(f"/exports/{public_id}"), {}, button="Afficher le mot de passe", status=200)
    found = BeautifulSoup(page.get_data(as_text=True), "html.parser").find(id="mot-de-passe")
    assert found is not None
    return found.get_text()


def opened(archive: bytes, password: str) -> list[tuple[object, ...]]:
    with pyzipper.AESZipFile(io.BytesIO(archive)) as found:
        found.setpassword(password.encode())
        [name] = found.namelist()
        book = load_workbook(io.BytesIO(found.read(name)))
    return [tuple(row) for row in book["Ménages"].iter_rows(values_only=True)]


def test_a_list_leaves_encrypted_and_its_password_is_shown_once(
    author: Actor, client: StrictClient, database: Flask
) -> None:
    mine = client.as_(author)
    assert "Exporter cette liste" in text_of(mine.get("/menages"))
    public_id = asked(mine)
    assert "En préparation" in text_of(mine.get(f"/exports/{public_id}"))
    mine.get(f"/exports/{public_id}/fichier", status=404)
    made(database, public_id)
    password = shown(mine, public_id)
    assert password not in mine.get(f"/exports/{public_id}").get_data(as_text=True)
    again = mine.post(f"/exports/{public_id}/mot-de-passe", status=422)
    assert "n’est gardé nulle part" in text_of(again)
    answer = mine.get(f"/exports/{public_id}/fichier")
    assert (answer.mimetype, answer.headers["Cache-Control"]) == ("application/zip", "no-store")
    with pytest.raises(RuntimeError, match="Bad password"):
        opened(answer.data, "un-autre-mot-de-passe")
    with zipfile.ZipFile(io.BytesIO(answer.data)) as plain:  # AES-256: the header's extra field says strength 3
        assert plain.infolist()[0].compress_type == 99
        assert plain.infolist()[0].extra[8] == 3
    titles, watermark, *rows = opened(answer.data, password)
    assert titles == tuple(column.title for column in COLUMNS)
    assert str(watermark[0]).startswith("Exporté le")
    assert "par Association Fictif 1, Organisation association1" in str(watermark[0])
    assert {row[0] for row in rows} == {"M-44-0001", "M-44-0002"}
    assert not [cell for row in rows for cell in row if isinstance(cell, str) and cell.startswith("=")]
    with owner_unit():
        trail = text("SELECT summary FROM audit_events WHERE action = 'household:export' ORDER BY id")
        said = [told.replace("\xa0", " ") for told in db.db.execute(trail).scalars()]
        sealed = db.db.execute(select(ListExport.password_sealed)).scalar_one()
    assert said == [
        "Export de 2 ménages demandé", "Export de 2 ménages établi", "Mot de passe d’un export montré", "Export de 2 ménages téléchargé",
    ]  # fmt: skip
    assert sealed is None


def test_the_filters_of_the_list_are_those_of_the_export(author: Actor, client: StrictClient, database: Flask) -> None:
    mine = client.as_(author)
    for swapped in (False, True):  # filtered in place, the link follows the list
        page = mine.get("/menages?q=nemounehzadeh", htmx=swapped)
        link = BeautifulSoup(page.get_data(as_text=True), "html.parser").find("a", string="Exporter cette liste")
        assert link is not None
        assert str(link["href"]) == "/menages/exporter?q=nemounehzadeh"
    public_id = asked(mine, "?q=nemounehzadeh")
    made(database, public_id)
    _titles, _watermark, *rows = opened(mine.get(f"/exports/{public_id}/fichier").data, shown(mine, public_id))
    assert [row[0] for row in rows] == ["M-44-0001"]
    answer = mine.submit(mine.get("/menages/exporter?q=personne"), {}, button="Préparer l’export", status=422)
    assert "rien à exporter dans cette liste" in text_of(answer)


def test_nobody_else_has_it_not_even_a_colleague(
    author: Actor, world: WorldBuilder, client: StrictClient, database: Flask
) -> None:
    public_id = asked(client.as_(author))
    made(database, public_id)
    for other in (
        world.actor("association", colleague_of=author),
        world.actor("association", "44"),
        world.actor("operateur", "33"),
    ):
        for path in ("", "/fichier"):
            client.as_(other).get(f"/exports/{public_id}{path}", status=404)
        client.as_(other).post(f"/exports/{public_id}/mot-de-passe", status=404)
        with other.acting():
            assert db.db.execute(text("SELECT count(*) FROM list_exports")).scalar_one() == 0


def test_after_two_days_it_is_gone(author: Actor, client: StrictClient, database: Flask) -> None:
    mine = client.as_(author)
    public_id = asked(mine)
    made(database, public_id)
    with owner_unit():
        late = (
            "UPDATE list_exports SET created_at = now() - interval '49 hours', expires_at = now() - interval '1 hour'"
        )
        db.db.execute(text(late))
    for path in ("", "/fichier"):
        assert "Les 48 heures sont passées" in text_of(mine.get(f"/exports/{public_id}{path}", status=410))
    mine.post(f"/exports/{public_id}/mot-de-passe", status=410)
    store = Store(database.config["ODIS"].documents_dir / "exports")
    [path] = [Path(name) for name in store.files.find(str(store.root)) if public_id in name]
    old = path.stat().st_mtime - exports.KEPT.total_seconds() - 60
    os.utime(path, (old, old))
    assert run_purge(database) == 1
    assert not path.exists()
    mine.get(f"/exports/{public_id}", status=404)


def run_purge(app: Flask) -> int:
    """The hourly task, as the scheduler's own identity runs it."""
    config = app.config["ODIS"]
    db.configure("app", config.worker_database_url)
    try:
        with unit_of_work():
            mint = text("SELECT odis.mint_system_token(:hash, 'purge', 'system:purge-exports', 5)")
            db.db.execute(mint, {"hash": token_hash("un-jeton-de-purge")})
        with unit_of_work("un-jeton-de-purge"):
            return exports.purge(store=Store(config.documents_dir / "exports"))
    finally:
        db.configure("app", config.database_url)


def test_a_share_withdrawn_meanwhile_does_not_leave(author: Actor, client: StrictClient, database: Flask) -> None:
    """Rights are read again when the job runs."""
    public_id = asked(client.as_(author))
    with owner_unit():
        db.db.execute(text("UPDATE memberships SET ends_on = current_date - 1, starts_on = current_date - 9"))
        job_id = db.db.execute(select(ListExport.job_id)).scalar_one()
    assert run_job(database, "jobs.exports.run", job_id) == "failed"
    with owner_unit():
        assert db.db.execute(select(ListExport.outcome)).scalar_one() == "waiting"
    assert public_id


def test_a_large_list_wants_a_renewed_proof_and_a_second_person(
    author: Actor, world: WorldBuilder, client: StrictClient, database: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "LARGE", 1)
    mine, colleague = client.as_(author), world.actor("association", colleague_of=author)
    page = mine.get("/menages/exporter")
    assert "Grand export" in text_of(page)
    assert "Confirmer votre identité" in text_of(mine.submit(page, {}, button="Préparer l’export", status=401))
    with owner_unit():
        assert db.db.execute(text("SELECT count(*) FROM list_exports")).scalar_one() == 0
        db.db.execute(text("UPDATE private.sessions SET step_up_until = now() + interval '9 minutes'"))
    public_id = asked(mine)
    made(database, public_id)
    assert "attend l’accord d’une autre personne" in text_of(mine.get(f"/exports/{public_id}/fichier"))
    mine.post(f"/exports/{public_id}/mot-de-passe", status=422)
    with colleague.acting() as identity:
        review = db.db.execute(select(Review).where(Review.kind == ReviewKind.EXPORT.value)).scalar_one()
        assert review.subject == public_id
        decide_review(identity, review=review, verdict=Verdict.CONFIRMED)
    assert len(opened(mine.get(f"/exports/{public_id}/fichier").data, shown(mine, public_id))) == 4


def test_small_exports_add_up_over_two_days(
    author: Actor, world: WorldBuilder, client: StrictClient, database: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two of one file each, with a limit of one: the second is the large one that they make; a contested one no longer counts."""
    monkeypatch.setattr(exports, "LARGE", 1)
    mine, colleague = client.as_(author), world.actor("association", colleague_of=author)
    first = asked(mine, "?q=nemounehzadeh")
    made(database, first)
    assert len(opened(mine.get(f"/exports/{first}/fichier").data, shown(mine, first))) == 3
    page = mine.get("/menages/exporter?q=nemounehzadeh")
    assert "Exports qui s’additionnent : vous avez déjà exporté 1 ménage" in text_of(page)
    assert "Confirmer votre identité" in text_of(mine.submit(page, {}, button="Préparer l’export", status=401))
    with owner_unit():
        db.db.execute(text("UPDATE private.sessions SET step_up_until = now() + interval '9 minutes'"))
    second = asked(mine, "?q=nemounehzadeh")
    made(database, second)
    told = text_of(mine.get(f"/exports/{second}/fichier"))
    assert "vos exports de 48 heures comptent 2 ménages, plus de 1" in told
    assert "À relire" in told
    mine.post(f"/exports/{second}/mot-de-passe", status=422)
    with colleague.acting() as identity:
        review = db.db.execute(select(Review)).scalar_one()
        assert (review.subject, review.label) == (second, f"{pluriel(1, 'ménage')}, 2 en 48 heures")
        decide_review(identity, review=review, verdict=Verdict.CONTESTED, words="Une seule liste suffit.")
    assert "a refusé cet export" in text_of(mine.get(f"/exports/{second}"))
    with author.acting() as identity:
        assert exports.lately(identity, KINDS["menages"]) == 1
    with owner_unit():
        db.db.execute(
            text(
                "UPDATE list_exports SET created_at = now() - interval '49 hours', expires_at = now() - interval '1 hour'"
            )
        )
    with author.acting() as identity:
        assert exports.lately(identity, KINDS["menages"]) == 0


def test_two_exports_at_once_are_counted_one_after_the_other(author: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second waits for the first to end, then counts it: nobody takes the list away twice by asking twice at once."""
    monkeypatch.setattr(exports, "LARGE", 3)

    def ask_too() -> None:
        with author.acting() as identity:
            db.db.execute(text("SET LOCAL lock_timeout = '20ms'"))
            exports.request_export(identity, kind=KINDS["menages"], filters=HouseholdFilter())

    with author.acting() as identity, ThreadPoolExecutor(1) as other:
        assert exports.request_export(identity, kind=KINDS["menages"], filters=HouseholdFilter()).lines_48h == 2
        with pytest.raises(DBAPIError, match="lock timeout"):
            other.submit(ask_too).result()
    with pytest.raises(StepUpNeededError), author.acting() as identity:
        exports.request_export(identity, kind=KINDS["menages"], filters=HouseholdFilter())
    with confirmed(author).acting() as identity:
        assert exports.request_export(identity, kind=KINDS["menages"], filters=HouseholdFilter()).lines_48h == 4


def test_the_count_is_the_database_s_own(author: Actor) -> None:
    """Neither an older date nor a smaller count written by hand takes anything out of it."""
    with author.acting() as identity:
        exports.request_export(identity, kind=KINDS["menages"], filters=HouseholdFilter())
        db.db.execute(text(FORGED), {"me": author.user_id, "org": author.org_id})
        assert exports.lately(identity, KINDS["menages"]) == 42
        assert (
            db.db.execute(text("SELECT lines_48h FROM list_exports WHERE public_id = 'exportforge00001'")).scalar_one()
            == 42
        )


@pytest.mark.parametrize("kind", list(KINDS.values()), ids=list(KINDS))
def test_columns_are_those_that_may_leave(kind: ExportKind) -> None:
    classed: dict[str, dict[str, dict[str, object]]] = {}
    for package in ("households", "housing", "structures", "organisations"):
        classed |= yaml.safe_load((ROOT / f"odis_app/{package}/data_classes.yml").read_text(encoding="utf-8"))
    for column in kind.columns:
        for source in column.sources:
            table, _, name = source.partition(".")
            facts = classed[table][name]
            assert facts["exportable"] is True, source
            assert facts["class"] in ("none", 0, 1), source


def test_two_days_are_the_database_s_own_limit(author: Actor, client: StrictClient) -> None:
    asked(client.as_(author))
    with pytest.raises(Exception, match="ck_list_exports_life"), owner_unit():
        db.db.execute(text("UPDATE list_exports SET expires_at = created_at + interval '49 hours'"))
    assert timedelta(hours=48) == exports.KEPT
