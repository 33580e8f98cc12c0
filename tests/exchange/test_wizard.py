"""A file comes in by the pages, step by step; comes in twice without harm; goes out again; and is nobody else's."""

import contextlib
import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import openpyxl
import psycopg
import pytest
from bs4 import BeautifulSoup
from flask import Flask
from sqlalchemy import func, select, update
from werkzeug.test import TestResponse

from odis_app.core import clock
from odis_app.core.config import libpq
from odis_app.core.db import db, unit_of_work
from odis_app.core.errors import RuleError
from odis_app.exchange import kinds
from odis_app.exchange.models import Import, ImportKey, ImportRow
from odis_app.exchange.operations import recording
from odis_app.households import queries as household_queries
from odis_app.households.models import Household
from odis_app.households.operations.file import confirm_review
from odis_app.organisations.seeds import Actor
from tests.exchange import real_kind
from tests.exchange.samples import write_xlsx
from tests.support.client import StrictClient, text_of
from tests.support.workers import run_job
from tests.support.worlds import WorldBuilder, owner_unit

FEW = 12  # lines
HEADERS = ("N° dossier", "Nom", "Prénom", "Naissance", "Taille", "Dép.", "Tél.", "Divers")
NOUR = ("E-1", "Exemplova", "Nour", "12/03/1990", 2, 44, 639980100, "x")
AMINA = ("E-2", "Fictive", "Amina", "1988", 1, "Loire-Atlantique", "06 39 98 01 02", None)
ZAHRA = ("E-3", "Utopie", "Zahra", "31/02/1990", 1, 44, "06 39", None)
ZAHRA_MENDED = ("E-3", "Utopie", "Zahra", "28/02/1990", 1, 44, "06 39 98 01 03", None)


@pytest.fixture(autouse=True)
def kind() -> Iterator[kinds.ImportKind]:
    """The test kind alone, so that what the packages register changes nothing here."""
    kept = dict(kinds._KINDS)
    kinds._KINDS.clear()
    yield kinds.register(real_kind.KIND)
    kinds._KINDS.clear()
    kinds._KINDS.update(kept)


@pytest.fixture
def actor(world: WorldBuilder) -> Actor:
    return world.actor("association", "44")


@pytest.fixture
def browser(client: StrictClient, actor: Actor) -> StrictClient:
    return client.as_(actor)


@pytest.fixture
def book(tmp_path: Path):
    def make(
        *lines: tuple[object, ...], name: str = "suivi.xlsx", headers: tuple[str, ...] = HEADERS
    ) -> dict[str, object]:
        path = write_xlsx(tmp_path / name, [["Suivi des ménages"], [], headers, *lines])
        return {"file": (io.BytesIO(path.read_bytes()), name)}

    return make


def where(response: TestResponse) -> str:
    return response.headers["Location"]


def upload(browser: StrictClient, file: dict[str, object], *, status: int = 303) -> TestResponse:
    return browser.submit(browser.get("/imports/nouveau?genre=essai"), file, status=status)


def to_preview(browser: StrictClient, file: dict[str, object]) -> TestResponse:
    """Upload, accept the guessed columns if they are asked, and open the preview."""
    response = upload(browser, file)
    if where(response).endswith("/colonnes"):
        page = browser.get(where(response))
        response = browser.submit(page, {}, button="Vérifier")
    return browser.get(where(response))


def record(browser: StrictClient, page: TestResponse) -> TestResponse:
    return browser.get(where(browser.submit(page, {}, button="Enregistrer")), follow=True)


def households() -> int:
    with owner_unit():
        return db.execute(select(func.count()).select_from(Household)).scalar_one()


