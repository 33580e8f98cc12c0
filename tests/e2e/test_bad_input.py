"""What goes wrong at the front desk, each with the real thing."""

from __future__ import annotations

import re
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
import xlsxwriter
from playwright.sync_api import expect

from tests.e2e.conftest import People, Products
from tests.e2e.product import Product
from tests.support.browser import Mode, Person

pytestmark = pytest.mark.browser
APPLICANT = "fieldset:has(legend:text-is('Demandeur principal'))"


@pytest.fixture
def product(products: Products) -> Product:
    """An installation where incidents happen."""
    return products("incidents")


def open_file(who: Person, *, name: str, birth: str = "3/09/1988") -> Person:
    """Fill the form of a new household, without sending it."""
    who.go("/menages/nouveau")
    who.write("Prénom", "Essai", within=APPLICANT).write("Nom", name, within=APPLICANT)
    who.write("Naissance", birth, within=APPLICANT).choose("Sexe", "Femme", within=APPLICANT)
    if who.page.get_by_label("Département").locator("option").count() > 1:
        who.choose("Département", re.compile("Loire-Atlantique"))
    return who.choose("Dispositif", re.compile(r"\w"))


def files_named(product: Product, name: str) -> int:
    """How many files there are under that name, looked at behind the walls."""
    with product.database() as database:
        row = database.execute("SELECT count(*) FROM members WHERE last_name = %s", (name,)).fetchone()
    assert row is not None
    return int(str(row[0]))


def test_a_wrong_password_is_refused_in_one_sentence(product: Product, people: People) -> None:
    who = people(product)
    who.go("/connexion")
    who.write("Adresse e-mail", "association@demo.odis.example").write("Mot de passe", "pas le bon")
    who.press("Se connecter")
    who.reads("Adresse e-mail ou mot de passe incorrect.")
    expect(who.page.get_by_label("Adresse e-mail")).to_have_value("association@demo.odis.example")
    expect(who.page.get_by_label("Mot de passe")).to_have_value("")


@pytest.mark.parametrize("mode", [Mode.MOUSE, Mode.NO_SCRIPT])
def test_a_session_that_ends_in_the_middle_of_a_form_loses_nothing(
    product: Product, people: People, mode: Mode
) -> None:
    name = f"Interrompue{mode.name.title()}"
    who = people(product, "association", mode=mode)
    open_file(who, name=name)
    with product.database() as database:
        database.execute(
            "DELETE FROM private.sessions WHERE user_id = (SELECT id FROM users WHERE email LIKE 'association@%%')"
        )
    who.press("Enregistrer le ménage", within="main")
    who.reads("Votre session a pris fin.")
    who.write("Adresse e-mail", "association@demo.odis.example").write("Mot de passe", product.password)
    who.press("Se connecter")
    who.press("Reprendre ma saisie")
    assert files_named(product, name) == 0
    expect(who.field("Nom", within=APPLICANT)).to_have_value(name)
    expect(who.field("Naissance", within=APPLICANT)).to_have_value("3/09/1988")
    who.press("Enregistrer le ménage", within="main")
    who.reads(re.compile("Dossier .* ouvert"))
    assert files_named(product, name) == 1


@pytest.mark.parametrize("mode", [Mode.MOUSE, Mode.NO_SCRIPT])
def test_a_form_sent_twice_is_recorded_once(product: Product, people: People, mode: Mode) -> None:
    name = f"Deuxfois{mode.name.title()}"
    who = people(product, "association", mode=mode)
    open_file(who, name=name)
    who.page.get_by_role("button", name="Enregistrer le ménage").locator("visible=true").last.dblclick()
    who.settle().reads(re.compile("Dossier .* ouvert"))
    assert files_named(product, name) == 1


