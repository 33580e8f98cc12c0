"""Households come in by a file: read as a careful person reads them, written through the operations, undone."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from sqlalchemy import func, select

from odis_app.audit.models import AuditEvent
from odis_app.core import clock
from odis_app.core.db import db
from odis_app.core.text import fold
from odis_app.exchange.columns import guess_mapping
from odis_app.exchange.writers import model_sheets, write_workbook
from odis_app.households import operations, queries
from odis_app.households.enums import HouseholdStatus, Language
from odis_app.households.imports import KIND
from odis_app.households.imports.lists import languages
from odis_app.households.imports.people import count, names_of, people_of, split_name
from odis_app.households.imports.recording import wishes_of
from odis_app.households.models import (
    Household,
    HouseholdFact,
    HouseholdIdentity,
    HouseholdToken,
    HouseholdTracking,
    HouseholdVersion,
    Member,
)
from odis_app.households.operations import normal_phone
from odis_app.households.operations.composition import Person
from odis_app.households.operations.file import Opening
from odis_app.households.operations.many import NewFile, open_households
from odis_app.organisations.queries import dispositifs
from odis_app.organisations.seeds import Actor
from odis_app.territories.queries import commune
from tests.exchange.samples import write_xlsx
from tests.exchange.workbooks.build import BUILDERS, build_all
from tests.support.imported import EXPECTED, bring_in, check, draft, faults, tables, take_back
from tests.support.worlds import WorldBuilder, confirmed

NAMES = [name for name in tables("menages") if "menages" not in EXPECTED[name]]
PERSONS = "08_personnes_par_ligne.xlsx"
HEADERS = (
    "N° dossier", "Nom", "Prénom", "Sexe", "Date de naissance", "Taille", "Adultes", "Mineurs", "Âge des enfants", "Statut", "Téléphone", "Date du besoin",
    "Sécurité vérifiée, rien à signaler", "Observations", "Composition",
)  # fmt: skip
NOUR = (
    "E-1",
    "Exemplova",
    "Nour",
    "F",
    "12/03/1990",
    4,
    2,
    2,
    "3 et 7",
    "réfugiée",
    "06 39 98 01 00",
    "01/12/2026",
    "oui",
    "près d’une école",
    "couple avec enfants",
)
AMINA = ("E-2", "Fictive", "Amina", "F", 1988, 1, 1, 0, None, "PS", None, None, "non", None, None)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("workbooks")
    build_all(path)
    return path


@pytest.fixture
def actor(world: WorldBuilder) -> Actor:
    return world.actor("association", "44")


@pytest.fixture
def book(tmp_path: Path):
    def make(*lines: tuple[object, ...], headers: tuple[str, ...] = HEADERS) -> Path:
        return write_xlsx(tmp_path / "suivi.xlsx", [headers, *lines])

    return make


def told(example: dict[str, Any], lines: list[dict[str, object]]) -> dict[str, Any]:
    """What the import keeps of a line, in the words of ``expected.yml``; only what the example speaks of."""
    head, today = lines[0], clock.today()
    last, first = names_of(head)
    number = head["phone"]
    where = commune(str(head["commune"])) if head["commune"] else None
    animals = head["animals"]
    kept = {
        "numero": head["reference"], "nom": last, "prenom": first, "date_naissance": head["birth"], "taille": len(people_of(lines, today)),
        "adultes": count(lines, today).adults, "mineurs": count(lines, today).minors, "statut": head["status"],
        "telephone": normal_phone(str(number)) if number else None, "telephone_2": normal_phone(str(head["phone_2"])) if head["phone_2"] else None,
        "departements": wishes_of(head), "date_besoin": head["needed_on"], "pmr": head["wheelchair"] or False, "animaux": animals,
        "observations": head["remarks"], "code_postal": head["postal_code"], "commune": where and where.name,
        "langues": head["languages"] or [],
    }  # fmt: skip
    if example.get("animaux") is None:
        kept["animaux"] = animals or None  # « - » may be read « non » (expected.yml)
    return {field: kept[field] for field in example if field != "ligne"}


def wanted(example: dict[str, Any]) -> dict[str, Any]:
    """The example, its languages as codes where the list has them, « non renseigné » read as « non »."""
    found = {field: value for field, value in example.items() if field != "ligne"}
    if "langues" in found:
        found["langues"] = _codes(", ".join(found["langues"]))
    return found | ({"pmr": found["pmr"] or False} if "pmr" in found else {})


def _codes(text: str) -> list[str]:
    read = languages(text, None)  # type: ignore[arg-type]
    return getattr(read, "value", read) or []


@pytest.mark.parametrize("name", NAMES)
def test_the_values_are_those_of_a_careful_reader(folder: Path, actor: Actor, name: str) -> None:
    with actor.acting():
        _table, checked = check(KIND, folder / name)
        rows = {row.number: row for row in checked.rows}
        for example in EXPECTED[name]["exemples"]:
            row = rows[example["ligne"]]
            assert told(example, [row.values]) == wanted(example), (name, row.number, row.findings)


@pytest.mark.parametrize("name", [*NAMES, PERSONS])
def test_every_fault_is_told_and_nothing_else(folder: Path, actor: Actor, name: str) -> None:
    with actor.acting():
        _table, checked = check(KIND, folder / name)
    assert {(error.number, error.header) for error in checked.errors} == faults(name)


def test_languages_are_codes_and_the_others_stay_in_words() -> None:
    assert _codes("arabe") == ["ar"]
    assert _codes("dari, pachto") == ["fa", "ps"]
    assert _codes("kurde (kurmandji)") == ["ku"]
    assert _codes("ukr.\nrusse") == ["uk", "ru"]
    assert _codes("tigrinya") == ["ti"]
    assert _codes("soninké, français") == ["soninké", "fr"]
    assert set(_codes("anglais / somali / peul")) <= {language.value for language in Language}


def test_a_name_in_one_cell_is_taken_apart() -> None:
    assert split_name("DE L'INVENTION Yusuf") == ("DE L'INVENTION", "Yusuf", True)
    assert split_name("Yusuf FICTIF") == ("FICTIF", "Yusuf", True)
    assert split_name("Exemplova Nour") == ("Exemplova", "Nour", False)


def test_one_line_per_person_makes_seven_households(folder: Path, actor: Actor) -> None:
    with actor.acting():
        _table, checked = check(KIND, folder / PERSONS)
        for record, family in zip(checked.records, EXPECTED[PERSONS]["menages"], strict=True):
            lines = [row.values for row in record.rows]
            people = people_of(lines, clock.today())
            total = count(lines, clock.today())
            assert (total.adults, total.minors, len(people)) == (family["adultes"], family["mineurs"], family["taille"])
            assert lines[0]["status"] == family["statut"]
            assert wishes_of(lines[0]) == family["departements"]
            assert {(p.last_name, p.first_name, p.birth_date) for p in people} == {
                (last, first, born) for _line, last, first, born in family["membres"]
            }
    links = [person.link for person in people_of([row.values for row in checked.records[0].rows], clock.today())]
    assert links == ["demandeur_principal", "conjoint", "enfant_mineur", "enfant_mineur"]


def test_fifty_households_come_in_once_and_go_out(folder: Path, actor: Actor) -> None:
    path = folder / "01b_menages_corriges.xlsx"
    first = bring_in(actor, KIND, path)
    with actor.acting():
        assert db.execute(select(func.count()).select_from(Household)).scalar_one() == 50
        line_7 = (
            db.execute(select(Household).join(HouseholdIdentity).where(HouseholdIdentity.folded == "fictive amina"))
            .scalars()
            .first()
        )
        assert line_7 is not None
        assert (line_7.size, line_7.adults, line_7.minors, line_7.department_code) == (4, 2, 2, "44")
        assert queries.wishes(line_7) == ["49"]
        assert queries.phone_of(line_7) == "+33639980101"
        asked = queries.request_of(line_7)
        assert asked is not None
        assert (asked.need_from, asked.wheelchair, asked.life_project) == (
            date(2026, 12, 4),
            False,
            "Commune souhaitée : Angers (49).",
        )
        assert "la sécurité de chaque adulte, à vérifier avec la personne" in queries.missing_items(line_7)[0]
    _again, judged = draft(actor, KIND, path)
    assert (judged.creates, judged.updates, judged.unchanged) == (0, 0, 50)
    assert take_back(actor, first) == 0
    with actor.acting():
        assert db.execute(select(func.count()).select_from(Household)).scalar_one() == 0


def test_a_whole_line_opens_a_file_ready_to_be_oriented(actor: Actor, book) -> None:
    bring_in(actor, KIND, book(NOUR, AMINA))
    with confirmed(actor).acting():
        nour, amina = db.execute(select(Household).order_by(Household.number)).scalars()
        members = queries.present_members(nour.id)
        year = clock.today().year
        assert [(m.first_name, m.link, m.birth_year) for m in members] == [
            ("Nour", "demandeur_principal", 1990), ("Adulte 2", "conjoint", None), ("Enfant 1", "enfant_mineur", year - 7), ("Enfant 2", "enfant_mineur", year - 3),
        ]  # fmt: skip
        assert nour.status == HouseholdStatus.A_ORIENTER.value
        assert (nour.couples, nour.minors) == (1, 2)
        assert len(queries.safety_of(nour)) == 2
        assert amina.status == HouseholdStatus.BROUILLON.value  # « non »: the question is still to be asked
        assert not queries.safety_of(amina)


def test_many_files_opened_together_are_as_those_opened_one_by_one(actor: Actor) -> None:
    people = [
        Person("Laïla", "Exemplova", "f", birth_year=1990),
        Person("Nika", "Exemplova", "f", link="enfant_mineur", birth_year=2020),
    ]
    with actor.acting() as identity:
        scheme = dispositifs()[0].id
        opening = Opening(
            department_code="44",
            dispositif_id=scheme,
            people=people,
            seniority_date=date(2026, 1, 1),
            phone="+33639980100",
            languages=["ar"],
        )
        alone = operations.open_household(identity, opening=opening).id
        [(together, number)] = open_households(identity, [NewFile(opening)])
        assert number == "M-44-0002"
        assert _written(alone) == _written(together)
        assert queries.phone_of(db.get_one(Household, together)) == "+33639980100"


def _written(household_id: int) -> list[object]:
    """What the tables hold of a file, apart from its own keys and instants."""
    left_out = {
        "id",
        "record_id",
        "household_id",
        "public_id",
        "number",
        "phone_sealed",
        "created_at",
        "reviewed_at",
        "recorded_at",
    }
    found: list[object] = []
    for model in (
        Household,
        HouseholdIdentity,
        HouseholdToken,
        HouseholdVersion,
        HouseholdFact,
        HouseholdTracking,
        Member,
    ):
        columns = [column for column in model.__table__.columns if column.name not in left_out]
        key = next(name for name in ("household_id", "record_id", "id") if name in model.__table__.columns)
        rows = db.execute(select(*columns).where(model.__table__.columns[key] == household_id)).all()
        found.append(sorted(map(repr, rows)))
    events = select(AuditEvent.action, AuditEvent.summary, AuditEvent.sensitivity).where(
        AuditEvent.record_id == household_id
    )
    return [*found, db.execute(events).all()]


def test_a_corrected_cell_moves_the_file_and_undo_puts_it_back(actor: Actor, book) -> None:
    bring_in(actor, KIND, book(NOUR, AMINA))
    mended = (*NOUR[:5], 5, 2, 3, "3, 7, 9", "PS", "06 39 98 01 09", "15/01/2027", "oui", None, None)
    second = bring_in(actor, KIND, book(mended, AMINA))
    with actor.acting():
        nour = db.execute(select(Household).order_by(Household.number)).scalars().first()
        assert nour is not None
        assert (nour.size, nour.minors, queries.phone_of(nour)) == (5, 3, "+33639980109")
        assert queries.administrative(nour).protection_status == "protection_subsidiaire"  # type: ignore[union-attr]
        assert queries.request_of(nour).life_project == "près d’une école"  # type: ignore[union-attr]
    assert take_back(actor, second) == 0
    with actor.acting():
        nour = db.execute(select(Household).order_by(Household.number)).scalars().first()
        assert nour is not None
        assert (nour.size, nour.minors, queries.phone_of(nour)) == (4, 2, "+33639980100")
        assert queries.administrative(nour).protection_status == "refugie"  # type: ignore[union-attr]
        assert queries.request_of(nour).need_from == date(2026, 12, 1)  # type: ignore[union-attr]


def test_nobody_leaves_a_household_by_an_import(actor: Actor, book) -> None:
    bring_in(actor, KIND, book(NOUR))
    _draft, judged = draft(actor, KIND, book((*NOUR[:5], 2, 1, 1, "3", *NOUR[9:])))
    assert len(judged.errors) == 1
    assert "enregistrez d’abord dans le dossier qui est parti" in judged.errors[0]


def test_somebody_named_on_the_page_since_is_the_one_that_was_counted(actor: Actor, book) -> None:
    bring_in(actor, KIND, book(NOUR))
    with actor.acting() as identity:
        nour = db.execute(select(Household)).scalar_one()
        adult = next(m for m in queries.present_members(nour.id) if m.first_name == "Adulte 2")
        operations.change_member(identity, household=nour, member=adult, values={"first_name": "Farid"}, version=None)
    bring_in(actor, KIND, book((*NOUR[:10], "06 39 98 01 05", *NOUR[11:])))
    with actor.acting():
        nour = db.execute(select(Household)).scalar_one()
        assert nour.size == 4
        assert "Farid" in {m.first_name for m in queries.present_members(nour.id)}


def test_words_about_care_or_danger_do_not_come_in(actor: Actor, book) -> None:
    line = (*NOUR[:13], "suivi à l’hôpital, fuit des violences", None)
    _draft, judged = draft(actor, KIND, book(line))
    assert len([w for w in judged.warnings if "ne sont pas repris" in w]) == 1
    assert not any("hôpital" in w for w in judged.warnings)
    bring_in(actor, KIND, book(line))
    with actor.acting():
        assert queries.request_of(db.execute(select(Household)).scalar_one()).life_project == ""  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (
            (*AMINA[:5], 3, None, None, *AMINA[8:]),
            "Ligne 2, colonne « Taille » : 3 personnes : ajoutez combien sont adultes",
        ),
        ((*AMINA[:2], None, *AMINA[3:]), "Ligne 2, colonne « Nom » : le prénom manque."),
        (
            (*AMINA[:5], 2, 1, 1, "3, 4", *AMINA[9:]),
            "Ligne 2, colonne « Âge des enfants » : 2\u00a0âges pour 1\u00a0mineur.",
        ),
        (
            (*AMINA[:5], 61, 30, 31, None, *AMINA[9:]),
            "Ligne 2, colonne « Taille » : 61 personnes. Un dossier compte 60 personnes au plus",
        ),
        (
            (*AMINA[:5], 2, 0, 2, None, *AMINA[9:]),
            "Ligne 2, colonne « Adultes » : 0\u00a0adulte annoncé, 1\u00a0nommé.",
        ),
    ],
)
def test_what_does_not_add_up_is_told_by_cell(actor: Actor, book, line: tuple[object, ...], error: str) -> None:
    _draft, judged = draft(actor, KIND, book(line))
    assert len(judged.errors) == 1
    assert judged.errors[0].startswith(error)


def test_persons_without_family_number_never_become_households_of_their_own(actor: Actor, book) -> None:
    headers = ("Nom", "Prénom", "Lien")
    _draft, judged = draft(
        actor, KIND, book(("Exemplova", "Iryna", "DP"), ("Exemplova", "Danylo", "enfant"), headers=headers)
    )
    assert [e for e in judged.errors if e.startswith("Ligne 3, colonne « Lien »")]


def test_a_departement_that_is_not_ours_is_refused(actor: Actor, book) -> None:
    _draft, judged = draft(
        actor, KIND, book(("Exemplova", "Nour", "33"), headers=("Nom", "Prénom", "Département de suivi"))
    )
    assert judged.errors == (
        "Ligne 2, colonne « Département de suivi » : votre organisation ne suit pas de ménage dans ce département (44).",
    )


def test_a_lone_departement_is_a_wish_beside_wishes_it_is_where_one_is_followed() -> None:
    assert guess_mapping(["Nom", "Département"], KIND.columns) == ("last_name", "departements")
    assert guess_mapping(["Département", "Départements souhaités"], KIND.columns) == ("followed_in", "departements")


def test_a_file_of_the_same_name_is_shown(actor: Actor, book) -> None:
    bring_in(actor, KIND, book(("Exemplova", "Nour"), headers=("Nom", "Prénom")))
    _draft, judged = draft(actor, KIND, book(("R-9", "Exemplova", "Nour"), headers=("N° dossier", "Nom", "Prénom")))
    assert [w for w in judged.warnings if "le dossier M-44-0001 a déjà ce téléphone, ce nom ou cette personne" in w]


def test_the_model_file_is_importable_once_filled(actor: Actor, tmp_path: Path) -> None:
    path = tmp_path / "modele.xlsx"
    with path.open("wb") as stream:
        write_workbook(stream, model_sheets(KIND))
    workbook = openpyxl.load_workbook(path)
    for index, column in enumerate(KIND.columns, 1):
        workbook[KIND.label].cell(2, index, column.example or None)
    workbook.save(path)
    public_id, judged = draft(actor, KIND, path)
    assert public_id
    assert judged.errors == ()
    assert (judged.creates, judged.updates) == (1, 0)
    bring_in(actor, KIND, path)
    with actor.acting():
        household = db.execute(select(Household)).scalar_one()
        assert (household.size, household.department_code, fold(household.initials)) == (4, "44", "n e")
        assert {need.kind for need in queries.needs(household)} == {"school", "employment"}


def test_every_household_workbook_is_tried() -> None:
    assert {*NAMES, PERSONS} == {name for name in BUILDERS if "menages" in name or name == PERSONS}