def test_the_errors_are_read_the_file_mended_and_recorded(browser: StrictClient, book) -> None:
    response = upload(browser, book(NOUR, AMINA, ZAHRA))
    assert where(response).endswith("/colonnes")
    page = browser.get(where(response))
    soup = BeautifulSoup(page.get_data(as_text=True), "html.parser")
    chosen = [option["value"] for option in soup.select("select option[selected]")]
    assert chosen == ["reference", "last_name", "first_name", "birth", "size", "departement", "phone", ""]
    page = browser.get(where(browser.submit(page, {}, button="Vérifier")))
    words = text_of(page)
    assert "2 erreurs sur 1 ligne. Rien n’est enregistré tant qu’il en reste." in words
    assert "Ligne 6, colonne « Naissance » : 31/02/1990 n’existe pas." in words
    soup = BeautifulSoup(page.get_data(as_text=True), "html.parser")
    assert soup.select_one("#l6 td.has-error") is not None
    assert soup.find("button", string=lambda s: s and s.startswith("Enregistrer")).has_attr("disabled")
    again = browser.submit(page, book(NOUR, AMINA, ZAHRA_MENDED), button="Recharger")
    page = browser.get(where(again))  # the columns are those of before: straight to the preview
    assert "Aucune erreur" in text_of(page)
    assert households() == 0
    shown = text_of(record(browser, page))
    assert "Enregistré" in shown
    assert "Créées 3" in shown
    assert households() == 3


def test_the_same_file_again_changes_nothing_and_a_corrected_cell_updates(browser: StrictClient, book) -> None:
    record(browser, to_preview(browser, book(NOUR, AMINA)))
    page = to_preview(browser, book(NOUR, AMINA, name="copie.xlsx"))
    assert "Sans changement 2" in text_of(page)
    assert households() == 2
    page = to_preview(browser, book((*NOUR[:6], "06 39 98 09 99", "y"), AMINA))
    assert "Modifiées 1" in text_of(page)
    record(browser, page)
    assert households() == 2
    assert "06 39 98 09 99" in phones()


def phones() -> set[str]:
    with owner_unit():
        return {household_queries.phone_of(household).replace("+33", "0") if "+33" in household_queries.phone_of(household)
                else household_queries.phone_of(household) for household in db.scalars(select(Household))}  # fmt: skip


def test_undo_deletes_what_was_created_and_puts_back_what_was_changed(browser: StrictClient, book) -> None:
    record(browser, to_preview(browser, book(NOUR)))
    before = phones()
    shown = record(browser, to_preview(browser, book((*NOUR[:6], "06 39 98 09 99", None), AMINA)))
    assert households() == 2
    shown = browser.submit(shown, {}, button="Annuler", follow=True, status=200)
    assert "L’import est annulé." in text_of(shown)
    assert households() == 1
    assert phones() == before
    page = to_preview(browser, book((*NOUR[:6], "06 39 98 09 99", None), AMINA))
    assert "Modifiées 1" in text_of(page)
    assert "Nouvelles 1" in text_of(page)


def test_undo_keeps_what_somebody_touched_since_and_says_so(browser: StrictClient, actor: Actor, book) -> None:
    shown = record(browser, to_preview(browser, book(NOUR, AMINA)))
    with unit_of_work(actor.token) as unit:
        first = db.scalars(select(Household).order_by(Household.id)).first()
        confirm_review(unit.identity, household=first)
        number = first.number
    words = text_of(browser.submit(shown, {}, button="Annuler", follow=True, status=200))
    assert households() == 1
    assert f"{number} : modifié depuis l’import, gardé tel quel." in words


def test_lines_in_error_may_be_set_aside(browser: StrictClient, book) -> None:
    page = to_preview(browser, book(NOUR, ZAHRA))
    page = browser.get(where(browser.submit(page, {}, button="Écarter")))
    assert "1 ligne est écartée" in text_of(page)
    shown = text_of(record(browser, page))
    assert "Écartées 1" in shown
    assert households() == 1