def test_the_second_of_two_people_is_told_what_changed_and_keeps_her_text(product: Product, people: People) -> None:
    first, second = people(product, "association"), people(product, "coordination")
    open_file(first, name="Partagee").press("Enregistrer le ménage", within="main")
    path = first.path()
    for who in (first, second):
        who.go(f"{path}/modifier")
    first.write("Téléphone", "06 39 98 12 34").press("Enregistrer le dossier").reads("Dossier enregistré.")
    second.choose("Hébergement actuel", re.compile("hôtel", re.IGNORECASE)).press("Enregistrer le dossier")
    second.reads("Quelqu’un a modifié ce dossier pendant que vous écriviez.", re.compile("Camille"))
    assert "hôtel" in second.field("Hébergement actuel").evaluate("e => e.selectedOptions[0].text").lower()
    second.press("Enregistrer le dossier").reads("Dossier enregistré.")


def test_a_birth_in_1825_is_refused_where_it_was_written(product: Product, people: People) -> None:
    who = people(product, "association")
    open_file(who, name="Ancienne", birth="12/03/1825").press("Enregistrer le ménage", within="main")
    who.reads(re.compile("12/03/1825 est trop ancien"))
    expect(who.field("Naissance", within=APPLICANT)).to_have_attribute("aria-invalid", "true")
    expect(who.field("Nom", within=APPLICANT)).to_have_value("Ancienne")


def upload(who: Person, path: Path, *, kind: str = "menages") -> Person:
    """Give a file to the import wizard."""
    who.go(f"/imports/nouveau?genre={kind}").attach("Tableau à importer", path)
    return who.press("Lire le fichier")


def test_a_bilan_asked_while_redis_is_stopped_is_made_when_it_is_back(product: Product, people: People) -> None:
    who = people(product, "ddets44")
    product.redis.stop()
    try:
        who.go("/bilans/nouveau").press("Demander le bilan")
        who.reads("En préparation", "la file de travaux est arrêtée, votre demande est gardée.")
    finally:
        product.redis.start()
    product.start_worker()
    expect(who.page.get_by_text("Bilan prêt")).to_be_visible(timeout=60_000)
    who.check()


def given_to_a_file(product: Product, people: People, path: Path) -> Person:
    """Try to keep a document in a household's file."""
    who = people(product, "association")
    who.go("/menages").follow(re.compile("^Famille|^Couple"), within="main").follow(
        re.compile("^Documents"), within="main"
    )
    who.page.locator("main input[type=file]").set_input_files(path)
    return who.press("Déposer le document")


def test_a_program_renamed_as_a_picture_is_refused_by_what_it_is(
    product: Product, people: People, tmp_path: Path
) -> None:
    program = tmp_path / "photo.jpg"
    program.write_bytes(b"MZ\x90\x00" + bytes(4000))
    given_to_a_file(product, people, program).reads(re.compile("photo.jpg"), re.compile("n’est pas|refusé|accepté"))


def test_an_upload_over_twenty_megabytes_is_refused_in_a_page(product: Product, people: People, tmp_path: Path) -> None:
    heavy = tmp_path / "lourd.pdf"
    heavy.write_bytes(b"%PDF-1.7\n" + bytes(25 * 1024 * 1024))
    given_to_a_file(product, people, heavy).reads(re.compile("trop lourd|dépasse"))


# Spreadsheets that nobody can import


def nothing_is_left(product: Product) -> None:
    """No household and no draft came of a refused file."""
    with product.database() as database:
        assert database.execute("SELECT count(*) FROM imports").fetchone() == (0,)


@pytest.mark.parametrize("kind", ["menages", "offres"])
def test_an_empty_spreadsheet_is_said_to_be_empty(
    product: Product, people: People, workbooks: dict[str, Path], kind: str
) -> None:
    who = people(product, "association")
    upload(who, workbooks["13_vide.xlsx"], kind=kind).reads("Ce fichier est vide.")
    expect(who.field("Tableau à importer")).to_have_attribute("aria-invalid", "true")
    nothing_is_left(product)


