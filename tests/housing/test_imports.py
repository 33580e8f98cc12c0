"""Offers come in by a file: received and to be qualified, never validated; corrected, undone."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from sqlalchemy import func, select

from odis_app.core.db import db
from odis_app.exchange.values import CellError, Context
from odis_app.exchange.writers import model_sheets, write_workbook
from odis_app.households.operations import normal_phone
from odis_app.housing.enums import QualificationStatus
from odis_app.housing.imports import KIND
from odis_app.housing.imports.columns import contact, floor
from odis_app.housing.imports.recording import host_of
from odis_app.housing.models import Offer, OfferAddress
from odis_app.organisations.seeds import Actor
from odis_app.territories.queries import commune
from tests.exchange.samples import TODAY, write_xlsx
from tests.exchange.workbooks.build import BUILDERS, build_all
from tests.support.imported import EXPECTED, bring_in, check, draft, faults, tables, take_back
from tests.support.worlds import WorldBuilder

NAMES = tables("offres")
HEADERS = (
    "Réf.",
    "Type",
    "Bailleur / contact",
    "Adresse",
    "Code postal",
    "Commune",
    "Capacité",
    "Chambres",
    "Surface (m²)",
    "Loyer",
    "Mineurs au plus",
    "Étage",
    "Disponible du",
)
ROOM = (
    "A-1",
    "Chambre chez l’habitant",
    "Nour FICTIVE - 06 39 98 07 01",
    "3 rue du Conte",
    "44000",
    "Nantes",
    2,
    1,
    12.5,
    "gratuit",
    1,
    "RDC",
    "01/12/2026",
)
FLAT = (
    "A-2",
    "Location",
    "Résidence « Les Exemples »",
    "5 rue du Conte",
    "49100",
    "Angers",
    4,
    None,
    None,
    "412,50",
    None,
    "3e étage",
    None,
)


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
        return write_xlsx(tmp_path / "offres.xlsx", [headers, *lines])

    return make


def told(example: dict[str, Any], line: dict[str, Any]) -> dict[str, Any]:
    """What the import keeps of a line, in the words of ``expected.yml``; only what the example speaks of."""
    name, beside, mail = line["contact"] or ("", "", "")
    number = line["phone"] or beside
    where = commune(line["commune"]) if line["commune"] else None
    kept = {
        "numero": line["reference"], "type": line["kind"], "adresse": line["address"], "code_postal": line["postal_code"], "commune": where and where.name,
        "departement": line["departement"], "capacite": line["capacity"], "chambres": line["bedrooms"], "surface": _number(line["area"]),
        "disponible_du": line["free_from"], "disponible_au": line["free_until"], "animaux_acceptes": line["animals_accepted"], "fumeurs": line["smokers"],
        "loyer": _number(line["rent"]), "pmr": line["wheelchair"], "contact": name, "contact_telephone": normal_phone(number) if number else None,
        "contact_courriel": line["email"] or mail,
    }  # fmt: skip
    return {field: kept[field] for field in example if field != "ligne"}


def _number(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else value


@pytest.mark.parametrize("name", NAMES)
def test_the_values_are_those_of_a_careful_reader(folder: Path, actor: Actor, name: str) -> None:
    uncomputed = {entry["ligne"] for entry in EXPECTED[name].get("formules_sans_valeur", ())}
    with actor.acting():
        _table, checked = check(KIND, folder / name)
        rows = {row.number: row for row in checked.rows}
        for example in EXPECTED[name]["exemples"]:
            row = rows[example["ligne"]]
            left_out = {"ligne", "capacite"} if row.number in uncomputed else {"ligne"}
            wanted = {field: value for field, value in example.items() if field not in left_out}
            assert told(wanted, row.values) == wanted, (name, row.number, row.findings)


@pytest.mark.parametrize("name", NAMES)
def test_every_fault_is_told_and_nothing_else(folder: Path, actor: Actor, name: str) -> None:
    with actor.acting():
        _table, checked = check(KIND, folder / name)
    assert {(error.number, error.header) for error in checked.errors} == faults(name)


def test_a_hidden_column_and_colours_are_left_aside(folder: Path, actor: Actor) -> None:
    with actor.acting():
        _table, checked = check(KIND, folder / "07_offres_nombres.xlsx")
    assert not any("confidentiel" in str(value) for row in checked.rows for value in row.values.values())


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Nour FICTIVE - 06 39 98 07 01", ["Nour FICTIVE", "06 39 98 07 01", ""]),
        ("Foyer d’invention", ["Foyer d’invention", "", ""]),
        (
            "Nour Fictive, tél. : 06.39.98.07.01, nour@exemple.invalid",
            ["Nour Fictive", "06 39 98 07 01", "nour@exemple.invalid"],
        ),
        ("06 39 98 07 01", ["", "06 39 98 07 01", ""]),
    ],
)
def test_a_name_and_a_number_in_one_cell_are_taken_apart(text: str, parts: list[str]) -> None:
    assert contact(text, Context(TODAY)) == parts


def test_floors() -> None:
    read = [floor(cell, Context(TODAY)) for cell in ("RDC", 0, "3e étage", "1er", 2, "rez-de-chaussée", None, "perché")]
    assert read[:7] == [0, 0, 3, 1, 2, 0, None]
    assert isinstance(read[7], CellError)


def test_eighty_offers_come_in_once_and_go_out(folder: Path, actor: Actor) -> None:
    path = folder / "02b_offres_corrigees.xlsx"
    first = bring_in(actor, KIND, path)
    with actor.acting():
        offers = db.execute(select(Offer).order_by(Offer.id)).scalars().all()
        assert len(offers) == 80
        assert {offer.qualification_status for offer in offers} == {QualificationStatus.RECUE.value}
        assert {offer.department_code for offer in offers} == {"44", "49", "53", "33"}
        room = offers[0]
        assert (room.kind, room.capacity, room.bedrooms, room.rent, room.available_from) == (
            "chambre_chez_habitant",
            1,
            1,
            Decimal(0),
            date(2026, 11, 15),
        )
        host = host_of(room)
        assert (host.name, host.phone, host.email) == ("Nour Exemplova", "+33639980600", "hebergeur1@exemple.invalid")
        assert db.get_one(OfferAddress, room.id).address == "1 rue Inventée"
    _again, judged = draft(actor, KIND, path)
    assert (judged.creates, judged.updates, judged.unchanged) == (0, 0, 80)
    assert take_back(actor, first) == 0
    with actor.acting():
        assert db.execute(select(func.count()).select_from(Offer)).scalar_one() == 0


def test_an_offer_without_bedrooms_waits_for_them(actor: Actor, book) -> None:
    _draft, judged = draft(actor, KIND, book(ROOM, FLAT))
    assert judged.warnings == (
        "Ligne 3, colonne « Chambres » : le nombre de chambres manque : l’offre arrive « à compléter ».",
    )
    bring_in(actor, KIND, book(ROOM, FLAT))
    with actor.acting():
        room, flat = db.execute(select(Offer).order_by(Offer.number)).scalars()
        assert (room.qualification_status, flat.qualification_status) == ("recue", "a_completer")
        assert (room.rent, room.accepts_minors, room.max_minors, room.ground_floor_or_lift) == (
            Decimal(0),
            True,
            1,
            True,
        )
        assert room.qualities == {"surface_m2": 12.5}
        assert (flat.rent, flat.accepts_minors, flat.ground_floor_or_lift, flat.provider_kind) == (
            Decimal("412.50"),
            False,
            False,
            "particulier",
        )


def test_a_corrected_cell_moves_the_offer_and_undo_puts_it_back(actor: Actor, book) -> None:
    bring_in(actor, KIND, book(ROOM, FLAT))
    second = bring_in(
        actor,
        KIND,
        book((*ROOM[:2], "Amina FICTIVE - 06 39 98 07 02", "7 rue du Conte", *ROOM[4:6], 3, *ROOM[7:]), FLAT),
    )
    with actor.acting():
        room = db.execute(select(Offer).order_by(Offer.number)).scalars().first()
        assert room is not None
        assert (room.capacity, room.max_minors, host_of(room).name, host_of(room).phone) == (
            3,
            1,
            "Amina FICTIVE",
            "+33639980702",
        )
        assert db.get_one(OfferAddress, room.id).address == "7 rue du Conte"
    assert take_back(actor, second) == 0
    with actor.acting():
        room = db.execute(select(Offer).order_by(Offer.number)).scalars().first()
        assert room is not None
        assert (room.capacity, room.rent, host_of(room).name, host_of(room).phone) == (
            2,
            Decimal(0),
            "Nour FICTIVE",
            "+33639980701",
        )
        assert (db.get_one(OfferAddress, room.id).address, room.available_from) == ("3 rue du Conte", date(2026, 12, 1))


def test_an_offer_does_not_move_to_another_departement(actor: Actor, book) -> None:
    bring_in(actor, KIND, book(ROOM))
    _draft, judged = draft(actor, KIND, book((*ROOM[:4], "49100", "Angers", *ROOM[6:])))
    assert len(judged.errors) == 1
    assert judged.errors[0].startswith("Ligne 2, colonne « Commune » : l’offre O-44-0001 est dans le 44")


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (
            (*ROOM[:7], 0, *ROOM[8:]),
            "Ligne 2, colonne « Chambres » : une chambre chez l’habitant compte au moins une chambre privative.",
        ),
        (
            (*ROOM[:2], "06 39 98 07 01", *ROOM[3:]),
            "Ligne 2, colonne « Bailleur / contact » : le nom de qui propose manque.",
        ),
        (
            (*ROOM[:2], "Nour - 06 39 98 07 0", *ROOM[3:]),
            "Ligne 2, colonne « Bailleur / contact » : « 06 39 98 07 0 » a 9 chiffres",
        ),
        ((*ROOM[:6], 90, *ROOM[7:]), "Ligne 2, colonne « Capacité » :"),
    ],
)
def test_what_cannot_be_is_told_by_cell(actor: Actor, book, line: tuple[object, ...], error: str) -> None:
    _draft, judged = draft(actor, KIND, book(line))
    assert len(judged.errors) == 1
    assert judged.errors[0].startswith(error)


def test_the_model_file_is_importable_once_filled(actor: Actor, tmp_path: Path) -> None:
    path = tmp_path / "modele.xlsx"
    with path.open("wb") as stream:
        write_workbook(stream, model_sheets(KIND))
    workbook = openpyxl.load_workbook(path)
    for index, column in enumerate(KIND.columns, 1):
        workbook[KIND.label].cell(2, index, column.example or None)
    workbook.save(path)
    bring_in(actor, KIND, path)
    with actor.acting():
        offer = db.execute(select(Offer)).scalar_one()
        assert (offer.qualification_status, offer.languages) == ("recue", ["fr", "en"])
        assert (offer.charges, offer.min_stay_days, offer.max_stay_days, offer.renewable) == (Decimal(0), 30, 180, True)
        assert (offer.min_child_age, offer.accepted_compositions) == (3, ["isole_femme", "monoparental"])
        assert offer.qualities["rooms"] == [{"m2": 12, "double": 1, "lockable": True}]
        assert (offer.employment_area, db.get_one(OfferAddress, offer.id).ban_id) == ("Nantes", "44109_0001_00001")
        assert (offer.accepts_minors, offer.max_minors, offer.ground_floor_or_lift) == (True, 1, True)


def test_hosts_choose_no_status(actor: Actor, book) -> None:
    assert not any("statut" in column.label.lower() for column in KIND.columns)
    headers = (*HEADERS, "Statuts acceptés")
    bring_in(actor, KIND, book((*ROOM, "Réfugié"), headers=headers))
    with actor.acting():
        assert db.execute(select(Offer.accepted_statuses)).scalar_one() == []


def test_details_are_told_by_cell_and_survive_a_correction_and_its_undoing(actor: Actor, book) -> None:
    headers = (*HEADERS, "Durée minimale", "Durée maximale", "Charges", "Détail des chambres", "Ménages accueillis")
    wrong = book((*ROOM, "6 mois", "1 mois", "10", "8 m², 1 lit double", "Femme seule, catholique"), headers=headers)
    _draft, judged = draft(actor, KIND, wrong)
    said = "\n".join(judged.errors)
    assert "« Détail des chambres » : Chambre 1 : une chambre compte 9 m² au moins" in said
    assert "« Ménages accueillis »" in said
    fair = (*ROOM, "1 mois", "6 mois", None, "12 m², 1 lit double ; 9 m², 1 lit simple", "Femme seule")
    _draft, judged = draft(actor, KIND, book(fair, headers=headers))
    assert judged.errors == ("Ligne 2, colonne « Détail des chambres » : 2 chambres sont décrites, 1 sont comptées.",)
    bring_in(actor, KIND, book((*fair[:-2], "12 m², 1 lit double", "Femme seule"), headers=headers))
    second = bring_in(
        actor,
        KIND,
        book((*fair[:-5], "2 mois", "7 mois", None, "11 m², 2 lits simples", "Homme seul"), headers=headers),
    )

    def kept() -> tuple[Any, ...]:
        with actor.acting():
            offer = db.execute(select(Offer)).scalar_one()
            return (offer.min_stay_days, offer.max_stay_days, offer.qualities["rooms"], offer.accepted_compositions)

    assert kept() == (60, 210, [{"m2": 11, "single": 2}], ["isole_homme"])
    assert take_back(actor, second) == 0
    assert kept() == (30, 180, [{"m2": 12, "double": 1}], ["isole_femme"])


def test_every_offer_workbook_is_tried() -> None:
    assert set(NAMES) == {name for name in BUILDERS if "offres" in name}