def test_all_or_nothing(browser: StrictClient, actor: Actor, book, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse_at_the_end(identity, drafts):
        real_kind.commit(identity, drafts)
        raise RuleError("", "Le mandat de votre association a pris fin.")

    broken = kinds.register(
        kinds.ImportKind(
            **{f: getattr(real_kind.KIND, f) for f in real_kind.KIND.__slots__} | {"commit": refuse_at_the_end}
        )
    )
    assert broken.commit is refuse_at_the_end
    page = browser.submit(to_preview(browser, book(NOUR, AMINA)), {}, button="Enregistrer", follow=True, status=200)
    assert "Le mandat de votre association a pris fin." in text_of(page)
    assert households() == 0
    with owner_unit():
        assert db.execute(select(func.count()).select_from(ImportKey)).scalar_one() == 0


def test_sent_twice_recorded_once(browser: StrictClient, book) -> None:
    page = to_preview(browser, book(NOUR))
    first = browser.submit(page, {}, button="Enregistrer")
    second = browser.submit(page, {}, button="Enregistrer")
    assert where(first) == where(second)
    assert households() == 1


@pytest.mark.parametrize(("data", "name", "words"), [
    (b"MZ" + bytes(100), "suivi.xlsx", "Ce fichier est un programme"), (b"", "suivi.xlsx", "Ce fichier est vide."),
    (b"%PDF-1.4", "suivi.pdf", "« suivi.pdf » n’est pas un tableau."),
])  # fmt: skip
def test_a_file_that_is_no_table(browser: StrictClient, data: bytes, name: str, words: str) -> None:
    page = upload(browser, {"file": (io.BytesIO(data), name)}, status=422)
    assert words in text_of(page)


def test_no_file_and_unknown_kind(browser: StrictClient) -> None:
    assert "Choisissez un fichier." in text_of(upload(browser, {}, status=422))
    browser.get("/imports/nouveau?genre=inconnu", status=404)
    browser.get("/imports/modele/inconnu.xlsx", status=404)


def test_columns_chosen_twice_or_missing_are_refused(browser: StrictClient, book) -> None:
    page = browser.get(where(upload(browser, book(NOUR))))
    twice = browser.submit(page, {"c7": "last_name"}, button="Vérifier", status=422)
    assert "« Nom » est déjà choisie pour une autre colonne." in text_of(twice)
    missing = browser.submit(page, {"c5": ""}, button="Vérifier", status=422)
    assert "Il manque « Département »" in text_of(missing)


def test_another_sheet_may_be_chosen(browser: StrictClient, tmp_path: Path) -> None:
    source = openpyxl.Workbook()
    source.active.append(["Mois", "Nombre"])
    source.active.append(["mai", 3])
    other = source.create_sheet("Suivi")
    other.append(HEADERS)
    other.append(NOUR)
    source.save(tmp_path / "a.xlsx")
    response = upload(browser, {"file": (io.BytesIO((tmp_path / "a.xlsx").read_bytes()), "a.xlsx")})
    page = browser.get(where(response))
    assert "feuille « Suivi »" in text_of(page)
    page = browser.get(where(browser.submit(page, {"sheet": "Sheet"}, button="Lire cette feuille")))
    assert "feuille « Sheet »" in text_of(page)


def workbook(response: TestResponse) -> openpyxl.Workbook:
    with contextlib.closing(response):
        return openpyxl.load_workbook(io.BytesIO(response.data))


def test_the_model_and_the_annotated_file_open(browser: StrictClient, book) -> None:
    model = workbook(browser.get("/imports/modele/essai.xlsx"))
    assert model.sheetnames == ["Ménages", "Exemple", "Aide"]
    page = to_preview(browser, book(NOUR, ZAHRA))
    pages = workbook(browser.get(page.request.path.replace("apercu", "annote.xlsx")))
    assert [cell.value for cell in pages["Erreurs"][2]] == [5, "Naissance", "31/02/1990 n’existe pas.", "erreur"]
    assert pages["Lignes à corriger"]["D2"].value == "Utopie"


def test_the_fragment_is_the_page_s_own(browser: StrictClient, book) -> None:
    path = to_preview(browser, book(NOUR, ZAHRA)).request.path
    for query in ("", "?voir=toutes", "?voir=avertissements", "?voir=n-importe"):
        whole = BeautifulSoup(browser.get(path + query).get_data(as_text=True), "html.parser").find(id="lignes")
        part = BeautifulSoup(browser.get(path + query, htmx=True).get_data(as_text=True), "html.parser").find(
            id="lignes"
        )
        assert str(whole) == str(part)


def test_a_neighbour_sees_nothing(browser: StrictClient, client: StrictClient, world: WorldBuilder, book) -> None:
    path = to_preview(browser, book(NOUR, ZAHRA)).request.path
    record(browser, to_preview(browser, book(AMINA)))
    neighbour = world.actor("association", "49")
    other = client.as_(neighbour)
    for suffix in ("apercu", "colonnes", "annote.xlsx", ""):
        other.get(path.replace("apercu", suffix).rstrip("/"), status=404)
    for suffix in ("enregistrer", "annuler", "supprimer", "recharger", "ecarter", "feuille"):
        other.post(path.replace("apercu", suffix), status=404)
    assert "Aucun import pour l’instant." in text_of(other.get("/imports"))
    with unit_of_work(neighbour.token, readonly=True):
        for table in (Import, ImportRow, ImportKey):
            assert db.execute(select(func.count()).select_from(table)).scalar_one() == 0
    for part in ("ddets", "dihal", "admin_organisation"):
        client.as_(world.actor(part, "44")).get("/imports", status=403)


def test_what_the_file_says_is_sealed_then_forgotten(browser: StrictClient, book, admin_url: str) -> None:
    page = to_preview(browser, book(NOUR, ZAHRA, name="famille Exemplova.xlsx"))
    assert dump(admin_url).count("Exemplova") == dump(admin_url).count("31/02/1990") == 0
    record(browser, browser.get(where(browser.submit(page, {}, button="Écarter"))))
    with psycopg.connect(libpq(admin_url)) as connection:
        left = connection.execute("SELECT count(cells_sealed), count(findings_sealed) FROM import_rows").fetchone()
        assert left == (0, 0)
        assert connection.execute("SELECT count(source_sealed) FROM imports").fetchone() == (0,)
    assert "Exemplova" not in dump(admin_url)


def dump(admin_url: str) -> str:
    """Every value of the tables of imports and of the trail, as text and as bytes."""
    with psycopg.connect(libpq(admin_url)) as connection:
        rows = [row for table in ("imports", "import_rows", "import_keys", "import_mappings", "audit_events")
                for row in connection.execute(f"SELECT * FROM {table}").fetchall()]  # fmt: skip
    return " ".join(
        value.decode("latin-1") if isinstance(value, bytes) else str(value) for row in rows for value in row
    )


def test_a_forgotten_draft_disappears(browser: StrictClient, book, admin_url: str) -> None:
    path = to_preview(browser, book(NOUR)).request.path
    with owner_unit():
        db.execute(update(Import).values(expires_at=clock.now() - timedelta(minutes=1)))
    browser.get(path, status=404)
    upload(browser, book(AMINA))
    with psycopg.connect(libpq(admin_url)) as connection:
        assert connection.execute("SELECT count(*) FROM imports").fetchone() == (1,)
        assert connection.execute("SELECT count(*) FROM import_rows").fetchone() == (1,)


def test_discarding_and_undoing_too_late(browser: StrictClient, book) -> None:
    page = to_preview(browser, book(NOUR))
    assert "Le brouillon est supprimé" in text_of(browser.submit(page, {}, button="Supprimer", follow=True, status=200))
    shown = record(browser, to_preview(browser, book(NOUR)))
    with owner_unit():
        db.execute(update(Import).values(committed_at=clock.now() - timedelta(days=31)))
    assert "Un import s’annule dans les 30 jours." in text_of(
        browser.submit(shown, {}, button="Annuler", follow=True, status=200)
    )
    assert households() == 1


def test_nobody_else_may_remove_a_record(browser: StrictClient, actor: Actor, world: WorldBuilder, book) -> None:
    record(browser, to_preview(browser, book(NOUR)))
    with owner_unit():
        [record_id] = db.scalars(select(Household.id))
    with unit_of_work(world.actor("association", "44").token):
        assert db.scalars(select(func.odis.import_remove([record_id]))).all() == []
    assert households() == 1


def test_warnings_are_shown_and_do_not_block(browser: StrictClient, book) -> None:
    page = to_preview(browser, book((*NOUR[:4], 13, *NOUR[5:])))
    assert "À vérifier (1)" in text_of(page)
    assert "13 personnes : vérifiez." in text_of(browser.get(page.request.path + "?voir=avertissements"))
    record(browser, page)
    assert households() == 1


def test_markup_in_cells_does_nothing(browser: StrictClient, book) -> None:
    payload = '<img src=x hx-get="/deconnexion" hx-trigger="load">'
    page = to_preview(
        browser, book(("E-9", payload, "=1+1", "1990", 1, 44, None, None), headers=(*HEADERS[:7], payload))
    )
    for path in (page.request.path + "?voir=toutes", page.request.path.replace("apercu", "colonnes")):
        soup = BeautifulSoup(browser.get(path).get_data(as_text=True), "html.parser")
        assert soup.find("img") is None
        [place, *_] = soup.find_all(string=lambda text: text and "hx-trigger" in text)
        assert place.find_parent(attrs={"hx-disable": True}) is not None


def test_the_list_and_the_app_know_the_package(browser: StrictClient, database: Flask, book) -> None:
    to_preview(browser, book(NOUR, ZAHRA))
    words = text_of(browser.get("/imports"))
    assert "suivi.xlsx" in words
    assert "1 ligne à corriger" in words
    assert "Importer des ménages" in words


def many(count: int) -> list[tuple[object, ...]]:
    return [(f"G-{n}", f"Fictive {n}", "Amina", "1988", 1, "Loire-Atlantique", None, None) for n in range(1, count + 1)]


def job_of_the_import() -> int | None:
    with owner_unit():
        return db.execute(select(Import.job_id)).scalar_one()


@pytest.fixture
def few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file is large from a few lines on: five hundred say nothing more."""
    monkeypatch.setattr(recording, "AT_ONCE", FEW)


def test_a_large_file_is_recorded_apart_and_the_page_says_how_far_it_is(
    browser: StrictClient, database: Flask, book, few_at_once
) -> None:
    page = to_preview(browser, book(*many(FEW + 1)))
    answer = browser.submit(page, {}, button="Enregistrer")
    waiting = browser.get(where(answer))
    assert "Enregistrement en cours" in text_of(waiting)
    assert households() == 0
    answer = browser.get(page.request.path, status=303)  # the preview leads to where it is now
    assert where(answer) == waiting.request.path
    assert run_job(database, "jobs.exchange.record", job_of_the_import()) == "done"
    assert households() == FEW + 1
    part = browser.get(waiting.request.path, htmx=True)
    assert f"Créées {FEW + 1}" in text_of(part)
    assert "Annuler cet import" in text_of(browser.get(waiting.request.path))
    assert run_job(database, "jobs.exchange.record", job_of_the_import()) == "not queued"


def test_what_changed_since_it_was_asked_is_not_recorded(
    browser: StrictClient, database: Flask, book, few_at_once
) -> None:
    page = to_preview(browser, book(*many(FEW + 1)))
    waiting = browser.get(where(browser.submit(page, {}, button="Enregistrer")))
    answer = browser.submit(page, book(*many(FEW + 2)), button="Recharger")
    assert run_job(database, "jobs.exchange.record", job_of_the_import()) == "done"
    assert households() == 0
    assert "Rien n’est enregistré." in text_of(browser.get(waiting.request.path, htmx=True))
    page = browser.get(where(answer))
    assert "Le fichier a changé depuis votre demande." in text_of(page)
    browser.submit(page, {}, button="Enregistrer")
    assert run_job(database, "jobs.exchange.record", job_of_the_import()) == "done"
    assert households() == FEW + 2