def million(path: Path) -> Path:
    """A workbook of 10⁶ rows, written as it is zipped; 2 MB on the disk, 90 MB once open."""
    head = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    names = '<row r="1"><c r="A1" t="inlineStr"><is><t>Nom</t></is></c><c r="B1" t="inlineStr"><is><t>Prénom</t></is></c></row>'
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        save_around(book)
        with book.open("xl/worksheets/sheet1.xml", "w") as sheet:
            sheet.write((head + names).encode())
            for first in range(2, 1_000_001, 10_000):
                rows = (
                    f'<row r="{n}"><c r="A{n}"><v>{n}</v></c><c r="B{n}"><v>1</v></c></row>'
                    for n in range(first, first + 10_000)
                )
                sheet.write("".join(rows).encode())
            sheet.write(b"</sheetData></worksheet>")
    return path


def save_around(book: zipfile.ZipFile) -> None:
    """Everything of a workbook but its sheet."""
    plain = BytesIO()
    with xlsxwriter.Workbook(plain) as empty:
        empty.add_worksheet("Ménages")
    with zipfile.ZipFile(plain) as source:
        for name in source.namelist():
            if name != "xl/worksheets/sheet1.xml":
                book.writestr(name, source.read(name))


def test_a_million_rows_are_refused_in_one_sentence_and_nothing_is_kept(
    product: Product, people: People, tmp_path: Path
) -> None:
    who = people(product, "association")
    upload(who, million(tmp_path / "million.xlsx")).reads(
        re.compile("La feuille dépasse 50 000 lignes."), re.compile("partagez-le")
    )
    nothing_is_left(product)
    upload(who, big_text(tmp_path / "million.csv")).reads(re.compile("La feuille dépasse 50 000 lignes."))
    nothing_is_left(product)


def big_text(path: Path) -> Path:
    """The same as text."""
    with path.open("wb") as file:
        file.write("Nom;Prénom\r\n".encode())
        file.writelines(b"Exemplova;Nour\r\n" * 10_000 for _ in range(100))
    return path


# Very large households


def test_a_household_of_forty_is_opened_with_everybody(product: Product, people: People) -> None:
    name = "Quarante"
    who = people(product, "association", rules=False)
    open_file(who, name=name)
    for _ in range(39):
        who.page.get_by_role("button", name="Ajouter une personne").click()
    for number in range(2, 41):
        line = f"#personne-{number}"
        who.write("Prénom", f"Essai {number}", within=line).write("Nom", name, within=line)
        who.write("Naissance", "3/09/1988", within=line).choose("Sexe", "Femme", within=line)
        who.choose("Lien", re.compile("Autre"), within=line)
    who.rules = True
    who.press("Enregistrer le ménage", within="main").reads(re.compile("Dossier .* ouvert"))
    assert files_named(product, name) == 40
    who.follow(re.compile("^Composition"), within="main").reads("40 personnes")


def test_the_sixty_first_person_is_refused_and_what_was_written_stays(product: Product, people: People) -> None:
    who = people(product, "association")
    open_file(who, name="Soixante").press("Enregistrer le ménage", within="main")
    path = who.path()
    with product.database() as database:
        database.execute(
            "UPDATE households SET size = 60, adults = 60 WHERE id IN (SELECT household_id FROM members WHERE last_name = 'Soixante')"
        )
    who.go(f"{path}/composition/ajouter")
    who.write("Prénom", "Essai", within="main").write("Nom", "Soixante", within="main").write(
        "Naissance", "3/09/1988", within="main"
    )
    who.choose("Sexe", "Femme", within="main").choose("Lien", re.compile("Autre"), within="main")
    who.press("Ajouter la personne", within="main").reads(re.compile("60 personnes au plus"))
    expect(who.field("Nom", within="main")).to_have_value("Soixante")
    assert files_named(product, "Soixante") == 1
